"""What goes into core comes out as it was, or is refused with the place where it stands."""

from __future__ import annotations

import asyncio
import gc
import pickle
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import tillgate
from conftest import everything
from tillgate import Everything, Inner, InvalidArgumentError, Money, Probe, Progress, Secret, Strictness


def test_every_type_comes_back_as_it_went(probe: Probe) -> None:
    value = everything()
    for back in (probe.echo(value), probe.echo_now(value)):
        assert back == value
        assert type(back) is Everything
        assert [type(getattr(back, name)) for name in back.__slots__] == [
            type(getattr(value, name)) for name in value.__slots__
        ]


def test_every_type_comes_back_as_it_went_in_asyncio() -> None:
    async def walk() -> Everything:
        return await tillgate.AsyncProbe(tillgate.ProbeConfig(name="test")).echo(everything())

    assert asyncio.run(walk()) == everything()


def test_what_may_be_absent_may_be_absent(probe: Probe) -> None:
    optional = {name: None for name in Everything.__slots__ if name.startswith("maybe_")}
    value = everything(**optional, type=None, class_=None)
    assert probe.echo(value) == value


def test_each_digit_of_a_decimal_is_kept(probe: Probe) -> None:
    for text in [
        "0",
        "0.00",
        "-0.10",
        "1.50",
        "79228162514264337593543950335",
        "0.0000000000000000000000000001",
    ]:
        assert format(probe.echo_amount(Decimal(text)), "f") == text
    assert probe.echo_amount(Decimal("1E+3")) == 1000
    assert probe.echo_amount(7) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (1.5, "is a float"),
        (0.0, "is a float"),
        (float("nan"), "is a float"),
        (Decimal("NaN"), "is not a finite number"),
        (Decimal("-Infinity"), "is not a finite number"),
        (Decimal("79228162514264337593543950336"), "more digits"),
        (Decimal("1.00000000000000000000000000001"), "more digits"),
        (Decimal("1E+999999"), "more digits"),
        (Decimal("1E-999999"), "more digits"),
        pytest.param(10**5000, "more digits", id="many digits"),
        (True, "is bool"),
        ("1.50", "is str"),
        (None, "is NoneType"),
    ],
)
def test_what_is_no_exact_amount_is_refused(probe: Probe, amount: Any, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason) as caught:
        probe.echo_amount(amount)
    assert caught.value.field == "amount"


def test_a_float_is_refused_wherever_it_stands(probe: Probe) -> None:
    money = Money(amount=0.1, currency="CHF")  # type: ignore[arg-type]
    wallet = tillgate.PaymentWallet(number="1", at_most=money)
    for value, place in [
        (everything(money=money), "value.money.amount"),
        (everything(amounts=[Decimal(1), 2.0]), "value.amounts[1]"),
        (everything(payments=[wallet]), "value.payments[0].at_most.amount"),
        (everything(count=1.0), "value.count"),
    ]:
        with pytest.raises(InvalidArgumentError) as caught:
            probe.echo(value)
        assert caught.value.field == place
        assert "float" in caught.value.reason


@pytest.mark.parametrize(
    ("name", "min", "max"),
    [
        ("small", 0, 2**8 - 1),
        ("port", 0, 2**16 - 1),
        ("count", 0, 2**32 - 1),
        ("large", 0, 2**64 - 1),
        ("offset", -(2**31), 2**31 - 1),
        ("id", -(2**63), 2**63 - 1),
    ],
)
def test_integers_are_kept_in_their_range(probe: Probe, name: str, min: int, max: int) -> None:
    for number in (min, max):
        assert getattr(probe.echo_now(everything(**{name: number})), name) == number
    for number in (min - 1, max + 1, 10**100):
        with pytest.raises(InvalidArgumentError, match="out of range") as caught:
            probe.echo_now(everything(**{name: number}))
        assert caught.value.field == f"value.{name}"
    with pytest.raises(InvalidArgumentError, match="is bool, not int"):
        probe.echo_now(everything(**{name: True}))


def test_instants_keep_their_microseconds(probe: Probe) -> None:
    for at in [
        datetime(1, 1, 2, tzinfo=timezone.utc),
        datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=timezone.utc),
        datetime(2026, 11, 21, 9, 38, 52, 999999, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
        datetime(9999, 12, 30, tzinfo=timezone.utc),
    ]:
        back = probe.echo_time(at)
        assert back == at
        assert back.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(probe: Probe) -> None:
    with pytest.raises(InvalidArgumentError, match="without a time zone"):
        probe.echo_time(datetime(2026, 1, 1))
    with pytest.raises(InvalidArgumentError, match="is int, not datetime"):
        probe.echo_time(1_700_000_000)  # type: ignore[arg-type]


def test_text_is_text_and_bytes_are_bytes(probe: Probe) -> None:
    assert probe.echo_body(bytearray(b"\0\xff")) == b"\0\xff"  # type: ignore[arg-type]
    for wrong in ["text", [1, 2], None]:
        with pytest.raises(InvalidArgumentError, match="not bytes"):
            probe.echo_body(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="not str"):
        probe.echo_text(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="surrogate"):
        probe.echo_text("\ud800")


