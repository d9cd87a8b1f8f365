"""Connections to the store's database, and what their errors mean.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit returns when it is on disk, so an
acknowledged event survives the loss of power, not only the end of the process
(https://www.sqlite.org/pragma.html#pragma_synchronous). Writers take their lock at the start of a
transaction (``BEGIN IMMEDIATE``), so that they wait for each other instead of failing half-way.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from .errors import PermanentError, SchemaMismatch, SettingsError, StoreError, StoreUnavailable
from .privacy import scrub
from .statements import DRIVERS, PARAMSTYLES

__all__ = ["Database", "mapped_errors"]

_PAUSE = 0.01
_FIX_LOCKED = "stop other programs that write to the database, or wait"
_FIX_FULL = "free disk space; nothing is lost, events wait in the queue"
_FIX_READONLY = "give this user write access to the database"
_FIX_AWAY = "start the database, check WORKBENCH_DATABASE_URL"
_FIXES = {
    "sink_locked": _FIX_LOCKED,
    "sink_full": _FIX_FULL,
    "sink_readonly": _FIX_READONLY,
    "sink_unreachable": _FIX_AWAY,
}
_WHATS = {
    "sink_locked": "The database is locked by another writer.",
    "sink_full": "The database cannot grow: disk, quota or size limit is reached.",
    "sink_readonly": "The database refuses to be written to.",
    "sink_unreachable": "The database does not answer, or refused the connection.",
}
# https://www.sqlite.org/rescode.html: primary codes, and a write that failed half-way
_SQLITE = {5: "sink_locked", 6: "sink_locked", 8: "sink_readonly", 13: "sink_full"}
_SQLITE_WRITE_FAILED = 778
_SQLITE_BROKEN = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "40001": "sink_locked",  # serialization_failure
    "40P01": "sink_locked",  # deadlock_detected
    "55P03": "sink_locked",  # lock_not_available
    "57014": "sink_locked",  # query_canceled, by a statement timeout
    "53100": "sink_full",  # disk_full
    "25006": "sink_readonly",  # read_only_sql_transaction
    "42501": "sink_readonly",  # insufficient_privilege
}


class Database:
    """One engine per process, made when it is first needed.

    A connection must not cross a fork, so a child process gets an engine of its own and leaves
    its parent's untouched (https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork).

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database.
        busy_timeout: Seconds that a SQLite writer waits for another.
        sleep: Called with seconds.

    Raises:
        SettingsError: The URL is malformed, or of another database.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_timeout: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = _checked(url)
        self._busy_timeout = busy_timeout
        self._sleep = sleep
        self._engines: dict[int, Engine] = {}

    def __repr__(self) -> str:
        url = self.__dict__.get("_url")  # absent where the given one was refused
        return scrub(url.render_as_string(hide_password=True)) if url else "<no database>"

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._url.get_backend_name()

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL and for a ``file:`` URI, which tells its own way."""
        name = self._url.database or ""
        is_file = self.dialect == "sqlite" and not name.startswith("file:")
        return Path(name) if is_file else None

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        engine = self._engines.get(os.getpid())
        # setdefault decides between threads that come here at once; the loser never connects
        return engine or self._engines.setdefault(os.getpid(), self._make())

    @contextmanager
    def connect(self, *, writes: bool = False) -> Iterator[Connection]:
        """Open a transaction; it is rolled back unless the block commits.

        Raises:
            StoreUnavailable: Locked, away, full or read-only.
            SchemaMismatch: The tables are missing.
            PermanentError: Reason ``schema``; the database refuses the data.
        """
        with mapped_errors(), self.engine.connect() as connection:
            yield connection.execution_options(writes=writes)

    def use_wal(self) -> None:
        """Put the SQLite file into WAL mode, which it keeps: readers and a writer side by side.

        Raises:
            StoreUnavailable: Locked, away, full or read-only.
        """
        with mapped_errors():
            raw = self.engine.raw_connection()
            try:
                self._switch_to_wal(raw.cursor())
            finally:
                raw.close()

    def _switch_to_wal(self, cursor: Any) -> None:
        # SQLite does not wait for the busy timeout here when another process switches as well.
        for _ in range(int(self._busy_timeout / _PAUSE)):
            try:
                cursor.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as cause:
                if cause.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                self._sleep(_PAUSE)
            else:
                return
        cursor.execute("PRAGMA journal_mode=WAL")

    def close(self) -> None:
        """Close the connections of this process."""
        if engine := self._engines.pop(os.getpid(), None):
            engine.dispose()

    def _make(self) -> Engine:
        # hide_parameters: they hold personal data, and errors quote them
        if self.dialect == "postgresql":
            return create_engine(self._url, hide_parameters=True, pool_pre_ping=True)
        engine = create_engine(
            self._url,
            hide_parameters=True,
            paramstyle=PARAMSTYLES["sqlite"],
            connect_args={"timeout": self._busy_timeout, "check_same_thread": False},
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
        name = url.get_backend_name()
    except (exc.ArgumentError, ValueError) as cause:
        raise SettingsError(
            "The database URL is malformed.",
            fix="set WORKBENCH_DATABASE_URL to sqlite:////path/to/file.db or postgresql://…",
        ) from cause
    if name not in DRIVERS or (name == "sqlite" and url.database in (None, "", ":memory:")):
        raise SettingsError(
            f"The store cannot live in {name}{' memory' * (name == 'sqlite')}.",
            fix="set WORKBENCH_DATABASE_URL to sqlite:////path/to/file.db or postgresql://…",
        )
    return url.set(drivername=DRIVERS[name])


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn the driver's errors into the workbench's; their texts never quote data."""
    try:
        yield
    except exc.TimeoutError as cause:
        raise StoreUnavailable(
            "No database connection came free in time.", fix=_FIX_LOCKED, reason="sink_locked"
        ) from cause
    except exc.DBAPIError as cause:
        raise _translated(cause) from cause
    except sqlite3.Error as cause:  # from a connection that SQLAlchemy has not taken over yet
        raise _from_sqlite(cause) or _unavailable("sink_unreachable") from cause
    except (UnicodeEncodeError, OverflowError) as cause:
        raise _refused() from cause


