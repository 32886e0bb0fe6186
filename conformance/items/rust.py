"""Rust: what rustdoc shows of the crate, which is what a program that uses it can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PAGE = re.compile(r'<a href="((?:\w+/)*)([a-z]+)\.(\w+)\.html">')
MEMBER = re.compile(r' id="(structfield|variant|method|tymethod|associatedconstant)\.(\w+)"')
OF_TRAITS = re.compile(r'<h2 id="(?:deref-methods|foreign-impls|implementors|\w+-implementations)')
"""What begins the part of a page that tells of traits, and not of the item itself."""


def names(folder: Path) -> Iterator[str]:
    """All names, as other languages have them: without modules, but for those of what only Rust has."""
    for module, kind, name in PAGE.findall((folder / "all.html").read_text()):
        place = module.removeprefix("orders/").replace("/", ".")
        yield place + name
        if kind in ("struct", "enum", "trait"):
            page = OF_TRAITS.split((folder / module / f"{kind}.{name}.html").read_text())[0]
            for what, member in MEMBER.findall(page):
                yield f"{place}{name}.{_snake(member) if what == 'variant' else member}"


def _snake(name: str) -> str:
    """`NotSent` as `not_sent`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
