"""The comparison of a language's list with core's."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import zip_longest

from .item import Item


@dataclass(frozen=True)
class Known:
    """What is right about a language although it is not so in core."""

    without: dict[str, str] = field(default_factory=dict)
    """What it lacks, and why."""
    own_docs: dict[str, str] = field(default_factory=dict)
    """Items with docs in words of their own, and why."""
    own_ends: list[str] = field(default_factory=list)
    """How that begins which a language says after core's docs."""


def compare(core: list[Item], language: str, items: list[Item], known: Known) -> list[str]:
    """What is missing, or is there and said to be missing; what has no docs, or those of something else."""
    without = known.without
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
    kinds = {_pascal(item.name) for item in core if item.kind == "error"}
    for item in core:
        if item.name not in mine or not mine[item.name].doc:
            continue
        difference = unlike(item.doc, mine[item.name].doc, known.own_ends)
        if item.name in known.own_docs and not difference:
            found.append(f"{language}: {item.name} is said to have docs of its own and has core's")
        elif difference and item.name not in known.own_docs:
            found.append(f"{language}: the docs of {item.name} {difference}")
        codes = re.findall(r"`([^`]*)`", mine[item.name].doc)
        found += [
            f"{language}: the docs of {item.name} speak Rust: `{code}`"
            for code in codes
            if code in kinds or "::" in code
        ]
    return found


def only_in_rust(core: list[Item], rust: list[str], more: dict[str, str]) -> list[str]:
    """What Rust lacks; what no other language has, unless that is known, by its name or a pattern."""
    listed = {item.name for item in core}
    found = [f"Rust lacks the {item.kind} {item.name}" for item in core if item.name not in rust]
    beyond = [name for name in rust if name not in listed]
    found += [
        f"only Rust has {name}: offer it in the interface, or list it with the reason"
        for name in beyond
        if not any(fnmatchcase(name, known) for known in more)
    ]
    return found + [
        f"{known} is said to be in Rust alone, and nothing is"
        for known in more
        if not any(fnmatchcase(name, known) for name in beyond)
    ]


def unlike(core: str, mine: str, own_ends: list[str]) -> str:
    """Where the docs of a language say something else than core's, or add what none adds; else nothing."""
    ours, theirs = words(core), words(mine)
    for place, (our, their) in enumerate(zip_longest(ours, theirs)):
        if our == their:
            continue
        rest = theirs[place:]
        if our is None and any(rest[: len(words(end))] == words(end) for end in own_ends):
            break
        before = " ".join(ours[max(place - 4, 0) : place])
        return f"go on after {before!r} with {their!r}, core's with {our!r}"
    return ""


def words(docs: str) -> list[str]:
    """All words, and a mark for each name of something, which each language spells its way."""
    return re.findall(r"\w+|`", re.sub(r"`[^`]*`", " ` ", docs.lower()))


def _pascal(name: str) -> str:
    """`TillgateError.too_late` as `TooLate`, as Rust has it."""
    return "".join(word.capitalize() for word in name.rpartition(".")[2].split("_"))


def table(
    core: list[Item], rust: list[str], languages: dict[str, list[Item]], known: dict[str, Known]
) -> str:
    """By kind: how many there are, how many in each language, and how many with core's own words."""
    rows = [["items", "all", "Rust", *languages]]
    for kind, count in Counter(item.kind for item in core).items():
        row = [kind, str(count), str(sum(item.kind == kind and item.name in rust for item in core))]
        for name, items in languages.items():
            mine = {item.name: item for item in items}
            there = [(item, mine[item.name]) for item in core if item.kind == kind and item.name in mine]
            told = sum(not unlike(item.doc, other.doc, known[name].own_ends) for item, other in there)
            row.append(f"{len(there)} ({told} in core's words)")
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows
    )