def test_maps_hold_text_alone(probe: Probe) -> None:
    assert probe.echo_extra({"b": "2", "a": "1"}) == {"a": "1", "b": "2"}
    with pytest.raises(InvalidArgumentError) as caught:
        probe.echo_extra({"a": 1})  # type: ignore[dict-item]
    assert caught.value.field == 'extra["a"]'
    with pytest.raises(InvalidArgumentError, match="is list, not dict"):
        probe.echo_extra([("a", "1")])  # type: ignore[arg-type]


def test_a_closed_enumeration_takes_members_and_their_texts(probe: Probe) -> None:
    assert probe.echo_strictness(Strictness.TO_THE_LETTER) is Strictness.TO_THE_LETTER
    assert probe.echo_strictness("lax") is Strictness.LAX  # type: ignore[arg-type]
    assert str(Strictness.LAX) == f"{Strictness.LAX}" == "lax"
    assert pickle.loads(pickle.dumps(Strictness.LAX)) is Strictness.LAX
    with pytest.raises(InvalidArgumentError, match="lax, usual, to_the_letter"):
        probe.echo_strictness("strict")  # type: ignore[arg-type]


def test_an_open_enumeration_keeps_what_it_does_not_know(probe: Probe) -> None:
    assert Progress.KNOWN == ("WAITING", "in-progress", "done")
    for text in (Progress.IN_PROGRESS, "brand-new", ""):
        assert probe.echo_progress(text) == text
    with pytest.raises(InvalidArgumentError, match="is int, not str"):
        probe.echo_progress(3)  # type: ignore[arg-type]


def test_a_choice_with_fields_is_one_of_its_classes(probe: Probe) -> None:
    for payment in everything().payments:
        assert probe.echo_payment(payment) == payment
    with pytest.raises(InvalidArgumentError, match="is Inner, not Payment"):
        probe.echo_payment(Inner(label="x"))  # type: ignore[arg-type]


def test_the_place_of_a_fault_is_told(probe: Probe) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        probe.echo_list([Inner(label="a"), Inner(label=3)])  # type: ignore[arg-type]
    assert caught.value.field == "values[1].label"
    assert "values[1].label: is int, not str" in str(caught.value)
    with pytest.raises(InvalidArgumentError, match="is str, not list"):
        probe.echo_texts("abc")
    with pytest.raises(InvalidArgumentError, match="is dict, not Everything"):
        probe.echo({})  # type: ignore[arg-type]
    unset = Inner.__new__(Inner)
    with pytest.raises(InvalidArgumentError, match="label: is not set"):
        probe.echo_list([unset])


def test_a_secret_is_wrapped_on_the_way_in(probe: Probe) -> None:
    assert probe.echo_secret(Secret("hidden")).reveal() == "hidden"
    with pytest.raises(InvalidArgumentError, match="is str, not Secret"):
        probe.echo_secret("hidden")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="is Probe, not Secret"):
        probe.echo_secret(probe)  # type: ignore[arg-type]


def test_nothing_is_none(probe: Probe) -> None:
    result: object = probe.nothing()  # type: ignore[func-returns-value]
    assert result is None
    assert probe.echo_maybe_count(None) is None
    assert probe.password() is None


def test_a_long_list_leaves_the_collector_as_it_was(probe: Probe) -> None:
    names = [str(number) for number in range(2_000)]
    try:
        for turn in (gc.enable, gc.disable):
            turn()
            is_on = gc.isenabled()
            assert probe.echo(everything(texts=names)).texts == names
            assert gc.isenabled() == is_on
    finally:
        gc.enable()


def test_a_long_list_is_old_and_leaves_what_is_frozen_frozen(probe: Probe) -> None:
    inners = [Inner(label=str(number)) for number in range(2_000)]
    value = everything(inners=inners)
    gc.collect()
    before = sum(type(known) is Inner for known in gc.get_objects(generation=2))
    back = probe.echo(value)
    assert sum(type(known) is Inner for known in gc.get_objects(generation=2)) >= before + len(inners)
    assert back.inners == inners
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert probe.echo(value).inners == inners
        assert gc.get_freeze_count() > frozen // 2
    finally:
        gc.unfreeze()


def test_a_record_is_the_only_owner_of_its_values(probe: Probe) -> None:
    back = probe.echo(everything(text="only here", maybe_text="there too"))
    names = ("at", "text", "maybe_text", "amount", "extra", "inners", "body")
    owners = {name: sys.getrefcount(getattr(back, name)) for name in names}
    # The record, and the call itself.
    assert max(owners.values()) <= 2, owners


def test_what_repeats_in_a_long_list_keeps_its_digits(probe: Probe) -> None:
    amounts = [Decimal(text) for text in ("1.0", "1.00", "1", "-1.0", "0.1", "0.10")] * 1_000
    texts = ["CHF", "CHF\0", "", "\0", "ä", "seven77", "eight888"] * 1_000
    back = probe.echo(everything(amounts=amounts, texts=texts))
    assert list(map(str, back.amounts)) == list(map(str, amounts))
    assert back.texts == texts
    # Made once, where Python can share them; nothing is remembered from one list to the next.
    assert back.amounts[0] is back.amounts[6]
    assert probe.echo(everything(amounts=amounts)).amounts[0] is not back.amounts[0]
