"""What happens to one event in the worker: enrich, the hook of your own, the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from .errors import PermanentError, SettingsError
from .events import ConversationEvent
from .messages import Job
from .settings import Settings
from .store import Store

__all__ = ["ENTRY_POINT_GROUP", "Processing", "Processor", "load_processors"]

log = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "genesys_workbench.processors"
# A conversation is not visible to the API at the very moment of its event.
VISIBLE_AFTER = timedelta(seconds=5)

Conversation = Mapping[str, Any]
Processor = Callable[[ConversationEvent, Conversation | None], None]
"""Your own step: called with the event and the conversation (None with ``enrich="off"``).

At least once for each event, before it is stored. What it raises is retried, then dead-lettered;
`PermanentError` is dead-lettered at once.
"""


@dataclass(frozen=True)
class Processing:
    """The steps, with all they need.

    Args:
        store: Where records go.
        fetch: Gives the conversation of an id; None for no enrichment.
        processors: Called in order.
        clock: Aware UTC now.
        monotonic: Seconds, for the runtime.
        on_record: Told of each write of the store: its seconds, and how many passed since the
            receipt of an event that is new.
    """

    store: Store
    fetch: Callable[[str], Conversation] | None
    processors: tuple[Processor, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    on_record: Callable[[float, float | None], None] = lambda *_: None

    def run(
        self, job: Job, *, attempt: int, replay: int = 0, started: float | None = None
    ) -> Literal["processed", "duplicate", "replayed"]:
        """Process one event and store it, once however often it comes.

        Args:
            job: The event and what came with it.
            attempt: 1 for the first try.
            replay: How many times a person has sent it again; then all steps run again.
            started: When the try began, by `monotonic`; now by default.

        Raises:
            GenesysError: The API did not give the conversation.
            StoreUnavailable: The database is locked, away or full.
            PermanentError: The same id with other content, or what a processor raised.
        """
        event = job.event
        since = self.monotonic() if started is None else started
        if not replay and self._has_steps(job) and self.store.knows(event.event_id):
            return self._record(job, None, None, attempt, replay, since)
        conversation, fetched_at = self._enrich(job)
        for processor in self.processors:
            processor(event, conversation)
        return self._record(job, conversation, fetched_at, attempt, replay, since)

    def _has_steps(self, job: Job) -> bool:
        """Tell whether anything comes before the record, which knows duplicates by itself."""
        return bool(self.fetch or self.processors or job.metadata is not None)

    def _record(
        self,
        job: Job,
        conversation: Conversation | None,
        fetched_at: datetime | None,
        attempt: int,
        replay: int,
        started: float,
    ) -> Literal["processed", "duplicate", "replayed"]:
        event = job.event
        spent = self.monotonic() - started
        recorded = self.store.record(
            event,
            conversation=conversation,
            fetched_at=fetched_at,
            received_at=job.received_at,
            attempt=attempt,
            runtime_s=spent,
            correlation_id=job.correlation_id,
        )
        age = self._age(job) if recorded.outcome == "processed" else None
        self.on_record(self.monotonic() - started - spent, age)
        if recorded.outcome == "conflict":
            raise PermanentError(
                f"Event {event.event_id} was stored before with other content; the first stays.",
                reason="id_conflict",
            )
        if replay and recorded.outcome == "duplicate":
            return "replayed"
        return "processed" if recorded.outcome == "processed" else "duplicate"

    def _age(self, job: Job) -> float | None:
        if job.received_at is None:
            return None
        return max(0.0, (self.clock() - job.received_at).total_seconds())

    def _enrich(self, job: Job) -> tuple[Conversation | None, datetime | None]:
        event = job.event
        if job.metadata is not None:
            return job.metadata, job.received_at or self.clock()
        if self.fetch is None:
            return None, None
        seen = self.store.snapshot_at(event.conversation_id)
        since = event.occurred_at or job.received_at
        now = self.clock()
        if seen is not None and since is not None and since + VISIBLE_AFTER <= seen <= now:
            stored = self.store.conversation(event.conversation_id) if self.processors else None
            return (stored or {}).get("raw"), seen
        fetched = self.fetch(event.conversation_id)
        # newer than the stored one, whatever a clock says that was set back meanwhile
        return fetched, max(self.clock(), seen + timedelta.resolution if seen else now)


def load_processors(settings: Settings) -> tuple[Processor, ...]:
    """Find your own steps: entry points of the group, then ``WORKBENCH_PROCESSOR``.

    Raises:
        SettingsError: One cannot be imported or is not callable.
    """
    found = [(point.name, point.load) for point in entry_points(group=ENTRY_POINT_GROUP)]
    if settings.processor:
        found.append((settings.processor, lambda: _import(settings.processor or "")))
    return tuple(_load(name, load) for name, load in found)


def _load(name: str, load: Callable[[], Any]) -> Processor:
    try:
        processor = load()
    except Exception as exc:
        raise SettingsError(
            f"The processor {name!r} cannot be imported: {type(exc).__name__}: {exc}",
            fix="set WORKBENCH_PROCESSOR to module:function, importable by the worker",
        ) from exc
    if not callable(processor):
        raise SettingsError(f"The processor {name!r} is not a function.")
    return processor  # type: ignore[no-any-return]


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
