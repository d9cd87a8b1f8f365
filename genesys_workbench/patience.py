"""uvicorn's HTTP protocol with an end to its patience, for senders that are slow or hostile.

uvicorn waits for ever for a request's headers and for a sender that does not read its answer; with
httptools it takes headers, trailers and chunk extensions of any size. `protocol` makes the class
that does not, for uvicorn's ``http``; ``uvicorn --http genesys_workbench.patience:Protocol`` takes
it with the settings of the environment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .gathering import GatheringTransport
from .settings import load_settings

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Base
else:
    _Base = object

__all__ = ["MAX_HEADERS", "MAX_HEADER_BYTES", "protocol"]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
# What any sender can make uvicorn say is said at most this often.
LOG_PAUSE = 10.0
_FRAMING = {b"content-length", b"transfer-encoding"}
_SENDERS_DOING = ("Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")


def protocol(
    header_timeout: float, *, base: type[asyncio.Protocol] = AutoHTTPProtocol
) -> type[asyncio.Protocol]:
    """Return the class for uvicorn's option ``http``.

    Args:
        header_timeout: Seconds until a request's headers must be there, from the connection's
            start or from the first byte of a later request; keep-alive covers what lies between.
        base: uvicorn's own class.
    """
    logging.getLogger("uvicorn.error").addFilter(_seldom)
    return type("Protocol", (_Patience, base), {"header_timeout": header_timeout})


class _Patience(_Base):
    """Mixed into uvicorn's protocol. One timer a connection, so that a request costs next to none.

    `on_header` and the other parser's calls come from httptools only; h11 has bounds of its own.
    """

    header_timeout: float
    _timer: asyncio.TimerHandle
    _since: float | None  # when the wait for headers began; None while there is nothing to wait for
    _heard = False  # whether anything came since then
    _stuck = False  # whether the last look found bytes that the sender does not take
    _why: tuple[int, str] = (400, "The request is not valid HTTP.")
    _barren = 0  # bytes since headers were complete or a body went on
    _headers_seen = 0
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", GatheringTransport(transport, self.loop)))
        self._since = self.loop.time()
        self._timer = self.loop.call_later(self.header_timeout, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._since is None and not self._answering:
            self._since = self.loop.time()
        self._heard = True
        self._barren += len(data)
        super().data_received(data)
        if self._answering:
            self._since, self._heard = None, False
        if self._barren > MAX_HEADER_BYTES and not self.transport.is_closing():
            self._refuse(431, "The headers are too large.")

    def on_message_begin(self) -> None:
        self._headers_seen = self._header_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers_seen += 1
        self._header_bytes += len(name) + len(value)
        if self._headers_seen > MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            self._stop(431, "The headers are too many or too large.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._barren = 0
        upgrade = self.parser.should_upgrade()
        if upgrade and not _FRAMING.isdisjoint(name for name, _ in self.headers):
            # httptools skips the body then, and would read it as a request of its own.
            self._stop(400, "A request with a body cannot ask for another protocol (Upgrade).")
        super().on_headers_complete()
        if upgrade and self._answering:
            self.cycle.keep_alive = False  # what follows is in a protocol that is not spoken here

    def handle_websocket_upgrade(self) -> None:
        self._timer.cancel()  # the other protocol has a patience of its own
        super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        self._barren = 0
        super().on_body(body)

    def send_400_response(self, _: str) -> None:
        """Answer what the parser does not take."""
        self._refuse(*self._why)

    def _stop(self, status: int, sentence: str) -> NoReturn:
        """End the parser's work from within one of its calls; uvicorn asks for the answer then."""
        self._why = status, sentence
        raise ValueError(sentence)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _look(self) -> None:
        """End what has taken too long; look again when something may have."""
        stuck = self.transport.is_closing() or self.flow.write_paused
        if stuck and self._stuck:
            self.transport.abort()
            return
        self._stuck = stuck
        pause = self.header_timeout
        if self._since is not None and not stuck:
            pause -= self.loop.time() - self._since
            if pause <= 0:
                self._give_up()
                pause = self.header_timeout
        self._timer = self.loop.call_later(pause, self._look)

    def _give_up(self) -> None:
        if self._heard:
            self._refuse(408, f"The headers did not arrive within {self.header_timeout:g} s.")
        else:
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer and close. An answer that is under way comes first, and stays the last."""
        if self._answering and not (self.cycle.more_body and not self.cycle.response_started):
            self.shutdown()
            self.flow.pause_reading()
            return
        body = json.dumps({"detail": sentence}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Seldom:
    """A logging filter for what senders can cause at will: once in a while, not each time."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def __call__(self, record: logging.LogRecord) -> bool:
        if not record.getMessage().startswith(_SENDERS_DOING):
            return True
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + LOG_PAUSE
        return True


_seldom = _Seldom()


def __getattr__(name: str) -> Any:
    """Make ``Protocol`` when it is asked for, so that importing this module reads no settings."""
    if name == "Protocol":
        return protocol(load_settings().header_timeout)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
