"""JSON without the traps: strict UTF-8, no NaN, no duplicate keys, bounded. No I/O.

What passes here can be stored in any database and written as JSON again without loss.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, NoReturn

from .errors import InvalidDelivery

__all__ = ["MAX_DEPTH", "MAX_VALUES", "loads"]

MAX_DEPTH = 64
# An honest body of the largest size holds half as many; what is more only keeps the loop busy.
MAX_VALUES = 100_000
_SURROGATE = re.compile("[\ud800-\udfff]")
# How a NUL or a surrogate is spelt in JSON; strict UTF-8 and the parser let neither in unspelt.
_DANGEROUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def loads(body: bytes) -> Any:
    """Parse a delivery's body.

    Raises:
        InvalidDelivery: Status 400, with what is wrong and where.
    """
    try:
        text = body.decode("utf-8", "strict")
    except UnicodeDecodeError as exc:
        raise InvalidDelivery(f"The body is not UTF-8 (byte {exc.start}).") from exc
    if not text.strip():
        raise InvalidDelivery("The body is empty; a JSON object was expected.")
    if text.startswith("\ufeff"):
        raise InvalidDelivery("The body begins with a byte order mark; send plain UTF-8.")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as exc:
        raise InvalidDelivery(f"The body is not JSON: {exc.msg} (character {exc.pos}).") from exc
    except RecursionError as exc:
        raise InvalidDelivery(_TOO_DEEP) from exc
    except ValueError as exc:  # an integer of more than 4,300 digits
        raise InvalidDelivery("The body holds a number that is too long.") from exc
    _check(value, escaped=_DANGEROUS.search(text) is not None)
    return value


_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDelivery("The body holds an object with the same key twice.")
    return found


def _constant(name: str) -> NoReturn:
    raise InvalidDelivery(f"The body holds {name}, which is not JSON.")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise InvalidDelivery("The body holds a number that is too large.")
    return value


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
)


def _check(value: Any, *, escaped: bool) -> None:
    """Refuse too much, too deep, and what only escapes can bring in (lone surrogates, NUL)."""
    level, values = [value], 1
    for _ in range(MAX_DEPTH + 1):
        if escaped:
            _check_texts(level)
        nested = [item for item in level if isinstance(item, dict | list)]
        if not nested:
            return
        level = list(chain.from_iterable(map(_members, nested)))
        values += len(level)
        if values > MAX_VALUES:
            raise InvalidDelivery(f"The body holds more than {MAX_VALUES} values.")
        if escaped:
            _check_texts(key for item in nested if isinstance(item, dict) for key in item)
    raise InvalidDelivery(_TOO_DEEP)


def _members(item: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def _check_texts(items: Iterable[Any]) -> None:
    text = "".join(item for item in items if isinstance(item, str))
    if "\0" in text:
        raise InvalidDelivery("The body holds a NUL character.")
    if _SURROGATE.search(text):
        raise InvalidDelivery("The body holds half a surrogate pair.")
