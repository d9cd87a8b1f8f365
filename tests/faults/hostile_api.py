"""A Genesys Cloud API that answers as badly as the id of a conversation asks it to."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

__all__ = ["KINDS", "HostileApi"]

_ID = re.compile(rb"GET /api/v2/conversations/([a-z-]+)_(\d+) ")
_DRIP = 0.1
_HUGE = 100 * 1024 * 1024

Answer = Callable[[socket.socket, str], None]


class HostileApi:
    """Serves on a free loopback port, one request a connection, until closed.

    Args:
        tls: Of a certificate that nobody need trust; plain HTTP without.
        elsewhere: Where redirects lead.

    Attributes:
        behaves: Whether to answer well.
        heads: First bytes of each request, decrypted.
        calls: Requests by kind, ``token`` among them.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, elsewhere: str = "") -> None:
        self.behaves = False
        self.heads: list[bytes] = []
        self.calls: Counter[str] = Counter()
        self._tls = tls
        self._elsewhere = elsewhere
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The base URL."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> HostileApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:  # the client goes away, as it should
            plain.settimeout(10)
            if self._tls is None:
                self._answer(plain)
            else:
                with self._tls.wrap_socket(plain, server_side=True) as connection:
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = connection.recv(65536)
        if not head:
            return
        self.heads.append(head)
        found = _ID.match(head)
        if found is None:
            self.calls["token"] += 1
            _json(connection, {"access_token": "token", "expires_in": 3600})
            return
        kind, conversation_id = found[1].decode(), f"{found[1].decode()}_{found[2].decode()}"
        self.calls[kind] += 1
        if self.behaves:
            _json(connection, {"id": conversation_id, "participants": []})
        elif kind == "redirect":
            place = f"Location: {self._elsewhere}/api/v2/conversations/{conversation_id}"
            _send(connection, "302 Found", b"", place)
        else:
            KINDS[kind][1](connection, conversation_id)


def _send(connection: socket.socket, status: str, body: bytes, *headers: str) -> None:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    connection.sendall("\r\n".join((*lines, "", "")).encode() + body)
    # closing with unread bytes would reset the connection before the answer is read
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


def _json(connection: socket.socket, value: object) -> None:
    _send(connection, "200 OK", json.dumps(value).encode(), "Content-Type: application/json")


def _silent(connection: socket.socket, _: str) -> None:
    connection.recv(1)  # until the client gives up


def _reset(connection: socket.socket, _: str) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _drip(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(_DRIP)


def _truncated(connection: socket.socket, conversation_id: str) -> None:
    body = json.dumps({"id": conversation_id, "participants": []}).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + body)


def _huge(connection: socket.socket, _: str) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {_HUGE}\r\n\r\n".encode())
    chunk = b" " * 1_000_000
    for _ in range(_HUGE // len(chunk)):
        connection.sendall(chunk)


KINDS: dict[str, tuple[str, Answer]] = {
    "failing": ("upstream_5xx", lambda c, _: _send(c, "500 Oops", b"")),
    "overloaded": ("upstream_5xx", lambda c, _: _send(c, "503 Busy", b"", "Retry-After: 1")),
    "silent": ("upstream_unreachable", _silent),
    "reset": ("upstream_unreachable", _reset),
    "drip": ("upstream_unreachable", _drip),
    "truncated": ("upstream_garbage", _truncated),
    "html": ("upstream_garbage", lambda c, _: _send(c, "200 OK", b"<html>Welcome</html>")),
    "huge": ("upstream_garbage", _huge),
    "no-conversation": ("upstream_garbage", lambda c, _: _json(c, {"hello": "world"})),
    "another": ("upstream_garbage", lambda c, _: _json(c, {"id": "x", "participants": []})),
    "redirect": ("upstream_garbage", lambda *_: None),  # answered by whoever knows where to
}
"""What may be asked for by the id of a conversation, and the reason of its dead letter."""
