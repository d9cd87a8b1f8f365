"""The token endpoint, and the check of bearer tokens."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import ApiError

__all__ = ["TokenEndpoint", "Tokens", "refusal"]


class Tokens:
    """Access tokens that were handed out, and when they end.

    Args:
        expires_in: Lifetime in seconds.
        clock: Monotonic seconds.
        new_token: Source of token texts.
    """

    def __init__(
        self,
        *,
        expires_in: float = 86399,
        clock: Callable[[], float] = time.monotonic,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(64),
    ) -> None:
        self.expires_in = expires_in
        self._clock = clock
        self._new_token = new_token
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """Return a new token."""
        token = self._new_token()
        self._ends[token] = self._clock() + self.expires_in
        return token

    def expire(self) -> None:
        """Let all tokens that were handed out be over."""
        self._ends = dict.fromkeys(self._ends, self._clock())

    def check(self, authorization: str) -> str:
        """Return the valid token of an Authorization header.

        Raises:
            ApiError: 401; none given, unknown, or expired.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "No authentication bearer token specified in authorization header."
            raise ApiError(401, "authentication.required", message)
        if token not in self._ends:
            raise ApiError(401)
        if self._clock() >= self._ends[token]:
            message = "The supplied credentials are expired and cannot be used."
            raise ApiError(401, "credentials.expired", message)
        return token


class TokenEndpoint:
    """``POST /oauth/token`` for the client-credentials grant.

    Args:
        credentials: The one client id and secret that are known.
    """

    def __init__(self, credentials: tuple[str, str], tokens: Tokens) -> None:
        self._client_id, self._client_secret = credentials
        self._tokens = tokens

    async def answer(self, request: Request) -> Response:
        """Answer with a token, or with the error shape of OAuth."""
        try:
            form = _form(await request.body())
            client = _client(request.headers.get("authorization", ""), form)
            self._check(client, form)
        except _Refused as exc:
            return refusal(exc.status, exc.error, exc.description)
        return JSONResponse(
            {
                "access_token": self._tokens.issue(),
                "token_type": "bearer",
                "expires_in": int(self._tokens.expires_in),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _check(self, client: _Client, form: dict[str, str]) -> None:
        grant = form.get("grant_type")
        if grant is None:
            raise _Refused(400, "invalid_request", "grant_type is missing")
        if grant != "client_credentials":
            raise _Refused(400, "unsupported_grant_type", f"grant type not supported: {grant}")
        if client.id != self._client_id:
            raise _Refused(400, "invalid_client", f"client not found: {client.id}")
        if not secrets.compare_digest(client.secret.encode(), self._client_secret.encode()):
            raise _Refused(401, "invalid_client", "authentication failed")


def refusal(status: int, error: str, description: str) -> Response:
    """Return an error of the token endpoint: another shape than the API's."""
    body = {"error": error, "description": description, "error_description": description}
    return JSONResponse(body, status)


class _Client(NamedTuple):
    id: str
    secret: str


class _Refused(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        self.status, self.error, self.description = status, error, description
        super().__init__(description)


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True)
    except ValueError as exc:
        raise _Refused(400, "invalid_request", "the form cannot be read") from exc
    return {name: values[0] for name, values in fields.items()}


def _client(authorization: str, form: dict[str, str]) -> _Client:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        if "client_id" not in form:
            raise _Refused(400, "invalid_request", "client credentials are missing")
        return _Client(form["client_id"], form.get("client_secret", ""))
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise _Refused(400, "invalid_request", "the Basic header cannot be read") from exc
    return _Client(client_id, secret)
