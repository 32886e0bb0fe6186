"""The compiled half. Not for use from outside: the classes of `tillgate` are its face."""

from collections.abc import Awaitable
from typing import Any, TypeVar, final

# What an operation returns is what the generated method that calls it says.
_T = TypeVar("_T")

# Of the interface that the library was compiled from.
INTERFACE: str

@final
class Handle:
    def call(self, method: int, *arguments: Any) -> _T: ...  # type: ignore[type-var]
    def call_async(self, method: int, *arguments: Any) -> Awaitable[_T]: ...

def construct(object: str, constructor: int, *arguments: Any) -> Handle: ...
def construct_async(object: str, constructor: int, *arguments: Any) -> Awaitable[Handle]: ...
def call(function: str, *arguments: Any) -> _T: ...  # type: ignore[type-var]
def call_async(function: str, *arguments: Any) -> Awaitable[_T]: ...
def stop() -> None: ...
