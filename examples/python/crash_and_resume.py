"""Sells one top-up of 10 CHF, whatever happens to this program on the way.

    python crash_and_resume.py [URL [USER [PASSWORD [JOURNAL]]]]

Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second
time. Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal

import tillgate
from tillgate import OrderState

SETTLED = (
    OrderState.SUCCEEDED,
    OrderState.FAILED,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.REVERSED,
    OrderState.NEEDS_REVIEW,
)
# Twenty minutes in all.
WAITS_MAX = 120
WAIT_MS = 10_000


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
    with tillgate.Till.open(config) as till:
        till.attach_cysend(tillgate.CysendAccount(client=client))

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
        print(in_words(order))
        return order.state == OrderState.SUCCEEDED


def id_of_sale(path: str) -> str:
    """The id of the sale that was begun, or of a new one.

    The file stays until the customer has the goods or the money; then it makes room for the next sale.
    """
    if os.path.exists(path):
        with open(path, encoding="ascii") as file:
            saved = file.read()
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
