"""Kotlin: what the generated sources declare in public, with the KDoc above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .item import Item, first_sentence

ERROR = "TillgateException"
OWN_NAMES = {"shut_down": "close"}
"""`close` is Java's own: it blocks."""

DOCUMENTED = re.compile(
    r"/\*\*(?P<docs>(?:(?!\*/).)*)\*/\s*"
    r"(?:@\w+(?:\([^)]*\))?\s*)*"
    r"(?P<words>(?:(?:public|open|data|sealed|enum|override|abstract|suspend) +)*)"
    r"(?P<what>class|object|fun|val|constructor|(?=[A-Z_0-9]+\())"
    r"(?: +|(?=\())`?(?P<name>\w*)",
    re.DOTALL,
)
TOP = re.compile(
    r"^(?:public )?(?:open |data |sealed |enum )*(?:class|interface|object) +`?(\w+)[^\n]*", re.MULTILINE
)


def items(folder: Path) -> Iterator[Item]:
    """All items, by their neutral names."""
    for file in sorted(folder.rglob("*.kt")):
        yield from of_source(file.read_text())
