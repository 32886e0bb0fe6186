"""C: what the header declares."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .item import Item, plain

COMMENT = r"/\*\*((?:(?!\*/).)*)\*/\s*"
OWN_NAMES = {"Error": "ErrorDetails"}
"""An error is one struct here: its facts are members of it."""


def items(header: str) -> Iterator[Item]:
    """All items, by their neutral names."""
    # `tg_open` is what open enumerations are made of, and no enumeration itself.
    enums = {name for _, name in _found(COMMENT + r"typedef (?:int32_t|tg_open) tg_(\w+);", header)}
    objects = {name for _, name in _found(COMMENT + r"typedef struct tg_(\w+) tg_\2;", header)}
    for docs, name in _found(COMMENT + r"typedef (?:int32_t|tg_open) tg_(\w+);", header):
        yield Item("enum", _class(name), plain(docs))
    for docs, name in _found(COMMENT + r"typedef struct tg_(\w+) tg_\2;", header):
        yield Item("object", _class(name), plain(docs))
    types = enums | objects
    for docs, body, name in re.findall(COMMENT + r"typedef struct \{(.*?)\n\} tg_(\w+);", header, re.DOTALL):
        types.add(name)
        if name == "error":
            yield Item("error", "TillgateError", plain(docs))
        yield Item("record", _class(name), plain(docs))
        for of_member, member in _found(COMMENT + r"[^;/]*?\b(\w+);", body):
            yield Item("field", f"{_class(name)}.{member}", plain(of_member))
    for docs, name in _found(COMMENT + r"#define TG_(\w+) \d+\n", header):
        yield from _constant(name.lower(), docs, enums)
    for docs, name in _found(COMMENT + r"(?:const char \*|\w+ )tg_(\w+)\(", header):
        yield from _function(name, docs, objects, types)


def _found(pattern: str, text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = re.findall(pattern, text, re.DOTALL)
    return found


def _constant(name: str, docs: str, enums: set[str]) -> Iterator[Item]:
    if name.startswith("error_"):
        yield Item("error", f"TillgateError.{name.removeprefix('error_')}", plain(docs))
    of = max((enum for enum in enums if name.startswith(f"{enum}_")), key=len, default=None)
    if of is not None:
        yield Item("value", f"{_class(of)}.{name.removeprefix(f'{of}_')}", plain(docs))


def _function(name: str, docs: str, objects: set[str], types: set[str]) -> Iterator[Item]:
    of = max((one for one in objects if name.startswith(f"{one}_")), key=len, default=None)
    if of is None:
        yield Item("function", name, plain(docs))
        return
    method = name.removeprefix(f"{of}_")
    # Where a type has the name of the method, `get_` stands before it.
    bare = method.removeprefix("get_")
    yield Item("method", f"{_class(of)}.{bare if f'{of}_{bare}' in types else method}", plain(docs))


def _class(name: str) -> str:
    """`cysend_order` as `CysendOrder`."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return OWN_NAMES.get(words, words)
