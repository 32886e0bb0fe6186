"""Kotlin: what the generated sources declare in public, with the KDoc above it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .item import Item, plain

ERROR = "TillgateException"
TYPE = re.compile(
    r"(?:(?:public|internal|private|open|data|sealed|enum) +)*(?:class|object|interface) +(\w+)"
)
ANNOTATIONS = re.compile(r"(?:@\w+(?:\([^)]*\))?\s*)*")
MEMBER = re.compile(
    r"(?:(?:public|data|override|abstract|suspend) +)*"
    r"(?:(class|object|fun|val) +`?(\w+)|(constructor)\(`|([A-Z0-9_]+)\()"
)
"""What else can have docs. A constructor with a name in quotes is core's: those of UniFFI have none."""


def items(source: str) -> Iterator[Item]:
    """All items of a file, by their neutral names."""
    docs: list[str] = []
    in_docs, of = False, ""
    for line in source.splitlines():
        code = line.strip()
        if code.startswith("/**"):
            docs, in_docs = [], True
        if in_docs:
            docs.append(code.removeprefix("/**").removesuffix("*/"))
            in_docs = not code.endswith("*/")
            continue
        code = ANNOTATIONS.sub("", code, count=1)
        if not code:
            continue
        text = "\n".join(docs)
        docs, shown = [], bool(text) and "@suppress" not in text
        declared = TYPE.match(line)
        if declared:
            # Members of what is plumbing are none of core's.
            of = declared[1] if shown else ""
            if of and not of.endswith("Interface"):
                yield Item("type", _class(of), plain(text))
        elif shown:
            yield from _member(of, code, plain(text))


def _member(of: str, code: str, doc: str) -> Iterator[Item]:
    found = MEMBER.match(code)
    # What an object promises by its interface, it declares itself.
    if found is None or of.endswith("Interface"):
        return
    what, name, constructor, value = found.groups()
    if not of:
        if what == "fun":
            yield Item("function", _snake(name), doc)
    elif constructor:
        yield Item("method", f"{of}.new", doc)
    elif value:
        yield Item("value", f"{of}.{value.lower()}", doc)
    elif what in ("class", "object"):
        yield Item("error" if of == ERROR else "value", f"{_class(of)}.{_snake(name)}", doc)
    elif what == "val":
        yield Item("field", f"{_class(of)}.{_snake(name)}", doc)
    else:
        # `close` is Java's own and blocks: core's has a name beside it.
        yield Item("method", f"{of}.{'close' if name == 'shutDown' else _snake(name)}", doc)


def _class(name: str) -> str:
    return "TillgateError" if name == ERROR else name


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
