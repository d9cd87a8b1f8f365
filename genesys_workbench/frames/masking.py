"""What is shown of personal data: a mask, or the value where that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..privacy import NAMED_THINGS, Key, mask, mask_event, mask_free
from ..spellings import read_text

__all__ = ["Veil"]

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_MAX_SOURCE = 500


class Veil:
    """Masks personal values: equal values alike, so that joins work.

    Args:
        show_personal: Whether to show them instead.
        key: Of the masks; None = a random one that lasts as long as this process.
    """

    def __init__(self, *, show_personal: bool = False, key: Key | None = None) -> None:
        self._shows = show_personal
        self._key = key
        self._mask = lru_cache(maxsize=100_000)(self._masked)

    def text(self, value: str | None) -> str | None:
        """Return a name, number or address as it may be shown."""
        return value if value is None or self._shows else self._mask(value)

    def name(self, value: str | None, purpose: str | None) -> str | None:
        """Return a participant's name; queues and flows are no persons."""
        return value if purpose in NAMED_THINGS else self.text(value)

    def attributes(self, values: Mapping[str, Any]) -> str | None:
        """Return free data as a JSON object, None where there is none."""
        if not values:
            return None
        return _json(values if self._shows else mask_free(values, self._mask))

    def source(self, item: Any) -> str | None:
        """Return the beginning of a row that is no conversation, as JSON."""
        try:
            if not self._shows:
                item = self._hidden(item)
            return _json(item)[:_MAX_SOURCE]
        except (TypeError, ValueError, RecursionError):
            return None

    def _hidden(self, item: Any) -> Any:
        if isinstance(item, dict):
            return mask_event(item, self._key)
        return item if item is None or isinstance(item, bool) else self._mask(_json(item))

    def _masked(self, value: str) -> str:
        return mask(value, self._key)


def _json(value: Any) -> str:
    text = value if isinstance(value, str) else _ENCODER.encode(value)
    return read_text(text) or ""
