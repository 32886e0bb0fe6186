"""Python's sides of the benches, on the extension as it is shipped, and what Python does without it.

    side.py catalogue ours|json URL            a catalogue fetched and read, and the sum of all its costs
    side.py orders till|client URL PLACE COUNT so many orders a round, 64 at once
    side.py call COUNT                         so many calls of each kind

Each line of standard input asks for a round; the answer is a line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import itertools
import json
import os
import sys
import time
import urllib.parse
from collections.abc import Callable
from decimal import Decimal
from typing import Any

AT_ONCE = 64


def serve(make: Callable[[], dict[str, Any]]) -> None:
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(make()), flush=True)


def measured(work: Callable[[], tuple[int, Any]]) -> dict[str, Any]:
    # What an earlier round left is not collected at the expense of this one.
    gc.collect()
    begun = time.perf_counter_ns()
    count, total = work()
    took = time.perf_counter_ns() - begun
    return {"nanoseconds": took, "count": count, "sum": str(total)}


def fetched(url: str) -> bytes:
    """The catalogue's text, by the shortest way that Python's library has."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.request("GET", address.path + "/store/catalogue")
    text = connection.getresponse().read()
    connection.close()
    return text


def with_json(url: str) -> tuple[int, float]:
    values = json.loads(fetched(url))["face_values"]
    total = 0.0
    for fixed in values["fixed"]:
        total += fixed["cost"]
    for within in values["range"]:
        total += within["minimum_cost"]
        total += within["maximum_cost"]
    return len(values["fixed"]) + len(values["range"]), total


def catalogue(side: str, url: str) -> None:
    if side == "json":
        serve(lambda: measured(lambda: with_json(url)))
        return
    import tillgate

    client = new_client(url)

    def ours() -> tuple[int, Decimal]:
        values = client.get_catalogue(tillgate.CysendCatalogueFilter()).face_values
        total = Decimal(0)
        for fixed in values.fixed:
            total += fixed.cost
        for within in values.range:
            total += within.minimum_cost
            total += within.maximum_cost
        return len(values.fixed) + len(values.range), total.normalize()

    serve(lambda: measured(ours))


def config(url: str) -> Any:
    import tillgate

    return tillgate.CysendConfig(
        credentials=tillgate.CysendCredentials(user="till", password=tillgate.Secret("secret")),
        base_url=url,
    )


def new_client(url: str) -> Any:
    import tillgate

    return tillgate.CysendClient(config(url))


async def orders(side: str, url: str, place: str, count: int) -> None:
    import tillgate

    client = tillgate.AsyncCysendClient(config(url))
    ids = (f"y{time.time_ns():x}p{os.getpid():x}n{number}" for number in itertools.count())

    async def create(order_id: str) -> None:
        (order,) = await client.create_order(
            [
                tillgate.CysendOrderRequest(
                    user_uid=order_id,
                    face_value_id=1111,
                    face_value=Decimal(10),
                    face_value_currency="CHF",
                    scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
                    beneficiary_information=[
                        tillgate.CysendBeneficiary(name="mobile", value="+41791234567")
                    ],
                )
            ]
        )
        assert order.user_uid == order_id

    buy = create
    if side == "till":
        os.makedirs(place, exist_ok=True)
        till = await tillgate.AsyncTill.open(
            tillgate.TillConfig(
                journal_path=place + "/journal",
                create=True,
                key=tillgate.JournalKey(id="bench", key=tillgate.new_journal_key()),
            )
        )
        await till.attach_cysend(tillgate.CysendAccount(client=tillgate.CysendClient(config(url))))

        async def place_order(order_id: str) -> None:
            order = await till.buy(
                tillgate.NewOrder(
                    id=order_id,
                    product="1111",
                    amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
                    scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
                    beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
                )
            )
            assert order.state == tillgate.OrderState.SUCCEEDED

        buy = place_order

    async def lane(share: int) -> None:
        for _ in range(share):
            await buy(next(ids))

    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter_ns()
        await asyncio.gather(*(lane(count // AT_ONCE) for _ in range(AT_ONCE)))
        took = time.perf_counter_ns() - begun
        print(json.dumps({"nanoseconds": took, "count": count // AT_ONCE * AT_ONCE}), flush=True)
    if side == "till":
        await till.close()


def call(count: int) -> None:
    import tillgate

    secret = tillgate.Secret("x")
    reveal = secret.reveal
    version = tillgate.version

    def timed(function: Callable[[], object]) -> int:
        repeated = itertools.repeat(None, count)
        begun = time.perf_counter_ns()
        for _ in repeated:
            function()
        return time.perf_counter_ns() - begun

    def nothing() -> None:
        pass

    def make() -> dict[str, Any]:
        samples = [
            ("version", [timed(version)]),
            ("reveal", [timed(reveal)]),
            ("python", [timed(nothing)]),
        ]
        return {"nanoseconds": sum(s[0] for _, s in samples), "count": count, "samples": samples}

    serve(make)


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "catalogue":
        catalogue(*rest)
    elif what == "orders":
        side, url, place, count = rest
        asyncio.run(orders(side, url, place, int(count)))
    else:
        call(int(rest[0]))
