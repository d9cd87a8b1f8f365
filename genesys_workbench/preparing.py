"""Creating the store's tables, bringing older ones up to date, or refusing what is not ours."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text, update

from .database import Database
from .errors import SchemaMismatch, StoreUnavailable
from .schema import SCHEMA_VERSION, meta, metadata

__all__ = ["prepare"]

# Any number, the same in every process: https://www.postgresql.org/docs/current/explicit-locking.html
_LOCK = 0x67656E65737973
# What leads to each version. Only ever additions, so that an older worker that still runs goes on.
_STEPS = {
    2: (
        "ALTER TABLE events ADD COLUMN runtime_s FLOAT",
        "ALTER TABLE attempts ADD COLUMN runtime_s FLOAT",
        "ALTER TABLE attempts ADD COLUMN traceback TEXT",
        "CREATE INDEX ix_attempts_outcome_at ON attempts (outcome, at, event_id)",
        "CREATE INDEX ix_events_deliveries ON events (deliveries) WHERE deliveries > 1",
    ),
    3: ("ALTER TABLE events ADD COLUMN correlation_id TEXT",),
}


def prepare(database: Database) -> None:
    """Create the tables where they are missing, else bring them to this version.

    Raises:
        SchemaMismatch: The tables are newer, or somebody else's.
        StoreUnavailable: The database is away, locked or read-only.
    """
    if database.file is not None:
        _make_file(database.file)
        database.use_wal()
    with database.connect(writes=True) as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = set(inspect(connection).get_table_names())
        if not found & set(metadata.tables):
            _create(connection)
            connection.commit()
            return
        version = _version(connection) if meta.name in found else None
        if version != SCHEMA_VERSION:
            _upgrade(connection, _known(version))
            connection.commit()


def _make_file(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)  # it holds people's data; WAL and shared memory get the same
    except OSError as exc:
        raise StoreUnavailable(
            f"The file of the database cannot be made: {exc.strerror}.",
            fix="set WORKBENCH_DATABASE_URL to a place that you may write to",
            reason="sink_readonly",
        ) from exc


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))


def _version(connection: Connection) -> int | None:
    value = connection.execute(select(meta.c.value).where(meta.c.name == "schema_version")).scalar()
    return int(value) if value and value.isdecimal() else None


def _upgrade(connection: Connection, version: int) -> None:
    for number in range(version + 1, SCHEMA_VERSION + 1):
        for statement in _STEPS[number]:
            connection.execute(text(statement))
    row = update(meta).where(meta.c.name == "schema_version")
    connection.execute(row.values(value=str(SCHEMA_VERSION)))


def _known(version: int | None) -> int:
    """Return a version from which there is a way to this one."""
    if version is not None and version + 1 in _STEPS:
        return version
    if version is None:
        what = "The database holds tables of the same names that are not this program's."
        fix = "name a database of its own in WORKBENCH_DATABASE_URL"
    elif version > SCHEMA_VERSION:
        what = f"The database is newer (schema {version}) than this program ({SCHEMA_VERSION})."
        fix = "pip install --upgrade genesys-workbench"
    else:
        what = f"The database is older (schema {version}) than this program ({SCHEMA_VERSION})."
        fix = "name a new database in WORKBENCH_DATABASE_URL, or go back to the older program"
    raise SchemaMismatch(what, fix=fix)
