"""Read by mypy, not run: what is used rightly passes, what is used wrongly must be noticed.

Strict mypy complains of an ignore that is not needed.
"""

from __future__ import annotations

from decimal import Decimal

import tillgate
from tillgate import (
    AsyncProbe,
    Inner,
    Money,
    Payment,
    PaymentCards,
    PaymentCash,
    PaymentWallet,
    Probe,
    ProbeConfig,
)


def waits() -> None:
    probe: Probe = Probe(ProbeConfig(name="x", password=tillgate.Secret("y")))
    total: int = probe.add(1, 2)
    inners: list[Inner] = probe.ten()
    maybe: Inner | None = probe.echo_maybe_inner(None)
    amount: Decimal = probe.echo_amount(Decimal(1))
    status: str = probe.echo_progress(tillgate.Progress.DONE)
    with probe:
        counts: list[int] = [item.count for item in probe.events()]
    print(total, inners, maybe, amount, status, counts)

    probe.echo_amount(1.5)  # type: ignore[arg-type]
    probe.add("1", 2)  # type: ignore[arg-type]
    print(maybe.count)  # type: ignore[union-attr]
    Inner(lable="x")  # type: ignore[call-arg]
    probe.echo_strictness("lax")  # type: ignore[arg-type]
    text: str = probe.ten()  # type: ignore[assignment]
    print(text)


async def awaits() -> None:
    probe: AsyncProbe = await AsyncProbe.open("x")
    inners: list[Inner] = await probe.ten()
    async with probe:
        counts: list[int] = [item.count async for item in probe.events()]
    print(inners, counts)

    text: str = await probe.ten()  # type: ignore[assignment]
    print(text)


def of(payment: Payment) -> Money | None:
    if isinstance(payment, PaymentWallet):
        return payment.at_most
    if isinstance(payment, PaymentCards):
        return Money(amount=sum(payment.amounts, Decimal(0)), currency="CHF")
    nothing: PaymentCash = payment
    print(nothing)
    return None


def fails() -> str | None:
    try:
        tillgate.version()
    except tillgate.GatewayRefusedError as error:
        status: int | None = error.http_status
        print(status, error.outcome is tillgate.Outcome.UNKNOWN)
        return error.gateway_code
    return None
