"""The gateway's OpenAPI file: its operations, what each takes, and what each answers.

This reads the file and knows no operation. What an OpenAPI file may have and CY.SEND's has not is refused,
not passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
LEAVES = ("string", "number", "integer", "boolean")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the path, the query or the headers."""

    name: str
    place: str
    schema: Schema


@dataclass(frozen=True)
class Operation:
    """One operation."""

    id: str
    method: str
    path: str
    """With that of the server before it."""
    parameters: tuple[Parameter, ...]
    body: Schema | None
    answers: dict[int, Schema | None]
    """By status; none for an answer without a body."""
    schemes: tuple[str, ...]
    """The ways to say who one is; one is used per request. None: open to everyone."""


class Schema:
    """A schema. Its name is that of the component, or of the property below another schema."""

    def __init__(self, document: Document, raw: dict[str, Any], name: str) -> None:
        while "$ref" in raw:
            name = raw["$ref"].rsplit("/", 1)[1]
            raw = document.at(raw["$ref"])
        for word in ("allOf", "oneOf", "anyOf", "not", "additionalProperties"):
            if word in raw:
                raise ValueError(f"{name} uses {word}, which is not read here yet")
        self._document = document
        self.name = name
        self.type: str = raw["type"]
        self.has_default = "default" in raw
        self.default = raw.get("default")
        self.values: tuple[str, ...] = tuple(raw.get("enum", ()))
        """The values that the file lists, if it does."""
        self._raw = raw

    @property
    def item(self) -> Schema:
        return Schema(self._document, self._raw["items"], f"{self.name}[]")

    @property
    def properties(self) -> dict[str, Schema]:
        properties: dict[str, Any] = self._raw.get("properties", {})
        return {name: Schema(self._document, raw, f"{self.name}.{name}") for name, raw in properties.items()}

    def records(self, at: str = "") -> Iterator[str]:
        """Where records stand, deep."""
        if self.type == "array":
            yield from self.item.records(f"{at}[]")
        elif self.type == "object":
            yield at
            for name, schema in self.properties.items():
                yield from schema.records(f"{at}.{name}".lstrip("."))

    def listed(self, at: str = "") -> Iterator[str]:
        """Where values stand that the file lists, deep."""
        return (place for place, schema in self.leaves(at) if schema.values)

    def leaves(self, at: str = "") -> Iterator[tuple[str, Schema]]:
        """All that has a value of its own, deep: where it stands, and its schema."""
        if self.type == "object":
            for name, schema in self.properties.items():
                yield from schema.leaves(f"{at}.{name}".lstrip("."))
        elif self.type == "array":
            yield from self.item.leaves(f"{at}[]")
        elif self.type in LEAVES:
            yield at, self
        else:
            raise ValueError(f"{self.name} is of the type {self.type}, which is not read here yet")


class Document:
    """The file."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self.operations: dict[str, Operation] = {}
        self.received: list[str] = []
        """Operations that the gateway calls: its callbacks."""
        (server,) = raw["servers"]
        self.server = urlsplit(server["url"]).path
        """What stands before the path of each operation, with its variables in braces."""
        self.variables = {name: each["default"] for name, each in server.get("variables", {}).items()}
        for path, item in raw["paths"].items():
            common = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    self._add(method, path, item[method], common)

    @classmethod
    def read(cls, path: Path) -> Document:
        return cls(yaml.safe_load(path.read_text()))

    def at(self, reference: str) -> dict[str, Any]:
        found: Any = self._raw
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        result: dict[str, Any] = found
        return result

    def _add(self, method: str, path: str, raw: dict[str, Any], common: list[Any]) -> None:
        name = raw["operationId"]
        if name in self.operations:
            raise ValueError(f"the operationId {name} stands twice in the file")
        security = raw.get("security", self._raw.get("security", []))
        answers = {
            int(status): self._content(answer, f"{name} {status}")
            for status, answer in raw["responses"].items()
        }
        self.operations[name] = Operation(
            id=name,
            method=method.upper(),
            path=self.server + path,
            parameters=tuple(self._parameter(each, name) for each in [*common, *raw.get("parameters", [])]),
            body=self._content(raw["requestBody"], f"{name} body") if "requestBody" in raw else None,
            answers=answers,
            schemes=tuple(scheme for way in security for scheme in way),
        )
        for callback in raw.get("callbacks", {}).values():
            for item in callback.values():
                self.received += [item[method]["operationId"] for method in METHODS if method in item]

    def _parameter(self, raw: dict[str, Any], operation: str) -> Parameter:
        raw = self.at(raw["$ref"]) if "$ref" in raw else raw
        return Parameter(raw["name"], raw["in"], Schema(self, raw["schema"], f"{operation}.{raw['name']}"))

    def _content(self, raw: dict[str, Any], name: str) -> Schema | None:
        raw = self.at(raw["$ref"]) if "$ref" in raw else raw
        content = raw.get("content")
        if content is None:
            return None
        if len(content) != 1:
            raise ValueError(f"{name} comes in {len(content)} forms; one is read here")
        (form,) = content.values()
        return Schema(self, form["schema"], name)
