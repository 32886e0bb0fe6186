"""Goes through the journal: what is open, what needs a person, and what a person decided.

    python reconcile_and_review.py [URL [USER [PASSWORD [JOURNAL]]]]
    python reconcile_and_review.py URL USER PASSWORD JOURNAL ID succeeded|failed|reversed WHO GROUNDS

The first form asks the gateway about every order that is not settled, and ends with 0 when nobody is needed.
The second writes a decision down first. One program at a time buys with a journal, or decides: close the till
before, or let the program that sells do what stands here.
"""

from __future__ import annotations

import sys

import tillgate
from shop import arguments, in_words, open_till
from tillgate import OrderState

# Those in review are listed apart: they wait for a person.
OPEN = [OrderState.PENDING, OrderState.SENDING, OrderState.UNKNOWN, OrderState.ACCEPTED]


def main() -> bool:
    url, user, password, journal, *decision = arguments()
    with open_till(url, user, password, journal) as till:
        if decision:
            order_id, state, decided_by, grounds = decision
            resolve(till, order_id, state, decided_by, grounds)
        return reconcile(till)


def reconcile(till: tillgate.Till) -> bool:
    """Asks about everything that is not settled; whether nothing is left for a person to do."""
    status = till.status()
    if status.quarantine is not None:
        print(f"The journal is in quarantine: {status.quarantine}")
    for account in status.unattached_accounts:
        print(f"There are open orders of {account}, and nobody attached it.")

    for order in till.list_all(tillgate.OrderFilter(states=OPEN)):
        show(till, compared(till, order))
    in_review = list(till.list_all(tillgate.OrderFilter(states=[OrderState.NEEDS_REVIEW])))
    # A final order of which the gateway said something else later.
    in_conflict = list(till.list_all(tillgate.OrderFilter(conflicts_only=True)))
    for order in in_review + in_conflict:
        show(till, compared(till, order))

    status = till.status()
    print(f"{status.open_orders} open, {status.in_review} of them in review; {status.conflicts} in conflict.")
    return status.in_review == status.conflicts == 0 and status.quarantine is None


def compared(till: tillgate.Till, order: tillgate.Order) -> tillgate.Order:
    """The order after the gateway was asked about it now."""
    try:
        return till.look_up(order.id)
    except tillgate.TillgateError as error:
        # Nothing certain was learnt, so nothing was changed. An error is no answer.
        print(f"{order.id} could not be looked up: {error}")
        return order


def show(till: tillgate.Till, order: tillgate.Order) -> None:
    money = order.amount
    about = [f"{money.amount} {money.currency} of {order.product}", f"since {order.created_at:%F %T}"]
    if order.overdue:
        about.append("overdue")
    if order.conflict is not None:
        about.append(f"in conflict: {order.conflict}")
    print(f"\n{order.id}: {', '.join(about)}\n  {in_words(order)}")
    for entry in till.history(order.id):
        print(f"  {entry.sequence:3} {entry.at:%F %T} {entry.what}: {entry.state}. {entry.note or ''}")


# sample: resolve
def resolve(till: tillgate.Till, order_id: str, state: str, decided_by: str, grounds: str) -> None:
    """Writes a person's decision into the order's history, for good."""
    decision = tillgate.Decision(state=OrderState(state), decided_by=decided_by, grounds=grounds)
    try:
        show(till, till.resolve(order_id, decision))
    except tillgate.TooLateError as error:
        # Evidence came first, and settled it: nothing is left to decide.
        print(error)


# sample ends


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
