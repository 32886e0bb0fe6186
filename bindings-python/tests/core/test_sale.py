"""A voucher is sold once, in both faces of the package."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
import tillgate
from tillgate import (
    AsyncCysendClient,
    AsyncTill,
    CysendAccount,
    CysendClient,
    CysendConfig,
    Money,
    NewOrder,
    OrderFilter,
    OrderState,
    Till,
    TillConfig,
)


def new_order() -> NewOrder:
    return NewOrder(
        id=tillgate.new_id(),
        product="3333",
        amount=Money(amount=Decimal(25), currency="EUR"),
        scenario="live",
    )


def test_a_voucher_is_sold_once(till: Till) -> None:
    new = new_order()
    order = till.buy(new)
    assert (order.id, order.state, len(order.attempts)) == (new.id, OrderState.SUCCEEDED, 1)
    assert len(till.buy(new).attempts) == 1
    voucher = till.reveal(new.id)
    assert voucher.code is not None
    assert len(voucher.code.reveal()) > 3
    assert voucher.code.reveal() not in repr(voucher) + repr(order)


def test_a_voucher_is_sold_once_in_asyncio(till_config: TillConfig, config: CysendConfig) -> None:
    async def sell() -> tuple[int, int]:
        async with await AsyncTill.open(till_config) as till:
            await till.attach_cysend(CysendAccount(client=AsyncCysendClient(config)))
            new = new_order()
            twice = await asyncio.gather(till.buy(new), till.buy(new))
            orders = [order async for order in till.list_all(OrderFilter(limit=1))]
            return max(len(order.attempts) for order in twice), len(orders)

    assert asyncio.run(sell()) == (1, 1)


def test_events_come_until_they_are_acknowledged_and_end_with_the_till(till: Till) -> None:
    order = till.buy(new_order())
    events = till.events()
    heard = 0
    for event in events:
        assert event.order.id == order.id
        events.acknowledge(event.id)
        heard += 1
        if till.status().unacknowledged_events == 0:
            break
    assert heard > 0
    till.close()
    assert list(events) == []


def test_pages_follow_each_other(till: Till) -> None:
    ids = [till.buy(new_order()).id for _ in range(5)]
    listed = [order.id for order in till.list_all(OrderFilter(limit=2))]
    assert sorted(listed) == sorted(ids)
    assert len(till.list(OrderFilter(limit=2)).orders) == 2


def test_the_same_id_with_another_request_is_a_conflict(till: Till) -> None:
    new = new_order()
    till.buy(new)
    other = new.__replace__(product="3334")
    with pytest.raises(tillgate.OrderConflictError) as caught:
        till.buy(other)
    assert caught.value.order_id == new.id


def test_guard_exact_money_money_is_never_a_float(till: Till) -> None:
    new = new_order()
    new.amount.amount = 25.0  # type: ignore[assignment]
    with pytest.raises(tillgate.InvalidArgumentError) as caught:
        till.buy(new)
    assert caught.value.field == "order.amount.amount"
    with pytest.raises(tillgate.UnknownOrderError):
        till.order(new.id)


def test_a_client_sells_without_a_till(config: CysendConfig) -> None:
    with CysendClient(config) as client:
        client.ping()
        balance = client.balance()
        assert isinstance(balance.balance, Decimal)
        countries = client.get_countries(tillgate.CysendCountryFilter())
        assert all(len(country.country_iso_alpha2) == 2 for country in countries)
        assert countries
    with pytest.raises(tillgate.ClosedError):
        client.ping()


def test_wrong_credentials_are_told(config: CysendConfig) -> None:
    credentials = config.credentials.__replace__(password=tillgate.Secret("wrong"))
    client = CysendClient(config.__replace__(credentials=credentials))
    with pytest.raises(tillgate.UnauthorizedError) as caught:
        client.balance()
    assert caught.value.http_status == 401
    assert "wrong" not in repr(caught.value.details)
