"""uvicorn's protocol with an end to its patience, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from genesys_workbench import patience, serving
from genesys_workbench.patience import MAX_HEADER_BYTES, MAX_HEADERS, protocol
from genesys_workbench.serving import ServerThread
from tests.integration.workers import wait_until
from tests.raw_http import answers, connect, details, request, until_closed

PAUSE = 0.3  # header timeout of the servers here
LATE = "The headers did not arrive within 0.3 s."
HELLO = request(method="GET", path="/hello")
CHUNKED = "Transfer-Encoding: chunked"
LARGE = 256 * 1024


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer ``/large`` with much, ``/later`` later, ``/body`` after its body, the rest at once."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/later":
        await asyncio.sleep(2 * PAUSE)
    elif scope["path"] == "/body":
        while (await receive()).get("more_body"):
            pass
    text = b"x" * LARGE if scope["path"] == "/large" else scope["path"].encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture(params=[HttpToolsProtocol, H11Protocol], ids=["httptools", "h11"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with either of uvicorn's protocols."""
    monkeypatch.setattr(serving, "protocol", lambda each: protocol(each, base=request.param))
    with ServerThread(app, header_timeout=PAUSE) as server:
        yield int(server.url.rpartition(":")[2])


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread(app, header_timeout=PAUSE) as running:
        yield running


@pytest.fixture
def port(server: ServerThread) -> int:
    return int(server.url.rpartition(":")[2])


def drip(sock: socket.socket, data: bytes) -> bytes:
    """Send byte after byte for as long as the other side takes them; return its answer."""
    sock.settimeout(0.02)
    received = b""
    deadline = time.monotonic() + 10
    for byte in data * 1000:
        assert time.monotonic() < deadline, "it may go on for ever"
        try:
            sock.sendall(bytes([byte]))
            part = sock.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            break
        if not part:
            break
        received += part
    return received


def test_a_silent_connection_is_closed_without_a_word(either: int) -> None:
    with connect(either) as sock:
        assert until_closed(sock) == b""


