"""Transactions on the driver's own connection, for what is written of each event.

SQLAlchemy's part in three statements and a commit is larger than that of the database.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["SQLiteLock", "Transaction", "locked_transaction", "pipelined_transaction"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.00025, 0.01


class Transaction:
    """A transaction that has begun.

    Attributes:
        dialect: ``sqlite`` or ``postgresql``.
    """

    def __init__(
        self, connection: Any, dialect: str, finish: Callable[[], None] = lambda: None
    ) -> None:
        self._connection = connection
        self._finish = finish
        self.dialect = dialect

    def execute(self, statement: str, row: Mapping[str, Any]) -> Any:
        """Execute a statement and return its cursor.

        PostgreSQL's errors may come as late as with a row that is fetched, or with the commit.
        """
        return self._connection.execute(statement, row)

    def commit(self) -> None:
        """Commit; returns when all is on disk."""
        self._connection.execute("COMMIT")
        self._finish()


@dataclass(frozen=True, slots=True)
class SQLiteLock:
    """The lock of a SQLite file that a transaction which writes begins with.

    SQLite itself waits for it in steps of 1, 2, 5, 10 ms and more; a transaction of another worker
    takes half of one.

    Args:
        patience: Seconds to wait for another writer.
        sleep: Called with seconds.
    """

    patience: float
    sleep: Callable[[float], None] = time.sleep

    def take(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction with it.

        Raises:
            sqlite3.OperationalError: Another writer holds it for too long.
        """
        connection.execute("PRAGMA busy_timeout=0")
        try:
            self._take(connection)
        finally:
            connection.execute(f"PRAGMA busy_timeout={self.patience * 1000:.0f}")

    def _take(self, connection: sqlite3.Connection) -> None:
        deadline, pause = time.monotonic() + self.patience, _FIRST_PAUSE
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as cause:
                busy = cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= deadline:
                    raise
            else:
                return
            self.sleep(pause)
            pause = min(pause * 1.2, _LONGEST_PAUSE)


@contextmanager
def locked_transaction(connection: sqlite3.Connection, lock: SQLiteLock) -> Iterator[Transaction]:
    """Begin a transaction on SQLite; without a commit it is left open."""
    lock.take(connection)
    yield Transaction(connection, "sqlite")


@contextmanager
def pipelined_transaction(connection: Any) -> Iterator[Transaction]:
    """Begin a transaction on a connection of ``psycopg``; without a commit it is left open.

    The server is sent all that asks for no answer in one go
    (https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html).
    """
    with ExitStack() as stack:
        stack.enter_context(connection.pipeline())
        try:
            connection.execute("BEGIN")
            yield Transaction(connection, "postgresql", stack.close)
        except BaseException:
            connection.close()  # else the end of the pipeline waits for what was asked
            raise
