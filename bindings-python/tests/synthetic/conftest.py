"""Tests on the made-up core (`tillgate-bindgen synth`).

It has every type of the interface, whatever the real core uses of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
import tillgate
from tillgate import Everything, Inner, Money, PaymentCards, PaymentCash, PaymentWallet, Secret, Strictness


@pytest.fixture
def probe() -> tillgate.Probe:
    return tillgate.Probe(tillgate.ProbeConfig(name="test"))


def everything(**changes: object) -> Everything:
    """A value of every type, none of them the default."""
    values: dict[str, object] = {
        "yes": True,
        "small": 255,
        "port": 65_535,
        "count": 2**32 - 1,
        "large": 2**53 - 1,
        "offset": -(2**31),
        "id": -(2**63),
        "text": "Grüezi 👋 \0 end",
        "body": bytes(range(256)),
        "amount": Decimal("-12.50"),
        "at": datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2))),
        "money": Money(amount=Decimal("0.010"), currency="CHF"),
        "strictness": Strictness.TO_THE_LETTER,
        "progress": "something new",
        "payment": PaymentWallet(number="7", at_most=Money(amount=Decimal(5), currency="EUR")),
        "pin": Secret("1234"),
        "texts": ["a", "", "ä"],
        "numbers": [0, -1, 2**63 - 1],
        "amounts": [Decimal("0.1"), Decimal("1E+3")],
        "instants": [datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)],
        "inners": [Inner(label="one", count=1), Inner(label="three")],
        "strictnesses": list(Strictness),
        "progresses": ["done", "other"],
        "payments": [PaymentCash(), PaymentCards(amounts=[Decimal(1)], pin=Secret("9"))],
        "extra": {"key": "value", "": "ü"},
        "maybe_yes": False,
        "maybe_count": 0,
        "maybe_id": 7,
        "maybe_text": "",
        "maybe_body": b"",
        "maybe_amount": Decimal("0.00"),
        "maybe_at": datetime(2000, 1, 1, tzinfo=timezone.utc),
        "maybe_inner": Inner(label="inner"),
        "maybe_strictness": Strictness.LAX,
        "maybe_progress": "WAITING",
        "maybe_payment": PaymentCash(),
        "maybe_pin": Secret(""),
        "maybe_texts": [],
        "maybe_inners": [Inner(label="x")],
        "maybe_extra": {},
        "limit": 51,
        "currency": "EUR",
        "careful": False,
        "tags": ["t"],
        "type": "type",
        "class_": "class",
    }
    assert set(values) == set(Everything.__slots__)
    return Everything(**(values | changes))  # type: ignore[arg-type]
