"""Sells three top-ups at a time with asyncio, and follows them by their events.

    python sell_async.py [URL [USER [PASSWORD [JOURNAL]]]]

Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

import tillgate
from shop import SETTLED, arguments, in_words, key_of, save
from tillgate import OrderState

# Every order is final by then, or something is wrong with the line.
FOLLOW_S = 120


async def main() -> bool:
    url, user, password, journal = arguments()
    config = tillgate.TillConfig(journal_path=journal, create=True, key=key_of(journal))
    client = tillgate.CysendClient(
        tillgate.CysendConfig(
            credentials=tillgate.CysendCredentials(user=user, password=tillgate.Secret(password)),
            base_url=url,
        )
    )
    async with await tillgate.AsyncTill.open(config) as till:
        await till.attach_cysend(tillgate.CysendAccount(client=client))

        orders = [top_up(f"+4179123456{last}") for last in range(3)]
        # All ids are saved before anything is bought.
        save(journal + ".sale", "\n".join(order.id for order in orders))
        # Cancelling one of these tasks would end its wait, and not the purchase.
        placed = await asyncio.gather(*(till.buy(order) for order in orders))
        print(", ".join(f"{order.id} is {order.state}" for order in placed))

        try:
            ends = await asyncio.wait_for(follow(till, {order.id for order in orders}), FOLLOW_S)
        except asyncio.TimeoutError:
            # Not a "no": the journal knows the orders, and the next start of the till goes on with them.
            print("Not all are certain yet. Do not sell them again: start the till again, and read on.")
            return False
        return all(state == OrderState.SUCCEEDED for state in ends.values())


async def follow(till: tillgate.AsyncTill, ids: set[str]) -> dict[str, OrderState]:
    """Reads events until each of these orders is final, or a person must look at it."""
    events = till.events()
    ends: dict[str, OrderState] = {}
    while ids - ends.keys():
        event = await events.next(5_000)
        if event is None:
            continue
        order = event.order
        print(f"{event.kind}: {order.id} is {order.state}")
        if order.id in ids:
            if order.state in SETTLED:
                ends[order.id] = order.state
                print(in_words(order))
        # First do with it what must be done (here: print it), then acknowledge it. An event that is not
        # acknowledged comes again, also after a crash.
        await events.acknowledge(event.id)
    return ends


def top_up(mobile: str) -> tillgate.NewOrder:
    return tillgate.NewOrder(
        id=tillgate.new_id(),
        product="1111",  # the catalogue's number of this face value
        amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
        scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; there is no default
        beneficiary=[tillgate.BeneficiaryField(name="mobile", value=mobile)],
    )


if __name__ == "__main__":
    try:
        sys.exit(0 if asyncio.run(main()) else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
