"""The judge turns red for each thing that must turn it red."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from orders import coverage
from orders.verdict import judge
from orders.world import Told, differences

HERE = Path(__file__).parent.parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text())["cases"]
HEADER = (HERE.parent.parent / "bindings-c/include/tillgate.h").read_text()

CASE: dict[str, Any] = {
    "name": "a_case",
    "till": "none",
    "steps": [{"do": "status", "told": {"epoch": 1}}, {"events": ["state_changed a1 accepted"]}],
    "bought": {"a1": 1},
}


def told(**changes: Any) -> Told:
    event = {"kind": "state_changed", "order": {"id": "a1", "state": "accepted"}, "at": 5}
    steps = [{"returned": {"epoch": 1}}, [event]]
    return Told(**{"steps": steps, "ledger": {"a1": 1}, **changes})


def found(case: dict[str, Any], **languages: Told) -> dict[str, list[str]]:
    verdict = judge([case], {name: {case["name"]: one} for name, one in languages.items()})
    return {language: cell for (_, language), cell in verdict.cells.items()}


def test_what_agrees_is_not_red() -> None:
    assert found(CASE, Rust=told(), C=told()) == {"Rust": [], "C": []}


@pytest.mark.parametrize(
    "wrong",
    [
        told(broken="the runner broke off"),
        told(ledger={"a1": 2}),
        told(ledger={}),
        told(ledger={"a1": 1, "a2": 1}),
        told(steps=[{"returned": {"epoch": 2}}, told().steps[1]]),
        told(steps=[{"returned": {"epoch": True}}, told().steps[1]]),
        told(steps=[{"returned": None, "error": {"code": "closed", "reason": "?"}}, told().steps[1]]),
        told(steps=[{"missing": True}, told().steps[1]]),
        told(steps=[told().steps[0], []]),
        told(steps=[told().steps[0], told().steps[1] * 2]),
    ],
)
def test_what_differs_is_red_in_its_language_alone(wrong: Told) -> None:
    judged = found(CASE, Rust=told(), Python=wrong)
    assert judged["Rust"] == [] and judged["Python"]


def test_languages_are_compared_where_the_case_says_nothing() -> None:
    more = told(steps=[{"returned": {"epoch": 1, "in_review": 3}}, told().steps[1]])
    less = told(steps=[{"returned": {"epoch": 1, "in_review": 4}}, told().steps[1]])
    assert found(CASE, Rust=more, Python=less)["Python"]


def test_a_language_that_did_not_run_is_red() -> None:
    verdict = judge([CASE], {"Rust": {"a_case": told()}, "Python": {}})
    assert verdict.cells["a_case", "Python"]


def test_a_case_without_expectation_is_red() -> None:
    silent = {**CASE, "steps": [{"do": "status"}, CASE["steps"][1]]}
    assert found(silent, Rust=told())["Rust"]
    nothing = {**CASE, "steps": [], "bought": {}}
    assert found(nothing, Rust=told(steps=[], ledger={}))["Rust"]


TIME = "1970-01-01T00:00:02.123456"


def kept_and_told(**changes: Any) -> bool:
    """Whether an order is red that is in the journal as a whole one, and was told with these changes."""
    same = ("state", "failure", "review", "conflict", "overdue", "live", "cost")
    order: dict[str, Any] = {
        "id": "a1",
        "version": 1,
        "undone_amount": "0",
        "amount": {},
        **dict.fromkeys(same),
    }
    times = ("created_at", "submit_by", "updated_at", "gateway_date")
    attempt = {"started_at": 2_123_456, "ended_at": 2_123_456}
    kept_attempt = {"started_at": f"{TIME}Z", "ended_at": f"{TIME}999Z"}
    journal = {"a1": {**order, **dict.fromkeys(times, f"{TIME}Z"), "attempts": [kept_attempt]}}
    told_order = {**order, **dict.fromkeys(times, 2_123_456), "attempts": [attempt], **changes}
    case = {"name": "a_case", "till": "none", "steps": [{"do": "order", "told": {}}]}
    return bool(found(case, Rust=Told(steps=[{"returned": told_order}], journal=journal))["Rust"])


def test_the_gateways_date_and_the_attempts_are_the_journals() -> None:
    assert not kept_and_told()
    assert kept_and_told(gateway_date=2_123_456 + 3_600_000_000)
    assert kept_and_told(gateway_date=None)
    assert kept_and_told(attempts=[])
    assert kept_and_told(attempts=[{"started_at": 2_123_456, "ended_at": 2_123_457}])
    assert not kept_and_told(attempts=[{"started_at": 2_123_456, "ended_at": None}])


def test_a_time_is_the_journals_to_the_microsecond() -> None:
    order = {"id": "a1", "version": 1, "undone_amount": "0", "attempts": [], "amount": {}, "submit_by": 1}
    kept = {**order, "submit_by": "1970-01-01T00:00:00.000001Z", "version": 2}
    case = {"name": "a_case", "till": "none", "steps": [{"do": "order", "told": {}}]}
    for fraction, red in (("123456", False), ("123456789", False), ("123", True), ("123457", True)):
        journal = {"a1": {**kept, "created_at": f"1970-01-01T00:00:02.{fraction}Z"}}
        one = Told(steps=[{"returned": {**order, "created_at": 2_123_456}}], journal=journal)
        assert bool(found(case, Rust=one)["Rust"]) == red, fraction


def test_the_cases_cover_what_the_header_lists() -> None:
    assert coverage.failures(CASES, HEADER, HERE) == []


@pytest.mark.parametrize("prefix", sorted(coverage.LISTS.values()))
def test_a_new_value_without_a_case_is_red(prefix: str) -> None:
    later = f"{HEADER}\n#define {prefix}NEW 99\n"
    assert len(coverage.failures(CASES, later, HERE)) == 1


def test_a_case_less_is_red() -> None:
    fewer = [case for case in CASES if case["name"] != "a_newer_journal_is_not_opened"]
    assert coverage.failures(fewer, HEADER, HERE) == ["no case expects the error journal_too_new"]


def test_a_decimal_is_its_text() -> None:
    assert differences({"amount": "10.50"}, {"amount": "10.5"})
    assert differences({"amount": "10.50"}, {"amount": 10.5})
    assert not differences({"amount": "10.50"}, {"amount": "10.50", "currency": "CHF"})
