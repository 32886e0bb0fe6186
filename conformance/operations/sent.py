"""Whether a call put on the wire what was given, under the gateway's names, and nothing else."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .document import Document, Operation, Schema
from .exchange import Exchange
from .names import Names

HEADERS = {"authorization": "BasicAuthentication", "api-token": "Token"}


class Sent:
    """What of one operation was seen on the wire with one language."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.values: dict[str, list[Any]] = {}
        self.schemes: set[str] = set()

    def take(self, exchange: Exchange, names: Names) -> list[str]:
        """Compares a request with what was given; says what differs."""
        request = exchange.request
        failures = []
        url = urlsplit(request["target"])
        path = pattern(self.operation.path)
        found = re.fullmatch(path, url.path)
        if found is None or request["method"] != self.operation.method:
            return [f"went out as {request['method']} {url.path}"]
        given = dict(self._flat(exchange.arguments))
        query = parse_qsl(url.query, keep_blank_values=True)
        headers = dict(request["headers"])
        in_path = {name: unquote(text) for name, text in found.groupdict().items()}
        expected_query = []
        for parameter in self.operation.parameters:
            name = names.sent(self.operation.id, parameter.name)
            if name not in given:
                continue
            value = given.pop(name)
            where = f"{parameter.place} {parameter.name}"
            self.values.setdefault(where, []).append(value)
            if parameter.place == "query":
                expected_query.append((parameter.name, _text(value)))
            else:
                values = in_path if parameter.place == "path" else headers
                if values.get(parameter.name) != _text(value):
                    failures.append(f"{where} is not what was given")
        if sorted(query) != sorted(expected_query):
            failures.append(f"the query is {query} instead of {expected_query}")
        if self.operation.body is None:
            if request["body"]:
                failures.append("has a body")
        else:
            expected = self._body(self.operation.body, given.pop("", None), names, "body")
            body = json.loads(request["body"], parse_float=Decimal)
            if not same(expected, body):
                failures.append(f"the body is {body} instead of {expected}")
        if given:
            failures.append(f"was given {sorted(given)}, which the file does not know")
        self._see_scheme(headers, failures)
        return failures

    def missing(self) -> list[str]:
        """What was never seen with a value that is not its default."""
        wanted = [
            (f"{parameter.place} {parameter.name}", parameter.schema)
            for parameter in self.operation.parameters
        ]
        if self.operation.body is not None:
            wanted += [(f"body {at}", schema) for at, schema in self.operation.body.leaves()]
        missing = []
        for where, schema in wanted:
            values = self.values.get(where, [])
            if schema.type == "boolean" and not schema.has_default:
                # Either could be what the gateway takes when it is left out.
                lacking = {True, False} - set(values)
                missing += [f"{where} was never sent as {_text(value)}" for value in sorted(lacking)]
            elif all(value == schema.default for value in values):
                missing.append(f"{where} was never sent with a value that is not its default")
        unseen = set(self.operation.schemes) - self.schemes
        return missing + [f"was never sent with {scheme}" for scheme in sorted(unseen)]

    def proved(self) -> tuple[int, int]:
        """How many parameters and properties were seen, and how many there are."""
        total = len(self.operation.parameters)
        if self.operation.body is not None:
            total += sum(1 for _ in self.operation.body.leaves())
        return len(self.values), total

    def _flat(self, arguments: dict[str, Any]) -> list[tuple[str, Any]]:
        """Arguments by name, and the fields of records that stand for parameters; the body without a name."""
        if self.operation.body is not None:
            (value,) = arguments.values()
            return [("", value)]
        flat: list[tuple[str, Any]] = []
        for name, value in arguments.items():
            flat += value.items() if isinstance(value, dict) else [(name, value)]
        return flat

    def _body(self, schema: Schema, given: Any, names: Names, at: str) -> Any:
        if schema.type == "array":
            return [self._body(schema.item, item, names, f"{at}[]") for item in given]
        if schema.type != "object":
            self.values.setdefault(at.replace("body.", "body ").replace("body[", "body ["), []).append(given)
            return Decimal(given) if schema.type == "number" else given
        left = dict(given)
        body = {}
        for name, inner in schema.properties.items():
            field = names.sent(schema.name, name)
            if field in left:
                body[name] = self._body(inner, left.pop(field), names, f"{at}.{name}")
        # What the file does not know goes nowhere: the comparison will say so.
        return body | left

    def _see_scheme(self, headers: dict[str, str], failures: list[str]) -> None:
        shown = {HEADERS[name] for name in headers if name in HEADERS}
        self.schemes |= shown
        if len(shown) > 1:
            failures.append("shows who we are in two ways")
        if bool(shown) != bool(self.operation.schemes) or not shown <= set(self.operation.schemes):
            failures.append(f"shows {sorted(shown)} where the file takes {list(self.operation.schemes)}")


class Servers:
    """What was seen of the variables of the server's address with one language."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen: set[str] = set()

    def take(self, exchange: Exchange) -> list[str]:
        """Compares where a request went with where it was to go."""
        (given,) = exchange.arguments.values()
        path = urlsplit(exchange.request["target"]).path
        found = re.match(pattern(self._document.server), path)
        if found is None or found.groupdict() != given:
            return [f"a request went to {path} instead of {given}"]
        self._seen |= {name for name, value in given.items() if value != self._document.variables.get(name)}
        return []

    def missing(self) -> list[str]:
        """What was never seen with a value that is not its default."""
        unseen = sorted(set(self._document.variables) - self._seen)
        return [f"{name} was never sent with a value that is not its default" for name in unseen]

    def proved(self) -> tuple[int, int]:
        """How many variables were seen, and how many there are."""
        return len(self._seen), len(self._document.variables)


def pattern(path: str) -> str:
    """A path with names in braces, as an expression that finds them."""
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))


def _text(value: Any) -> str:
    """As it stands in a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def same(one: Any, other: Any) -> bool:
    """Equal, and both truth values or neither; numbers by their value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
