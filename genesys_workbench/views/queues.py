"""The queue panel: how full the queues are, the worker, and every task with its history."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .. import samples
from ..broker import url_of
from ..errors import StoreError, WorkbenchError
from ..messages import DEAD_QUEUE, QUEUE
from ..queues import Peeked, peek
from ..settings import hide_password
from ..workbench import Workbench
from .beats import Beat
from .depths import UNKNOWN, Depths
from .panel import Action, Panel, assets
from .picture import Picture
from .queue_levers import CLIENTS, QueueLevers
from .queue_pictures import queue_picture
from .task_rows import arguments_of, headers_of, peeked_row, task_detail, task_row

__all__ = ["QueuePanel", "queue_panel"]

ROWS = 100
PEEKED = 50
LETTERS = 1000  # among which the message of an opened dead letter is sought
HISTORY = 120
STORED = ("all", "processed", "retrying", "dead", "repeated")
# Looked into only when somebody says so: each look counts as a delivery before RabbitMQ 4.3.
QUEUES = {"queued": (QUEUE, "queued"), "letters": (DEAD_QUEUE, "dead")}
_NO_COUNTS = {"events": 0, "retrying": 0, "dead": 0, "duplicates": 0}


class QueuePanel(Panel):
    """See `queue_panel`."""

    _esm = assets("panel.js", "queues.js")
    _css = assets("panel.css", "queues.css")
    label = "queue panel"

    def __init__(
        self,
        bench: Workbench,
        *,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        self._bench = bench
        self._levers = QueueLevers(bench)
        self._seconds = clock
        self._depths = Depths(bench)
        self._history: deque[tuple[int, int]] = deque(maxlen=HISTORY)
        self._counted: tuple[float, int] | None = None
        self._levels = Beat(self._read_levels, first=_FIRST, name="queue-levels", clock=clock)
        self._filter = "all"
        self._peeked: list[Peeked] = []
        self._looked_at = ""
        self._opened: str | None = None
        self._letter: Peeked | None = None
        super().__init__(clock=clock, **options)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be clicked."""
        return {
            "filter": self._set_filter,
            "open": self._open,
            **self._levers.actions,
        }

    def read(self) -> dict[str, Any]:
        """Return the state: what is on screen, and the figures."""
        return {
            "broker": _broker(self._bench),
            "worker": self._worker(),
            "levels": self._levels.latest(),
            "filter": self._filter,
            "lookedAt": self._looked_at,
            "rows": self._rows(),
            "detail": self._detail(),
            "choices": {"names": samples.names(), "clients": CLIENTS},
        }

    def picture(self, state: Mapping[str, Any], *, times: bool) -> Picture:
        """Draw the state without JavaScript."""
        return queue_picture(state, times=times)

    def snapshot(self, *, times: bool = False) -> Picture:
        """Return the panel as a still picture; its figures are those of this moment."""
        self._levels.now()
        return super().snapshot(times=times)

    def close(self) -> None:
        """Stop reading, and take the widget out of the notebook. Idempotent."""
        super().close()
        self._levels.close()
        self._depths.close()

    def _read_levels(self) -> dict[str, Any]:
        depths = self._depths.read()
        try:
            counts = self._bench.store.counts()
        except StoreError:  # `read` meets the same error, and shows it
            return depths | _NO_COUNTS | {"rate": None, "history": list(self._history)}
        if depths["ready"] is not None:
            self._history.append((depths["ready"], depths["letters"]))
        rate = self._rate(counts["events"])
        return depths | counts | {"rate": rate, "history": list(self._history)}

    def _rate(self, processed: int) -> float | None:
        """Return how many were processed per second since the last look."""
        now, before = self._seconds(), self._counted
        self._counted = (now, processed)
        if before is None or now <= before[0]:
            return None
        return max(0, processed - before[1]) / (now - before[0])

    def _worker(self) -> dict[str, Any] | None:
        worker = self._bench.worker
        if worker is None:
            return None
        return {
            "kind": worker.kind,
            "running": worker.running(),
            "concurrency": worker.concurrency,
            "pid": worker.pid,
        }

    def _rows(self) -> list[dict[str, Any]]:
        if self._filter in QUEUES:
            status = QUEUES[self._filter][1]
            return [peeked_row(m, status=status, place=n) for n, m in enumerate(self._peeked)]
        wanted: Any = None if self._filter == "all" else self._filter
        return [task_row(each) for each in self._bench.store.events(limit=ROWS, status=wanted)]

    def _detail(self) -> dict[str, Any] | None:
        if self._opened is None:
            return None
        stored = self._bench.store.event(self._opened)
        if stored is not None:
            return task_detail(stored, self._letter)
        if self._letter is None:
            return None
        status = QUEUES.get(self._filter, QUEUES["letters"])[1]
        return peeked_row(self._letter, status=status, place=0) | {
            "arguments": arguments_of(self._letter.body),
            "absent": "",
            "headers": headers_of(self._letter),
            "attempts": [],
        }

    def _set_filter(self, state: str = "all") -> str:
        if state not in (*STORED, *QUEUES):
            known = ", ".join((*STORED, *QUEUES))
            raise WorkbenchError(f"There is no state {state!r}.", fix=f"one of: {known}")
        if state not in QUEUES:
            self._filter = state
            return ""
        self._peeked = peek(self._url, queue=QUEUES[state][0], limit=PEEKED)
        self._looked_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._filter = state
        return f"{len(self._peeked)} messages were looked at, and lie in the queue as before."

    def _open(self, event: str) -> str:
        """Open a task; a dead letter's arguments lie in the queue, of the others in the store."""
        self._letter = self._message(event)
        self._opened = event
        return ""

    def _message(self, event: str) -> Peeked | None:
        if self._filter in QUEUES:
            return self._find(event, self._peeked)
        stored = self._bench.store.event(event)
        if stored is None or stored["status"] != "dead":
            return None
        return self._find(event, peek(self._url, queue=DEAD_QUEUE, limit=LETTERS))

    @staticmethod
    def _find(event: str, messages: list[Peeked]) -> Peeked | None:
        ids = (peeked_row(m, status="dead", place=n)["id"] for n, m in enumerate(messages))
        return next((m for m, found in zip(messages, ids, strict=True) if found == event), None)

    @property
    def _url(self) -> str:
        return url_of(self._bench.broker)


_FIRST = UNKNOWN | _NO_COUNTS | {"rate": None, "history": []}


def queue_panel(bench: Workbench) -> QueuePanel:
    """Show queues, worker and tasks live, with a retry for each that failed.

    The tasks come from the records, so that their history survives a restart. The names, numbers
    and addresses in their arguments are masked.

    Args:
        bench: Open.
    """
    return QueuePanel(bench)


def _broker(bench: Workbench) -> dict[str, Any]:
    management = bench.broker.management_url
    return {
        "kind": bench.broker.kind,
        "why": bench.broker.why,
        "management": hide_password(management) if management else None,
    }
