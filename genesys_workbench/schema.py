"""The tables of the store and their version, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)

__all__ = [
    "SCHEMA_VERSION",
    "UtcDateTime",
    "attempts",
    "conversations",
    "events",
    "meta",
    "metadata",
    "participants",
]

SCHEMA_VERSION = 3
"""Raise it with every change of the tables, and add the step to `preparing`."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time: ``timestamptz`` on PostgreSQL, ISO text without zone on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; give SQLite the time in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be compared")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """Return an aware time, whatever zone the database session has."""
        if value is None:
            return None
        known: datetime = value
        return known.replace(tzinfo=UTC) if known.tzinfo is None else known.astimezone(UTC)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("media_types", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("message_type", Text),
    Column("direction", Text),
    Column("external_contact_id", Text),
    Column("customer_key", Text),
    Column("customer_name", Text),
    Column("queue_ids", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("queue_names", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("agent_ids", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("transfers", Integer),
    Column("conference", Boolean),
    Column("abandoned", Boolean),
    Column("ivr_s", Float),
    Column("wait_s", Float),
    Column("talk_s", Float),
    Column("hold_s", Float),
    Column("acw_s", Float),
    Column("handle_s", Float),
    Column("duration_s", Float),
    Column("disconnect_type", Text),
    Column("wrap_up_codes", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("division_ids", Text, nullable=False, server_default="[]", comment="JSON list"),
    Column("facts_at", UtcDateTime, comment="time of the newest REST or analytics snapshot"),
    Column("first_event_id", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("raw", Text, comment="JSON of the newest snapshot"),
    Column("merge_state", Text, nullable=False, comment="JSON; see merging.py"),
)

participants = Table(
    "participants",
    metadata,
    Column("conversation_id", Text, ForeignKey(conversations.c.conversation_id), primary_key=True),
    Column("participant_id", Text, primary_key=True),
    Column("purpose", Text),
    Column("user_id", Text),
    Column("queue_id", Text),
    Column("queue_name", Text),
    Column("external_contact_id", Text),
    Column("joined_at", UtcDateTime),
    Column("left_at", UtcDateTime),
    Column("media_types", Text, nullable=False, comment="JSON list"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("conversation_id", Text, ForeignKey(conversations.c.conversation_id), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("direction", Text),
    Column("occurred_at", UtcDateTime),
    Column("received_at", UtcDateTime),
    Column("processed_at", UtcDateTime, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("topic", Text),
    Column("created", Boolean, nullable=False, comment="first sight of the conversation"),
    Column("deliveries", Integer, nullable=False, comment="1 + duplicates absorbed"),
    Column("attempt", Integer, nullable=False),
    Column("runtime_s", Float, comment="of the try that succeeded"),
    Column("enriched", Boolean, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("source", Text, nullable=False, comment="JSON as delivered"),
    Column("correlation_id", Text, comment="of the delivery that was processed"),
)

# No foreign key: an attempt may fail before its event has a row. The attempt that succeeds is told
# by that row.
attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("conversation_id", Text),
    Column("event_type", Text),
    Column("attempt", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False, comment="retry dead duplicate replayed"),
    Column("reason", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("runtime_s", Float),
    Column("traceback", Text),
)

Index("ix_events_processed_at", events.c.processed_at, events.c.event_id)
Index("ix_events_conversation_id", events.c.conversation_id)
Index("ix_conversations_started_at", conversations.c.started_at)
Index("ix_attempts_event_id", attempts.c.event_id)
Index("ix_attempts_outcome_at", attempts.c.outcome, attempts.c.at, attempts.c.event_id)
# Few events come twice: counting them must not read all the others.
_REPEATED = events.c.deliveries > literal_column("1")
Index(
    "ix_events_deliveries",
    events.c.deliveries,
    sqlite_where=_REPEATED,
    postgresql_where=_REPEATED,
)
