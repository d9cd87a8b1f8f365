"""An answer of the platform that is not a success becomes one error of the tree. No I/O.

The shapes of error bodies: https://developer.genesys.cloud/platform/api/status-codes
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from .errors import (
    BadRequest,
    BadResponse,
    Forbidden,
    GenesysError,
    NotFound,
    NoWebhookEndpoint,
    RateLimited,
    ServerError,
    Unauthorized,
    Unreachable,
)

__all__ = ["REDIRECT", "Answer", "clean", "error_for", "json_of", "retry_after"]

REDIRECT = "redirect"
LONGEST_WAIT = 3600.0
_TEXT_LIMIT = 300
_PERMISSION = re.compile(r"(?<![\w:/])[A-Za-z]\w*:[A-Za-z]\w*:(?:\w+|\*)(?![\w:])")
_CREDENTIAL = re.compile(r"\b(Bearer|Basic)\s+[^\s\"',]+", re.IGNORECASE)
# PureCloudPlatformClientV2 269, "Requires ANY/ALL permissions" of each method
_PERMISSIONS = (
    (re.compile(r"/api/v2/analytics/conversations/"), "analytics:conversationDetail:view"),
    (re.compile(r"/api/v2/conversations(/|$)"), "conversation:communication:view"),
    (re.compile(r"/api/v2/routing/queues"), "routing:queue:view"),
)
_CHECK = (
    "check GENESYS_CLOUD_CLIENT_ID, GENESYS_CLOUD_CLIENT_SECRET and GENESYS_CLOUD_REGION, "
    "then run: genesys-workbench doctor"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the body stays out of the repr, for it may hold personal data.

    Attributes:
        status: HTTP status.
        headers: Header values by lower-case name.
        body: Decoded bytes.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def json_of(answer: Answer) -> Any:
    """Return the JSON value of a body, or None where it is not JSON.

    Nothing is raised: a decoder's error would carry the body into a traceback.
    """
    try:
        return json.loads(answer.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def clean(text: object) -> str:
    """Return a server's text fit for a log: one line, bounded, without credentials."""
    line = " ".join(str(text).split())
    line = _CREDENTIAL.sub(r"\1 ***", "".join(char for char in line if char.isprintable()))
    return line if len(line) <= _TEXT_LIMIT else line[:_TEXT_LIMIT] + "…"


def error_for(
    answer: Answer, *, method: str, path: str, now: Callable[[], float] = time.time
) -> GenesysError:
    """Return the one error that an answer stands for.

    Args:
        answer: Any answer outside 2xx.
        method: HTTP method of the call.
        path: Path without query, for the text.
        now: Wall clock in epoch seconds, for a Retry-After that is a date.
    """
    parsed = json_of(answer)
    body = parsed if isinstance(parsed, dict) else {}
    code = clean(body.get("code") or "")
    what = f"{method} {path} answered {answer.status}{_said(answer, body, code)}"
    kind, why, fix = _verdict(answer, body, path, now)
    return kind(
        f"{what} — {why}",
        fix=fix,
        status=answer.status,
        code=code or (REDIRECT if kind is BadResponse else ""),
        context_id=_context_id(answer, body),
        retry_after=retry_after(answer, now=now) if answer.status in (429, 503) else None,
    )


def _said(answer: Answer, body: dict[str, Any], code: str) -> str:
    message = clean(body.get("message") or "")
    if message or code:
        return f" ({code or 'no code'}): {message or 'no message'}"
    if not answer.body.strip():
        return " with an empty body"
    if answer.body.lstrip()[:1] == b"<":
        return " with an HTML page, so a proxy or gateway may have answered"
    return " with a body that is not the platform's error format"


def _context_id(answer: Answer, body: dict[str, Any]) -> str:
    given = body.get("contextId") or answer.headers.get("inin-correlation-id") or ""
    return clean(given)[:128]


_Verdict = tuple[type[GenesysError], str, str]


def _verdict(answer: Answer, body: dict[str, Any], path: str, now: Callable[[], float]) -> _Verdict:
    status = answer.status
    if status == 401:
        return (
            Unauthorized,
            "the access token expired or the client's credentials are wrong",
            _CHECK,
        )
    if status == 403:
        return _forbidden(body, path)
    if status == 404:
        return _not_found(path)
    if status == 408:
        return Unreachable, "the server gave up waiting for the request", "try again"
    if status == 429:
        return _rate_limited(answer, now)
    if status >= 500:
        return _server_error(answer, body)
    if 300 <= status < 400:
        return BadResponse, "the API never redirects", "check GENESYS_CLOUD_API_URL and the region"
    return BadRequest, "the call itself is refused", f"correct the call{_fields(body)}"


