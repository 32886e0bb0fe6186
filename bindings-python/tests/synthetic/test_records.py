"""Records are plain Python data."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import tillgate
from conftest import everything
from tillgate import Everything, Inner, PaymentCash, Probe, ProbeConfig, Secret


def test_a_record_shows_its_fields() -> None:
    assert repr(Inner(label="it's", count=2)) == 'Inner(label="it\'s", count=2)'
    assert repr(PaymentCash()) == "PaymentCash()"
    assert Inner.__module__ == "tillgate"
    assert "label: What it is called." in (Inner.__doc__ or "")


def test_a_record_shows_no_secret() -> None:
    config = ProbeConfig(name="x", password=Secret("hunter2"))
    for text in (
        repr(config),
        str(config),
        f"{config.password}",
        repr([config.password]),
    ):
        assert "hunter2" not in text
        assert "***" in text


def test_a_secret_that_is_given_as_plain_text_is_not_shown_either() -> None:
    config = ProbeConfig(name="x", password="hunter2")  # type: ignore[arg-type]
    assert "hunter2" not in repr(config)
    with pytest.raises(TypeError):
        pickle.dumps(config)
    assert repr(ProbeConfig(name="x", password=None)).count("***") == 0


def test_records_are_equal_by_their_fields() -> None:
    assert Inner(label="a") == Inner(label="a", count=3)
    assert Inner(label="a") != Inner(label="b")
    assert Inner(label="a") != ("a", 3)
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_what_can_change_is_not_hashed() -> None:
    for value in (Inner(label="a"), Secret("a")):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)


def test_fields_are_given_by_name_and_no_others_exist() -> None:
    with pytest.raises(TypeError):
        Inner("label")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Inner()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Inner(label="a").lable = "b"  # type: ignore[attr-defined]


def test_what_is_left_out_has_its_default(probe: Probe) -> None:
    names = ["limit", "currency", "careful", "tags", "type", "class_"]
    given = {name: getattr(everything(), name) for name in Everything.__slots__ if name not in names}
    one, other = Everything(**given), Everything(**given)
    assert [getattr(one, name) for name in names] == [50, "CHF", True, [], None, None]
    one.tags.append("mine")
    assert other.tags == []
    assert probe.echo(other) == other


def test_a_record_is_pickled_and_copied() -> None:
    value = tillgate.PaymentWallet(number="1", at_most=tillgate.Money(amount=1, currency="CHF"))  # type: ignore[arg-type]
    for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert twin == value
        assert twin is not value
    assert copy.copy(value).at_most is value.at_most
    assert copy.deepcopy(value).at_most is not value.at_most
    assert value.__replace__(number="2") == tillgate.PaymentWallet(number="2", at_most=value.at_most)


def test_a_secret_is_never_written_out() -> None:
    config = ProbeConfig(name="x", password=Secret("hunter2"))
    with pytest.raises(TypeError, match=r"ProbeConfig\.password is a Secret, which cannot be pickled"):
        pickle.dumps(config)
    with pytest.raises(TypeError, match="Secret"):
        pickle.dumps([config.password])
    with pytest.raises(TypeError, match="ProbeConfig"):
        json.dumps(config)
    assert copy.deepcopy(config) == config


def test_an_object_is_not_pickled(probe: Probe) -> None:
    with pytest.raises(TypeError, match="a Probe cannot be pickled"):
        pickle.dumps(probe)


def test_a_stream_is_not_made_by_hand() -> None:
    with pytest.raises(TypeError, match="ProbeStream"):
        tillgate.ProbeStream()
