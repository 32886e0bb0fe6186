"""Very many calls through the library as a Python program has it: see conformance/README.md."""

from __future__ import annotations

import gc
import sys
from decimal import Decimal
from pathlib import Path

import tillgate

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/python"))
from shop import arguments, open_till

# Ten turns of five calls, and two that wait.
CALLS_IN_TEN_TURNS = 52
NOBODY = tillgate.CysendCredentials(user="till", password=tillgate.Secret("secret"))


def turn(order_id: str) -> None:
    """An object, a text out of it, a text, a record, an error with all its facts."""
    assert tillgate.Secret("secret").reveal() == "secret"
    assert tillgate.new_id() != order_id
    assert tillgate.cysend_response_advice("00") is not None
    try:
        tillgate.CysendClient(tillgate.CysendConfig(credentials=NOBODY, base_url="nowhere"))
    except tillgate.InvalidArgumentError:
        return
    raise AssertionError("that is no address")


def waiting(till: tillgate.Till, order_id: str) -> None:
    """What has to be waited for: a record, and an error."""
    assert till.order(order_id).id == order_id
    try:
        till.order("nobody")
    except tillgate.UnknownOrderError:
        return
    raise AssertionError("there is no such order")


def resident_kib() -> int:
    """What this process has in memory now."""
    gc.collect()
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main() -> None:
    url, user, password, journal, *rounds = arguments()
    with open_till(url, user, password, journal) as till:
        sold = till.buy(
            tillgate.NewOrder(
                id=tillgate.new_id(),
                product="1111",
                amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
                scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
                beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
            )
        )
        for calls in rounds:
            for _ in range(int(calls) // CALLS_IN_TEN_TURNS):
                for _ in range(10):
                    turn(sold.id)
                waiting(till, sold.id)
            print(resident_kib(), flush=True)


if __name__ == "__main__":
    main()
