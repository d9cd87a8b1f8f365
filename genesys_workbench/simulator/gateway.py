"""What stands in front of every endpoint: names, faults, bearer token, rate limit, headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .bodies import ApiError, error_response
from .injection import cut, faulty_answer, spoil
from .state import SimulatorState

__all__ = ["Gateway", "endpoint_of"]

SIMULATED = "webhooks are not part of Genesys Cloud"
_PATTERNS = {
    "token": re.compile(r"/oauth/token"),
    "conversation": re.compile(r"/api/v2/conversations/[^/]+"),
    "jobs": re.compile(r"/api/v2/analytics/conversations/details/jobs(/.*)?"),
    "details_query": re.compile(r"/api/v2/analytics/conversations/details/query"),
    "details": re.compile(r"/api/v2/analytics/conversations/(details|[^/]+/details)"),
    "notifications": re.compile(r"/api/v2/notifications(/.*)?"),
    "queues": re.compile(r"/api/v2/routing/queues"),
    "triggers": re.compile(r"/api/v2/processautomation/triggers(/.*)?"),
    "users": re.compile(r"/api/v2/users"),
    "webhooks": re.compile(r"/api/v2/webhooks(/.*)?"),
}
# The official SDK reaches a gateway by a path of its own for login and for the platform.
_PREFIXES = (("/login", "/oauth/"), ("/platform", "/api/"))


def endpoint_of(path: str) -> str:
    """Return the name of a path's endpoint, as faults and counters use it; else ``other``."""
    return next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(path)), "other")


class Gateway:
    """ASGI application around the endpoints.

    Args:
        sleep: For the delay of faults.
    """

    def __init__(
        self,
        app: ASGIApp,
        state: SimulatorState,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app = app
        self._state = state
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call; the control paths ``/_sim/…`` pass untouched."""
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
            return
        path = _without_prefix(scope["path"])
        context_id = self._state.new_id("correlation")
        scope = {**scope, "path": path, "raw_path": path.encode(), "context_id": context_id}
        endpoint = endpoint_of(path)
        self._state.requests[endpoint] += 1
        await self._with_faults(endpoint, scope, receive, self._signed(endpoint, scope, send))

    async def _with_faults(self, endpoint: str, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._state.faults.take(endpoint)
        if fault is None:
            await self._guarded(scope, receive, send)
            return
        await self._sleep(fault.delay)
        if fault.drop:
            await cut(receive)
            return
        app: ASGIApp = self._guarded
        if fault.answers:
            app = faulty_answer(fault, endpoint, scope["context_id"])
        await app(scope, receive, spoil(fault, receive, send))

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["path"].startswith("/api/"):
            app = self._refusal(scope) or app
        await app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        try:
            token = self._state.tokens.check(Headers(scope=scope).get("authorization", ""))
        except ApiError as exc:
            return error_response(exc, scope["context_id"])
        error = self._state.limits.hit(token).error
        return None if error is None else error_response(error, scope["context_id"])

    def _signed(self, endpoint: str, scope: Scope, send: Send) -> Send:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = self._reply_headers(endpoint, scope)
                headers = [(name.encode(), value.encode()) for name, value in extra.items()]
                message = {**message, "headers": [*message.get("headers", []), *headers]}
            await send(message)

        return signed

    def _reply_headers(self, endpoint: str, scope: Scope) -> dict[str, str]:
        headers = {"ININ-Correlation-Id": scope["context_id"]}
        if scope["path"].startswith("/api/"):
            token = Headers(scope=scope).get("authorization", "").partition(" ")[2]
            headers |= self._state.limits.peek(token).headers
        if endpoint == "webhooks" and self._state.webhooks is not None:
            headers["X-Workbench-Simulated"] = SIMULATED
        return headers


def _without_prefix(path: str) -> str:
    for prefix, rest in _PREFIXES:
        if path.startswith(prefix + rest):
            return path.removeprefix(prefix)
    return path
