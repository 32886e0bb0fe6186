"""A runner that lies is noticed: copies of Python's, each altered in one place, must turn the judge red."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from .verdict import judge
from .world import carry_out

ALTERED = "Python, altered"


def try_all(
    cases: list[dict[str, Any]], languages: dict[str, list[str]], sandbox: Path, runner: Path, folder: Path
) -> tuple[int, list[str]]:
    """How many were noticed, and what was not. Each is tried on the case that `alterations.yaml` names."""
    wanted = yaml.safe_load((folder / "alterations.yaml").read_text())
    by_name = {case["name"]: case for case in cases}
    command = next(command for command in languages.values() if str(runner) in command)
    text, noticed, unnoticed = runner.read_text(), 0, []
    with tempfile.TemporaryDirectory() as place:
        for number, one in enumerate(wanted):
            if text.count(one["replace"]) != 1:
                unnoticed.append(
                    f"{one['name']}: {one['replace']!r} stands there {text.count(one['replace'])} times"
                )
                continue
            copy = Path(place) / f"runner-{number}.py"
            copy.write_text(text.replace(one["replace"], one["by"]))
            altered = [str(copy) if word == str(runner) else word for word in command]
            case = by_name[one["case"]]
            told = {
                language: {case["name"]: carry_out(case, of, sandbox, Path(place) / f"{number}-{language}")}
                for language, of in {"Python": command, ALTERED: altered}.items()
            }
            found = judge([case], told).cells
            if found[case["name"], ALTERED] and not found[case["name"], "Python"]:
                noticed += 1
                print(f"noticed: {one['name']}: {case['name']}, {ALTERED}: {found[case['name'], ALTERED][0]}")
            else:
                unnoticed.append(f"{one['name']}: nothing was noticed in {case['name']}")
    return noticed, unnoticed
