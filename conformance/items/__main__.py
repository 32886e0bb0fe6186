"""Compares what each language offers with core's own list, and prints a table of what is there.

python -m items --core FILE --header FILE [--list NAME FILE]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

import yaml

from . import header, package
from .item import Item, read

HERE = Path(__file__).parent


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--core", type=Path, required=True, help="what core offers")
    arguments.add_argument("--header", type=Path, required=True, help="tillgate.h")
    arguments.add_argument(
        "--list", nargs=2, action="append", default=[], help="another language and its list"
    )
    given = arguments.parse_args()

    core = read(given.core.read_text())
    languages = {
        "Rust": core,
        "C": list(header.items(given.header.read_text())),
        "Python": list(package.items()),
        **{name: read(Path(file).read_text()) for name, file in given.list},
    }
    known = yaml.safe_load((HERE / "known.yaml").read_text())
    without, own_docs = known["without"], known["own_docs"]
    failures = [
        failure
        for name, items in languages.items()
        for failure in compare(core, name, items, without.get(name, {}), own_docs.get(name, {}))
    ]
    print(table(core, languages))
    for failure in failures:
        print(f"failed: {failure}")
    total = len(core) * len(languages)
    print(f"{total - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures or not core else 0


def compare(
    core: list[Item], language: str, items: list[Item], without: dict[str, str], own_docs: dict[str, str]
) -> list[str]:
    """What is missing, or is there and said to be missing; what has no docs, or those of something else."""
    mine = {item.name: item for item in items}
    found = [
        f"{language} lacks the {item.kind} {item.name}" for item in core if item.name not in {*mine, *without}
    ]
    found += [f"{language}: {name} is said to be missing and is not" for name in without if name in mine]
    found += [
        f"{language}: the {item.kind} {item.name} has no docs"
        for item in core
        if item.name in mine and not mine[item.name].doc
    ]
    found += [
        f"{language}: the docs of {item.name} say {mine[item.name].doc!r}, core's say {item.doc!r}"
        for item in core
        if item.name in mine
        and item.name not in own_docs
        and mine[item.name].doc
        and not same_words(item.doc, mine[item.name].doc)
    ]
    return found


def same_words(one: str, other: str) -> bool:
    """Whether the docs say the same, but for the names of things, which each language spells its way."""
    words = [re.findall(r"[a-z]+", re.sub(r"`[^`]*`", "", text.lower()))[:4] for text in (one, other)]
    return words[0] == words[1]


def table(core: list[Item], languages: dict[str, list[Item]]) -> str:
    """By kind: how many there are, how many in each language, and how many with core's own words."""
    rows = [["items", "all", *languages]]
    for kind, count in Counter(item.kind for item in core).items():
        row = [kind, str(count)]
        for items in languages.values():
            mine = {item.name: item for item in items}
            there = [(item, mine[item.name]) for item in core if item.kind == kind and item.name in mine]
            told = sum(same_words(item.doc, other.doc) for item, other in there)
            row.append(f"{len(there)} ({told} in core's words)")
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
