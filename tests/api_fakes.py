"""Stand-ins for the tests of the API client: time that tests turn, answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import SecretStr

from genesys_workbench.auth import ClientCredentials
from genesys_workbench.client import GenesysClient

SECRET = "s3cret-Canary-9f2"
TOKEN = "tok-Canary-41c"
LOGIN = "https://login.mypurecloud.com"
API = "https://api.mypurecloud.com"
PATH = "/api/v2/conversations/c1"
OK = httpx.Response(200, json={"id": "c1"})


class FakeTime:
    """A monotonic clock that only sleep moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Api:
    """Answer token requests with numbered tokens, and the rest from a script.

    A script is a list of answers (the last one repeats) or a function of the request.
    """

    def __init__(self, *script: Any, expires_in: Any = 86399) -> None:
        self.script = list(script)
        self.expires_in = expires_in
        self.tokens = 0
        self.calls: list[httpx.Request] = []
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            with self._lock:
                self.tokens += 1
                return token(f"{TOKEN}-{self.tokens}", self.expires_in)
        with self._lock:
            self.calls.append(snapshot(request))
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        answer = step(request) if callable(step) else step
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def snapshot(request: httpx.Request) -> httpx.Request:
    """Copy a request: the auth flow changes the header of the original."""
    return httpx.Request(
        request.method, request.url, headers=request.headers.copy(), content=request.read()
    )


def token(value: str = TOKEN, expires_in: Any = 86399) -> httpx.Response:
    body = {"access_token": value, "token_type": "bearer", "expires_in": expires_in}
    return httpx.Response(200, json=body)


def error(status: int, code: str = "", message: str = "", **more: Any) -> httpx.Response:
    headers = more.pop("headers", None)
    body = {"message": message, "code": code, "status": status, "contextId": "ctx-1"} | more
    return httpx.Response(status, json=body, headers=headers)


def credentials(transport: httpx.BaseTransport, time: FakeTime, **options: Any) -> Any:
    options.setdefault("login_url", LOGIN)
    return ClientCredentials(
        "client-id", SecretStr(SECRET), transport=transport, clock=time.clock, **options
    )


def client_of(
    api: Callable[[httpx.Request], httpx.Response], time: FakeTime | None = None, **options: Any
) -> GenesysClient:
    """Return a client on the script, with full jitter at its greatest."""
    time = time or FakeTime()
    transport = httpx.MockTransport(api)
    options = {"rng": lambda: 1.0} | options
    return GenesysClient(
        API,
        credentials(transport, time),
        transport=transport,
        clock=time.clock,
        sleep=time.sleep,
        **options,
    )


def client_and_time(*script: Any, **options: Any) -> tuple[GenesysClient, Api, FakeTime]:
    """Return a client, the script that answers it, and its time."""
    api, time = Api(*script), FakeTime()
    return client_of(api, time, **options), api, time
