"""The client against servers that misbehave on the wire."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.auth import ClientCredentials
from genesys_workbench.client import GenesysClient
from genesys_workbench.deadline import Deadlines, DeadlineTransport
from genesys_workbench.errors import BadResponse, GenesysError, Unreachable
from genesys_workbench.transport import BoundedTransport, exchange

SECRET, TOKEN = "s3cret-Canary-7d1", "tok-Canary-8e2"
TOKEN_ANSWER = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    b'{"access_token": "' + TOKEN.encode() + b'", "expires_in": 3600}'
)


@contextmanager
def server(behave):
    """Run `behave(connection, request head)` for each connection; yield the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    workers = []

    def serve(connection):
        with connection:
            try:
                connection.settimeout(5)
                behave(connection, connection.recv(65536))
                # closing with unread bytes would reset the connection before the answer is read
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                return  # the client went away, as it should

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            workers.append(threading.Thread(target=serve, args=(connection,)))
            workers[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for worker in workers:
            worker.join(5)


def with_token(behave):
    def handle(connection, head):
        if b"/oauth/token" in head:
            connection.sendall(TOKEN_ANSWER)
        else:
            behave(connection, head)

    return handle


def client_of(url, **options):
    auth = ClientCredentials("client-id", SecretStr(SECRET), login_url=url)
    return GenesysClient(url, auth, attempts=1, **options)


def drip(prefix, piece):
    def behave(connection, head):
        connection.sendall(prefix)
        for _ in range(100):
            connection.sendall(piece)
            time.sleep(0.05)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["header", "body", "chunk size", "informational answers"],
)
def test_an_answer_that_drips_in_any_part_ends_at_the_deadline(behave):
    deadlines = Deadlines()
    inner = DeadlineTransport(deadlines, limits=httpx.Limits())
    transport = BoundedTransport(inner, deadlines=deadlines, seconds=0.3)
    with server(behave) as url, httpx.Client(transport=transport, timeout=5) as http:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="ReadTimeout"):
            exchange(http, http.build_request("GET", url), where="GET /x")
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", Unreachable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", BadResponse),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", BadResponse),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", BadResponse),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", BadResponse),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, BadResponse),
    ],
    ids=["nothing", "truncated", "not gzip", "not http", "not json", "endless header"],
)
def test_an_answer_that_is_broken_is_the_error_that_fits(answer, kind):
    behave = with_token(lambda connection, head: connection.sendall(answer))
    with server(behave) as url, client_of(url) as client, pytest.raises(kind):
        client.request("GET", "/api/v2/x")


def test_a_port_where_nobody_listens_is_unreachable():
    with server(lambda connection, head: None) as url:
        pass
    with client_of(url) as client, pytest.raises(Unreachable, match="refused"):
        client.request("GET", "/api/v2/x")


@pytest.mark.parametrize("style", ["basic", "form"])
@pytest.mark.parametrize("at", ["token", "call"])
def test_secret_and_token_reach_no_log_and_no_traceback_on_a_real_connection(caplog, style, at):
    caplog.set_level(logging.DEBUG)

    def behave(connection, head):
        if b"/oauth/token" in head and at != "token":
            connection.sendall(TOKEN_ANSWER)

    with server(behave) as url:
        auth = ClientCredentials("client-id", SecretStr(SECRET), login_url=url, style=style)
        client = GenesysClient(url, auth, attempts=1)
        with client, pytest.raises(GenesysError) as caught:
            client.request("GET", "/api/v2/x")
    exc = caught.value
    printed = traceback.TracebackException(
        type(exc), exc, exc.__traceback__.tb_next, capture_locals=True
    )
    text = "".join(printed.format()) + caplog.text
    assert "httpcore" in caplog.text
    for canary in (SECRET, TOKEN, "Y2xpZW50LWlkOnMzY3JldC1DYW5hcnktN2Qx"):
        assert canary not in text
