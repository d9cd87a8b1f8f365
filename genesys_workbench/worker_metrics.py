"""Prometheus metrics of a worker: what became of tasks, and where their time went.

One object a process. prometheus_client is imported when the first figure is counted: with
``WORKBENCH_METRICS_PORT`` the main process must have named the common folder before that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .once import once

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

__all__ = ["WorkerMetrics"]

log = logging.getLogger(__name__)

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
# An event may have waited for its retries, or for a broker that was away for a day.
LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400)


@contextmanager
def _harmless() -> Iterator[None]:
    """Let a full disk cost a figure and not the task."""
    try:
        yield
    except OSError as exc:
        log.warning("a figure could not be counted: %s", exc.strerror)


class WorkerMetrics:
    """What is counted, a method for each occasion."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def task(self, outcome: str, reason: str, seconds: float) -> None:
        """Count a try of a task: processed, duplicate, replayed; retry and dead by reason."""
        with _harmless():
            self._tasks.labels(outcome, reason).inc()
            self._task_seconds.labels(outcome).observe(seconds)

    def call(self, status: int, seconds: float) -> None:
        """Count a call of the API; status 0: there was no answer."""
        with _harmless():
            self._api_seconds.labels(str(status or "none")).observe(seconds)

    def record(self, seconds: float, age: float | None) -> None:
        """Count a write of the store, and how long ago the event of a new one came in."""
        with _harmless():
            self._store_seconds.observe(seconds)
            if age is not None:
                self._age_seconds.observe(age)

    @once
    def _tasks(self) -> Counter:
        from prometheus_client import Counter

        told = "Tries of tasks, by outcome, and by the reason of those that failed."
        return Counter("workbench_tasks", told, ["outcome", "reason"], registry=None)

    @once
    def _task_seconds(self) -> Histogram:
        return _histogram("task_seconds", "Time of a try of a task.", QUICK, "outcome")

    @once
    def _api_seconds(self) -> Histogram:
        return _histogram("api_call_seconds", "Time of a call of the API.", QUICK, "status")

    @once
    def _store_seconds(self) -> Histogram:
        return _histogram("store_seconds", "Time to record an event in the store.", QUICK)

    @once
    def _age_seconds(self) -> Histogram:
        return _histogram("receipt_to_record_seconds", "Time from receipt to record.", LONG)


def _histogram(name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    from prometheus_client import Histogram

    # In no registry: the main process reads the figures of all processes from their folder.
    return Histogram(f"workbench_{name}", told, labels, buckets=buckets, registry=None)
