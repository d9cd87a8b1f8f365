"""The past of an organisation: all analytics conversations of a time, day by day, to be resumed.

What is old enough is read by jobs, which know the participants' attributes; the newest days are
read by queries. Days are read side by side, within the allowance of the token.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from .checkpoint import Checkpoint
from .client import GenesysClient
from .detail_jobs import data_available_until, job_results
from .errors import JobFailed
from .paging import MAX_RESULTS, interval_of
from .side_by_side import side_by_side

__all__ = ["Progress", "Via", "backfill", "days_of"]

log = logging.getLogger(__name__)

Via = Literal["auto", "jobs", "query"]
# A query of so little still tells no more than the platform gives: nothing can be done about it.
SHORTEST = timedelta(minutes=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is."""

    days_done: int
    days: int
    conversations: int


def days_of(since: datetime, until: datetime) -> list[Span]:
    """Return the days in UTC, or parts of them at the ends, of a time.

    Args:
        since: Aware time of the first moment.
        until: Aware time of the first moment that does not belong to it.
    """
    spans, start, end = [], since.astimezone(UTC), until.astimezone(UTC)
    while start < end:
        midnight = (start + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        spans.append((start, min(midnight, end)))
        start = midnight
    return spans


def backfill(
    client: GenesysClient,
    since: datetime,
    until: datetime,
    *,
    via: Via = "auto",
    checkpoint: Checkpoint | None = None,
    parallel: int = 4,
    on_progress: Callable[[Progress], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Yield the analytics conversations that began in a time, each once, in no certain order.

    Args:
        client: Its rate limit is kept, whatever is read side by side.
        since: Aware time of the first moment.
        until: Aware time of the first moment that does not belong to it.
        via: ``jobs``, ``query``, or what fits each day.
        checkpoint: Days that it knows are left out. A day is noted once all of its
            conversations were taken: whoever takes the next one has dealt with the last.
        parallel: Days that are read side by side.
        on_progress: Called after each conversation.
        sleep: Waits for seconds between two looks at a job.

    Raises:
        GenesysError: A day could not be read; those that were read are noted.
    """
    days = days_of(since, until)
    missing = [day for day in days if checkpoint is None or day not in checkpoint]
    reader = _Reader(client, via, sleep)
    seen: set[str] = set()
    done = len(days) - len(missing)
    for day, conversation in side_by_side(reader.read, missing, parallel=parallel):
        if conversation is None:
            done += 1
            if checkpoint is not None:
                checkpoint.add(day)
        elif (found := str(conversation.get("conversationId"))) not in seen:
            seen.add(found)
            yield conversation
        on_progress(Progress(done, len(days), len(seen)))


class _Reader:
    """Reads one day, in the way that fits it."""

    def __init__(self, client: GenesysClient, via: Via, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._via = via
        self._sleep = sleep
        self._lock = threading.Lock()
        self._available: datetime | None = None

    def read(self, day: Span) -> Iterator[dict[str, Any]]:
        if self._via == "jobs" or (self._via == "auto" and day[1] <= self._known_until()):
            try:
                yield from job_results(self._client, interval_of(*day), sleep=self._sleep)
            except JobFailed as exc:
                if self._via == "jobs":
                    raise
                log.warning("%s; the day is read by queries", exc.what)
            else:
                return
        yield from self._query(day)

    def _known_until(self) -> datetime:
        with self._lock:
            if self._available is None:
                self._available = data_available_until(self._client)
            return self._available

    def _query(self, span: Span) -> Iterator[dict[str, Any]]:
        told = 0
        for conversation in self._client.query_details(interval_of(*span)):
            told += 1
            yield conversation
        start, end = span
        if told >= MAX_RESULTS and end - start > SHORTEST:
            middle = start + (end - start) / 2
            yield from self._query((start, middle))
            yield from self._query((middle, end))
