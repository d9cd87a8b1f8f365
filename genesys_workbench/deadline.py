"""A deadline on the socket, so that no answer can be stretched byte by byte.

httpx and httpcore start their read timeout anew with each byte; a server that sends one byte of
a header now and then would hold a worker for days.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

__all__ = ["DeadlineTransport", "Deadlines"]


class Deadlines:
    """One deadline a thread, for the exchange that runs in it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._local = threading.local()

    def start(self, seconds: float) -> None:
        """Begin a new exchange in this thread."""
        self._local.until = self._clock() + seconds

    def bound(self, timeout: float | None) -> float | None:
        """Return a timeout that does not reach past the deadline.

        Raises:
            httpcore.ReadTimeout: The deadline is over.
        """
        until = getattr(self._local, "until", None)
        if until is None:
            return timeout
        left: float = until - self._clock()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer did not end in time")
        return left if timeout is None else min(timeout, left)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport, whose sockets keep to the deadlines."""

    def __init__(self, deadlines: Deadlines, *, limits: httpx.Limits) -> None:
        super().__init__(trust_env=False, limits=limits)
        # httpx has no public way to pass a network backend on to httpcore (0.28 is its last)
        pool: Any = self._pool
        pool._network_backend = _Backend(pool._network_backend, deadlines)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend, deadlines: Deadlines) -> None:
        self._inner, self._deadlines = inner, deadlines

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(
            host, port, self._deadlines.bound(timeout), local_address, socket_options
        )
        return _Stream(stream, self._deadlines)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadlines: Deadlines) -> None:
        self._inner, self._deadlines = inner, deadlines

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadlines.bound(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadlines.bound(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, self._deadlines.bound(timeout))
        return _Stream(stream, self._deadlines)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
