"""Row 36: bodies that lie about their size, and what is not quite HTTP, over raw sockets."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from genesys_workbench.receiver import PATH, Receiver
from genesys_workbench.settings import load_settings
from tests.faults.deliveries import BODY, CLOSE, GOOD, LAST, LENGTH, LIMIT, post
from tests.publishers import ScriptedPublisher
from tests.raw_http import answers, connect, exchange, request, until_closed

CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture(scope="module")
def publisher() -> ScriptedPublisher:
    return ScriptedPublisher()


@pytest.fixture(scope="module")
def port(publisher: ScriptedPublisher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a receiver in this process; what it publishes is kept."""
    settings = load_settings(
        port=0,
        header_timeout=0.5,
        body_timeout=0.5,
        data_dir=tmp_path_factory.mktemp("receiver"),
        _env_file=None,
    )
    with Receiver(settings, publisher=publisher) as receiver:
        yield int(str(receiver.url).split(":")[2].partition("/")[0])


@pytest.fixture
def taken(publisher: ScriptedPublisher) -> ScriptedPublisher:
    publisher.messages.clear()
    return publisher


REFUSED = {
    "two lengths that differ": post(BODY, LENGTH, "Content-Length: 5"),
    "two lengths that agree": post(BODY, LENGTH, LENGTH),
    "a list of lengths": post(BODY, f"{LENGTH}, {len(BODY)}"),
    "a negative length": post(BODY, "Content-Length: -1"),
    "a length with a sign": post(BODY, f"Content-Length: +{len(BODY)}"),
    "a length in hex": post(BODY, f"Content-Length: 0x{len(BODY):x}"),
    "a length of words": post(BODY, "Content-Length: many"),
    "no length in the length": post(BODY, "Content-Length: "),
    "a length beyond all numbers": post(BODY, "Content-Length: " + "9" * 40),
    "a length before the colon": post(BODY, f"Content-Length : {len(BODY)}"),
    "length and chunks": post(CHUNKS, LENGTH, CHUNKED),
    "chunks and length": post(CHUNKS, CHUNKED, LENGTH),
    "chunks twice": post(CHUNKS, CHUNKED, CHUNKED),
    "chunks, then identity": post(CHUNKS, "Transfer-Encoding: chunked, identity"),
    "an unknown transfer coding": post(CHUNKS, "Transfer-Encoding: xchunked"),
    "chunks behind a tab": post(CHUNKS, b"Transfer-Encoding:\x0bchunked"),
    "a chunk size of garbage": post(b"zz\r\n" + CHUNKS, CHUNKED),
    "a negative chunk": post(b"-5\r\nhello\r\n0\r\n\r\n", CHUNKED),
    "a chunk size beyond all numbers": post(b"f" * 17 + b"\r\nx", CHUNKED),
    "a chunk longer than its size": post(b"2\r\n" + BODY + b"\r\n0\r\n\r\n", CHUNKED),
    "chunks by bare line feeds": post(CHUNKS.replace(b"\r\n", b"\n"), CHUNKED),
    "bare line feeds": GOOD.replace(b"\r\n", b"\n"),
    "a bare carriage return": post(BODY, b"X: a\rb", LENGTH),
    "a folded header": post(BODY, b"X: a\r\n b", LENGTH),
    "NUL in a header": post(BODY, b"X: a\0b", LENGTH),
    "NUL in a header's name": post(BODY, b"X\0: a", LENGTH),
    "a header's name that is no token": post(BODY, "é: x".encode(), LENGTH),
    "a length that is too short": post(BODY, "Content-Length: 10"),
    "an unknown version": post(BODY, LENGTH, version="3.7"),
    "no version": b"POST " + PATH.encode() + b"\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a non-ASCII target": GOOD.replace(b"conversation HTTP", b"conversation\xe9 HTTP"),
    "a tunnel": b"CONNECT receiver:443 HTTP/1.1\r\nHost: x\r\n\r\n",
}
TAKEN = {
    "a length": LAST,
    "chunks": post(CHUNKS, CHUNKED, CLOSE),
    "chunks with an extension": post(CHUNKS.replace(b"\r\n{", b";a=b\r\n{"), CHUNKED, CLOSE),
    "chunks with a trailer": post(CHUNKS[:-2] + b"X: y\r\n\r\n", CHUNKED, CLOSE),
    "HTTP/1.0": post(BODY, LENGTH, version="1.0"),
    "an absolute target": request(BODY, LENGTH, CLOSE, path=f"http://elsewhere{PATH}"),
    "a query": request(BODY, LENGTH, CLOSE, path=f"{PATH}?a=b"),
    "a non-ASCII header": post(BODY, b"X: caf\xe9", LENGTH, CLOSE),
    "blank lines before": b"\r\n\r\n" + LAST,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_two_readers_could_read_differently_is_400(
    port: int, taken: ScriptedPublisher, name: str
) -> None:
    assert answers(exchange(port, REFUSED[name])) == [400]
    assert taken.messages == []


@pytest.mark.parametrize("name", TAKEN)
def test_unusual_but_sound_http_is_taken_once(
    port: int, taken: ScriptedPublisher, name: str
) -> None:
    assert answers(exchange(port, TAKEN[name])) == [202]
    assert len(taken.messages) == 1


def test_pipelined_requests_are_answered_each(port: int, taken: ScriptedPublisher) -> None:
    assert answers(exchange(port, GOOD * 9 + LAST)) == [202] * 10
    assert len(taken.messages) == 10


def test_nothing_behind_the_last_request_of_a_connection_is_read(
    port: int, taken: ScriptedPublisher
) -> None:
    assert answers(exchange(port, LAST + GOOD)) == [202]
    assert len(taken.messages) == 1


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Transfer-Encoding: gzip, chunked"])
def test_a_packed_body_is_415(port: int, taken: ScriptedPublisher, header: str) -> None:
    bomb = gzip.compress(b"0" * 20_000_000)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb)
    framed = (bomb, f"Content-Length: {len(bomb)}") if "Content" in header else (chunks,)
    assert answers(exchange(port, post(*framed, header, CLOSE))) == [415]
    assert taken.messages == []


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_body_that_says_it_is_too_large_is_413_before_it_is_sent(
    port: int, expect: tuple[str, ...]
) -> None:
    with connect(port) as sock:
        sock.sendall(post(b"", f"Content-Length: {LIMIT + 1}", *expect))
        received = until_closed(sock)
    assert answers(received) == [413]
    assert b"100 Continue" not in received