def _forbidden(body: dict[str, Any], path: str) -> _Verdict:
    wanted = _named_permissions(body) or [
        permission for pattern, permission in _PERMISSIONS if pattern.match(path)
    ]
    lacking = f"the permission {' or '.join(wanted)}" if wanted else "a permission"
    fix = (
        f"give the OAuth client a role that holds {' or '.join(wanted) or 'it'} "
        "(Admin > Integrations > OAuth > the client > Roles, with its division); "
        "client credentials are limited by roles, not by scopes"
    )
    return Forbidden, f"the OAuth client lacks {lacking}", fix


def _named_permissions(body: dict[str, Any]) -> list[str]:
    """Return the permissions that a 403 names, in its message, parameters or details."""
    told = [body.get(key) for key in ("messageParams", "details", "errors", "message")]
    found = _PERMISSION.findall(json.dumps(told))
    return list(dict.fromkeys(found))[:5]


def _not_found(path: str) -> _Verdict:
    if path == "/api/v2/webhooks":
        why = "Genesys Cloud has no endpoint that registers webhooks; only the simulator has one"
        fix = (
            "use an outlet of the platform: the Amazon EventBridge integration with an API "
            "destination, a Process Automation trigger with an Architect workflow and a Web "
            "Services data action, or the Notifications WebSocket: genesys-workbench listen"
        )
        return NoWebhookEndpoint, why, fix
    why = "there is no such entity, or it is not visible yet, or it lies in another region"
    return (
        NotFound,
        why,
        "check the id and GENESYS_CLOUD_REGION; a new conversation may need a moment",
    )


def _rate_limited(answer: Answer, now: Callable[[], float]) -> _Verdict:
    allowed = answer.headers.get("inin-ratelimit-allowed", "")
    allowance = f"of {allowed} calls a minute " if allowed.isdecimal() else ""
    seconds = retry_after(answer, now=now)
    wait = "a minute" if seconds is None else f"{seconds:.0f} s"
    fix = (
        f"wait {wait}, then call less often: fewer concurrent workers "
        "(celery worker --concurrency=1), or conversations in batches (conversation_details)"
    )
    return RateLimited, f"the token's allowance {allowance}is used up", fix


def _server_error(answer: Answer, body: dict[str, Any]) -> _Verdict:
    context = _context_id(answer, body)
    quote = f", and quote the correlation id {context} to Genesys support" if context else ""
    why = "the platform, or a gateway before it, failed"
    return ServerError, why, f"try again later; if it stays, see status.mypurecloud.com{quote}"


def _fields(body: dict[str, Any]) -> str:
    details = body.get("details")
    items = (
        [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    )
    named = [f"{item.get('fieldName')}: {item.get('errorCode')}" for item in items[:5]]
    return f" ({clean('; '.join(named))})" if named else ""


def retry_after(answer: Answer, *, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that the platform asks to wait, at most an hour; None if it asks nothing.

    Read in this order: ``Retry-After`` (seconds or date); on 429 also ``inin-ratelimit-reset``
    and the number in the message "Retry the request in [n] seconds".
    """
    told = [_seconds(answer.headers.get("retry-after", ""), answer, now)]
    if answer.status == 429:
        told.append(_number(answer.headers.get("inin-ratelimit-reset", "")))
        told.append(_number(_in_message(answer)))
    seconds = next((value for value in told if value is not None), None)
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def _seconds(text: str, answer: Answer, now: Callable[[], float]) -> float | None:
    if (number := _number(text)) is not None:
        return number
    until = _epoch(text)
    if until is None:
        return None
    # the server's own Date spares the difference between two clocks
    at = _epoch(answer.headers.get("date", ""))
    return until - (now() if at is None else at)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 else None


def _epoch(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _in_message(answer: Answer) -> str:
    body = json_of(answer)
    message = str(body.get("message", "")) if isinstance(body, dict) else ""
    found = re.search(r"in \[?(\d{1,6})\]? seconds", message)
    return found[1] if found else ""
