"""One family of exceptions, whatever went wrong."""

from __future__ import annotations

import asyncio
import pickle

import pytest
import tillgate
from tillgate import Outcome, Probe, TillgateError


def kinds() -> list[type[TillgateError]]:
    classes = [getattr(tillgate, name) for name in tillgate.__all__ if name.endswith("Error")]
    return [kind for kind in classes if kind is not TillgateError]


def test_an_error_tells_all_its_facts(probe: Probe) -> None:
    with pytest.raises(tillgate.GatewayRefusedError) as caught:
        probe.fail("No such thing.")
    error = caught.value
    assert str(error) == (
        "gateway_refused: No such thing (HTTP 422) [E-77] (order order-1)."
        " Nothing was bought. Try another probe."
    )
    assert (error.code, error.number, error.outcome) == ("gateway_refused", 12, Outcome.REFUSED)
    assert error.reason == "No such thing."
    assert error.advice == "Nothing was bought. Try another probe."
    assert error.gateway_code == "E-77"
    assert error.gateway_text == "the gateway's own words"
    assert (error.http_status, error.order_id, error.request_id) == (422, "order-1", "request-1")
    assert error.field is None
    assert isinstance(error, TillgateError)


def test_an_error_survives_pickling(probe: Probe) -> None:
    with pytest.raises(TillgateError) as caught:
        probe.fail("No such thing.")
    twin = pickle.loads(pickle.dumps(caught.value))
    assert type(twin) is type(caught.value)
    assert (str(twin), twin.details) == (str(caught.value), caught.value.details)


def test_each_kind_has_a_class_of_its_own() -> None:
    assert len(kinds()) == 28
    assert len({kind.code for kind in kinds()}) == len({kind.number for kind in kinds()}) == 28
    for kind in kinds():
        assert issubclass(kind, TillgateError)
        assert kind.__module__ == "tillgate"
        assert kind.__doc__


def test_nothing_that_retries_on_pythons_own_errors_catches_ours() -> None:
    for kind in kinds():
        assert not issubclass(kind, (OSError, asyncio.TimeoutError, RuntimeError))
    assert issubclass(tillgate.InvalidArgumentError, ValueError)


def test_an_error_of_a_constructor_is_raised_by_the_class() -> None:
    with pytest.raises(tillgate.InvalidArgumentError) as caught:
        Probe(tillgate.ProbeConfig(name=""))
    assert caught.value.field


def test_a_panic_is_an_internal_error(probe: Probe) -> None:
    for panic in (probe.panic_now, probe.panic_later):
        with pytest.raises(tillgate.InternalError, match="defect") as caught:
            panic()
        assert caught.value.outcome is Outcome.LOCAL
    assert probe.add(1, 2) == 3


def test_a_panic_is_an_internal_error_in_asyncio() -> None:
    async def panic() -> None:
        await tillgate.AsyncProbe(tillgate.ProbeConfig(name="x")).panic_later()

    with pytest.raises(tillgate.InternalError):
        asyncio.run(panic())


def test_a_closed_object_says_so(probe: Probe) -> None:
    with probe as same:
        assert same is probe
    with pytest.raises(tillgate.ClosedError):
        probe.events()
    probe.close()


def test_errors_in_arguments_come_when_awaited() -> None:
    async def call() -> None:
        awaitable = tillgate.AsyncProbe(tillgate.ProbeConfig(name="x")).echo_amount(1.5)  # type: ignore[arg-type]
        with pytest.raises(tillgate.InvalidArgumentError, match="amount: is a float"):
            await awaitable

    asyncio.run(call())
