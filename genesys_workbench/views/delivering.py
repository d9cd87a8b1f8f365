"""`Delivering`: a run of the simulator's deliveries beside a panel, that can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from ..errors import WorkbenchError
from ..workbench import Workbench

__all__ = ["Delivering"]


class _Stopped(Exception):
    """The run was ended on purpose."""


class Delivering:
    """At most one run at a time, in a thread of its own.

    Args:
        bench: With a simulator.
        fresh: Makes a text that no run has had, or its events would be taken for redeliveries.
    """

    def __init__(
        self, bench: Workbench, *, fresh: Callable[[], str] = lambda: token_hex(8)
    ) -> None:
        self._bench = bench
        self._fresh = fresh
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._events = 0
        self._counts = {"sent": 0, "accepted": 0, "rejected": 0}
        self._problem = ""

    def state(self) -> dict[str, Any]:
        """Return where the last run stands."""
        running = self._thread is not None and self._thread.is_alive()
        counts = dict(self._counts)
        return {"running": running, "events": self._events, "problem": self._problem, **counts}

    def start(self, events: int, rate: float) -> None:
        """Begin a run to the receiver.

        Args:
            events: Distinct events, in all envelopes by turns.
            rate: Events per second.

        Raises:
            WorkbenchError: One is under way, there is no simulator, or the receiver is stopped.
        """
        if self.state()["running"]:
            raise WorkbenchError("Deliveries are under way.", fix="stop them first")
        target = self._bench.address()
        self._events, self._problem = events, ""
        self._counts = dict.fromkeys(self._counts, 0)
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(events, rate, target), name="genesys-delivering", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the run that is under way, if there is one."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, events: int, rate: float, target: str) -> None:
        simulator = self._bench.simulator
        try:
            if simulator is None:
                raise WorkbenchError("There is no simulator that could deliver.")
            simulator.deliver(
                events,
                targets=[target],
                rate=rate,
                salt=self._fresh(),
                on_progress=self._progress,
            )
        except _Stopped:
            return
        except WorkbenchError as exc:
            self._problem = str(exc)

    def _progress(self, counts: dict[str, int]) -> None:
        self._counts = counts
        if self._stop.is_set():
            raise _Stopped
