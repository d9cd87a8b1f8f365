"""Deliveries as fast as they are answered, over some connections that stay open."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from typing import cast
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop

__all__ = ["Load", "deliver"]

CONNECTIONS = 64


@dataclass(slots=True)
class Load:
    """What came of it: seconds in all, the latency of each request, how often each status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[bytes] = field(default_factory=Counter)

    @property
    def figures(self) -> dict[str, float]:
        """What rows compare."""
        parts = quantiles(self.latencies, n=100)
        rate = len(self.latencies) / self.seconds
        return {"requests/s": rate, "p50 ms": parts[49] * 1000, "p99 ms": parts[98] * 1000}


def deliver(url: str, count: int, *, connections: int = CONNECTIONS) -> Load:
    """Send events of `count` conversations, each once, and wait for all answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_deliver(url, count, connections))


async def _deliver(url: str, count: int, connections: int) -> Load:
    place = urlsplit(url)
    load, requests = Load(), iter(list(_requests(url, count)))
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Sender(load, requests), place.hostname, place.port)
        for _ in range(connections)
    ]
    started = time.perf_counter()
    for _, sender in made:
        sender.send()
    await asyncio.gather(*(sender.done for _, sender in made))
    load.seconds = time.perf_counter() - started
    for transport, _ in made:
        transport.close()
    return load


def _requests(url: str, count: int) -> Iterator[bytes]:
    place, run = urlsplit(url), uuid4().hex[:12]
    for number in range(count):
        event = {
            "eventId": f"{run}-{number}",
            "conversationId": f"c-{run}-{number}",
            "eventType": "customer.start",
            "mediaType": "VOICE",
            "direction": "inbound",
            "eventTime": 1767600000000 + number,
        }
        body = json.dumps(event).encode()
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


class _Sender(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    def __init__(self, load: Load, requests: Iterator[bytes]) -> None:
        self._load = load
        self._requests = requests
        self._got = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next request, or be done."""
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        self._load.statuses[head[9:12]] += 1
        self._got = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("hung up"))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length: ")
    return int(rest.partition(b"\r\n")[0])
