"""Makes the calls of a plan (see conformance/README.md), and prints what came of each as a line of JSON.

Nothing here is about any operation: the package's classes tell by their annotations what they are made of.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import tillgate

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)


class Given:
    """What was given for a call: texts by their places."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

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
        if cls is tillgate.Secret or not hasattr(cls, "__slots__"):
            # A secret, or an enumeration: open ones are plain strings.
            return cls(text) if callable(cls) and not hasattr(cls, "KNOWN") else text
        return self.call(cls, at)


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


def step(clients: dict[str, Any], head: str, given: Given) -> dict[str, Any]:
    words = head.split(" ")
    called: Any
    if words[0] == "make":
        name, cls, constructor = words[1:]
        made = getattr(tillgate, cls, None)
        called = made if constructor == "new" else getattr(made, constructor, None)
    elif words[0] == "derive":
        name, of, method = words[1:]
        called = getattr(clients[of], method, None)
    else:
        name, method = words[1:]
        called = getattr(clients[name], method, None)
    if called is None:
        return {"missing": True}
    try:
        returned = given.call(called)
    except tillgate.TillgateError as error:
        return {"returned": None, "error": {"code": error.code, **tell(error.details)}}
    if words[0] != "call":
        clients[name] = returned
        returned = None
    return {"returned": tell(returned)}


def blocks(lines: Iterator[str]) -> Iterator[tuple[str, Given]]:
    """The calls of a plan."""
    for head in lines:
        given = Given()
        for line in lines:
            if line == "end\n":
                break
            given.add(line[:-1])
        yield head[:-1], given


def main() -> None:
    clients: dict[str, Any] = {}
    for head, given in blocks(sys.stdin):
        print(json.dumps(step(clients, head, given), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
