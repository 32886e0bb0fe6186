"""What all generated classes have in common."""

from __future__ import annotations

from enum import Enum

from ._native import Handle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeVar

    _R = TypeVar("_R", bound="Record")
    _O = TypeVar("_O", bound="Wrapped")


class Record:
    """Plain data: the fields are attributes, two records are equal if all their fields are."""

    __slots__: tuple[str, ...] = ()
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={_shown(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        for name, value in fields.items():
            if isinstance(value, Wrapped) or (value is not None and _is_secret(self, name)):
                kind = type(value).__name__ if isinstance(value, Wrapped) else "Secret"
                raise TypeError(f"{type(self).__name__}.{name} is a {kind}, which cannot be pickled")
        return _rebuild, (type(self), fields)

    def __copy__(self: _R) -> _R:
        copy = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(copy, name, getattr(self, name))
        return copy

    def __deepcopy__(self: _R, memo: dict[int, Any]) -> _R:
        from copy import deepcopy

        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        for name in self.__slots__:
            setattr(copy, name, deepcopy(getattr(self, name), memo))
        return copy

    def __replace__(self: _R, **changes: Any) -> _R:
        """A copy with other values in some fields (`copy.replace` from Python 3.13 on)."""
        return type(self)(**{name: getattr(self, name) for name in self.__slots__} | changes)


def _is_secret(record: Record, name: str) -> bool:
    """Whether a field is meant for a secret, whatever somebody has put into it."""
    return type(record).__init__.__annotations__.get(name) in ("Secret", "Secret | None")


def _shown(record: Record, name: str) -> str:
    """A field as it is printed, like core does it: never what may be a secret without saying so."""
    value: object = getattr(record, name)
    if value is not None and not isinstance(value, Wrapped) and _is_secret(record, name):
        return "'***'"  # The mistake is told when the record is used.
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"  # A callback's body may hold vouchers.
    if name == "extra" and isinstance(value, dict):
        return repr(list(value))  # What a field means that nobody knows, nobody knows.
    if isinstance(value, str):
        if name in ("base_url", "public_url", "url"):
            value = _without_user(value)
        elif name == "callback_url" or (name == "value" and "://" in value):
            value = _origin(value)  # Whoever knows the path can forge a callback, or a notification.
    return repr(value)


def _without_user(address: str) -> str:
    """An address without a user and password in it."""
    begin = address.find("://") + 3 if "://" in address else 0
    at = address.rfind("@")
    return address if at < begin else address[:begin] + "***" + address[at:]


def _origin(address: str) -> str:
    """The scheme and the host of an address."""
    shown = _without_user(address)
    scheme, colon, rest = shown.partition("://")
    if not colon:
        return "***"
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0]
    return shown if host == rest else f"{scheme}://{host}/***"


def _rebuild(cls: type[_R], fields: dict[str, Any]) -> _R:
    return cls(**fields)


class TextEnum(str, Enum):
    """A closed enumeration: its members are the texts that stand for them."""

    __str__ = str.__str__


class Wrapped(Handle):
    """An object of the native library."""

    __slots__ = ("__weakref__",)

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} is not made in this way; see its class methods")

    @classmethod
    def _of(cls: type[_O], handle: Handle) -> _O:
        new = cls.__new__(cls)
        new._adopt(handle)
        return new

    def __copy__(self: _O) -> _O:
        return self

    def __deepcopy__(self: _O, memo: dict[int, Any]) -> _O:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled")


class Veiled(Wrapped):
    """An object that must not be seen."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        from hmac import compare_digest

        return compare_digest(self.reveal().encode(), other.reveal().encode())

    def reveal(self) -> str:
        """The text itself."""
        raise NotImplementedError