def test_chunks_are_not_read_beyond_the_limit(port: int) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = 0
    with connect(port) as sock, suppress(ConnectionError):
        sock.sendall(post(b"", CHUNKED))
        while sent < 100 * LIMIT:
            sock.sendall(chunk)
            sent += len(chunk)
    assert sent < 20 * LIMIT  # that is what the kernel holds, not what was read


def test_a_client_that_sends_a_large_body_regardless_learns_why_it_is_refused(port: int) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}{PATH}", content=b" " * 8 * LIMIT)
    assert answer.status_code == 413
    assert str(LIMIT) in answer.json()["detail"]


def test_a_body_up_to_the_limit_is_taken(port: int, taken: ScriptedPublisher) -> None:
    body = BODY.ljust(LIMIT)
    assert answers(exchange(port, post(body, f"Content-Length: {LIMIT}", CLOSE))) == [202]


def test_a_sender_who_waits_for_100_gets_it(port: int, taken: ScriptedPublisher) -> None:
    with connect(port) as sock:
        sock.sendall(post(b"", LENGTH, "Expect: 100-continue", CLOSE))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(BODY)
        assert answers(until_closed(sock)) == [202]


def test_a_length_that_is_too_long_is_408(port: int, taken: ScriptedPublisher) -> None:
    with connect(port) as sock:
        sock.sendall(post(BODY, f"Content-Length: {len(BODY) + 1}"))
        assert answers(until_closed(sock)) == [408]
    assert taken.messages == []
