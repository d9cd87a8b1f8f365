"""Where events and conversations are kept: SQLite by default, PostgreSQL by URL.

Recording is idempotent: one transaction for each event, keyed by its id. What is known of a
conversation does not depend on the order in which events and snapshots arrive (see `merging`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, bindparam, insert, select

from . import reads
from .crash import crash_at
from .database import Database
from .events import ConversationEvent
from .preparing import prepare
from .privacy import scrub
from .recording import Entry, Recorded, rows_of, snapshot_of, write_rows
from .schema import attempts, conversations, events
from .spellings import read_text
from .statements import writes_for

__all__ = ["Recorded", "Store"]

_MAX_ERROR, _MAX_TRACEBACK = 2000, 4000
_ONE_EVENT: Select[tuple[str]] = select(events.c.event_id).where(
    events.c.event_id == bindparam("id")
)


class Store:
    """The database of the workbench; one object serves many threads, and survives a fork.

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database.
        clock: Aware UTC now.
        busy_timeout: Seconds that a SQLite writer waits for another.

    Raises:
        SettingsError: The URL is malformed, or of another database.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        busy_timeout: float = 5.0,
    ) -> None:
        self.database = Database(url, busy_timeout=busy_timeout)
        self._writes = writes_for(self.database.dialect)
        self._clock = clock

    @classmethod
    def prepared(cls, url: str) -> Store:
        """Open the store of a URL with its tables up to date; see `prepare`."""
        store = cls(url)
        try:
            store.prepare()
        except BaseException:
            store.close()
            raise
        return store

    def __repr__(self) -> str:
        return f"Store({self.__dict__.get('database')!r})"

    def prepare(self) -> None:
        """Create the tables, or bring those of an older version up to date.

        Any number of processes may do so at once.

        Raises:
            SchemaMismatch: The tables are newer, or somebody else's.
            StoreUnavailable: The database is away, locked or read-only.
        """
        prepare(self.database)

    def record(
        self,
        event: ConversationEvent,
        *,
        conversation: Mapping[str, Any] | None = None,
        fetched_at: datetime | None = None,
        received_at: datetime | None = None,
        attempt: int = 1,
        runtime_s: float | None = None,
        correlation_id: str | None = None,
    ) -> Recorded:
        """Keep an event and what it tells of its conversation, in one transaction.

        Args:
            event: What happened.
            conversation: The conversation as REST or analytics told it, if it was fetched.
            fetched_at: When; now by default.
            received_at: When the delivery came in.
            attempt: 1 for the first try.
            runtime_s: Seconds that the worker has spent on this try, up to now.
            correlation_id: Of the delivery, as the logs have it.

        Raises:
            StoreUnavailable: Locked, away, full or read-only; nothing was kept.
            PermanentError: Reason ``schema``; `conversation` is none, or of another id, or the
                database cannot hold the data.
        """
        now = self._clock()
        snapshot = None
        if conversation is not None:
            snapshot = snapshot_of(event, conversation, fetched_at or now)
        entry = Entry(event, snapshot, received_at, attempt, now, runtime_s, correlation_id)
        rows = rows_of(entry, self.database.dialect)
        with self.database.transaction() as transaction:
            recorded = write_rows(transaction, self._writes, rows)
            crash_at("after-insert-before-commit")
            if recorded.outcome != "conflict":
                transaction.commit()
        return recorded

    def note_attempt(
        self,
        *,
        event_id: str,
        conversation_id: str | None,
        event_type: str | None,
        attempt: int,
        outcome: Literal["retry", "dead", "duplicate", "replayed"] | str,
        reason: str = "",
        error: str = "",
        runtime_s: float | None = None,
        traceback: str = "",
    ) -> None:
        """Keep what became of an attempt that `record` does not know of.

        Args:
            event_id: Of an event that may have no row yet.
            conversation_id: Its conversation.
            event_type: Its type.
            attempt: 1 for the first try.
            outcome: ``retry``, ``dead``, ``duplicate`` or ``replayed``; the attempt that succeeds
                is told by the event's own row.
            reason: Short code.
            error: The error's text; it is scrubbed of secrets and cut.
            runtime_s: Seconds that the worker spent on this attempt.
            traceback: Where it was raised; scrubbed and cut like the error.
        """
        row = {
            "event_id": event_id,
            "conversation_id": conversation_id,
            "event_type": event_type,
            "attempt": attempt,
            "at": self._clock(),
            "outcome": outcome,
            "reason": reason,
            "error": (read_text(scrub(error)) or "")[:_MAX_ERROR],
            "runtime_s": runtime_s,
            "traceback": (read_text(scrub(traceback)) or "")[-_MAX_TRACEBACK:] or None,
        }
        with self.database.connect(writes=True) as connection:
            connection.execute(insert(attempts), row)
            connection.commit()

    def events(
        self,
        *,
        limit: int | None = None,
        conversation_id: str | None = None,
        event_type: str | None = None,
        status: Literal["processed", "retrying", "dead", "repeated"] | None = None,
        since: datetime | None = None,
        newest_first: bool = True,
        text: str = "",
    ) -> Iterator[dict[str, Any]]:
        """Yield events, those that failed so far among them, without their source.

        The keys: ``eventId conversationId eventType mediaType direction status occurredAt
        receivedAt processedAt envelope topic attempts deliveries created enriched at reason
        error runtimeS``; ``at``, ``reason``, ``error`` and ``runtimeS`` are those of the latest
        try.

        Args:
            limit: How many at most.
            conversation_id: Of this conversation only.
            event_type: Of this type only, such as ``customer.start``.
            status: ``processed``; ``retrying`` or ``dead`` when there is no row so far;
                ``repeated``: those processed ones that came more than once.
            since: Processed, or last tried, at this time or later.
            newest_first: By the time of processing or of the last attempt.
            text: Words, each of which is in an id, the type or the source; case aside.
        """
        wanted = reads.EventFilter(
            limit, conversation_id, event_type, status, since, newest_first, text
        )
        with self.database.connect() as connection:
            yield from reads.list_events(connection, wanted)

    def event_ids(self, status: Literal["processed", "retrying", "dead"]) -> Iterator[str]:
        """Yield the ids of all events of a status, in no order; a million need no room."""
        with self.database.connect() as connection:
            yield from reads.event_ids(connection, status)

    def events_by_id(self, event_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return those of the events that are known, by id.

        Their keys are those of `events`, and ``replays``: how often each was replayed.
        """
        with self.database.connect() as connection:
            found = reads.events_by_id(connection, event_ids)
            return {event["eventId"]: event for event in found}

    def event(self, event_id: str) -> dict[str, Any] | None:
        """Return one event with ``source``, ``correlationId``, and ``attempts``: what was tried.

        Of an event that failed so far ``source`` is None: it lies with its message in the queue.
        """
        with self.database.connect() as connection:
            return reads.one_event(connection, event_id)

    def conversations(
        self,
        *,
        limit: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
        with_raw: bool | Literal["text"] = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield conversations: the fields of `ConversationFacts` in camelCase, and more.

        More: ``factsAt firstEventId events updatedAt``, and ``raw`` if asked for: the newest
        snapshot as REST or analytics told it, None where there is none.

        Args:
            limit: How many at most.
            since: Started at this time or later.
            until: Started before this time.
            newest_first: By the time of the start; those without one come last.
            with_raw: Whether to read the snapshots, which are large; ``text`` leaves them as the
                JSON that was stored.
        """
        statement = reads.conversation_list(
            limit=limit,
            since=since,
            until=until,
            newest_first=newest_first,
            with_raw=bool(with_raw),
        )
        as_text = ("raw",) if with_raw == "text" else ()
        with self.database.connect() as connection:
            for row in reads.stream(connection, statement):
                yield reads.row_dict(row, as_text=as_text)

    def conversation(self, conversation_id: str) -> dict[str, Any] | None:
        """Return one conversation with ``raw`` and ``participants``, None if unknown."""
        with self.database.connect() as connection:
            return reads.one_conversation(connection, conversation_id)

    def knows(self, event_id: str) -> bool:
        """Return whether an event is recorded."""
        with self.database.connect() as connection:
            return connection.execute(_ONE_EVENT, {"id": event_id}).first() is not None

    def known(self, event_ids: Iterable[str]) -> set[str]:
        """Return those of the ids that are recorded."""
        found: set[str] = set()
        with self.database.connect() as connection:
            for part in reads.chunks(event_ids):
                statement = select(events.c.event_id).where(events.c.event_id.in_(part))
                found.update(connection.execute(statement).scalars())
        return found

    def snapshot_at(self, conversation_id: str) -> datetime | None:
        """Return when the newest snapshot of a conversation was fetched, None if never."""
        this = conversations.c.conversation_id == conversation_id
        with self.database.connect() as connection:
            statement = select(conversations.c.facts_at).where(this)
            found: datetime | None = connection.execute(statement).scalar()
        return found

    def latencies_ms(self, event_ids: Iterable[str]) -> list[float]:
        """Return milliseconds from the receipt to the record, of the ids that have both times."""
        columns = (events.c.received_at, events.c.processed_at)
        spans = []
        with self.database.connect() as connection:
            for part in reads.chunks(event_ids):
                timed = events.c.event_id.in_(part) & events.c.received_at.is_not(None)
                rows = connection.execute(select(*columns).where(timed))
                spans += [(done - received).total_seconds() * 1000 for received, done in rows]
        return spans

    def counts(self) -> dict[str, int]:
        """Return how many: ``events conversations duplicates retrying dead``."""
        with self.database.connect() as connection:
            return {
                name: int(n)
                for name, n in connection.execute(reads.COUNTS).mappings().one().items()
            }

    def close(self) -> None:
        """Close the connections of this process; the next call opens them anew."""
        self.database.close()
