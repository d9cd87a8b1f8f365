"""The writing statements of the store, compiled once for each kind of database.

They go to the driver as text: compiling and binding them anew for every event costs more than the
database's own work. Both drivers take the values by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import URL, bindparam, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .schema import conversations, events, participants

__all__ = ["DRIVERS", "PARAMSTYLES", "Writes", "bindable", "writes_for"]

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
PARAMSTYLES = {"sqlite": "named", "postgresql": "pyformat"}
_SET_ONCE = {"conversation_id", "first_event_id"}


@dataclass(frozen=True, slots=True)
class Writes:
    """What `Store.record` executes, in this order.

    Attributes:
        lock_conversation: Make the conversation's row, or take it until the commit as it is;
            returns ``first_event_id``, ``events`` and ``merge_state``.
        insert_event: Returns ``deliveries``; no row where the id is taken by another body.
        keep_snapshot: The raw JSON, when it is the newest.
        update_conversation: All that the merge decides.
        upsert_participant: One row.
    """

    lock_conversation: str
    insert_event: str
    keep_snapshot: str
    update_conversation: str
    upsert_participant: str


@cache
def writes_for(dialect: str) -> Writes:
    """Compile the statements for ``sqlite`` or ``postgresql``."""
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
    known = [c.name for c in conversations.columns if c.name != "raw"]
    merged = [name for name in known if name not in _SET_ONCE]
    this = update(conversations).where(conversations.c.conversation_id == bindparam("id"))
    changes: dict[str, Any] = {name: bindparam(name) for name in merged}
    return Writes(
        lock_conversation=_text(dialect, _lock_conversation(insert), known),
        insert_event=_text(dialect, _insert_event(insert)),
        keep_snapshot=_text(dialect, this.values(raw=bindparam("raw"))),
        update_conversation=_text(dialect, this.values(changes)),
        upsert_participant=_text(dialect, _upsert_participant(insert), participants.columns.keys()),
    )


def bindable(row: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Return a row as the driver takes it: SQLite has no times, they become text as in `schema`.

    Raises:
        ValueError: A time has no zone.
    """
    return {
        name: _time(value, dialect) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _time(value: datetime, dialect: str) -> datetime | str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    if dialect != "sqlite":
        return value
    plain = value.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ", timespec="microseconds")


def _text(dialect: str, statement: Any, columns: Iterable[str] | None = None) -> str:
    make: Any = URL.create(DRIVERS[dialect]).get_dialect()
    known = make(paramstyle=PARAMSTYLES[dialect])
    keys = None if columns is None else list(columns)
    return str(statement.compile(dialect=known, column_keys=keys))


def _lock_conversation(insert: Any) -> Any:
    # An update that changes nothing takes the row's lock and returns its latest version.
    return (
        insert(conversations)
        .on_conflict_do_update(
            index_elements=["conversation_id"],
            set_={"updated_at": conversations.c.updated_at},
        )
        .returning(
            conversations.c.first_event_id, conversations.c.events, conversations.c.merge_state
        )
    )


def _insert_event(insert: Any) -> Any:
    values: dict[str, Any] = {c.name: bindparam(c.name) for c in events.columns}
    this = conversations.c.conversation_id == bindparam("conversation_id")
    first = select(conversations.c.first_event_id == bindparam("event_id")).where(this)
    statement = insert(events).values(values | {"created": first.scalar_subquery()})
    counted = {
        # a literal, as a number would become a parameter without a value
        "deliveries": events.c.deliveries + literal_column("1"),
        "enriched": or_(events.c.enriched, statement.excluded.enriched),
    }
    return statement.on_conflict_do_update(
        index_elements=["event_id"],
        set_=counted,
        where=events.c.body_sha256 == statement.excluded.body_sha256,
    ).returning(events.c.deliveries)


def _upsert_participant(insert: Any) -> Any:
    statement = insert(participants)
    learnt = [c.name for c in participants.columns if not c.primary_key]
    return statement.on_conflict_do_update(
        index_elements=["conversation_id", "participant_id"],
        set_={name: statement.excluded[name] for name in learnt},
    )
