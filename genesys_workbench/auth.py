"""OAuth client credentials for httpx: one token, shared by all threads, renewed in time.

https://developer.genesys.cloud/authorization/platform-auth/use-client-credentials
"""

from __future__ import annotations

import copy
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from typing import Literal, NoReturn

import httpx
from pydantic import SecretStr

from .errors import BadResponse, GenesysError, OAuthError, RateLimited, SettingsError
from .tokens import TOKEN_CALL, Token, refusal, token_of
from .transport import EXCHANGE_SECONDS, base_url, exchange, new_client

__all__ = ["ClientCredentials"]

REFUSED_FOR = 30.0
STALE_FOR = 5.0


@dataclass(frozen=True, slots=True)
class _Failure:
    error: GenesysError
    until: float


class ClientCredentials(httpx.Auth):
    """Put a bearer token on each request; renew it before it expires, and once after a 401.

    Only one token request runs at a time. Who waits for it shares its outcome. While the token
    endpoint fails for the moment, a token that is still valid stays in use; a refusal of the
    credentials, or of a token that was just renewed, is remembered for 30 s, so that no token is
    asked for with each call.

    Args:
        client_id: Id of the OAuth client.
        client_secret: Its secret.
        login_url: Base URL of the token endpoint: ``https://login.<region's domain>``.
        style: ``basic`` sends id and secret in a Basic header, ``form`` in the form body.
        scope: Sent along if given. The platform does not need one: roles limit the client.
        timeout: Of each step of the token request.
        seconds: Of the whole of it.
        clock: Monotonic seconds.
        transport: Carries the token request; httpx's own by default.
    """

    _login_url = "?"  # a traceback may print the repr of an object that is half made

    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr,
        *,
        login_url: str,
        style: Literal["basic", "form"] = "basic",
        scope: str | None = None,
        timeout: httpx.Timeout | None = None,
        seconds: float = EXCHANGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not _encodable(client_id, client_secret):
            raise SettingsError(
                "GENESYS_CLOUD_CLIENT_ID or GENESYS_CLOUD_CLIENT_SECRET is not Unicode text.",
                fix="set both again, as shown in Admin > Integrations > OAuth",
            )
        self._client_id = client_id
        self._secret = client_secret
        self._login_url = base_url(login_url, name="GENESYS_CLOUD_LOGIN_URL")
        self._style = style
        self._scope = scope
        self._timeout = timeout or httpx.Timeout(10.0, connect=5.0)
        self._seconds = seconds
        self._clock = clock
        self._transport = transport
        self._refreshing = threading.Lock()
        self._token: Token | None = None
        self._failure: _Failure | None = None
        self._refused_until = -inf
        self._rounds = 0

    def __repr__(self) -> str:
        return f"<ClientCredentials at {self._login_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("ClientCredentials holds a secret and cannot be pickled or copied")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request; on 401 once more, with a token that is not the refused one."""
        token = self._current()
        request.headers["Authorization"] = f"Bearer {token.value}"
        response = yield request
        if response.status_code == 401 and self._clock() >= self._refused_until:
            self._drop(token)
            request.headers["Authorization"] = f"Bearer {self._current().value}"
            response = yield request
            if response.status_code == 401:
                self._refused_until = self._clock() + REFUSED_FOR

    def token(self) -> SecretStr:
        """Return a token that is valid now, asking for one if need be.

        Raises:
            OAuthError: The client id or secret is refused, or the login URL is wrong.
            RateLimited: The token endpoint limits; as all others but `OAuthError`, transient.
            ServerError: The token endpoint failed.
            Unreachable: It did not answer.
            BadResponse: It answered something else.
        """
        return SecretStr(self._current().value)

    def valid_for(self) -> float:
        """Return the seconds for which the token is valid, asking for one if need be."""
        return self._current().expires_at - self._clock()

    def _current(self) -> Token:
        token, seen = self._token, self._rounds
        if token is not None and self._clock() < token.refresh_at:
            return token
        stale = self._still_valid(token)
        if stale is not None and not self._refreshing.acquire(blocking=False):
            return stale
        if stale is None:
            self._refreshing.acquire()
        try:
            return self._refreshed(seen)
        finally:
            self._refreshing.release()

    def _refreshed(self, seen: int) -> Token:
        """Return a token, holding the lock; `seen` is the round when the caller came."""
        token = self._token
        if token is not None and self._clock() < token.refresh_at:
            return token
        known = self._failure
        if known is None or (self._rounds == seen and self._clock() >= known.until):
            try:
                return self._attempt()
            except GenesysError as exc:
                known = self._failure = _Failure(exc.with_traceback(None), self._until(exc))
        stale = self._still_valid(token)
        if stale is not None and known.error.transient:
            return stale
        raise self._again(known)

    def _attempt(self) -> Token:
        try:
            self._token = self._fetch()
        finally:
            self._rounds += 1
        self._failure = None
        return self._token

    def _still_valid(self, token: Token | None) -> Token | None:
        return token if token is not None and self._clock() < token.expires_at else None

    def _until(self, error: GenesysError) -> float:
        """Return until when the token endpoint is left alone after a failure."""
        now = self._clock()
        if isinstance(error, OAuthError):
            return now + REFUSED_FOR
        if isinstance(error, RateLimited):
            return now + (1.0 if error.retry_after is None else error.retry_after)
        stale = self._still_valid(self._token)
        return now if stale is None else min(now + STALE_FOR, stale.expires_at)

    def _again(self, failure: _Failure) -> GenesysError:
        """Return a fresh copy: one exception object in many threads would mix tracebacks."""
        error = copy.copy(failure.error)
        error.__cause__ = failure.error.__cause__
        if isinstance(error, RateLimited):
            error.retry_after = max(0.0, failure.until - self._clock())
        return error

    def _drop(self, token: Token) -> None:
        with self._refreshing:
            if self._token is token:
                self._token = None

    def _fetch(self) -> Token:
        started = self._clock()
        with new_client(
            timeout=self._timeout,
            seconds=self._seconds,
            clock=self._clock,
            transport=self._transport,
        ) as http:
            answer = exchange(http, self._request(http), where=TOKEN_CALL)
        if answer.status != 200:
            raise refusal(answer, self._secret)
        token = token_of(answer, started)
        if token is None:
            raise BadResponse(
                f"{TOKEN_CALL} answered 200 without a usable access token",
                fix="check GENESYS_CLOUD_LOGIN_URL: it must be the region's login host",
                status=200,
            )
        return token

    def _request(self, http: httpx.Client) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        headers = {}
        if self._scope is not None:
            form["scope"] = self._scope
        secret = self._secret.get_secret_value()
        if self._style == "form":
            form |= {"client_id": self._client_id, "client_secret": secret}
        else:
            pair = f"{self._client_id}:{secret}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return http.build_request(
            "POST", f"{self._login_url}/oauth/token", data=form, headers=headers
        )


def _encodable(client_id: str, secret: SecretStr) -> bool:
    """Return whether both can be sent; the encoder's own error would print them."""
    whole = client_id + secret.get_secret_value()
    return not any("\ud800" <= char <= "\udfff" for char in whole)
