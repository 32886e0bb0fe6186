"""Python: what the installed package has. Docs of values stand below them in the source, all others in
`__doc__`.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator

import tillgate

from .item import Item, plain

ERROR = tillgate.TillgateError


def items() -> Iterator[Item]:
    """All items, by their neutral names."""
    # Modules are loaded when something of them is asked for.
    members = inspect.getmembers(tillgate)
    docs_of_values = dict(_values())
    for name, it in members:
        if name.startswith("_"):
            continue
        if inspect.isclass(it) and issubclass(it, ERROR):
            code = f"{ERROR.__name__}.{it.code}" if it is not ERROR else ERROR.__name__
            yield Item("error", code, plain(_parts(it)[0]))
        elif inspect.isclass(it):
            yield from _class(name, it, docs_of_values)
        elif callable(it):
            yield Item("function", name, plain(inspect.getdoc(it) or ""))


def _class(name: str, it: type, docs_of_values: dict[tuple[str, str], str]) -> Iterator[Item]:
    docs, attributes = _parts(it)
    yield Item("class", name, plain(docs))
    for field, text in re.findall(r"^    (\w+): ((?:.|\n(?=        ))*)", attributes, re.MULTILINE):
        if field in getattr(it, "__slots__", ()):
            yield Item("field", f"{name}.{field}", plain(text))
    for member, value in vars(it).items():
        if (name, member) in docs_of_values:
            yield Item("value", f"{name}.{member.lower()}", plain(docs_of_values[name, member]))
        elif member == "__init__":
            yield Item("method", f"{name}.new", plain(inspect.getdoc(value) or docs))
        elif callable(getattr(it, member)) and not member.startswith("_"):
            yield Item("method", f"{name}.{member}", plain(inspect.getdoc(getattr(it, member)) or ""))


def _parts(it: type) -> tuple[str, str]:
    """The docs of a class, and those of its attributes."""
    docs, _, attributes = (inspect.getdoc(it) or "").partition("Attributes:\n")
    return docs, attributes


def _values() -> Iterator[tuple[tuple[str, str], str]]:
    """Of each value of an enumeration, the text below it."""
    for module in [module for name, module in sys.modules.items() if name.startswith("tillgate._generated.")]:
        for cls in ast.parse(inspect.getsource(module)).body:
            if not isinstance(cls, ast.ClassDef):
                continue
            for value, below in zip(cls.body, [*cls.body[1:], ast.Pass()]):
                names = value.targets if isinstance(value, ast.Assign) else [getattr(value, "target", None)]
                name = names[0].id if isinstance(names[0], ast.Name) else ""
                if name.isupper() and name != "KNOWN":
                    text = below.value if isinstance(below, ast.Expr) else None
                    yield (cls.name, name), str(text.value) if isinstance(text, ast.Constant) else ""
