"""The receiver's app with a line for each refusal, and with the cause if it does not start."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..correlation import HEADER, about

__all__ = ["Watched"]

log = logging.getLogger("genesys_workbench.delivery")

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]


class Watched:
    """An ASGI app around the receiver's.

    Args:
        app: The receiver's.
        path: Where deliveries come in.
        refusals: Whether refused deliveries are told each: for a person who watches, not for a
            log that a flood of them could fill. The receiver itself tells one in a while.
    """

    def __init__(self, app: _App, path: str, *, refusals: bool | None = None) -> None:
        self.failure: BaseException | None = None
        self._app = app
        self._path = path
        self._refusals = sys.stderr.isatty() if refusals is None else refusals
        if self._refusals:
            logging.getLogger("genesys_workbench.refusals").addFilter(_is_no_refusal)

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Pass on what comes."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope.get("path") == self._path and self._refusals:
            await self._app(scope, receive, self._telling(send))
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        async def without_traceback(message: _Message) -> None:
            await send({key: value for key, value in message.items() if key != "message"})

        try:
            await self._app(scope, receive, without_traceback)
        except BaseException as exc:
            self.failure = exc
            raise

    def _telling(self, send: _Send) -> _Send:
        started = time.perf_counter()
        status, correlation = 0, ""

        async def tell(message: _Message) -> None:
            nonlocal status, correlation
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
                correlation = _correlation(message["headers"])
            elif not message.get("more_body"):
                with about(correlation_id=correlation):
                    self._tell(status, message.get("body", b""), time.perf_counter() - started)

        return tell

    def _tell(self, status: int, body: bytes, seconds: float) -> None:
        if status >= 300:
            why = json.loads(body or b"{}").get("detail", "")
            log.warning("%d refused: %s (%.1f ms)", status, why, seconds * 1000)


def _correlation(headers: list[tuple[bytes, bytes]]) -> str:
    return next((value.decode() for name, value in headers if name == HEADER.lower().encode()), "")


def _is_no_refusal(record: logging.LogRecord) -> bool:
    return record.levelno != logging.WARNING
