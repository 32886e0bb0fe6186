"""Carries out a plan of orders (see conformance/README.md): `runner.py PLAN`."""

from __future__ import annotations

import sys
from decimal import Decimal

import tillgate

# How often `settle` asks, and how long it waits in between, before it gives up.
ROUNDS_MAX = 200
ROUND_MS = 240_000
# How long `enqueue` waits before it looks again whether the order was sent.
SENDING_POLL_MS = 20

SETTLED = (
    tillgate.OrderState.SUCCEEDED,
    tillgate.OrderState.FAILED,
    tillgate.OrderState.CANCELLED,
    tillgate.OrderState.EXPIRED,
    tillgate.OrderState.REVERSED,
    tillgate.OrderState.NEEDS_REVIEW,
)


class NotSettledError(Exception):
    """An order has no end after all those look-ups."""


class Settings:
    """What a plan says before its first step."""

    def __init__(self) -> None:
        self.journal = ""
        self.mirror: str | None = None
        self.key: tillgate.JournalKey | None = None
        self.account = ("", "", "")
        self.policy = tillgate.OrderPolicy()

    def take(self, line: str, words: list[str]) -> bool:
        """Whether the line was a setting."""
        if words[0] == "journal":
            self.journal = line[len("journal ") :]
        elif words[0] == "mirror":
            self.mirror = line[len("mirror ") :]
        elif words[0] == "key":
            self.key = tillgate.JournalKey(id=words[1], key=tillgate.Secret(words[2]))
        elif words[0] == "gateway":
            self.account = (words[1], words[2], words[3])
        elif words[0] == "policy":
            if not hasattr(self.policy, words[1]):
                raise ValueError(f"no figure of the policy is called {words[1]}")
            setattr(self.policy, words[1], int(words[2]))
        else:
            return False
        return True

    def open(self) -> tillgate.Till:
        url, user, password = self.account
        client = tillgate.CysendClient(
            tillgate.CysendConfig(
                credentials=tillgate.CysendCredentials(user=user, password=tillgate.Secret(password)),
                base_url=url,
            )
        )
        till = tillgate.Till.open(
            tillgate.TillConfig(
                journal_path=self.journal,
                create=True,
                key=self.key,
                epoch_mirror_path=self.mirror,
                policy=self.policy,
            )
        )
        till.attach_cysend(tillgate.CysendAccount(client=client))
        return till


def step(till: tillgate.Till, words: list[str]) -> str:
    """Does one step, and says how it ended."""
    name = words[0]
    if name == "buy":
        return state(till.buy(new_order(words[1], words[2:])))
    if name == "batch":
        orders = till.buy_batch([new_order(order_id, words[2:]) for order_id in words[1].split(",")])
        return ",".join(state(order) for order in orders)
    if name == "enqueue":
        return state(enqueue(till, new_order(words[1], words[2:])))
    if name == "look_up":
        return state(till.look_up(words[1]))
    if name == "wait":
        return state(till.wait(words[1], int(words[2])))
    if name == "settle":
        return state(settle(till, words[1]))
    if name == "reveal":
        till.reveal(words[1])
        return "revealed"
    if name == "cancel":
        return state(till.cancel(words[1]))
    if name == "events":
        return str(events(till))
    if name == "close":
        till.close()
        return "ok"
    raise ValueError(f"not a step: {name}")


def new_order(order_id: str, words: list[str]) -> tillgate.NewOrder:
    product, amount, currency, scenario, mobile = words
    return tillgate.NewOrder(
        id=order_id,
        product=product,
        amount=tillgate.Money(amount=Decimal(amount), currency=currency),
        scenario=scenario,
        beneficiary=[] if mobile == "-" else [tillgate.BeneficiaryField(name="mobile", value=mobile)],
    )


def enqueue(till: tillgate.Till, new: tillgate.NewOrder) -> tillgate.Order:
    """Until it was sent in the background, and its outcome written down."""
    order = till.enqueue(new)
    while order.state in (tillgate.OrderState.PENDING, tillgate.OrderState.SENDING):
        order = till.wait(order.id, SENDING_POLL_MS)
    return order


def settle(till: tillgate.Till, order_id: str) -> tillgate.Order:
    order = till.order(order_id)
    for _ in range(ROUNDS_MAX):
        if order.state in SETTLED:
            return order
        try:
            order = till.look_up(order_id)
        except tillgate.TillgateError:
            pass  # Nothing certain was learnt this time.
        if order.state not in SETTLED:
            order = till.wait(order_id, ROUND_MS)
    raise NotSettledError(f"{order_id} is still {order.state.value} after {ROUNDS_MAX} look-ups")


def events(till: tillgate.Till) -> int:
    stream = till.events()
    count = 0
    while True:
        event = stream.next(0)
        if event is None:
            return count
        stream.acknowledge(event.id)
        count += 1


def state(order: tillgate.Order) -> str:
    return order.state.value if order.failure is None else f"{order.state.value} {order.failure}"


def told(error: tillgate.TillgateError) -> str:
    print(error, file=sys.stderr)
    return f"error {error.code} {error.outcome.value}"


def carry_out(plan: str) -> int:
    settings = Settings()
    till: tillgate.Till | None = None
    for line in plan.splitlines():
        words = line.split(" ")
        if settings.take(line, words):
            continue
        if till is None:
            try:
                till = settings.open()
            except tillgate.TillgateError as error:
                print("open", told(error), flush=True)
                return 1
            print("open ok", flush=True)
        try:
            done = step(till, words)
        except tillgate.TillgateError as error:
            done = told(error)
            if words[0] == "settle":
                print(*words[:2], done, flush=True)
                return 1
        except NotSettledError as error:
            print(error, file=sys.stderr)
            return 1
        print(*words[:2], done, flush=True)
    return 0


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            PLAN = file.read()
        sys.exit(carry_out(PLAN))
    except (IndexError, OSError, ValueError) as error:
        print(f"not a plan: {error}", file=sys.stderr)
        sys.exit(2)
