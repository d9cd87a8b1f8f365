"""The reading statements of the store, and rows as the plain dicts that it hands out."""

from __future__ import annotations

import json
from collections.abc import Container, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, exists, func, literal_column, or_, select

from .schema import attempts, conversations, events, participants

__all__ = [
    "COUNTS",
    "EventFilter",
    "chunks",
    "conversation_list",
    "event_ids",
    "events_by_id",
    "list_events",
    "one_conversation",
    "one_event",
    "row_dict",
    "stream",
]

Row = Mapping[Any, Any]

_JSON_LISTS = frozenset(
    "media_types queue_ids queue_names agent_ids wrap_up_codes division_ids".split()
)
_FAILED = ("retry", "dead")
# As a literal, or SQLite would not find the index that holds only these
_REPEATED = events.c.deliveries > literal_column("1")
_TRY = ("attempt", "at", "outcome", "reason", "error", "runtime_s")
# Of an event that is looked at by itself
_ONE_ONLY = ("source", "body_sha256", "correlation_id")
_SEARCHED = ("event_id", "conversation_id", "event_type", "source")
_TRIES = attempts.alias("tries")
_LATER = attempts.alias("later")
_UNPROCESSED = (
    ~exists().where(events.c.event_id == attempts.c.event_id),
    ~exists().where(_LATER.c.event_id == attempts.c.event_id, _LATER.c.id > attempts.c.id),
)
# Keys of an event that has failed so far and thus no row of its own
_NOT_PROCESSED = {
    "mediaType": None,
    "direction": None,
    "occurredAt": None,
    "receivedAt": None,
    "processedAt": None,
    "envelope": None,
    "topic": None,
    "created": False,
    "deliveries": 0,
    "enriched": False,
}


def _failures(event_id: Any) -> Any:
    return _tries(event_id, _FAILED).label("failures")


def _tries(event_id: Any, outcomes: Iterable[str]) -> Any:
    these = (_TRIES.c.event_id == event_id) & _TRIES.c.outcome.in_(outcomes)
    return select(func.count()).where(these).scalar_subquery()


_PROCESSED_EVENTS = select(
    *(c for c in events.columns if c.name not in _ONE_ONLY),
    events.c.processed_at.label("at"),
    _failures(events.c.event_id),
)
_FAILED_EVENTS = select(
    *(c for c in attempts.columns if c.name not in ("id", "traceback")),
    _failures(attempts.c.event_id),
).where(*_UNPROCESSED)

COUNTS = select(
    select(func.count()).select_from(events).scalar_subquery().label("events"),
    select(func.count()).select_from(conversations).scalar_subquery().label("conversations"),
    select(func.coalesce(func.sum(events.c.deliveries - 1), 0))
    .where(_REPEATED)
    .scalar_subquery()
    .label("duplicates"),
    *(
        select(func.count())
        .where(*_UNPROCESSED, attempts.c.outcome == outcome)
        .scalar_subquery()
        .label(name)
        for name, outcome in (("retrying", "retry"), ("dead", "dead"))
    ),
)


_AT = attempts.c.at
_SOURCES = {
    "processed": (_PROCESSED_EVENTS, events, events.c.processed_at),
    "retrying": (_FAILED_EVENTS.where(attempts.c.outcome == "retry"), attempts, _AT),
    "dead": (_FAILED_EVENTS.where(attempts.c.outcome == "dead"), attempts, _AT),
    "repeated": (_PROCESSED_EVENTS.where(_REPEATED), events, events.c.processed_at),
}
_STATES = ("processed", "retrying", "dead")
_BY_ID = tuple(
    (statement.add_columns(_tries(column, ("replayed",)).label("replays")), column)
    for statement, column in (
        (_PROCESSED_EVENTS, events.c.event_id),
        (_FAILED_EVENTS, attempts.c.event_id),
    )
)


_IDS = {
    "processed": select(events.c.event_id),
    **{
        name: select(attempts.c.event_id).where(*_UNPROCESSED, attempts.c.outcome == outcome)
        for name, outcome in (("retrying", "retry"), ("dead", "dead"))
    },
}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; None = all.

    Attributes:
        status: ``processed``, ``retrying``, ``dead`` or ``repeated``.
        since: Earliest time of the processing, or of the last attempt.
        text: Words, each of which is in an id, the type or the source; case aside.
    """

    limit: int | None = None
    conversation_id: str | None = None
    event_type: str | None = None
    status: str | None = None
    since: datetime | None = None
    newest_first: bool = True
    text: str = ""


def list_events(connection: Connection, wanted: EventFilter) -> Iterator[dict[str, Any]]:
    """Yield events by the time of their processing or last attempt, as they are read."""
    names = _STATES if wanted.status is None else (wanted.status,)
    with ExitStack() as opened:
        streams = [
            opened.enter_context(closing(stream(connection, _events_statement(name, wanted))))
            for name in names
        ]
        rows = merge(
            *streams, key=lambda row: (row["at"], row["event_id"]), reverse=wanted.newest_first
        )
        yield from map(event_dict, islice(rows, wanted.limit))


def _events_statement(status: str, wanted: EventFilter) -> Select[Any]:
    statement, table, at = _SOURCES[status]
    if wanted.conversation_id is not None:
        statement = statement.where(table.c.conversation_id == wanted.conversation_id)
    if wanted.event_type is not None:
        statement = statement.where(table.c.event_type == wanted.event_type)
    for word in wanted.text.split():
        columns = (table.c[name] for name in _SEARCHED if name in table.c)
        statement = statement.where(or_(*(c.icontains(word, autoescape=True) for c in columns)))
    if wanted.since is not None:
        statement = statement.where(at >= wanted.since)
    keys = (at, table.c.event_id)
    order = [key.desc() if wanted.newest_first else key.asc() for key in keys]
    return statement.order_by(*order).limit(wanted.limit)


def event_ids(connection: Connection, status: str) -> Iterator[str]:
    """Yield the ids of all events of a status, in no order, as they are read."""
    with connection.execute(_IDS[status], execution_options={"yield_per": 10_000}) as result:
        yield from result.scalars()


def events_by_id(connection: Connection, event_ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield those of the events that are known, with ``replays``: how often each was replayed."""
    for part in chunks(event_ids):
        for statement, column in _BY_ID:
            found = connection.execute(statement.where(column.in_(part)))
            yield from map(event_dict, found.mappings())


