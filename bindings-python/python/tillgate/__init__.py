"""Sells prepaid top-ups, vouchers and payments through gateways, and always knows what became of each order.

Every class stands here: `from tillgate import ...`. What talks to a gateway comes twice: `CysendClient` waits
in the calling thread, `AsyncCysendClient` is awaited in asyncio. Money is `decimal.Decimal`, never a float;
times are aware `datetime`. All errors are `TillgateError`.
"""

from __future__ import annotations

import atexit

from . import _native
from ._generated import INTERFACE, MODULES, __all__
from ._generated import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._generated import *  # noqa: F403

if _native.INTERFACE != INTERFACE:
    raise ImportError("the two halves of tillgate are of different versions; install the package anew")

atexit.register(_native.stop)


def __getattr__(name: str) -> object:
    # Each part is loaded when it is first asked for: who sells through one gateway does not load the others.
    module = MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'tillgate' has no attribute {name!r}")
    value: object = getattr(__import__(f"tillgate._generated.{module}", fromlist=(name,)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
