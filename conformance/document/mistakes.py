"""Where the description contradicts itself, found by reading it alone. A mistake is one fixed sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from document import DOLLAR_SIGN, Document

FILTERS = {
    "CY.SEND country ID": "country_id",
    "Country ISO 3166-1 alpha-2": "country_iso2",
    "CY.SEND category ID": "category_id",
    "CY.SEND product ID": "product_id",
    "CY.SEND face value ID": "face_value_id",
    "Maintenance": "maintenance",
    "Promotions": "promotion",
    "CY.SEND gift card PIN code": "gift_card_code",
    "Mobile": "mobile",
}
"""How descriptions call the filters."""


def all_of(document: Document) -> list[str]:
    """All mistakes that are found, in the order of the file."""
    finders = (undefined_but_required, examples, patterns, words, references, changelog, filters, statuses)
    return list(dict.fromkeys(mistake for finder in finders for mistake in finder(document)))


def undefined_but_required(document: Document) -> Iterator[str]:
    """Properties that a schema requires and does not define."""
    for name, schema in document.schemas.items():
        for required in schema.get("required", []):
            if required not in schema.get("properties", {}):
                yield f"{name} requires {required} and does not define it"


def examples(document: Document) -> Iterator[str]:
    """Examples that break the schema beside them."""
    for name in document.schemas:
        reference = {"$ref": f"#/components/schemas/{name}"}
        for at, example, part in _examples(reference, document, name):
            for problem in document.problems(example, part):
                # An unnamed part is the property itself.
                yield f"an example breaks: {problem.replace('?', at, 1)}"


def _examples(
    schema: Mapping[str, Any], document: Document, at: str
) -> Iterator[tuple[str, object, Mapping[str, Any]]]:
    own = document.schemas[at] if "$ref" in schema else schema
    if "example" in own:
        yield at, own["example"], schema
    for name, below in own.get("properties", {}).items():
        if "$ref" not in below:
            yield from _examples(below, document, f"{at}.{name}")


def patterns(document: Document) -> Iterator[str]:
    """Patterns that match nothing, or mean different things to different engines."""
    for at, schema in _properties(document):
        pattern = schema.get("pattern", "")
        if "{," in pattern:
            yield f"the pattern of {at} has a count without a lower bound"
        if pattern.endswith(DOLLAR_SIGN):
            yield f"the pattern of {at} wants a dollar sign at the end"
        if at.endswith(".pattern") and r"\\" in schema.get("example", ""):
            yield f"the example of {at} wants a backslash"


def _properties(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, schema in document.schemas.items():
        for below, described in schema.get("properties", {}).items():
            yield f"{name}.{below}", described


def words(document: Document) -> Iterator[str]:
    """Descriptions that speak of another property."""
    for at, schema in _properties(document):
        if at.endswith(".stop_time") and " start " in schema.get("description", ""):
            yield f"{at} is described as a start"


def references(document: Document) -> Iterator[str]:
    """Ids of things that no operation lists."""
    for at, schema in _properties(document):
        name = at.rsplit(".", 1)[1]
        if name.endswith("_uid") and "unique ID" in schema.get("description", ""):
            thing = name.removesuffix("_uid").title().replace("_", "")
            if not any(schema_name.endswith(thing) for schema_name in document.schemas):
                yield f"{at} names something that no operation lists"


def changelog(document: Document) -> Iterator[str]:
    """Changes of names that the changelog tells and the schemas do not have."""
    text = document.raw["info"]["description"]
    for schema, old, new in re.findall(r"Renamed `(\w+)` schema parameter `(\w+)` to `(\w+)`", text):
        if new not in document.schemas[schema]["properties"]:
            yield f"the changelog renames {schema}.{old} to {new}, which is not there"
    for name, path, method in re.findall(r"Added `(\w+)` parameter in `(\S+)` (\w+) request", text):
        body = document.whole(_body(document.raw["paths"][path][method.lower()]))
        if name not in body["items"]["properties"]:
            yield f"the changelog adds {name} to {path}, which is not there"


def _body(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    (content,) = operation["requestBody"]["content"].values()
    schema: Mapping[str, Any] = content["schema"]
    return schema


def filters(document: Document) -> Iterator[str]:
    """Filters that a description promises and the parameters lack."""
    for operation in document.operations.values():
        _, promised, text = operation.raw["description"].partition("be filtered by:")
        if promised:
            names = {FILTERS[name] for name in re.findall(r"^\s*\* (.+?)\s*$", text, re.MULTILINE)}
            given = {parameter["name"] for parameter in operation.raw["parameters"]}
            for name in sorted(names - given):
                yield f"{operation.id} promises the filter {name} and does not take it"
            for name in sorted((given & set(FILTERS.values())) - names):
                yield f"{operation.id} takes the filter {name} and does not promise it"


def statuses(document: Document) -> Iterator[str]:
    """Statuses that must occur and are not listed."""
    text = document.raw["info"]["description"]
    _, _, table = text.partition("# 10 HTTP Status Codes")
    listed = {int(status) for status in re.findall(r"^\s*(\d{3}) \|", table, re.MULTILINE)}
    everywhere = {status for operation in document.operations.values() for status in operation.statuses}
    for status in sorted({int(status) for status in re.findall(r"\b(\d{3}) HTTP status", text)} - listed):
        yield f"section 5.4 answers {status}, which is not in section 10"
    for status in sorted(listed - everywhere):
        yield f"section 10 has {status}, which no operation lists"
    for operation in document.operations.values():
        if not operation.is_open and 401 not in operation.statuses:
            yield f"{operation.id} asks for credentials and lists no 401"
        if operation.takes_something and 400 not in operation.statuses:
            yield f"{operation.id} can be asked wrongly and lists no 400"
        described = " ".join(parameter["description"] for parameter in operation.raw.get("parameters", []))
        if "cost" in described and 402 not in operation.statuses:
            yield f"{operation.id} can cost money and lists no 402"
