"""The comparison of a language's list with core's."""

from __future__ import annotations

import re
from collections import Counter

from .item import Item


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
