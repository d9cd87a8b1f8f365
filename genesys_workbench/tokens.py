"""An answer of the token endpoint becomes a token or an error. No I/O.

Its errors have the shape of OAuth (``error``, ``error_description``), not that of the API:
https://developer.genesys.cloud/authorization/platform-auth/use-client-credentials
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from pydantic import SecretStr

from .api_errors import Answer, clean, json_of, retry_after
from .errors import BadResponse, GenesysError, OAuthError, RateLimited, ServerError, Unreachable

__all__ = ["TOKEN_CALL", "Token", "refusal", "token_of"]

TOKEN_CALL = "POST /oauth/token"  # noqa: S105 - the name of the call
MARGIN = 30.0
# a token of Genesys Cloud lives 5 minutes to 2 days, as set on the OAuth client
SHORTEST, LONGEST, UNKNOWN = 1.0, 172_800.0, 300.0
# what a header can carry; h11's complaint about anything else would print the token
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.

    Attributes:
        value: What goes into the header; not in the repr.
        refresh_at: Monotonic seconds from when a new one is asked for.
        expires_at: Monotonic seconds until when it is valid.
    """

    value: str = field(repr=False)
    refresh_at: float
    expires_at: float


def token_of(answer: Answer, started: float) -> Token | None:
    """Return the token of a 200, None if it holds no usable one.

    Nothing is raised: a traceback's frame would hold the token.

    Args:
        answer: Of the token endpoint.
        started: Monotonic seconds when the request left; the lifetime counts from there.
    """
    body = json_of(answer)
    value = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        return None
    lifetime = _lifetime(body.get("expires_in"))
    expires_at = started + lifetime
    return Token(value, expires_at - min(MARGIN, lifetime / 2), expires_at)


def _lifetime(told: Any) -> float:
    try:
        seconds = float(told)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
    if isinstance(told, bool) or not isfinite(seconds) or seconds <= 0:
        return UNKNOWN
    return min(max(seconds, SHORTEST), LONGEST)


def refusal(answer: Answer, secret: SecretStr) -> GenesysError:
    """Return the error that an answer other than 200 stands for; `secret` is kept out of it."""
    code = _said(answer, secret, "error", "code")
    text = _said(answer, secret, "description", "error_description", "message")
    what = f"{TOKEN_CALL} answered {answer.status}" + (f" ({code}): {text}" if code or text else "")
    kind, why, fix = _verdict(answer.status)
    return kind(
        f"{what} — {why}",
        fix=fix,
        status=answer.status,
        code=code,
        context_id=clean(answer.headers.get("inin-correlation-id", ""))[:128],
        retry_after=retry_after(answer) if answer.status in (429, 503) else None,
    )


def _said(answer: Answer, secret: SecretStr, *names: str) -> str:
    """Return the first of these fields of an OAuth error body, without the secret."""
    body = json_of(answer)
    if not isinstance(body, dict):
        return ""
    text = next((str(body[name]) for name in names if body.get(name)), "")
    hidden = secret.get_secret_value()
    return clean(text.replace(hidden, "***") if hidden else text)


def _verdict(status: int) -> tuple[type[GenesysError], str, str]:
    if status == 429:
        return RateLimited, "too many tokens were asked for", "wait, and share one client"
    if status == 408:
        return Unreachable, "the login host gave up waiting", "try again"
    if status >= 500:
        return ServerError, "the login host failed", "try again later; see status.mypurecloud.com"
    if status < 400:
        return BadResponse, "it is not a token endpoint", "check GENESYS_CLOUD_LOGIN_URL"
    why = {
        400: "the client id is unknown there, or of another region",
        401: "the client secret is wrong",
    }.get(status, "the login URL is wrong, or the client may not use this grant")
    return (
        OAuthError,
        why,
        "check GENESYS_CLOUD_CLIENT_ID, GENESYS_CLOUD_CLIENT_SECRET and GENESYS_CLOUD_REGION "
        "(Admin > Integrations > OAuth), then run: genesys-workbench doctor",
    )
