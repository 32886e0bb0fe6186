"""What a later version of the gateway may answer: what this one answers, and more."""

from __future__ import annotations

from typing import Any

from .document import Schema

NAME = "x_later"
VALUE = {"amount": 0.5, "texts": ['\u00fc "\\', None], "flag": True}


def as_later(schema: Schema, value: Any) -> Any:
    """The value with one property more in each record, and with other values where the file lists some."""
    if schema.type == "array":
        return [as_later(schema.item, item) for item in value]
    if schema.type == "object":
        properties = schema.properties
        known = {
            name: as_later(properties[name], item) if name in properties else item
            for name, item in value.items()
        }
        return known | {NAME: VALUE}
    return f"later-{value}" if schema.values and value is not None else value
