"""Callbacks are received by the till's own web server; they move nothing."""

from __future__ import annotations

from decimal import Decimal
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import tillgate
from tillgate import (
    CallbackReceiver,
    CallbackReceiverConfig,
    CysendOrderStatus,
    Money,
    NewOrder,
    OrderState,
    Till,
)


def status_of(url: str, body: bytes | None, method: str = "POST") -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, parts.path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_callback_is_received_and_what_is_none_is_refused(till: Till) -> None:
    path = tillgate.new_callback_path()
    receiver = till.receive_callbacks(CallbackReceiverConfig(path=path))
    assert isinstance(receiver, CallbackReceiver)
    url = receiver.callback_url()
    assert url.endswith(path.reveal())
    order = till.buy(
        NewOrder(
            id=tillgate.new_id(),
            product="3333",
            amount=Money(amount=Decimal(25), currency="EUR"),
            scenario="live",
        )
    )
    assert order.state == OrderState.SUCCEEDED
    forged = tillgate.cysend_test_callback(order, CysendOrderStatus.FAILED)
    assert status_of(url, forged.body) == 200
    assert status_of(url + "x", forged.body) == 404
    assert status_of(url, None, "GET") == 405
    assert status_of(url, b"<html>") == 400
    assert till.order(order.id).state == OrderState.SUCCEEDED
    status = receiver.status()
    assert (status.handled, status.known_orders, status.wrong_path) == (1, 1, 1)
    assert (status.wrong_method, status.not_readable, status.closed) == (1, 1, False)
    assert path.reveal() not in repr(receiver) + repr(CallbackReceiverConfig(path=path)) + repr(status)
    receiver.close()
    assert receiver.status().closed
    with pytest.raises(ConnectionRefusedError):
        status_of(url, forged.body)


def test_an_address_in_use_is_said_clearly(till: Till) -> None:
    first = till.receive_callbacks(CallbackReceiverConfig())
    address = first.status().address
    with pytest.raises(tillgate.InvalidArgumentError, match="in use") as refused:
        till.receive_callbacks(CallbackReceiverConfig(address=address))
    assert refused.value.field == "address"
