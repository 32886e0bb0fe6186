"""Sells one top-up and one voucher, and says what became of each.

    python sell.py [URL [USER [PASSWORD [JOURNAL]]]]

Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal

import tillgate
from tillgate import OrderState


def main() -> bool:
    url, user, password, journal = arguments()
    config = tillgate.TillConfig(
        journal_path=journal,
        # Makes the journal of a new till. A till that has sold before leaves it out: then a journal that is
        # gone is an error, and not a till that has forgotten its orders.
        create=True,
        key=key_of(journal),
    )
    client = tillgate.CysendClient(
        tillgate.CysendConfig(
            credentials=tillgate.CysendCredentials(user=user, password=tillgate.Secret(password)),
            base_url=url,
        )
    )
    # Closing waits for what is on its way; what is still open is looked up when the till is opened again.
    with tillgate.Till.open(config) as till:
        till.attach_cysend(tillgate.CysendAccount(client=client))

        top_up = tillgate.NewOrder(
            id=tillgate.new_id(),
            product="1111",  # the catalogue's number of this face value
            amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
            scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; there is no default
            beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
        )
        voucher = tillgate.NewOrder(
            id=tillgate.new_id(),
            product="3333",
            amount=tillgate.Money(amount=Decimal(25), currency="EUR"),
            scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
        )
        return sell(till, journal, top_up) and sell(till, journal, voucher)


def sell(till: tillgate.Till, journal: str, new: tillgate.NewOrder) -> bool:
    # The id is saved before anything is bought. If the machine dies from here on, it tells what became of the
    # order.
    save(journal + ".sale", new.id)
    order = till.buy(new)
    print(f"{order.id} is {order.state} after the first answer")
    # Most orders are only accepted at first. This waits for their end, two minutes at most.
    order = till.wait(order.id, 120_000)
    print(in_words(order))
    if order.has_voucher:
        # No order, event or log holds the code. Asking for it is written into the order's history.
        code = till.reveal(order.id).code
        print("The code is " + (code.reveal() if code else "in the PDF."))
    return order.state == OrderState.SUCCEEDED


def in_words(order: tillgate.Order) -> str:
    """What to say at the counter."""
    if order.state == OrderState.SUCCEEDED:
        return f"Done: {order.amount.amount} {order.amount.currency} of {order.product}."
    if order.state in (OrderState.FAILED, OrderState.CANCELLED, OrderState.EXPIRED):
        why = order.response_text or order.failure or order.state
        return f"Not done ({why}). Give the money back, or sell again: a new sale has a new id."
    if order.state == OrderState.REVERSED:
        return "Done and undone again. Give the money back."
    if order.state == OrderState.NEEDS_REVIEW:
        return (
            f"A person must look at order {order.id} ({order.review}): ask the gateway, then call resolve. "
            "Do not sell it again."
        )
    return (
        f"Not certain yet ({order.state}). Do not sell again and do not give the money back: "
        "wait, it is being looked up."
    )


def key_of(journal: str) -> tillgate.JournalKey:
    """The key that encrypts vouchers.

    It lies beside the journal for the sake of the example alone: a real till keeps it where passwords are
    kept, and a copy elsewhere.
    """
    path = journal + ".key"
    if not os.path.exists(path):
        save(path, tillgate.new_journal_key().reveal())
    with open(path, encoding="ascii") as file:
        return tillgate.JournalKey(id="first", key=tillgate.Secret(file.read()))


def save(path: str, text: str) -> None:
    """Writes a file whole or not at all, and onto the disk. A till has a database for this."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def arguments() -> tuple[str, str, str, str]:
    # A real till takes the password from its key store: others on this machine can see a command line.
    defaults = ["http://127.0.0.1:8765/openapi/prod/v5.2.3", "till", "secret", "journal"]
    url, user, password, journal = sys.argv[1:] + defaults[len(sys.argv) - 1 :]
    return url, user, password, journal


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
