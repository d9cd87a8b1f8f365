"""Transactions on the driver's own connection, for what is written of each event.

SQLAlchemy's part in three statements and a commit is larger than that of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["BEGIN", "Transaction", "transaction_on"]

BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}
"""What begins a transaction that writes: on SQLite with the lock, which is waited for there."""


class Transaction:
    """A transaction that has begun.

    Attributes:
        dialect: ``sqlite`` or ``postgresql``.
    """

    def __init__(self, connection: Any, dialect: str, finish: Callable[[], None]) -> None:
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


@contextmanager
def transaction_on(connection: Any, dialect: str) -> Iterator[Transaction]:
    """Begin a transaction on a connection of ``sqlite3`` or ``psycopg`` that begins none itself.

    Without a commit it is left open. PostgreSQL is sent all that asks for no answer in one go
    (https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html).
    """
    with ExitStack() as stack:
        if dialect == "postgresql":
            stack.enter_context(connection.pipeline())
        connection.execute(BEGIN[dialect])
        yield Transaction(connection, dialect, stack.close)
