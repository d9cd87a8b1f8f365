"""What a recording holds instead of real ids and personal data. No I/O.

Equal ones get equal stand-ins within a recording; its key is kept nowhere, so that there is no
way back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from .privacy import NAMED_THINGS, mask, mask_conversation, mask_event, reveals

__all__ = ["StandIns"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID_KEY = re.compile(r"^id$|Ids?$|^account$|^externalTag$")
_PARTNER = re.compile(r"(aws\.partner/genesys\.com/[^/]+/[^/]+)/.+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")
_MASKED = "masked-"
# Shorter ones stand in other words by chance.
_TELLING = 6


class StandIns:
    """The stand-ins of one recording.

    Args:
        key: Of the stand-ins; None = a random one.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._personal: set[str] = set()
        self._things: set[str] = set()
        self._shown: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"StandIns({len(self._personal)} values replaced)"

    def event(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event, in any envelope, with stand-ins; the given one stays as it is."""
        self._remember(body)
        return self._with_ids(mask_event(body, self._key))

    def conversation(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a conversation, of REST or analytics, with stand-ins likewise."""
        return self._with_ids(self._remember(body))

    def id(self, text: str) -> str:
        """Return the stand-in of an id: a UUID for a UUID."""
        return self._without_ids("id", text)

    def thing(self, text: str) -> str:
        """Return the name of a queue or flow, which is no personal data."""
        self._things.add(text)
        return self._replaced("name", text)

    def leaks(self) -> list[str]:
        """Return the fields in which something stands that was personal elsewhere."""
        personal = self._personal - self._things
        found = {
            name
            for text, name in self._shown.items()
            if text not in self._things and any(value in text for value in personal)
        }
        return sorted(found)

    def _remember(self, body: Mapping[str, Any]) -> dict[str, Any]:
        masked = mask_conversation(body, self._key)
        self._personal.update(_what_was_masked(body, masked))
        self._things.update(_names_of_things(body))
        return masked

    def _with_ids(self, masked: dict[str, Any]) -> dict[str, Any]:
        replaced: dict[str, Any] = _each_text(masked, self._replaced)
        return replaced

    def _replaced(self, name: str, text: str) -> str:
        if text.startswith(_MASKED):
            return text
        shown = mask(text, self._key) if reveals(text) else self._without_ids(name, text)
        if not _TIME.fullmatch(shown) and not _UUID.fullmatch(shown):
            self._shown[shown] = name
        return shown

    def _without_ids(self, name: str, text: str) -> str:
        replaced = _UUID.sub(lambda found: self._uuid(found[0].lower()), text)
        replaced = _PARTNER.sub(r"\1/cassette", replaced)
        if replaced == text and text and _ID_KEY.search(name):
            return self._digest(text).hex()[:16]
        return replaced

    def _uuid(self, text: str) -> str:
        return str(UUID(bytes=self._digest(text)[:16], version=4))

    def _digest(self, text: str) -> bytes:
        told = b"id:" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, told, hashlib.sha256)


def _each_text(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _each_text(item, change, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change, name) for item in value]
    return change(name, value) if isinstance(value, str) else value


def _names_of_things(value: Any) -> Iterator[str]:
    """Yield what participants are called that are queues and flows."""
    if isinstance(value, Mapping):
        if value.get("purpose") in NAMED_THINGS:
            names = (value.get(name) for name in ("name", "participantName", "queueName"))
            yield from (name for name in names if isinstance(name, str))
        for item in value.values():
            yield from _names_of_things(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names_of_things(item)


def _what_was_masked(given: Any, masked: Any) -> Iterator[str]:
    """Yield the personal texts; attributes hold words of any kind, which stand elsewhere too."""
    if isinstance(given, Mapping):
        for key, item in given.items():
            if key != "attributes":
                yield from _what_was_masked(item, masked[key])
    elif isinstance(given, list):
        for one, other in zip(given, masked, strict=True):
            yield from _what_was_masked(one, other)
    elif given != masked and isinstance(given, str) and len(given) >= _TELLING:
        yield given
