"""Row 41: silent, slow and hostile senders against a receiver process, all at once."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from genesys_workbench.receiver import PATH
from tests.faults.bodies import HOSTILE, mutant
from tests.faults.deliveries import BODY, CLOSE, GOOD, LAST, LIMIT, post
from tests.integration.shells import BENCH, Shell, free_port
from tests.integration.workers import wait_until
from tests.raw_http import answers, connect, exchange, until_closed

DEADLINE = 1.5
AWAY = "amqp://127.0.0.1:1/"


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, psutil.Process]]:
    """A receiver process whose broker is away, so that it keeps nothing in memory."""
    shell = Shell(
        tmp_path_factory.mktemp("process"),
        WORKBENCH_BROKER_URL=AWAY,
        WORKBENCH_HEADER_TIMEOUT=str(DEADLINE),
        WORKBENCH_BODY_TIMEOUT=str(DEADLINE),
        WORKBENCH_LOG_LEVEL="WARNING",
    )
    port = free_port()
    shell.start("receive", BENCH, "receive", "--port", port)
    try:
        shell.wait_for("receive", "Ready")
        yield int(port), psutil.Process(shell.running["receive"].pid)
        assert "Traceback" not in shell.said("receive")
        assert shell.stop("receive")[0] == 0
    finally:
        shell.close()


def test_stock_uvicorn_with_our_protocol_has_the_same_deadline(tmp_path: Path) -> None:
    shell = Shell(tmp_path, WORKBENCH_BROKER_URL=AWAY, WORKBENCH_HEADER_TIMEOUT="0.5")
    port = free_port()
    protocol = "genesys_workbench.patience:Protocol"
    command = ("-m", "uvicorn", "genesys_workbench.receiver:app", "--http", protocol)
    shell.start("uvicorn", sys.executable, *command, "--port", port)
    try:
        shell.wait_for("uvicorn", "Uvicorn running")
        with connect(int(port)) as sock:
            sock.sendall(GOOD[: -len(BODY) - 2])
            assert answers(until_closed(sock)) == [408]
        assert answers(exchange(int(port), LAST)) == [202]
    finally:
        shell.close()


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


SILENT, DRIPPING = 500, 50


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """Read to the end; a reset is an end too."""
    received = b""
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            received += part
    return received


async def _hold(port: int, head: bytes, drop: bytes, answered: list[bytes]) -> None:
    """Open a connection, send a little and then a drop now and again, until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    ended = asyncio.create_task(_all_of(reader))
    while not ended.done():
        await asyncio.wait([ended], timeout=0.25)
        writer.write(drop)
    writer.close()
    answered.append(ended.result())


async def _besiege(port: int, answered: list[bytes]) -> None:
    """Silent sockets, slow headers and slow bodies, all at once."""
    body = post(b"", "Content-Length: 1000")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for head, drop, count in (
            (b"", b"", SILENT),
            (GOOD[:20], b"x", DRIPPING),
            (body, b"x", DRIPPING),
        ):
            for _ in range(count):
                group.create_task(_hold(port, head, drop, answered))


def _deliver(port: int, until: threading.Event, seconds: list[float], seen: Counter[int]) -> None:
    """Send good deliveries, one after another, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while not until.is_set():
        started = time.perf_counter()
        connection.request("POST", PATH, BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        seconds.append(time.perf_counter() - started)
        seen[response.status] += 1
    connection.close()


def test_slow_and_silent_senders_starve_nobody_and_are_closed_by_the_deadline(
    receiving: tuple[int, psutil.Process],
) -> None:
    port, process = receiving
    assert answers(exchange(port, LAST)) == [202]
    before = process.num_fds()
    held: list[bytes] = []
    seconds: list[float] = []
    seen: Counter[int] = Counter()
    over = threading.Event()
    good = threading.Thread(target=_deliver, args=(port, over, seconds, seen))
    good.start()
    started = time.monotonic()
    try:
        asyncio.run(_besiege(port, held))
    finally:
        over.set()
        good.join(30)
    assert time.monotonic() - started < 10 * DEADLINE
    assert seen.keys() == {202}
    assert seen.total() > 20
    assert _p99(seconds) < 2
    told = Counter(tuple(answers(each)) for each in held)
    assert told.keys() == {(), (408,)}
    assert told.total() == SILENT + 2 * DRIPPING
    assert told[408,] > DRIPPING  # some are lost where a drop came in as the connection closed
    wait_until(lambda: process.num_fds() <= before, seconds=10, what="free file descriptors")


def test_a_thousand_hostile_bodies_leave_the_process_as_it_was(
    receiving: tuple[int, psutil.Process],
) -> None:
    """Its answers are those of the documented set, others are served meanwhile, memory is flat."""
    port, process = receiving
    dice = random.Random(36)
    others: list[float] = []
    seen: Counter[int] = Counter()
    over = threading.Event()
    good = threading.Thread(target=_deliver, args=(port, over, others, Counter()))
    good.start()
    try:
        _post_all(port, [mutant(dice) for _ in range(400)], seen)
        warm = process.memory_info().rss
        _post_all(port, [mutant(dice) for _ in range(1000)], seen)
        grown = process.memory_info().rss - warm
    finally:
        over.set()
        good.join(30)
    assert set(seen) == {202, 400, 413, 422}
    assert _p99(others) < 2
    assert grown < 32 * LIMIT, f"{grown / LIMIT:.0f} MiB more"


def _post_all(port: int, bodies: list[bytes], seen: Counter[int]) -> None:
    for body in [*bodies, *(body for body, _ in HOSTILE.values())]:
        started = time.perf_counter()
        received = exchange(port, post(body, f"Content-Length: {len(body)}", CLOSE))
        assert time.perf_counter() - started < 5, body[:200]
        (status,) = answers(received)
        seen[status] += 1
        if status != 202:
            assert json.loads(received.partition(b"\r\n\r\n")[2])["detail"]
