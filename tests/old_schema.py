"""A database as the first version of the tables left it, on SQLite and on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection, insert, text

from genesys_workbench.database import Database
from genesys_workbench.schema import conversations, meta, metadata, participants

from .store_fakes import second

_EVENTS = """
CREATE TABLE events (
    event_id TEXT NOT NULL, conversation_id TEXT NOT NULL, event_type TEXT NOT NULL,
    media_type TEXT NOT NULL, direction TEXT, occurred_at {time}, received_at {time},
    processed_at {time} NOT NULL, envelope TEXT NOT NULL, topic TEXT, created BOOLEAN NOT NULL,
    deliveries INTEGER NOT NULL, attempt INTEGER NOT NULL, enriched BOOLEAN NOT NULL,
    body_sha256 TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (event_id),
    FOREIGN KEY(conversation_id) REFERENCES conversations (conversation_id)
)"""
_ATTEMPTS = """
CREATE TABLE attempts (
    id {id} NOT NULL, event_id TEXT NOT NULL, conversation_id TEXT, event_type TEXT,
    attempt INTEGER NOT NULL, at {time} NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    error TEXT NOT NULL, PRIMARY KEY (id)
)"""
_INDEXES = (
    "CREATE INDEX ix_events_conversation_id ON events (conversation_id)",
    "CREATE INDEX ix_events_processed_at ON events (processed_at, event_id)",
    "CREATE INDEX ix_attempts_event_id ON attempts (event_id)",
)
_TYPES = {
    "sqlite": {"time": "DATETIME", "id": "INTEGER"},
    "postgresql": {"time": "TIMESTAMP WITH TIME ZONE", "id": "BIGSERIAL"},
}


def make_schema_1(url: str) -> None:
    """Make the tables of schema 1 with one event that came twice, and one that died."""
    database = Database(url)
    types = _TYPES[database.dialect]
    with database.connect(writes=True) as connection:
        metadata.create_all(connection, tables=[meta, conversations, participants])
        for statement in (_EVENTS.format(**types), _ATTEMPTS.format(**types), *_INDEXES):
            connection.execute(text(statement))
        connection.execute(insert(meta).values(name="schema_version", value="1"))
        _fill(connection)
        connection.commit()
    database.close()


def _fill(connection: Connection) -> None:
    row = {
        "conversation_id": "c1",
        "first_event_id": "old",
        "events": 1,
        "updated_at": second(1),
        "merge_state": "{}",
    }
    connection.execute(insert(conversations), row)
    connection.execute(
        text(
            "INSERT INTO events VALUES ('old', 'c1', 'acw', 'voice', NULL, NULL, NULL, "
            "'2026-03-02 10:00:01.000000', 'seed', NULL, true, 2, 1, false, 'x', '{}')"
        )
    )
    connection.execute(
        text(
            "INSERT INTO attempts (event_id, attempt, at, outcome, reason, error) "
            "VALUES ('lost', 1, '2026-03-02 10:00:02.000000', 'dead', 'schema', 'why')"
        )
    )
