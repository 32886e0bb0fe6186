"""What the examples share: the shop's own part.

How it opens its till, where it saves ids, and what it says at the counter. A real till has a key store and a
database where this has files.
"""

from __future__ import annotations

import os
import sys

import tillgate
from tillgate import OrderState

# Nothing but a conflict mark, or a person's decision, follows.
SETTLED = (
    OrderState.SUCCEEDED,
    OrderState.FAILED,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.REVERSED,
    OrderState.NEEDS_REVIEW,
)


def arguments() -> list[str]:
    """URL, user, password and journal; by default the sandbox's. What follows them is the example's own."""
    # A real till takes the password from its key store: others on this machine can see a command line.
    defaults = ["http://127.0.0.1:8765/openapi/prod/v5.2.3", "till", "secret", "journal"]
    return sys.argv[1:] + defaults[len(sys.argv) - 1 :]


# sample: open
def open_till(url: str, user: str, password: str, journal: str) -> tillgate.Till:
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
    till = tillgate.Till.open(config)
    till.attach_cysend(tillgate.CysendAccount(client=client))
    return till
    # sample ends


def key_of(journal: str) -> tillgate.JournalKey:
    """The key that encrypts vouchers, and the name under which the journal knows it.

    They lie beside the journal for the sake of the examples alone: a real till keeps the key where passwords
    are kept, and a copy elsewhere.
    """
    saved = load(journal + ".key")
    if saved is None:
        saved = "first " + tillgate.new_journal_key().reveal()
        save(journal + ".key", saved)
    name, key = saved.split()
    return tillgate.JournalKey(id=name, key=tillgate.Secret(key))


def save(path: str, text: str) -> None:
    """Writes a file whole or not at all, and onto the disk."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    # The new name is on the disk once the folder is.
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: str) -> str | None:
    """What was saved, or nothing if nothing was. One that cannot be read is an error, not a missing one."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


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
