"""HTTP by hand over a socket, for what no client library would send."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from typing import Any

__all__ = ["answers", "connect", "details", "exchange", "request", "until_closed"]


def connect(port: int, *, seconds: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def request(
    body: bytes = b"",
    *headers: str | bytes,
    path: str = "/",
    method: str = "POST",
    version: str = "1.1",
) -> bytes:
    """Write a request with exactly these headers, and Host."""
    lines = [f"{method} {path} HTTP/{version}".encode(), b"Host: receiver"]
    lines += [each.encode() if isinstance(each, str) else each for each in headers]
    return b"\r\n".join([*lines, b"", body])


def until_closed(sock: socket.socket) -> bytes:
    """Read to the end of the connection; a reset is an end too."""
    received = bytearray()
    with suppress(ConnectionError):
        while part := sock.recv(65536):
            received += part
    return bytes(received)


def exchange(port: int, data: bytes) -> bytes:
    """Send, close the sending half, and return all that comes back."""
    with connect(port) as sock:
        with suppress(ConnectionError):
            sock.sendall(data)
        return until_closed(sock)


def answers(received: bytes) -> list[int]:
    """Return the statuses of all answers, 100 aside."""
    found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
    return [status for status in found if status != 100]


def details(received: bytes) -> list[Any]:
    """Return the sentences of all refusals."""
    bodies = re.findall(rb'\{"detail".*?\}', received)
    return [json.loads(body)["detail"] for body in bodies]
