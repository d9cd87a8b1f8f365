"""Connections to the store's database.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit returns when it is on disk, so an
acknowledged event survives the loss of power, not only the end of the process
(https://www.sqlite.org/pragma.html#pragma_synchronous). Writers take their lock at the start of a
transaction (``BEGIN IMMEDIATE``), so that they wait for each other instead of failing half-way.
"""

from __future__ import annotations

import os
import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from .database_errors import mapped_errors
from .errors import SettingsError, StoreUnavailable
from .privacy import scrub
from .statements import DRIVERS, PARAMSTYLES
from .transactions import SQLiteLock, Transaction, locked_transaction, pipelined_transaction
from .watched_file import WatchedFile

__all__ = ["Database", "mapped_errors"]

_PAUSE = 0.01
# Pages in the WAL, 16 MB, until they go into the database. With SQLite's 1000 one event in a
# hundred waits for that, and the same pages are written more often.
_CHECKPOINT = 4000
# Seconds, and milliseconds: a server that vanished is noticed soon, not after TCP's quarter hour
# (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
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
        self._lock = SQLiteLock(busy_timeout, sleep)
        self._engines: dict[int, Engine] = {}
        self._watched = WatchedFile(self.file) if self.file else None

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
        with self._errors(), self.engine.connect() as connection:
            yield connection.execution_options(writes=writes)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes, at the least cost; it is rolled back unless it commits.

        Raises:
            StoreUnavailable: Locked, away, full or read-only.
            SchemaMismatch: The tables are missing.
            PermanentError: Reason ``schema``; the database refuses the data.
        """
        engine = self.engine
        with self._errors(engine.dialect.loaded_dbapi.Error):
            pooled = engine.raw_connection()
            try:
                with self._begin_on(pooled.driver_connection) as transaction:
                    yield transaction
            except BaseException:
                # a cursor that a traceback holds would keep the lock of a closed connection
                with suppress(engine.dialect.loaded_dbapi.Error):
                    pooled.rollback()
                pooled.invalidate()
                raise
            finally:
                pooled.close()

    def _begin_on(self, connection: Any) -> AbstractContextManager[Transaction]:
        if self.dialect == "sqlite":
            return locked_transaction(connection, self._lock)
        return pipelined_transaction(connection)

    @contextmanager
    def _errors(self, driver: type[Exception] = sqlite3.Error) -> Iterator[None]:
        try:
            with mapped_errors(driver):
                yield
        except StoreUnavailable as error:
            if error.reason != "sink_locked":
                # A file that was opened read-only stays so until its last connection is closed.
                self.close()
            raise

    def use_wal(self) -> None:
        """Put the SQLite file into WAL mode, which it keeps: readers and a writer side by side.

        It is made if it is not there.

        Raises:
            StoreUnavailable: Locked, away, full or read-only.
        """
        if self._watched is not None:
            self._watched.met = False
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
        return self._postgresql() if self.dialect == "postgresql" else self._sqlite()

    def _postgresql(self) -> Engine:
        limits = {name: n for name, n in _PATIENCE.items() if name not in self._url.query}
        engine = create_engine(self._url, hide_parameters=True, connect_args=limits)
        event.listen(engine, "connect", _set_up_postgresql)
        event.listen(engine, "checkout", _refuse_closed)
        event.listen(engine, "begin", _begin)
        return engine

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self._url,
            hide_parameters=True,
            paramstyle=PARAMSTYLES["sqlite"],
            connect_args={"timeout": self._busy_timeout, "check_same_thread": False},
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", self._begin_sqlite)
        if self._watched is not None:
            self._watched.listen(engine)
        return engine

    def _begin_sqlite(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            self._lock.take(connection.connection.driver_connection)  # type: ignore[arg-type]
        else:
            connection.exec_driver_sql("BEGIN")


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
    connection.isolation_level = None  # it must not begin transactions by itself
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT}")
    connection.execute("PRAGMA foreign_keys=ON")


def _set_up_postgresql(connection: Any, _: Any) -> None:
    connection.autocommit = True  # the same


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _refuse_closed(connection: Any, *_: Any) -> None:
    """Have a connection replaced that the server has closed.

    Its socket has something to tell, which that of an idle one has not; to ask the server, as
    ``pool_pre_ping`` does, costs a round trip each time.
    """
    if not connection.closed:
        socket = select.poll()
        socket.register(connection, select.POLLIN)
        if not socket.poll(0):
            return
    raise exc.InvalidatePoolError("the server has closed it")
