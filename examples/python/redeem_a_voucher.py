"""Sells a voucher and prints its code, once, whatever happens to this program on the way.

    python redeem_a_voucher.py [URL [USER [PASSWORD [JOURNAL]]]]

Kill it at any moment and run it again: it never buys a second voucher, and a second slip says that it is one.
Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import tillgate
from shop import arguments, in_words, load, open_till, save
from tillgate import OrderState


def main() -> bool:
    url, user, password, journal = arguments()
    with open_till(url, user, password, journal) as till:
        order_id = load(journal + ".voucher")
        if order_id is None:
            order_id = tillgate.new_id()
            save(journal + ".voucher", order_id)
        # Bought once, however often this runs with the saved id.
        till.buy(voucher_of_25_euros(order_id))
        order = till.wait(order_id, 120_000)
        print(in_words(order))
        if order.state != OrderState.SUCCEEDED:
            return False
        if not order.has_voucher:
            print("The gateway delivered no code. Keep the customer's receipt and ask the gateway.")
            return False
        hand_out(till, order_id, journal + ".slip")
        return True


def hand_out(till: tillgate.Till, order_id: str, slip: str) -> None:
    """Prints the code; `slip` is the file that remembers how far that has come."""
    done = load(slip)
    if done == "printed":
        print("The slip was printed. If it is lost, a manager decides: whoever has the code has the money.")
        return
    voucher = reveal(till, order_id)
    # Nobody can print and write that down in one step. So what is begun is written down before: after a crash
    # between the two, the slip may already be in somebody's hand.
    save(slip, "printing")
    if done == "printing":
        print("COPY. The printing was cut short: look for the first slip, and hand out one of the two.")
    for name, secret in (("Code", voucher.code), ("PIN", voucher.pin_code), ("Serial", voucher.serial)):
        if secret is not None:
            print(f"{name:8}{secret.reveal()}")
    if voucher.code is None and voucher.pdf_link is not None:
        print(f"Voucher {voucher.pdf_link.reveal()}")
    sys.stdout.flush()
    save(slip, "printed")


def reveal(till: tillgate.Till, order_id: str) -> tillgate.Voucher:
    # No order, event or log holds the code. Asking for it is written into the order's history, and may be
    # repeated: it is the same code each time, and not another voucher.
    try:
        return till.reveal(order_id)
    except tillgate.WrongKeyError:
        # The key that encrypted it is lost. The gateway tells the code again, and today's key encrypts it.
        till.refetch_code(order_id)
        return till.reveal(order_id)


def voucher_of_25_euros(order_id: str) -> tillgate.NewOrder:
    return tillgate.NewOrder(
        id=order_id,
        product="3333",  # the catalogue's number of this face value
        amount=tillgate.Money(amount=Decimal(25), currency="EUR"),
        scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; there is no default
    )


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
