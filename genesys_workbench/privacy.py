"""Masking of personal data in what is shown, and of secrets and personal data in logs. No I/O.

Masks are keyed (HMAC): equal values get equal masks, so joins and counts still work, and without
the key nobody can try out all telephone numbers. Ids, enums and times stay as they are.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from .spellings import normalise_address

__all__ = [
    "NAMED_THINGS",
    "Key",
    "ScrubFilter",
    "mask",
    "mask_conversation",
    "mask_event",
    "mask_free",
    "network_of",
    "reveals",
    "scrub",
]

Key = str | bytes

_SESSION_KEY = secrets.token_bytes(32)
_PERSONAL_KEYS = frozenset(
    "ani aniname dnis sessiondnis remote remotenamedisplayable participantname customername "
    "customer_name customerkey customer_key nameraw subject callerid calleridname bcc cc to from "
    "notes wrapupnote wrapupnotes uuidata previewtext avatarimageurl viewerurl text textbody body "
    "journeycustomerid".split()
)
_PERSONAL_KEY = re.compile(
    r"address|phone|mobile|e?mail|callbacknumber|(?:first|last|full|user)_?name|birth|postcode"
    r"|zipcode|street|iban",
    re.IGNORECASE,
)
# Whatever its key says, a value like these is personal
_REVEALING = re.compile(
    r"(?:tel|sips?|mailto):|\+\d[\d ().-]{6,}$|[^@\s]+@[^@\s]+\.\w", re.IGNORECASE
)
NAMED_THINGS = frozenset({"acd", "ivr", "botflow", "workflow"})
"""Purposes of participants whose names are those of queues and flows."""
_PERSON_MARKS = frozenset({"purpose", "participants", "addressNormalized", "addressRaw"})
# In a flat body the keys are anybody's choice: only these, and ids and times, are shown
_PLAIN_KEY = re.compile(
    r"(?:^id|Ids?|ID|_ids?|[tT]ype|[tT]ime|[tT]imestamp|Uri|[vV]ersion|Outcome|Reason|Routings?|"
    r"^detail-type|topicName|^source|^account|^region|^resources|[dD]irection|[pP]rovider|"
    r"[pP]urpose|[sS]tate|[sS]tatus|[lL]anguage|Code|Value|Label|^version)$"
)
_PLAIN_VALUE = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?"
)


def mask(value: str, key: Key | None = None) -> str:
    """Return a stand-in for a personal value: the same for the same value and key.

    A number or address gets the same mask however it is written; blanks stay blank.

    Args:
        value: What shall not be seen.
        key: None = a random one that lasts as long as this process.
    """
    if not value.strip():
        return value
    key = key or _SESSION_KEY
    secret = key.encode() if isinstance(key, str) else key
    plain = normalise_address(value) or value
    told = plain.encode("utf-8", "surrogatepass")  # JSON may hold half a pair
    return "masked-" + hmac.digest(secret, told, hashlib.sha256).hex()[:16]


def mask_conversation(body: Mapping[str, Any], key: Key | None = None) -> dict[str, Any]:
    """Return a copy of a conversation (REST, analytics or facts) with personal data masked.

    Args:
        body: Stays as it is.
        key: None = a random one that lasts as long as this process.
    """
    return _mask_object(body, key or _SESSION_KEY, strict=False)


def mask_event(body: Mapping[str, Any], key: Key | None = None) -> dict[str, Any]:
    """Return a copy of an event, in any envelope or without one, with personal data masked.

    Outside of the platform's conversations every text is masked whose key does not tell that it
    is an id, an enum or a time: a flat body may carry anything under any name.
    """
    return _mask_object(body, key or _SESSION_KEY, strict=True)


def mask_free(value: Any, masked: Callable[[str], str]) -> Any:
    """Return a copy of free data with all its texts and numbers masked, whatever their names.

    Args:
        value: Any JSON value.
        masked: Makes the masks.
    """
    if isinstance(value, Mapping):
        return {name: mask_free(item, masked) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_free(item, masked) for item in value]
    return value if value is None or isinstance(value, bool) else masked(str(value))


def _mask_object(body: Mapping[str, Any], key: Key, *, strict: bool) -> dict[str, Any]:
    strict = strict and "participants" not in body
    masked = {}
    for name, value in body.items():
        if name == "attributes":
            masked[name] = mask_free(value, lambda text: mask(text, key))
        elif _is_personal(name, body):
            masked[name] = _mask_personal(value, key)
        else:
            masked[name] = _mask_value(name, value, key, strict)
    return masked


def _is_personal(name: str, body: Mapping[str, Any]) -> bool:
    if name == "name":
        return bool(body.keys() & _PERSON_MARKS) and body.get("purpose") not in NAMED_THINGS
    if name == "participantName":
        return body.get("purpose") not in NAMED_THINGS
    return name.lower() in _PERSONAL_KEYS or _PERSONAL_KEY.search(name) is not None


def _mask_personal(value: Any, key: Key) -> Any:
    """Mask texts and numbers; objects under a personal name are read by their own names."""
    if isinstance(value, Mapping):
        return _mask_object(value, key, strict=False)
    if isinstance(value, list):
        return [_mask_personal(item, key) for item in value]
    return value if value is None or isinstance(value, bool) else mask(str(value), key)


def _mask_value(name: str, value: Any, key: Key, strict: bool) -> Any:
    if isinstance(value, Mapping):
        return _mask_object(value, key, strict=strict)
    if isinstance(value, list):
        return [_mask_value(name, item, key, strict) for item in value]
    if not isinstance(value, str):
        return value
    hidden = strict and not _PLAIN_KEY.search(name) and not _PLAIN_VALUE.fullmatch(value)
    return mask(value, key) if hidden or _REVEALING.match(value) else value


_SECRETIVE = (
    r"(?:client[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|api[_-]?key|password|"
    r"passwd|pwd|secret|token|x-webhook-secret|webhook-signature|x-hub-signature(?:-256)?)"
)
_EMAIL = re.compile(r"(?<![\w./+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<!\w)\+\d[\d ().-]{6,}\d")
_SCRUBS = (
    (re.compile(r"(://[^\s:/@]*):\S+@"), r"\1:***@"),
    (
        re.compile(
            r"(\bauthorization[\"']?\s*[:=]\s*[\"']?)(?:[a-z]+\s+)?[^\s\"',}]+", re.IGNORECASE
        ),
        r"\1***",
    ),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 ***"),
    (
        re.compile(
            r"(\b[\w-]*" + _SECRETIVE + r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s&,;}\"')]+)",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (_EMAIL, "<e-mail>"),
    (_NUMBER, "<number>"),
)


def reveals(text: str) -> bool:
    """Tell whether an e-mail address, a telephone number or the like stands in a text."""
    found = _REVEALING.match(text) or _EMAIL.search(text) or _NUMBER.search(text)
    return found is not None


def scrub(text: str) -> str:
    """Return a text fit for logs: no secrets, e-mail addresses or telephone numbers."""
    for pattern, replacement in _SCRUBS:
        text = pattern.sub(replacement, text)
    return text


def network_of(address: str | None) -> str:
    """Return the network of an IP address, which tells where from, but not who."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "an unknown sender"
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False))


class ScrubFilter(logging.Filter):
    """Scrub every record that passes, its traceback too.

    Add it to handlers: a logger's filter does not see the records of the loggers below it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place and let it pass."""
        record.msg, record.args = scrub(_message(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # a formatter prints this text where there is one, and formats no second time
            record.exc_text = scrub(record.exc_text)
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} (arguments do not fit)"
