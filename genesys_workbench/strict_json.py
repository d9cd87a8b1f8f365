"""JSON without the traps: strict UTF-8, no NaN, no duplicate keys, bounded depth. No I/O.

What passes here can be stored in any database and written as JSON again without loss.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .errors import InvalidDelivery

__all__ = ["MAX_DEPTH", "loads"]

MAX_DEPTH = 64


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
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
        )
    except json.JSONDecodeError as exc:
        raise InvalidDelivery(f"The body is not JSON: {exc.msg} (character {exc.pos}).") from exc
    except RecursionError as exc:
        raise InvalidDelivery(_TOO_DEEP) from exc
    except ValueError as exc:  # an integer of more than 4,300 digits
        raise InvalidDelivery("The body holds a number that is too long.") from exc
    _check(value, 0, escaped="\\u" in text)
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


def _check(value: Any, depth: int, *, escaped: bool) -> None:
    """Refuse what only escapes can bring in (lone surrogates, NUL), and too deep nesting."""
    if isinstance(value, str):
        if escaped:
            _check_text(value)
    elif isinstance(value, dict | list):
        if depth >= MAX_DEPTH:
            raise InvalidDelivery(_TOO_DEEP)
        if isinstance(value, dict):
            for key in value if escaped else ():
                _check_text(key)
            value = list(value.values())
        for item in value:
            _check(item, depth + 1, escaped=escaped)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidDelivery("The body holds a NUL character.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidDelivery("The body holds half a surrogate pair.")
