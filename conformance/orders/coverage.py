"""Whether the cases cover all that an order can come to: each value that the C header lists is expected by
some case, or listed in `unreachable.yaml` with the reason why nothing that is public leads there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .world import steps

LISTS = {
    "state": "TG_ORDER_STATE_",
    "failure": "TG_FAILURE_REASON_",
    "review": "TG_REVIEW_REASON_",
    "attempt": "TG_ATTEMPT_OUTCOME_",
    "outcome": "TG_OUTCOME_",
    "error": "TG_ERROR_",
    "event": "TG_EVENT_KIND_",
}


def failures(cases: list[dict[str, Any]], header: str, folder: Path) -> list[str]:
    """What no case expects and nothing excuses; and excuses for what some case expects."""
    listed = of_header(header)
    expected = set(_expected(cases))
    excused = yaml.safe_load((folder / "unreachable.yaml").read_text())
    excuses = {(kind, name) for kind, names in excused.items() for name in names}
    found = [f"no case expects the {kind} {name}" for kind, name in sorted(listed - expected - excuses)]
    found += [
        f"unreachable.yaml excuses the {kind} {name}, and a case expects it"
        for kind, name in sorted(excuses & expected)
    ]
    found += [
        f"unreachable.yaml excuses the {kind} {name}, which there is not"
        for kind, name in sorted(excuses - listed)
    ]
    if len(cases) < 40:
        found.append(f"there are only {len(cases)} cases")
    return found


def of_header(header: str) -> set[tuple[str, str]]:
    """Kinds and names of all values; an open enumeration's `other` is no value."""
    values = set()
    for kind, prefix in LISTS.items():
        names = re.findall(rf"^#define {prefix}(\w+) \d+$", header, re.MULTILINE)
        if not names:
            raise ValueError(f"the header has no {prefix}*")
        values |= {(kind, name.lower()) for name in names if not (kind == "failure" and name == "OTHER")}
    return values


def _expected(cases: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for case in cases:
        for step in steps(case):
            if "error" in step:
                yield "error", step["error"].get("code")
                yield "outcome", step["error"].get("outcome")
            for event in step.get("events", ()):
                yield "event", event.split()[0]
            yield from _values(step.get("told"))
            yield from _values(step.get("until"))


def _values(told: Any) -> Iterator[tuple[str, str]]:
    if isinstance(told, list):
        for item in told:
            yield from _values(item)
    elif isinstance(told, dict):
        for name, value in told.items():
            if name == "attempts":
                attempts = value if isinstance(value, list) else [value["(first)"]]
                yield from (("attempt", attempt.get("outcome")) for attempt in attempts)
            elif name == "kind" and "order" in told:
                yield "event", value
            elif name in ("state", "failure", "review") and isinstance(value, str):
                yield name, value
            yield from _values(value)
