"""The checks can fail: each is shown something wrong."""

from __future__ import annotations

import copy
from typing import Any

import mistakes
import pytest
import verdict
from document import Document
from talk import Talk
from verdict import Known, compare

ORDER: dict[str, Any] = {"$ref": "#/components/schemas/OrderStatus"}
BALANCE: dict[str, Any] = {"$ref": "#/components/schemas/CustomerBalance"}


@pytest.fixture
def raw(document: Document) -> dict[str, Any]:
    """A copy of the description to change."""
    changed: dict[str, Any] = copy.deepcopy(dict(document.raw))
    return changed


def problems(raw: dict[str, Any], value: object, schema: dict[str, Any]) -> list[str]:
    return list(Document(raw).problems(value, schema))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"balance": "1.00", "currency": "CHF"}, "CustomerBalance.balance fits its type"),
        ({"balance": None, "currency": "CHF"}, "CustomerBalance.balance fits its type"),
        ({"balance": 1, "currency": "chf"}, "CustomerBalance.currency fits its pattern"),
        ({"balance": 1}, "CustomerBalance requires currency"),
        ({"balance": 1, "currency": "CHF", "bonus": 2}, "CustomerBalance has no bonus"),
        ([], "CustomerBalance fits its type"),
    ],
)
def test_a_wrong_value_is_found(raw: dict[str, Any], value: object, problem: str) -> None:
    assert problem in problems(raw, value, BALANCE)
    assert problems(raw, {"balance": 1.5, "currency": "CHF"}, BALANCE) == []


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2019-02-20T02:00:00+00:00", set()),
        ("2019-02-20 02:00:00", {"CostResponse.date has a blank between date and time"}),
        ("20 February", {"CostResponse.date is no date"}),
    ],
)
def test_a_date_in_another_form_is_found(raw: dict[str, Any], date: str, expected: set[str]) -> None:
    found = problems(raw, {"date": date}, {"$ref": "#/components/schemas/CostResponse"})
    assert {problem for problem in found if ".date" in problem} == expected


def test_a_known_mistake_in_a_pattern_hides_no_other(raw: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/NotificationResourceType"}
    near = problems(raw, {"uid": "1111-2222-3333-4444", "name": "x"}, schema)
    assert near == ["NotificationResourceType.uid lacks the dollar sign of its pattern"]
    far = problems(raw, {"uid": "1111-2222", "name": "x"}, schema)
    assert far == ["NotificationResourceType.uid fits its pattern"]


def test_a_wrong_value_deep_inside_is_found(raw: dict[str, Any]) -> None:
    order = {"beneficiary_information": [{"name": "mobile", "value": 1}], "status": "lost"}
    found = problems(raw, order, ORDER)
    assert "BeneficiaryInformation.value fits its type" in found
    assert "OrderStatus.status fits its enum" in found


def test_an_added_operation_is_missed(talk: Talk, raw: dict[str, Any]) -> None:
    added = copy.deepcopy(raw["paths"]["/openapi/ping"]["get"])
    raw["paths"]["/openapi/version"] = {"get": {**added, "operationId": "getVersion"}}
    assert verdict.unchecked(Document(raw), talk.checked) == {("getVersion", 200)}


def test_an_added_status_is_missed(talk: Talk, raw: dict[str, Any]) -> None:
    raw["paths"]["/store/order"]["post"]["responses"]["409"] = {"description": "used before"}
    assert verdict.unchecked(Document(raw), talk.checked) == {("createOrder", 409)}


def test_an_added_property_or_value_is_missed(talk: Talk, raw: dict[str, Any]) -> None:
    raw["components"]["schemas"]["GiftCard"]["properties"]["colour"] = {"type": "string"}
    raw["components"]["schemas"]["OrderStatus"]["properties"]["status"]["enum"].append("lost")
    assert verdict.unshown(Document(raw), talk.seen) == {"GiftCard.colour", "OrderStatus.status = lost"}


def test_an_unlisted_status_is_seen(document: Document) -> None:
    assert verdict.unlisted(document, {("balance", 200): 1, ("balance", 418): 1}) == {("balance", 418)}


def test_a_new_mistake_is_not_known_and_a_mended_one_not_needed(raw: dict[str, Any], known: Known) -> None:
    schemas = raw["components"]["schemas"]
    schemas["Promotion_time_zone"]["required"] = ["name"]
    schemas["GiftCard"]["required"].append("colour")
    unknown, unneeded = compare(mistakes.all_of(Document(raw)), known.mistakes)
    assert unknown == {
        "GiftCard requires colour and does not define it",
        "an example breaks: GiftCard requires colour",
    }
    assert unneeded == {
        "Promotion_time_zone requires utc_difference and does not define it",
        "an example breaks: Promotion_time_zone requires utc_difference",
    }


def test_the_report_names_what_is_not_known(talk: Talk, known: Known) -> None:
    told = verdict.report(talk, known)
    assert "26 operations" in told and "0 not checked" in told and "NOT KNOWN" not in told
    nothing = Known({"mistakes": [], "answers": [], "statuses": []}, talk.document)
    assert verdict.report(talk, nothing).count("NOT KNOWN") == 3