def _translated(cause: exc.DBAPIError) -> StoreError | PermanentError:
    original = cause.orig
    if isinstance(original, sqlite3.Error):
        return _from_sqlite(original) or _by_kind(cause)
    state = getattr(original, "sqlstate", None)
    if state in ("42P01", "42703"):
        return _without_tables()
    return _unavailable(_POSTGRESQL[state]) if state in _POSTGRESQL else _by_kind(cause)


def _from_sqlite(cause: sqlite3.Error) -> StoreError | None:
    code = getattr(cause, "sqlite_errorcode", None) or 0
    if code == _SQLITE_WRITE_FAILED:
        return _unavailable("sink_full")
    if code & 0xFF in _SQLITE:
        return _unavailable(_SQLITE[code & 0xFF])
    if str(cause).startswith(("no such table", "no such column")):
        return _without_tables()
    if code & 0xFF in _SQLITE_BROKEN:
        return StoreError(
            "The file is damaged, or no SQLite database.",
            fix="move it away and start again, or name another file in WORKBENCH_DATABASE_URL",
        )
    return None


def _by_kind(cause: exc.DBAPIError) -> StoreError | PermanentError:
    if isinstance(cause, exc.OperationalError) or cause.connection_invalidated:
        return _unavailable("sink_unreachable")
    if isinstance(cause, exc.DataError | exc.IntegrityError | exc.InterfaceError):
        return _refused()
    return StoreError(f"The database refused a statement: {type(cause.orig).__name__}.")


def _unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(_WHATS[reason], fix=_FIXES[reason], reason=reason)


def _without_tables() -> SchemaMismatch:
    return SchemaMismatch(
        "The database holds no tables of this program, or others.",
        fix="call Store.prepare() once, or name another database in WORKBENCH_DATABASE_URL",
    )


def _refused() -> PermanentError:
    return PermanentError("The database cannot hold what the event carries.", reason="schema")
