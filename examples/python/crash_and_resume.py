"""Sells one top-up of 10 CHF, whatever happens to this program on the way.

    python crash_and_resume.py [URL [USER [PASSWORD [JOURNAL]]]]

Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second
time. Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import tillgate
from shop import SETTLED, arguments, in_words, load, open_till, save
from tillgate import OrderState

# Twenty minutes in all.
WAITS_MAX = 120
WAIT_MS = 10_000


def main() -> bool:
    url, user, password, journal = arguments()
    with open_till(url, user, password, journal) as till:
        # sample: resume
        # The same id with the same request: an order that was placed before comes back as it is, and is not
        # sent again.
        order = till.buy(top_up(id_of_sale(journal + ".unfinished")))
        # If the program died at a bad moment and the gateway never got the order, it takes a quarter of an
        # hour of asking until that is certain. So wait for longer than that, and tell the people at the
        # counter.
        for _ in range(WAITS_MAX):
            print(f"{order.id} is {order.state}", flush=True)
            if order.state in SETTLED:
                break
            order = till.wait(order.id, WAIT_MS)
        # sample ends
        print(in_words(order))
        return order.state == OrderState.SUCCEEDED


def id_of_sale(path: str) -> str:
    """The id of the sale that was begun, or of a new one.

    The file stays until the customer has the goods or the money; then it makes room for the next sale.
    """
    saved = load(path)
    if saved is not None:
        print(f"going on with {saved}")
        return saved
    # Saved before anything is bought. A new id for an old sale would buy a second time.
    new = tillgate.new_id()
    save(path, new)
    print(f"a new sale, {new}")
    return new


def top_up(order_id: str) -> tillgate.NewOrder:
    return tillgate.NewOrder(
        id=order_id,
        product="1111",  # the catalogue's number of this face value
        amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
        scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; there is no default
        beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
    )


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
