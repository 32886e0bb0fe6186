"""The calls that are made: with what earlier answers said, and written as a runner reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def resolved(value: Any, known: dict[str, Any]) -> Any:
    """The value with each text `$name.0.field` replaced by what stands there."""
    if isinstance(value, str) and value.startswith("$"):
        found: Any = known
        for step in value[1:].split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found
    if isinstance(value, dict):
        return {name: resolved(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, known) for item in value]
    return value


def block(head: str, arguments: dict[str, Any]) -> str:
    """One call, as runners read it."""
    lines = [head]
    for name, value in arguments.items():
        lines += _lines(name, value)
    return "".join(f"{line}\n" for line in [*lines, "end"])


def _lines(at: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{at}="
        for name, item in value.items():
            yield from _lines(f"{at}.{name}", item)
    elif isinstance(value, list):
        yield f"{at}={len(value)}"
        for number, item in enumerate(value):
            yield from _lines(f"{at}.{number}", item)
    elif isinstance(value, bool):
        yield f"{at}={'true' if value else 'false'}"
    elif isinstance(value, (str, int)):
        text = str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        yield f"{at}={text}"
    else:
        raise TypeError(f"{at} is {value!r}; amounts are written as texts")


def method(operation: str) -> str:
    """`getOrder` as `get_order`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
