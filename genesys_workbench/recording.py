"""What is written for one event: the body of `Store.record`'s transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .conversations import facts_of_conversation, facts_of_event
from .errors import PermanentError
from .events import ConversationEvent
from .facts import ConversationFacts
from .merging import State, conversation_columns, merge_facts, merge_snapshot, participant_columns
from .statements import Writes, bindable
from .transactions import Transaction

__all__ = [
    "Entry",
    "Recorded",
    "Rows",
    "Snapshot",
    "canonical",
    "rows_of",
    "snapshot_of",
    "write_rows",
]

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


@dataclass(frozen=True, slots=True)
class Merged:
    """A conversation's state with an event in it.

    Attributes:
        people: Ids of the participants of whom something new was learnt.
        raw: The snapshot, if it is the newest.
    """

    state: State
    people: set[str]
    raw: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What is written of an entry, made before the transaction, which others wait for."""

    entry: Entry
    event: dict[str, Any]
    conversation: dict[str, Any]
    alone: Merged


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


def rows_of(entry: Entry, dialect: str) -> Rows:
    """Return what is written of an event, as if it were the first of its conversation."""
    alone = _merged({}, entry)
    new = {
        "conversation_id": entry.event.conversation_id,
        "first_event_id": entry.event.event_id,
        **_conversation_row(entry, alone.state, 1),
    }
    return Rows(entry, bindable(_event_row(entry), dialect), bindable(new, dialect), alone)


def write_rows(transaction: Transaction, writes: Writes, rows: Rows) -> Recorded:
    """Write one event, its conversation and participants; the caller commits.

    The conversation's row is locked first, so that of two events of one conversation the second
    waits, and reads what the first has merged.
    """
    entry = rows.entry
    conversation = transaction.execute(writes.lock_conversation, rows.conversation)
    inserted = transaction.execute(writes.insert_event, rows.event)
    first_event_id, events, state = conversation.fetchone()
    found = inserted.fetchone()
    if found is None:
        return Recorded("conflict", created=False)
    is_new = found[0] == 1
    created = is_new and first_event_id == entry.event.event_id
    if created:
        _write_rest(transaction, writes, entry, rows.alone)
    elif is_new or entry.snapshot:
        merged = _merged(json.loads(state), entry)
        row = _conversation_row(entry, merged.state, events + is_new)
        _run(transaction, writes.update_conversation, row | {"id": entry.event.conversation_id})
        _write_rest(transaction, writes, entry, merged)
    return Recorded("processed" if is_new else "duplicate", created=created)


def _merged(state: State, entry: Entry) -> Merged:
    event, snapshot = entry.event, entry.snapshot
    at = event.occurred_at or entry.received_at or entry.now
    people = merge_facts(state, facts_of_event(event), at=at)
    newest = False
    if snapshot:
        people |= merge_facts(state, snapshot.facts, at=snapshot.fetched_at)
        newest = merge_snapshot(state, _sha256(snapshot.text), at=snapshot.fetched_at)
    return Merged(state, people, snapshot.text if snapshot and newest else None)


def _write_rest(transaction: Transaction, writes: Writes, entry: Entry, merged: Merged) -> None:
    this = entry.event.conversation_id
    if merged.raw is not None:
        _run(transaction, writes.keep_snapshot, {"id": this, "raw": merged.raw})
    for one in sorted(merged.people):
        known = participant_columns(merged.state, one)
        row = {"conversation_id": this, "participant_id": one} | known
        _run(transaction, writes.upsert_participant, row)


def _run(transaction: Transaction, statement: str, row: dict[str, Any]) -> None:
    transaction.execute(statement, bindable(row, transaction.dialect))


def _conversation_row(entry: Entry, state: State, events: int) -> dict[str, Any]:
    return {
        "events": events,
        "updated_at": entry.now,
        "merge_state": _COMPACT.encode(state),
        **conversation_columns(state),
    }


def _event_row(entry: Entry) -> dict[str, Any]:
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