def one_event(connection: Connection, event_id: str) -> dict[str, Any] | None:
    """Return an event with its source and its attempts, None where nothing is known of it."""
    row = _one(connection, _PROCESSED_EVENTS.where(events.c.event_id == event_id))
    row = row or _one(connection, _FAILED_EVENTS.where(attempts.c.event_id == event_id))
    if row is None:
        return None
    kept = select(events.c.source, events.c.correlation_id).where(events.c.event_id == event_id)
    text, correlation = connection.execute(kept).one_or_none() or (None, None)
    known = {"source": json.loads(text) if text else None, "correlationId": correlation}
    return event_dict(row) | known | {"attempts": _attempts(connection, row)}


def _attempts(connection: Connection, row: Row) -> list[dict[str, Any]]:
    """Return what was tried; the attempt that succeeded is told by the event's own row."""
    statement = select(attempts).where(attempts.c.event_id == row["event_id"])
    tries = [
        {_camel(name): found[name] for name in _TRY} | {"traceback": found["traceback"] or ""}
        for found in connection.execute(statement.order_by(attempts.c.id)).mappings()
    ]
    if "processed_at" in row:
        done = {"attempt": row["attempt"], "at": row["processed_at"], "outcome": "processed"}
        told = {"reason": "", "error": "", "runtimeS": row["runtime_s"], "traceback": ""}
        tries.append(done | told)
    return sorted(tries, key=lambda one: one["at"])


def conversation_list(
    *,
    limit: int | None,
    since: datetime | None,
    until: datetime | None,
    newest_first: bool,
    with_raw: bool,
) -> Select[Any]:
    """Select conversations by the time of their start; those without one come last."""
    hidden = {"merge_state"} if with_raw else {"merge_state", "raw"}
    started = conversations.c.started_at
    statement = select(*(c for c in conversations.columns if c.name not in hidden))
    if since is not None:
        statement = statement.where(started >= since)
    if until is not None:
        statement = statement.where(started < until)
    order = (started.desc() if newest_first else started.asc()).nulls_last()
    return statement.order_by(order, conversations.c.conversation_id).limit(limit)


def one_conversation(connection: Connection, conversation_id: str) -> dict[str, Any] | None:
    """Return a conversation with its raw snapshot and its participants, None if unknown."""
    this = conversations.c.conversation_id == conversation_id
    shown = [c for c in conversations.columns if c.name != "merge_state"]
    row = _one(connection, select(*shown).where(this))
    if row is None:
        return None
    theirs = [c for c in participants.columns if c.name != "conversation_id"]
    people = (
        select(*theirs)
        .where(participants.c.conversation_id == conversation_id)
        .order_by(participants.c.joined_at.asc().nulls_last(), participants.c.participant_id)
    )
    found = [row_dict(person) for person in connection.execute(people).mappings()]
    return row_dict(row) | {"participants": found}


def stream(connection: Connection, statement: Select[Any]) -> Generator[RowMapping, None, None]:
    """Yield rows while they are read, 500 at a time in memory."""
    with connection.execute(statement, execution_options={"yield_per": 500}) as result:
        yield from result.mappings()


def event_dict(row: Row) -> dict[str, Any]:
    """Return an event of either source, complete in its keys."""
    stored = "processed_at" in row
    told = row_dict({k: v for k, v in row.items() if k not in ("failures", "outcome")})
    told["attempts"] = max(told.pop("attempt"), row["failures"] + stored)
    if stored:
        return told | {"status": "processed", "reason": "", "error": ""}
    return _NOT_PROCESSED | told | {"status": "dead" if row["outcome"] == "dead" else "retrying"}


def row_dict(row: Row, *, as_text: Container[str] = ()) -> dict[str, Any]:
    """Return a row with camelCase keys, its JSON texts read, but for those of some columns."""
    return {
        _camel(name): value if name in as_text else _value(name, value)
        for name, value in row.items()
    }


def chunks(ids: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Yield the ids in lists short enough for one ``IN``."""
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part


def _one(connection: Connection, statement: Select[Any]) -> RowMapping | None:
    return connection.execute(statement).mappings().one_or_none()


def _value(name: str, value: Any) -> Any:
    if name in _JSON_LISTS or (name == "raw" and value is not None):
        return json.loads(value)
    return value


@cache
def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
