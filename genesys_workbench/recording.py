"""What is written for one event: the body of `Store.record`'s transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, CursorResult

from .conversations import facts_of_conversation, facts_of_event
from .errors import PermanentError
from .events import ConversationEvent
from .facts import ConversationFacts
from .merging import State, conversation_columns, merge_facts, merge_snapshot, participant_columns
from .statements import Writes, bindable

__all__ = ["Entry", "Recorded", "Snapshot", "canonical", "snapshot_of", "write_entry"]

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_CANONICAL = json.JSONEncoder(separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event.

    Attributes:
        outcome: ``processed`` (new), ``duplicate`` (same id, same body: it is only counted) or
            ``conflict`` (same id, another body: nothing is changed).
        created: Whether this was the first event of its conversation; true once.
    """

    outcome: Literal["processed", "duplicate", "conflict"]
    created: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A conversation as it was fetched."""

    facts: ConversationFacts
    text: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and all that is kept with it."""

    event: ConversationEvent
    snapshot: Snapshot | None
    received_at: datetime | None
    attempt: int
    now: datetime
    runtime_s: float | None = None
    correlation_id: str | None = None


def canonical(value: Mapping[str, Any]) -> str:
    """Return JSON that is the same for equal values, in ASCII: NUL and surrogates are escaped."""
    return _CANONICAL.encode(value)


def snapshot_of(
    event: ConversationEvent, body: Mapping[str, Any], fetched_at: datetime
) -> Snapshot:
    """Read the conversation that was fetched for an event.

    Raises:
        PermanentError: Reason ``schema``; it is no conversation, or another one.
    """
    facts = facts_of_conversation(body)
    if facts.conversation_id != event.conversation_id:
        raise PermanentError(
            f"The conversation that was fetched for event {event.event_id} is another one.",
            reason="schema",
        )
    return Snapshot(facts, _COMPACT.encode(body), fetched_at)


def write_entry(connection: Connection, writes: Writes, entry: Entry) -> Recorded:
    """Write one event, its conversation and participants; the caller commits.

    The conversation's row is locked first, so that of two events of one conversation the second
    waits, and reads what the first has merged.
    """
    known = _run(connection, writes.lock_conversation, _new_conversation(entry)).one()
    created = known.events == 0
    deliveries = _run(connection, writes.insert_event, _event_row(entry, created)).scalar()
    if deliveries is None:
        return Recorded("conflict", created=False)
    is_new = deliveries == 1
    if is_new or entry.snapshot:
        _merge(connection, writes, entry, json.loads(known.merge_state), known.events + is_new)
    return Recorded("processed" if is_new else "duplicate", created=created)


def _merge(connection: Connection, writes: Writes, entry: Entry, state: State, events: int) -> None:
    event, snapshot, this = entry.event, entry.snapshot, entry.event.conversation_id
    at = event.occurred_at or entry.received_at or entry.now
    changed = merge_facts(state, facts_of_event(event), at=at)
    if snapshot:
        changed |= merge_facts(state, snapshot.facts, at=snapshot.fetched_at)
        if merge_snapshot(state, _sha256(snapshot.text), at=snapshot.fetched_at):
            _run(connection, writes.keep_snapshot, {"id": this, "raw": snapshot.text})
    text = _COMPACT.encode(state)
    row = {"id": this, "events": events, "updated_at": entry.now, "merge_state": text}
    _run(connection, writes.update_conversation, row | conversation_columns(state))
    for one in sorted(changed):
        row = {"conversation_id": this, "participant_id": one} | participant_columns(state, one)
        _run(connection, writes.upsert_participant, row)


def _run(connection: Connection, statement: str, row: dict[str, Any]) -> CursorResult[Any]:
    return connection.exec_driver_sql(statement, bindable(row, connection.dialect.name))


def _new_conversation(entry: Entry) -> dict[str, Any]:
    return {
        "conversation_id": entry.event.conversation_id,
        "first_event_id": entry.event.event_id,
        "events": 0,
        "updated_at": entry.now,
        "merge_state": "{}",
    }


def _event_row(entry: Entry, created: bool) -> dict[str, Any]:
    event = entry.event
    source = canonical(event.source)
    return {
        "event_id": event.event_id,
        "conversation_id": event.conversation_id,
        "event_type": event.event_type,
        "media_type": event.media_type,
        "direction": event.direction,
        "occurred_at": event.occurred_at,
        "received_at": entry.received_at,
        "processed_at": entry.now,
        "envelope": event.envelope,
        "topic": event.topic,
        "created": created,
        "deliveries": 1,
        "attempt": entry.attempt,
        "runtime_s": entry.runtime_s,
        "enriched": entry.snapshot is not None,
        "body_sha256": _sha256(source),
        "source": source,
        "correlation_id": entry.correlation_id,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
