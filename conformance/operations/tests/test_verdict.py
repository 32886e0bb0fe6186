"""The verdict on what was really exchanged; and each change to the file, a call or an answer turns it red."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml
from operations.__main__ import DOCUMENT, HERE
from operations.document import Document
from operations.exchange import Exchange, read
from operations.names import Names
from operations.verdict import Verdict

EXCHANGED = Path(os.environ["TILLGATE_EXCHANGED"])
"""What `python -m operations --keep` wrote."""

TEXT = {"type": "string"}


@pytest.fixture(scope="session")
def file() -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return raw


@pytest.fixture
def exchanges() -> dict[str, list[Exchange]]:
    return read(EXCHANGED.read_text())


def verdict(
    raw: dict[str, Any], exchanges: dict[str, list[Exchange]], more_names: dict[str, Any] | None = None
) -> Verdict:
    names = yaml.safe_load((HERE / "names.yaml").read_text())
    for part, more in (more_names or {}).items():
        names[part] |= more
    return Verdict(Document(raw), Names(names), exchanges)


def test_all_is_sent_and_told_as_it_is(file: dict[str, Any], exchanges: dict[str, list[Exchange]]) -> None:
    result = verdict(file, exchanges)
    assert result.failures == []
    assert result.passed == (1 + len(Document(file).operations)) * len(exchanges) > 0


def schema(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda raw: raw["components"]["schemas"][name]["properties"]


def operation(path: str, method: str = "get") -> Callable[[dict[str, Any]], Any]:
    return lambda raw: raw["paths"][path][method]


def set_in(where: Callable[[dict[str, Any]], Any], key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda raw: where(raw).__setitem__(key, value)


def add_to(where: Callable[[dict[str, Any]], Any], key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda raw: where(raw)[key].append(value)


NEW = {"operationId": "cancelOrder", "responses": {"200": {"description": "OK"}}}
QUERY = {"in": "query", "name": "colour", "schema": TEXT}
HEADER = {"in": "header", "name": "X-Colour", "schema": TEXT}
CALLBACK = {"refunded": {"{$url}": {"post": {"operationId": "refunded_Post"}}}}

CHANGES_OF_THE_FILE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an operation": (
        lambda raw: raw["paths"].__setitem__("/store/order/cancel", {"post": NEW}),
        "cancelOrder (C): was never called",
    ),
    "a parameter of a query": (
        add_to(operation("/store/catalogue/countries"), "parameters", QUERY),
        "getCountries (Rust): query colour was never sent with a value that is not its default",
    ),
    "a parameter of a header": (
        add_to(operation("/store/order"), "parameters", HEADER),
        "getOrder (Python): header X-Colour was never sent with a value that is not its default",
    ),
    "a property of a body": (
        set_in(schema("OrderRequest"), "tip", TEXT),
        "createOrder (C): body [].tip was never sent with a value that is not its default",
    ),
    "a property deep in a body": (
        set_in(schema("NotificationDestinationParameter"), "colour", TEXT),
        "createOrder (Rust): body [].notifications[].destination[].colour was never sent",
    ),
    "a default that the cases send": (
        set_in(lambda raw: schema("TokenOptions")(raw)["TTL"], "default", 7200),
        "createAccessToken (Python): body TTL was never sent with a value that is not its default",
    ),
    "a property of an answer": (
        set_in(schema("CustomerBalance"), "limit", {"type": "number"}),
        "balance (C): 200: limit has no field limit",
    ),
    "a property deep in an answer": (
        set_in(schema("Promotion_time_zone"), "utc_difference", TEXT),
        "getCatalogue (Rust): 200: promotions[].time_zone.utc_difference never had a value",
    ),
    "a property of errors": (
        set_in(schema("APIError"), "hint", TEXT),
        "getActive (Python): 404: hint never had a value that says something",
    ),
    "another type of a property": (
        set_in(lambda raw: schema("GiftCard")(raw)["serial"], "type", "number"),
        "getGiftCard (C): 200: serial is",
    ),
    "a list of values": (
        set_in(lambda raw: schema("CustomerBalance")(raw)["currency"], "enum", ["CHF"]),
        "balance (Rust): 200: currency never held anything unknown",
    ),
    "a record": (
        set_in(schema("Product"), "maker", {"type": "object", "properties": {"name": TEXT}}),
        "getProducts (C): 200: [].maker never held anything unknown",
    ),
    "a variable of the server": (
        set_in(lambda raw: raw["servers"][0]["variables"], "region", {"default": "eu"}),
        "(servers) (C): region was never sent with a value that is not its default",
    ),
    "a status": (
        set_in(lambda raw: operation("/customer/balance")(raw)["responses"], "409", {"description": "Busy"}),
        "balance (Rust): was never answered 409",
    ),
    "a way to say who one is": (
        set_in(operation("/openapi/ping"), "security", [{"Token": []}]),
        "ping (C): shows [] where the file takes ['Token']",
    ),
    "a callback": (
        set_in(operation("/store/order", "post"), "callbacks", CALLBACK),
        "refunded_Post: nothing says how it is received",
    ),
}


@pytest.mark.parametrize("what", CHANGES_OF_THE_FILE)
def test_what_is_added_to_the_file_turns_it_red(
    what: str, file: dict[str, Any], exchanges: dict[str, list[Exchange]]
) -> None:
    change, failure = CHANGES_OF_THE_FILE[what]
    changed = copy.deepcopy(file)
    change(changed)
    assert_red(verdict(changed, exchanges), failure)


def one_of(exchanges: dict[str, list[Exchange]], language: str, operation: str) -> Exchange:
    """A call that was no refusal."""
    return next(one for one in exchanges[language] if one.operation == operation)


def edit_answer(exchange: Exchange, change: Callable[[Any], None]) -> None:
    """Changes what the gateway said, not what was told of it."""
    body = json.loads(exchange.request["answer"]["body"])
    change(body)
    exchange.request["answer"]["body"] = json.dumps(body)


def edit_request(exchange: Exchange, old: str, new: str) -> None:
    for part in ("target", "body"):
        exchange.request[part] = exchange.request[part].replace(old, new)


CHANGES_OF_A_LANGUAGE: dict[str, tuple[str, Callable[[Exchange], object], str]] = {
    "lacks a method": ("ping", lambda one: one.told.__setitem__("missing", True), "has no such method"),
    "loses a parameter": (
        "getCountries",
        lambda one: edit_request(one, "country_iso2=CH&", ""),
        "the query is",
    ),
    "sends another value": ("getOrder", lambda one: edit_request(one, "whole_1", "whole_2"), "the query is"),
    "goes to another server": (
        "getOrder",
        lambda one: edit_request(one, "/v5.2.3/", "/v5.2.4/x/"),
        "went out as GET /openapi/prod/v5.2.4/x/store/order",
    ),
    "goes to the usual server": (
        "(servers)",
        lambda one: edit_request(one, "v6.0.0", "v5.2.3"),
        "a request went to /openapi/staging/v5.2.3/openapi/ping instead of",
    ),
    "sends a body that was not given": (
        "balance",
        lambda one: one.request.__setitem__("body", "{}"),
        "has a body",
    ),
    "sends another path": (
        "getGiftCard",
        lambda one: edit_request(one, "567890123", "5"),
        "path gift_card_code",
    ),
    "sends an amount that is a little off": (
        "createOrder",
        lambda one: edit_request(one, "100000000000.01", "100000000000.02"),
        "the body is",
    ),
    "sends a number as a text": (
        "createAccessToken",
        lambda one: edit_request(one, "7200", '"7200"'),
        "the body is",
    ),
    "shows nobody": ("balance", lambda one: one.request.__setitem__("headers", []), "shows [] where"),
    "tells another amount": (
        "balance",
        lambda one: one.told["returned"].__setitem__("balance", "0.01"),
        "balance is '0.01' instead of",
    ),
    "tells an amount as a float": (
        "balance",
        lambda one: one.told["returned"].__setitem__("balance", 1000.0),
        "balance is 1000.0 instead of",
    ),
    "tells another instant": (
        "getGiftCard",
        lambda one: one.told["returned"].__setitem__("expiration", one.told["returned"]["expiration"] + 1),
        "expiration is",
    ),
    "loses a field": ("getOrder", lambda one: one.told["returned"][0].pop("cost"), "has no field cost"),
    "loses an item": ("getErrors", lambda one: one.told["returned"].pop(), "is not a list of"),
    "invents a field": (
        "balance",
        lambda one: one.told["returned"].__setitem__("colour", "red"),
        "tells ['colour'], which the file does not know",
    ),
    "forgets what it does not know": (
        "getGiftCard",
        lambda one: edit_answer(one, lambda body: body.__setitem__("colour", "red")),
        "keeps {} of the unknown {'colour': 'red'}",
    ),
    "says no where there is a yes": (
        "getActive",
        lambda one: one.told["returned"].__setitem__("active", False),
        "active is False instead of True",
    ),
}


# The judge treats all languages alike: each change is tried with one of them.
@pytest.mark.parametrize(("what", "language"), zip(CHANGES_OF_A_LANGUAGE, cycle(["Rust", "C", "Python"])))
def test_a_language_that_does_otherwise_turns_it_red(
    what: str, language: str, file: dict[str, Any], exchanges: dict[str, list[Exchange]]
) -> None:
    operation, change, failure = CHANGES_OF_A_LANGUAGE[what]
    change(one_of(exchanges, language, operation))
    result = verdict(file, exchanges)
    assert_red(result, failure)
    assert all(f"{operation} ({language}):" in each for each in result.failures), result.failures


def test_a_language_that_was_not_heard_of_an_operation_turns_it_red(
    file: dict[str, Any], exchanges: dict[str, list[Exchange]]
) -> None:
    exchanges["C"] = [one for one in exchanges["C"] if one.operation != "getResponses"]
    assert_red(verdict(file, exchanges), "getResponses (C): was never called")


def test_an_operation_that_is_gone_from_the_file_turns_it_red(
    file: dict[str, Any], exchanges: dict[str, list[Exchange]]
) -> None:
    changed = copy.deepcopy(file)
    del changed["paths"]["/openapi/ping"]
    assert_red(verdict(changed, exchanges), "ping is called, and the file has no such operation")


def test_a_name_that_is_not_needed_turns_it_red(
    file: dict[str, Any], exchanges: dict[str, list[Exchange]]
) -> None:
    result = verdict(file, exchanges, {"fields": {"Token.colour": "color"}})
    assert result.failures == ["names.yaml: fields: Token.colour is not needed"]


def assert_red(result: Verdict, failure: str) -> None:
    assert result.failed > 0
    assert any(failure in each for each in result.failures), result.failures
