"""Creating the store's tables, or checking their version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from .database import Database
from .errors import SchemaMismatch, StoreUnavailable
from .schema import SCHEMA_VERSION, meta, metadata

__all__ = ["prepare"]

# Any number, the same in every process: https://www.postgresql.org/docs/current/explicit-locking.html
_LOCK = 0x67656E65737973


def prepare(database: Database) -> None:
    """Create the tables where they are missing, else check that they are of this version.

    Raises:
        SchemaMismatch: The tables are older, newer or somebody else's.
        StoreUnavailable: The database is away, locked or read-only.
    """
    if database.file is not None:
        _make_folder(database.file.parent)
        database.use_wal()
    with database.connect(writes=True) as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = set(inspect(connection).get_table_names())
        if not found & set(metadata.tables):
            _create(connection)
            connection.commit()
        else:
            _check(_version(connection) if meta.name in found else None)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreUnavailable(
            f"The folder of the database cannot be made: {exc.strerror}.",
            fix="set WORKBENCH_DATABASE_URL to a place that you may write to",
            reason="sink_readonly",
        ) from exc


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))


def _version(connection: Connection) -> int | None:
    value = connection.execute(select(meta.c.value).where(meta.c.name == "schema_version")).scalar()
    return int(value) if value and value.isdecimal() else None


def _check(version: int | None) -> None:
    if version == SCHEMA_VERSION:
        return
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
