"""Sells one top-up of 10 CHF, and says what became of it.

    python sell.py [URL [USER [PASSWORD [JOURNAL]]]]

Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import tillgate
from shop import arguments, in_words, open_till, save
from tillgate import OrderState


def main() -> bool:
    url, user, password, journal = arguments()
    # Closing waits for what is on its way; what is still open is looked up when the till is opened again.
    with open_till(url, user, password, journal) as till:
        # sample: sell
        order_id = tillgate.new_id()
        # Saved before anything is bought. If the machine dies from here on, the id tells what became of it.
        save(journal + ".sale", order_id)

        order = till.buy(
            tillgate.NewOrder(
                id=order_id,
                product="1111",  # the catalogue's number of the face value
                amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
                scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; no default
                beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
            )
        )
        # Most orders are only accepted at first. This waits for their end, two minutes at most.
        order = till.wait(order_id, 120_000)
        print(in_words(order))
        # sample ends
        return order.state == OrderState.SUCCEEDED


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
