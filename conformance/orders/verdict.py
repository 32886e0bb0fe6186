"""Compares what languages told with the expectation of each case, and with one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .world import Told, differences, shown, steps

TIMES = ("created_at", "updated_at", "submit_by", "started_at", "ended_at", "at", "gateway_date", "date")
"""Moments of the run. What they are in truth, the journal says."""
MINTED = ("request_id",)
"""Made anew in each run."""
AGREES = "agrees"


@dataclass
class Verdict:
    """What was found: for each case and language all that differs."""

    cases: list[dict[str, Any]]
    languages: list[str]
    cells: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return sum(1 for found in self.cells.values() if found)

    @property
    def passed(self) -> int:
        return len(self.cells) - self.failed

    def table(self) -> str:
        header = ["case", *self.languages]
        rows = [header]
        for case in self.cases:
            cells = [self.cells[case["name"], language] for language in self.languages]
            rows.append([case["name"], *(AGREES if not found else f"{len(found)} differ" for found in cells)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
        lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]
        lines.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
        for (case_name, language), found in self.cells.items():
            lines += [f"differs: {case_name}, {language}: {one}" for one in found]
        return "\n".join(lines)


def judge(cases: list[dict[str, Any]], told: dict[str, dict[str, Told]]) -> Verdict:
    """`told` has, by language, what each case came to."""
    verdict = Verdict(cases, list(told))
    for case in cases:
        plain = {
            language: _plain(case, of[case["name"]]) for language, of in told.items() if case["name"] in of
        }
        for language in verdict.languages:
            one = told[language].get(case["name"])
            found = ["it was not carried out"] if one is None else against_expectation(case, one)
            if one is not None and one.broken is None:
                found += _against_others(language, plain)
            verdict.cells[case["name"], language] = found
    return verdict


def against_expectation(case: dict[str, Any], told: Told) -> list[str]:
    """What is not as the case says, and as the books say."""
    if told.broken is not None:
        return [told.broken]
    found = unexpecting(case)
    for number, (step, came) in enumerate(zip(steps(case), told.steps), 1):
        name = f"step {number} ({step.get('do') or next(iter(step))})"
        if "error" in step:
            came = came if isinstance(came, dict) else {}
            error = came.get("error", "(no error)")
            found += [f"{name}: error: {one}" for one in differences({"returned": None}, came)]
            found += [f"{name}: error: {one}" for one in differences(step["error"], error)]
        elif "told" in step:
            if isinstance(came, dict) and "error" in came:
                found.append(f"{name}: error {came['error']['code']}: {came['error']['reason']}")
            elif isinstance(came, dict) and "missing" in came:
                found.append(f"{name}: there is no such call")
            else:
                wrapped = "do" in step or "open" in step
                found += [
                    f"{name}: {one}"
                    for one in differences(step["told"], came["returned"] if wrapped else came)
                ]
        elif "events" in step:
            found += [
                f"{name}: {one}" for one in differences(step["events"], [_event(event) for event in came])
            ]
        elif isinstance(came, dict) and "error" in came:
            found.append(f"{name}: error {came['error']['code']}: {came['error']['reason']}")
    found += [f"the gateway's ledger: {one}" for one in _ledger(case.get("bought", {}), told.ledger)]
    return found + _against_journal(told)


def unexpecting(case: dict[str, Any]) -> list[str]:
    """Calls of which the case does not say what must come of them."""
    wanting = [step for step in steps(case) if "do" in step or "open" in step]
    silent = [step.get("do", "open") for step in wanting if "told" not in step and "error" not in step]
    found = [f"the case does not say what comes of {step}" for step in silent]
    return found if wanting else ["the case expects nothing"]


def _event(event: dict[str, Any]) -> Any:
    """As cases write it: kind, id and state."""
    if "kind" not in event:
        return event.get("error", {}).get("code")
    return f"{event['kind']} {event['order']['id']} {event['order']['state']}"


def _ledger(expected: dict[str, int], bought: dict[str, int]) -> list[str]:
    ids = sorted({*expected, *bought})
    wrong = [name for name in ids if expected.get(name, 0) != bought.get(name, 0)]
    return [f"{name} was bought {bought.get(name, 0)} times, not {expected.get(name, 0)}" for name in wrong]


def _against_journal(told: Told) -> list[str]:
    """What was told last of an order is what the journal has, to the last digit of its times."""
    last: dict[str, dict[str, Any]] = {}
    for came in told.steps:
        for order in _orders(came):
            if order["version"] >= last.get(order["id"], order)["version"]:
                last[order["id"]] = order
    found = []
    for name, order in last.items():
        kept = told.journal.get(name)
        if kept is None:
            found.append(f"{name} was told and is not in the journal")
            continue
        # What is null is not written there.
        pairs: list[tuple[str, Any, Any]] = [
            ("created_at", order["created_at"], _moment(kept["created_at"])),
            ("submit_by", order["submit_by"], _moment(kept["submit_by"])),
            ("amount", order["amount"], kept["amount"]),
        ]
        if order["version"] == kept["version"]:
            # What an order has of the gateway's clock and of ours.
            pairs += [(name, order[name], _moment(kept.get(name))) for name in ("updated_at", "gateway_date")]
            pairs.append(("the number of attempts", len(order["attempts"]), len(kept["attempts"])))
            same = (
                "state",
                "failure",
                "review",
                "conflict",
                "overdue",
                "live",
                "undone_amount",
                "cost",
                "version",
            )
            pairs += [(field, order[field], kept.get(field)) for field in same]
        for mine, theirs in zip(order["attempts"], kept["attempts"]):
            pairs.append(("started_at", mine["started_at"], _moment(theirs["started_at"])))
            # An attempt that was open when it was told may have ended since.
            if mine["ended_at"] is not None:
                pairs.append(("ended_at", mine["ended_at"], _moment(theirs.get("ended_at"))))
        found += [
            f"{name}: {field} was told as {shown(mine)}, the journal has {shown(theirs)}"
            for field, mine, theirs in pairs
            if mine != theirs
        ]
    return found


def _orders(value: Any) -> list[dict[str, Any]]:
    """Every order in what was told."""
    if isinstance(value, list):
        return [order for item in value for order in _orders(item)]
    if not isinstance(value, dict):
        return []
    mine = [value] if {"undone_amount", "attempts", "version"} <= value.keys() else []
    return mine + [order for item in value.values() for order in _orders(item)]


def _moment(text: str | None) -> int | None:
    """An instant in RFC 3339 with up to nine digits of a second, in microseconds since 1970."""
    if text is None:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = int((datetime.fromisoformat(f"{whole}+00:00")).timestamp())
    return seconds * 1_000_000 + int(fraction.ljust(9, "0")[:6])


def _against_others(language: str, plain: dict[str, list[Any]]) -> list[str]:
    """Where this language tells something else than the first."""
    first, reference = next(iter(plain.items()))
    if language == first:
        return []
    found = []
    for number, (mine, theirs) in enumerate(zip(plain[language], reference), 1):
        found += [f"step {number}: {one} (as {first} tells it)" for one in _unlike(theirs, mine)]
    return found


def _unlike(theirs: Any, mine: Any, at: str = "") -> list[str]:
    if isinstance(theirs, dict) and isinstance(mine, dict) and theirs.keys() == mine.keys():
        return [
            one for name in theirs for one in _unlike(theirs[name], mine[name], f"{at}.{name}".strip("."))
        ]
    if isinstance(theirs, list) and isinstance(mine, list) and len(theirs) == len(mine):
        return [
            one for i, pair in enumerate(zip(theirs, mine)) for one in _unlike(*pair, f"{at}.{i}".strip("."))
        ]
    return [] if theirs == mine else [f"{at or 'it'} is {shown(mine)}, not {shown(theirs)}"]


def _plain(case: dict[str, Any], told: Told) -> list[Any]:
    """What was told, without what differs from run to run."""
    varies = {*case.get("varies", ())}

    def plain(value: Any, name: str = "") -> Any:
        if name in varies or (name in MINTED and value is not None):
            return "(varies)"
        if name in TIMES and isinstance(value, int):
            return "(a moment)"
        if isinstance(value, dict):
            return {key: plain(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item, name) for item in value]
        if isinstance(value, str):
            for text, instead in told.hidden:
                value = value.replace(text, instead)
        return value

    own = [isinstance(step, dict) and "sandbox" in step for step in steps(case)]
    return [None if skip else plain(came) for skip, came in zip(own, told.steps)]