def test_headers_that_do_not_end_are_408(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(HELLO[:-2])
        received = until_closed(sock)
    assert (answers(received), details(received)) == ([408], [LATE])
    assert b"content-type: application/json\r\n" in received


@pytest.mark.parametrize("data", [b"GET /hello HTTP/1.1\r\nX: aaaaaaaaa", b"\r\n"])
def test_headers_byte_by_byte_get_no_more_time(either: int, data: bytes) -> None:
    with connect(either) as sock:
        # h11 does not wait for more than one blank line
        assert answers(drip(sock, data)) in ([408], [400])


def test_a_request_that_is_whole_has_all_the_time_it_needs(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(request(b"", "Connection: close", method="GET", path="/later"))
        assert answers(until_closed(sock)) == [200]


def test_a_body_may_take_longer_than_the_headers(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(request(b"", "Content-Length: 2", "Connection: close", path="/body"))
        for _ in range(2):
            time.sleep(PAUSE)
            sock.sendall(b"x")
        assert answers(until_closed(sock)) == [200]


def test_a_kept_connection_may_rest_and_is_then_held_to_the_same_deadline(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(HELLO)
        assert answers(sock.recv(65536)) == [200]
        time.sleep(2 * PAUSE)
        sock.sendall(HELLO)
        assert answers(sock.recv(65536)) == [200]
        assert answers(drip(sock, HELLO[:-2])) == [408]


def test_a_body_that_nobody_waits_for_any_more_ends_the_connection(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(request(b"", "Content-Length: 100000", path="/hello"))
        assert answers(sock.recv(65536)) == [200]
        drip(sock, b"x")


def test_what_is_not_http_is_400_as_json(either: int) -> None:
    with connect(either) as sock:
        sock.sendall(b"\x16\x03\x01 a TLS hello\r\n\r\n")
        received = until_closed(sock)
    assert (answers(received), details(received)) == ([400], ["The request is not valid HTTP."])


def test_garbage_behind_a_request_does_not_take_the_place_of_its_answer(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(request(method="GET", path="/later") + b"garbage\r\n\r\n")
        assert answers(until_closed(sock)) == [200]


def test_a_flood_behind_a_request_is_not_read(port: int) -> None:
    sent = 0
    with connect(port) as sock, suppress(ConnectionError):
        sock.sendall(request(method="GET", path="/later") + b"GET / HTTP/1.1\r\n")
        while sent < 2**30:
            sent += sock.send(b"X: y\r\n" * 10_000)
    assert sent < 2**24  # that is what the kernel holds


@pytest.mark.parametrize(
    "data",
    [
        request(b"", *(f"X-{n}: y" for n in range(MAX_HEADERS))),
        request(b"", "X: " + "y" * MAX_HEADER_BYTES),
        b"POST / HTTP/1.1\r\nX: " + b"y" * 1_000_000,
        b"POST /" + b"y" * 1_000_000,
        request(b"1;" + b"y" * 1_000_000, CHUNKED, path="/body"),
        request(b"0\r\n" + b"X: y\r\n" * 1000, CHUNKED, path="/body"),
        request(b"0\r\nX: " + b"y" * 1_000_000, CHUNKED, path="/body"),
    ],
    ids=["many", "large", "endless", "url", "chunk extension", "trailers", "a large trailer"],
)
def test_headers_beyond_the_bound_are_431(port: int, data: bytes) -> None:
    with connect(port) as sock:
        try:
            sock.sendall(data)
        except ConnectionError:
            return  # it was closed while it was still being sent
        received = until_closed(sock)
    assert answers(received) in ([431], []), received[:200]


def test_headers_within_the_bounds_pass(port: int) -> None:
    few = [f"X-{n}: {'y' * 300}" for n in range(MAX_HEADERS - 2)]
    with connect(port) as sock:
        sock.sendall(request(b"", *few, "Connection: close"))
        assert answers(until_closed(sock)) == [200]


def test_a_body_of_an_upgrade_is_not_taken_for_a_request(port: int) -> None:
    upgrade = ("Connection: Upgrade", "Upgrade: h2c", f"Content-Length: {len(HELLO)}")
    with connect(port) as sock:
        sock.sendall(request(HELLO, *upgrade, path="/body"))
        received = until_closed(sock)
    assert answers(received) == [400]
    assert "Upgrade" in details(received)[0]


def test_after_an_upgrade_that_is_ignored_the_connection_ends(port: int) -> None:
    with connect(port) as sock:
        sock.sendall(request(b"", "Connection: Upgrade", "Upgrade: h2c", method="GET") + HELLO)
        received = until_closed(sock)
    assert answers(received) == [200]
    assert b"connection: close\r\n" in received


def test_a_sender_that_does_not_read_is_cut_off(server: ServerThread, port: int) -> None:
    assert server._server is not None
    connections = server._server.server_state.connections
    with connect(port) as sock:
        sock.sendall(request(method="GET", path="/large") * 100)
        wait_until(lambda: bool(connections), seconds=10, what="the connection")
        wait_until(lambda: not connections, seconds=30, what="the end of the connection")


def test_what_senders_can_cause_is_logged_once_in_a_while(
    port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience._seldom, "_quiet_until", 0.0)
    with caplog.at_level(logging.WARNING, "uvicorn.error"):
        for _ in range(20):
            with connect(port) as sock:
                sock.sendall(b"garbage\r\n\r\n")
                until_closed(sock)
        logging.getLogger("uvicorn.error").warning("something else")
    assert caplog.messages == ["Invalid HTTP request received.", "something else"]


def test_stock_uvicorn_takes_it_with_the_settings_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_HEADER_TIMEOUT", "7")
    config = uvicorn.Config(app, http="genesys_workbench.patience:Protocol", log_config=None)
    config.load()
    assert config.http_protocol_class.header_timeout == 7  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Prtocol"):
        _ = patience.Prtocol  # type: ignore[attr-defined]
