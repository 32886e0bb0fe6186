"""The gateway's description: its operations, their statuses, and whether a value fits a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30ReadValidator

FILE = Path(__file__).parent.parent / "reference" / "cysend-openapi-5.2.3.yaml"

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")

ISO_8601 = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$"
"""What a text must be whose description speaks of ISO 8601: no schema of the file says it."""

WITH_A_BLANK = r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"
DOLLAR_SIGN = r"\$"
"""The end of patterns that were escaped once too often."""


class _Loader(yaml.SafeLoader):
    """YAML as it stands: a date in an example is a text, as it would be in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Any:
    """What a file of YAML holds."""
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, _Loader)


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    id: str
    method: str
    path: str
    raw: Mapping[str, Any]

    @property
    def statuses(self) -> list[int]:
        """The statuses that it lists."""
        return sorted(int(status) for status in self.raw["responses"])

    @property
    def is_open(self) -> bool:
        """Whether it asks for no credentials."""
        return not self.raw.get("security")

    @property
    def takes_something(self) -> bool:
        """Whether a request may be wrong at all. A path is never wrong, only unknown."""
        parameters = self.raw.get("parameters", [])
        return "requestBody" in self.raw or any(parameter["in"] != "path" for parameter in parameters)


class Document:
    """The whole description."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.operations = {operation.id: operation for operation in self._operations()}

    @classmethod
    def read(cls, path: Path = FILE) -> Document:
        return cls(load(path))

    @property
    def schemas(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.raw["components"]["schemas"]
        return found

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.raw["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(item[method]["operationId"], method.upper(), path, item[method])

    def listed(self) -> list[tuple[str, int]]:
        """Each operation with each status that it lists."""
        operations = self.operations.values()
        return [(operation.id, status) for operation in operations for status in operation.statuses]

    def content(self, operation: str, status: int) -> tuple[str, Any] | None:
        """Type and schema of an answer's body; None if it has no body."""
        return _content(self.operations[operation].raw["responses"][str(status)])

    def callback(self, operation: str, name: str) -> Any:
        """The schema of what the gateway posts."""
        (item,) = self.operations[operation].raw["callbacks"][name].values()
        content = _content(item["post"]["requestBody"])
        assert content is not None
        return content[1]

    def whole(self, schema: Mapping[str, Any], at: str = "") -> dict[str, Any]:
        """A schema with what it refers to written into it, each part with its place (`x-at`).

        Objects are closed: an answer may hold nothing that the description does not have.
        """
        while "$ref" in schema:
            at = schema["$ref"].rsplit("/", 1)[1]
            schema = self.schemas[at]
        result = {key: value for key, value in schema.items() if key not in ("properties", "items")}
        result["x-at"] = at
        if "properties" in schema:
            result["properties"] = {
                name: self.whole(below, f"{at}.{name}") for name, below in schema["properties"].items()
            }
            result["additionalProperties"] = False
        if "items" in schema:
            result["items"] = self.whole(schema["items"], at)
        if "ISO8601" in schema.get("description", ""):
            result["pattern"] = ISO_8601
        return result

    def problems(self, value: object, schema: Mapping[str, Any]) -> Iterator[str]:
        """Why a value does not fit: each time the place in the description, and what it asks for there."""
        whole = self.whole(schema)
        for error in OAS30ReadValidator(whole).iter_errors(value):
            at = error.schema.get("x-at") or "?"
            if error.validator == "required":
                yield f"{at} requires {_quoted(error.message)}"
            elif error.validator == "additionalProperties":
                unknown = set(error.instance) - set(error.schema["properties"])
                yield f"{at} has no {', '.join(sorted(unknown))}"
            elif error.validator == "pattern":
                yield f"{at} {_why_not(str(error.instance), str(error.validator_value))}"
            else:
                yield f"{at} fits its {error.validator}"


def _why_not(text: str, pattern: str) -> str:
    """Why a text does not match, said narrowly: a mistake that is known must not hide others."""
    if pattern == ISO_8601:
        return "has a blank between date and time" if re.fullmatch(WITH_A_BLANK, text) else "is no date"
    if pattern.endswith(DOLLAR_SIGN) and re.search(pattern.removesuffix(DOLLAR_SIGN) + "$", text):
        return "lacks the dollar sign of its pattern"
    return "fits its pattern"


def _content(raw: Mapping[str, Any]) -> tuple[str, Any] | None:
    if "content" not in raw:
        return None
    ((kind, content),) = raw["content"].items()
    return kind, content["schema"]


def _quoted(message: str) -> str:
    found = re.match(r"'([^']+)'", message)
    assert found is not None, message
    return found.group(1)


def parts(schema: Mapping[str, Any], value: object) -> Iterator[tuple[str, object]]:
    """Each property that a value has, deep, with its place in the description. The schema is a whole one."""
    if isinstance(value, dict):
        for name, below in schema.get("properties", {}).items():
            if name in value:
                yield f"{schema['x-at']}.{name}", value[name]
                yield from parts(below, value[name])
    if isinstance(value, list):
        for item in value:
            yield from parts(schema["items"], item)


def places(schema: Mapping[str, Any]) -> Iterator[tuple[str, list[object]]]:
    """Each property below a whole schema, deep, with the values that it may have, if they are listed."""
    for name, below in schema.get("properties", {}).items():
        yield f"{schema['x-at']}.{name}", list(below.get("enum", []))
        yield from places(below)
    if "items" in schema:
        yield from places(schema["items"])
