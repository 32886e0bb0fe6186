"""Whether all that an answer said was told by the library, each value as it came, and nothing besides."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from .document import Operation, Schema
from .exchange import Exchange
from .names import Names
from .sent import same

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Told:
    """What of one operation's answers was compared with one language."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.statuses: set[int] = set()
        self.real: set[tuple[int, str]] = set()
        """Where a value stood that says something: not null, not empty, not zero, not false."""
        self.compared = 0
        self.kept: set[tuple[int, str]] = set()
        """Where a record had a property, or a value was one, that the file does not know."""
        self._failures: list[str] = []

    def take(self, exchange: Exchange, names: Names) -> list[str]:
        """Compares an answer with what was told; says what differs."""
        self._failures = []
        status: int = exchange.request["status"]
        answer = exchange.request["answer"]
        told = exchange.told
        if status not in self.operation.answers:
            return [f"was answered {status}, which the file does not know"]
        schema = self.operation.answers[status]
        self.statuses.add(status)
        if not answer["whole"]:
            return [f"{status}: the log has only a part of the answer"]
        if status >= 400:
            if "error" not in told or schema is None:
                return [f"{status}: no error was told, or none is described"]
            self._error(schema, json.loads(answer["body"]), told["error"], status, names)
        elif "error" in told:
            return [f"{status}: an error was told: {told['error']}"]
        elif schema is None:
            if answer["body"] or not _is_nothing(told["returned"]):
                return [f"{status}: there is something where the file has nothing"]
        elif names.withheld(self.operation.id):
            self._see(status, "", answer["body"])
            if told["returned"] is not None:
                return [f"{status}: something was returned"]
        else:
            wire = json.loads(answer["body"], parse_float=Decimal)
            self._value(schema, wire, told["returned"], status, "", names)
        return [f"{status}: {failure}" for failure in self._failures]

    def missing(self) -> list[str]:
        """What was never told with a value that says something, and where nothing unknown was."""
        missing = []
        for status, schema in self.operation.answers.items():
            if status not in self.statuses:
                missing.append(f"was never answered {status}")
            elif schema is not None:
                for at, _ in schema.leaves():
                    if (status, at) not in self.real:
                        missing.append(f"{status}: {at} never had a value that says something")
                # Of errors, the one type of all gateways tells what it tells.
                for at in [*schema.records(), *schema.listed()] if status < 300 else ():
                    if (status, at) not in self.kept:
                        missing.append(f"{status}: {at or 'the answer'} never held anything unknown")
        return missing

    def proved(self) -> tuple[int, int]:
        """How many fields were told with a value that says something, and how many there are."""
        described = (schema for schema in self.operation.answers.values() if schema is not None)
        return len(self.real), sum(1 for schema in described for _ in schema.leaves())

    def _error(self, schema: Schema, wire: Any, told: dict[str, Any], status: int, names: Names) -> None:
        for name in schema.properties:
            (field,) = names.fields(schema.name, name)
            if name in wire:
                self._see(status, name, wire[name])
            if told.get(field) != wire.get(name):
                self._failures.append(f"{field} is {told.get(field)!r} instead of {wire.get(name)!r}")
        if told["http_status"] != status or told["outcome"] != "refused":
            self._failures.append(f"the error says HTTP {told['http_status']}, {told['outcome']}")

    def _value(self, schema: Schema, wire: Any, told: Any, status: int, at: str, names: Names) -> None:
        if wire is None:
            if not _is_nothing(told):
                self._failures.append(f"{at} is {told!r} instead of nothing")
        elif schema.type == "array":
            if not isinstance(told, list) or len(told) != len(wire):
                self._failures.append(f"{at} is not a list of {len(wire)}")
                return
            for one, other in zip(wire, told):
                self._value(schema.item, one, other, status, f"{at}[]", names)
        elif schema.type == "object":
            self._object(schema, wire, told, status, at, names)
        else:
            self._see(status, at, wire)
            if schema.values and wire not in schema.values:
                self.kept.add((status, at))
            if not _tells(schema, wire, told):
                self._failures.append(f"{at} is {told!r} instead of {wire!r}")

    def _object(self, schema: Schema, wire: Any, told: Any, status: int, at: str, names: Names) -> None:
        if not isinstance(told, dict) or not isinstance(wire, dict):
            self._failures.append(f"{at} is {told!r} instead of {wire!r}")
            return
        left = dict(told)
        texts = self._kept(left, names.unknown(schema.name))
        for name, inner in schema.properties.items():
            place = f"{at}.{name}".lstrip(".")
            for field in names.fields(schema.name, name):
                if field not in left:
                    self._failures.append(f"{place} has no field {field}")
                    continue
                self._value(inner, wire.get(name), left.pop(field), status, place, names)
        unknown = {name: value for name, value in wire.items() if name not in schema.properties}
        if unknown:
            self.kept.add((status, at))
        if not same(texts, unknown):
            self._failures.append(f"{at} keeps {texts} of the unknown {unknown}")
        if left:
            self._failures.append(f"{at} tells {sorted(left)}, which the file does not know")

    def _kept(self, left: dict[str, Any], field: str | None) -> dict[str, Any]:
        """Takes out of the fields what was not known, by the gateway's names."""
        if field is not None:
            text = left.pop(field, None) or "{}"
        else:
            extra = left.pop("extra", None) or {}
            text = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in extra.items()) + "}"
        kept: dict[str, Any] = json.loads(text, parse_float=Decimal)
        return kept

    def _see(self, status: int, at: str, value: Any) -> None:
        self.compared += 1
        if not _is_nothing(value) and value != 0:
            self.real.add((status, at))


def _is_nothing(value: Any) -> bool:
    """Absent, as each language may say it: a record of nothing too."""
    if isinstance(value, dict):
        return all(_is_nothing(inner) for inner in value.values())
    return value is None or value is False or value in ("", [])


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, Decimal),
}


def _tells(schema: Schema, wire: Any, told: Any) -> bool:
    """Whether a value was told as it came: exact numbers by their value, dates as instants."""
    if type(wire) not in TYPES[schema.type]:
        return False
    if schema.type == "number":
        return isinstance(told, str) and Decimal(told) == wire
    if schema.type == "string" and type(told) is int:
        return told == _microseconds(wire)
    return type(wire) is type(told) and bool(wire == told)


def _microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - EPOCH) // timedelta(microseconds=1)
