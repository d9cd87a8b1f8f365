"""`once`: a part that an object opens on first use, whichever thread asks for it first."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self, TypeVar, overload

__all__ = ["once"]

T = TypeVar("T")


class once(cached_property[T]):  # noqa: N801 - a decorator
    """A cached property under the object's ``lock``.

    Since Python 3.12 `functools.cached_property` has no lock of its own: two threads would open
    two, and nobody would close the one that is not kept.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Self | T:
        if instance is None:
            return self
        with instance.lock:
            value: T = super().__get__(instance, owner)
            return value
