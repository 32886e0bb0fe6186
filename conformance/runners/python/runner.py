"""Makes the calls that standard input asks for, and prints what came of each as a line of JSON: see
conformance/README.md.

Nothing here is about any operation: the package's classes tell by their annotations what they are made of.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import tillgate

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)


class Given:
    """What was given for a call: texts by their places. And the objects that were made."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self.texts: dict[str, str] = {}
        self.objects = objects

    def add(self, line: str) -> None:
        place, text = line.split("=", 1)
        self.texts[place] = re.sub(
            r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text
        )

    def call(self, called: Callable[..., Any], at: str = "") -> Any:
        """Calls with the arguments that stand below this place; what was not given is left to its default."""
        arguments = {}
        for name, parameter in inspect.signature(called).parameters.items():
            place = f"{at}.{name}" if at else name
            if place in self.texts:
                arguments[name] = self.hear(place, str(parameter.annotation))
        return called(**arguments)

    def hear(self, at: str, annotation: str) -> Any:
        """The value at this place, of this type."""
        text = self.texts[at]
        kind = annotation.split(" | ")[0]
        if kind.startswith(("Sequence[", "list[")):
            item = kind[kind.index("[") + 1 : -1]
            return [self.hear(f"{at}.{number}", item) for number in range(int(text))]
        if kind.startswith(("Mapping[", "dict[")):
            pairs = (f"{at}.{number}" for number in range(int(text)))
            return {self.texts[f"{pair}.key"]: self.texts[f"{pair}.value"] for pair in pairs}
        if kind in PLAIN:
            return PLAIN[kind](text)
        cls = getattr(tillgate, kind)
        if cls is tillgate.Secret or issubclass(cls, Enum):
            return cls(text)
        if hasattr(cls, "KNOWN"):  # What a gateway may extend is a plain text.
            return text
        return self.call(cls, at) if is_record(cls) else self.objects[text]


def is_record(cls: type) -> bool:
    return isinstance(getattr(cls, "__slots__", None), tuple) and not hasattr(cls, "close")


PLAIN: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "bool": {"true": True, "false": False}.__getitem__,
    "bytes": bytes.fromhex,
    "Decimal": Decimal,
    "datetime": lambda text: EPOCH + int(text) * MICROSECOND,
}


def tell(value: Any) -> Any:
    """As JSON: exact numbers as texts, instants as microseconds since 1970, bytes in hexadecimal."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        # As it came: `str` would turn to an exponent for small amounts.
        return format(value, "f")
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tillgate.Secret):
        return value.reveal()
    if isinstance(value, (list, tuple)):
        return [tell(item) for item in value]
    if isinstance(value, dict):
        return {name: tell(item) for name, item in sorted(value.items())}
    return {name: tell(getattr(value, name)) for name in value.__slots__}


def step(head: str, given: Given) -> dict[str, Any]:
    verb, *words = head.split(" ")
    objects = given.objects
    if verb == "drop":
        del objects[words[0]]
        return {"returned": None}
    if verb == "make":
        of = getattr(tillgate, words[1], None)
        called = of if words[2] == "new" else getattr(of, words[2], None)
    else:
        of = tillgate if words[-2] == "-" else objects[words[-2]]
        called = getattr(of, words[-1], None)
    if called is None:
        return {"missing": True}
    try:
        returned = given.call(called)
    except tillgate.TillgateError as error:
        facts = {"code": error.code, "number": error.number, **tell(error.details)}
        return {"returned": None, "error": facts}
    if verb != "call":
        objects[words[0]] = returned
        returned = None
    return {"returned": tell(returned)}


def main() -> None:
    objects: dict[str, Any] = {}
    for head in sys.stdin:
        given = Given(objects)
        for line in sys.stdin:
            if line == "end\n":
                break
            given.add(line[:-1])
        print(json.dumps(step(head[:-1], given), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
