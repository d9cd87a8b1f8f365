"""Send events to receivers as the platform would: at a pace, again when refused, not in order."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import httpx

from ..errors import WorkbenchError
from .drawing import Drawn
from .ledger import Ledger, LedgerEntry
from .plans import DeliveryPlan
from .times import iso

__all__ = ["Sender", "arrange", "retry_after"]

_WINDOW = 20
_BACKLOG = 1024


def arrange(
    drawn: Iterator[Drawn], plan: DeliveryPlan, rng: Random
) -> Iterator[tuple[Drawn, bool]]:
    """Yield a plan's events in the order of sending, each with whether it is a repetition.

    The exact shares are late, or come twice, by up to 20 places.
    """
    number = plan.events
    late = set(rng.sample(range(number), round(number * plan.disorder)))
    twice = set(rng.sample(range(number), round(number * plan.duplicates)))
    waiting: list[tuple[int, int, Drawn, bool]] = []
    order = count()
    for place, event in zip(range(number), drawn, strict=False):
        due = place + (rng.randint(2, _WINDOW) if place in late else 0)
        heappush(waiting, (due, next(order), event, False))
        if place in twice:
            heappush(waiting, (due + rng.randint(1, _WINDOW), next(order), event, True))
        while waiting and waiting[0][0] <= place:
            yield heappop(waiting)[2:]
    while waiting:
        yield heappop(waiting)[2:]


class Sender:
    """Carry out one plan.

    Args:
        clients: One for each request that may be under way at once. A connection pool of
            httpx grows slow with its size (measured: 285 requests a second through one pool of
            32 connections, 1230 through 32 clients).
        clock: Monotonic seconds.
        now: Unix seconds.
    """

    def __init__(
        self,
        plan: DeliveryPlan,
        clients: Sequence[httpx.AsyncClient],
        ledger: Ledger,
        *,
        rng: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._rng = rng
        self._sleep = sleep
        self._clock = clock
        self._now = now
        self._free = list(clients)
        self._slots = asyncio.Semaphore(len(clients))  # first come, first served: keeps the order
        # Bounds what is held back or waits for another attempt while a receiver is away.
        self._backlog = asyncio.Semaphore(_BACKLOG)

    async def send(self, drawn: Iterator[Drawn], targets: Sequence[str]) -> None:
        """Send the plan's events to every target, and return when the last has its outcome.

        Raises:
            WorkbenchError: The events ran out; what was sent until then is cancelled.
        """
        try:
            await self._send(drawn, targets)
        except BaseExceptionGroup as group:
            expected = group.subgroup(WorkbenchError)
            if expected is None:
                raise
            raise expected.exceptions[0] from group

    async def _send(self, drawn: Iterator[Drawn], targets: Sequence[str]) -> None:
        start = self._clock()
        async with asyncio.TaskGroup() as group:
            for place, (event, repeated) in enumerate(arrange(drawn, self._plan, self._rng)):
                await self._pace(start, self._due(event, place))
                for target in targets:
                    await self._backlog.acquire()
                    hold = self._rng.uniform(0, self._plan.delay)
                    delivery = _Delivery(event, target, repeated)
                    group.create_task(self._deliver(delivery, hold))

    def _due(self, event: Drawn, place: int) -> float:
        if self._plan.rate:
            return place / self._plan.rate
        return event.at / self._plan.speed if self._plan.speed else 0.0

    async def _pace(self, start: float, due: float) -> None:
        await self._sleep(max(0.0, start + due - self._clock()))

    async def _deliver(self, delivery: _Delivery, hold: float) -> None:
        try:
            await self._sleep(hold)
            sent_at = iso(datetime.fromtimestamp(self._now(), UTC))
            for attempt in range(1, self._plan.redeliver + 2):
                outcome = await self._attempt(delivery)
                if outcome.accepted or attempt > self._plan.redeliver:
                    break
                await self._sleep(self._wait(outcome, attempt))
            self._ledger.add(_entry(delivery, outcome, attempt, sent_at))
        finally:
            self._backlog.release()

    async def _attempt(self, delivery: _Delivery) -> _Outcome:
        async with self._slots:
            client = self._free.pop()
            try:
                return await self._post(client, delivery)
            finally:
                self._free.append(client)

    async def _post(self, client: httpx.AsyncClient, delivery: _Delivery) -> _Outcome:
        headers, body = self._headers(delivery.event), delivery.event.body
        start = self._clock()
        try:
            answer = await client.post(delivery.target, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return _Outcome(0, self._clock() - start, error=type(exc).__name__)
        return _Outcome(
            answer.status_code,
            self._clock() - start,
            event_id=_named_id(answer),
            wait=retry_after(answer.headers.get("retry-after"), now=self._now()),
        )

    def _headers(self, event: Drawn) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._plan.signer is not None:
            stamp = int(self._now())
            headers |= self._plan.signer.headers(
                event.body, message_id=event.event_id, timestamp=stamp
            )
        return headers

    def _wait(self, outcome: _Outcome, attempt: int) -> float:
        wait = self._plan.backoff * 2 ** (attempt - 1) if outcome.wait is None else outcome.wait
        return min(wait, self._plan.retry_cap)


@dataclass(frozen=True, slots=True)
class _Delivery:
    event: Drawn
    target: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int
    seconds: float
    event_id: str | None = None
    wait: float | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


def retry_after(value: str | None, *, now: float) -> float | None:
    """Return the seconds of a Retry-After header, None if it cannot be read.

    Args:
        value: Seconds, or an HTTP date.
        now: Unix seconds.
    """
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _named_id(answer: httpx.Response) -> str | None:
    if not answer.is_success:
        return None
    try:
        body: Any = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    named = body.get("eventId") if isinstance(body, dict) else None
    return named if isinstance(named, str) else None


def _entry(delivery: _Delivery, outcome: _Outcome, attempts: int, sent_at: str) -> LedgerEntry:
    return LedgerEntry(
        event_id=outcome.event_id,
        sent_id=delivery.event.event_id,
        conversation_id=delivery.event.conversation_id,
        sha256=hashlib.sha256(delivery.event.body).hexdigest(),
        envelope=delivery.event.envelope,
        target=delivery.target,
        attempts=attempts,
        status=outcome.status,
        latency_ms=outcome.seconds * 1000,
        sent_at=sent_at,
        duplicate=delivery.repeated,
        error=outcome.error,
    )
