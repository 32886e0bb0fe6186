"""Carries all cases out in each language, and prints one table of what agrees.

python -m orders --sandbox PROGRAM --header FILE --language NAME COMMAND... [--language ...] [--case NAME]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from . import alterations, coverage
from .verdict import judge
from .world import Told, carry_out

HERE = Path(__file__).parent
AT_ONCE = 4


def run(
    cases: list[dict[str, Any]], languages: dict[str, list[str]], sandbox: Path, place: Path
) -> dict[str, dict[str, Told]]:
    """By language and case, what came of it."""
    told: dict[str, dict[str, Told]] = {language: {} for language in languages}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {
            (language, case["name"]): pool.submit(
                carry_out, case, command, sandbox, place / language / case["name"]
            )
            for case in cases
            for language, command in languages.items()
        }
    for (language, name), future in running.items():
        told[language][name] = future.result()
    return told


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--sandbox", type=Path, required=True, help="the program tillgate-sandbox")
    arguments.add_argument(
        "--header", type=Path, required=True, help="tillgate.h, the list of what cases must cover"
    )
    arguments.add_argument(
        "--language", nargs="+", action="append", required=True, help="its name and its runner"
    )
    arguments.add_argument("--case", action="append", help="only this case")
    arguments.add_argument(
        "--altered", type=Path, help="Python's runner, of which altered copies must be noticed"
    )
    given = arguments.parse_args()

    cases = yaml.safe_load((HERE / "cases.yaml").read_text())["cases"]
    cases = [case for case in cases if not given.case or case["name"] in given.case]
    languages = {name: command for name, *command in given.language}
    with tempfile.TemporaryDirectory() as folder:
        verdict = judge(cases, run(cases, languages, given.sandbox, Path(folder)))
    print(verdict.table())
    passed, failures = (
        verdict.passed,
        [] if given.case else coverage.failures(cases, given.header.read_text(), HERE),
    )
    if given.altered:
        noticed, unnoticed = alterations.try_all(cases, languages, given.sandbox, given.altered, HERE)
        passed += noticed
        failures += unnoticed
    for failure in failures:
        print(f"failed: {failure}")
    failed = verdict.failed + len(failures)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
