"""Node: what the package's declarations have, with their JSDoc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .item import Item, plain

DOCS = r"(?:/\*\*((?:(?!\*/).)*)\*/\s*)?"
ERROR = "TillgateError"


def items(folder: Path) -> Iterator[Item]:
    """All items of a folder's declarations, by their neutral names."""
    for file in sorted(folder.glob("*.d.ts")):
        yield from _module(file.read_text())


def _module(text: str) -> Iterator[Item]:
    # A declaration ends where the next one, or its docs, begin in the first column.
    declared = re.findall(
        rf"^{DOCS}export (interface|type|class|function) (\w+)(.*?)(?=^/\*\*|^export|\Z)",
        text,
        re.DOTALL | re.MULTILINE,
    )
    for docs, kind, name, body in declared:
        if kind == "function":
            yield Item("function", _snake(name), plain(docs))
        elif code := re.search(r"^  readonly code: '(\w+)'$", body, re.MULTILINE):
            yield Item("error", f"{ERROR}.{code[1]}", plain(docs))
        else:
            yield Item("class", name, plain(docs))
            members = _values(body) if kind == "type" else _members(body, docs)
            yield from (Item(what, f"{name}.{member}", of_member) for what, member, of_member in members)


def _values(body: str) -> Iterator[tuple[str, str, str]]:
    """The texts that a type allows, as names."""
    for docs, text in re.findall(rf"^  {DOCS}\| '([^']+)'$", body, re.DOTALL | re.MULTILINE):
        yield "value", text.replace("-", "_").lower(), plain(docs)


def _members(body: str, docs_of_class: str) -> Iterator[tuple[str, str, str]]:
    """Fields, methods, and constructors that are not private."""
    member = rf"^  {DOCS}(?:readonly |static )?(\w+)(\??:|\()"
    for docs, name, after in re.findall(member, body, re.DOTALL | re.MULTILINE):
        if name == "constructor":
            yield "method", "new", plain(docs or docs_of_class)
        else:
            yield "method" if after == "(" else "field", _snake(name), plain(docs)


def _snake(name: str) -> str:
    """`lookUp` as `look_up`."""
    return re.sub(r"(?<!^)[A-Z]", lambda letter: f"_{letter[0]}", name).lower()
