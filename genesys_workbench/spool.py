"""Events kept on local disk while the broker is away: SQLite, WAL, synchronous FULL.

One thread owns the database and commits whatever has come in meanwhile in one go. An event is
safe when its future has ended; it leaves only after the broker has confirmed it. Several receivers
may share a file: each of them drains it, and the store absorbs what is published twice.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import fields as fields_of
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from .errors import SpoolError, SpoolFull
from .messages import Message

__all__ = ["Spool", "spooled_ids"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (event_id, fingerprint)
)
"""
INSERT = "INSERT OR IGNORE INTO spool (event_id, fingerprint, message) VALUES (?, ?, ?)"
GROUP = 512
_FIELDS = [field.name for field in fields_of(Message)]

_Work = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


class Spool:
    """A bounded, durable queue of messages, unique by event id and content.

    Args:
        path: The database file; its folder is made.
        max_events: The bound.

    Raises:
        SpoolError: The file cannot be opened or is not ours.
    """

    def __init__(self, path: Path, *, max_events: int) -> None:
        self._path = path
        self._max = max_events
        self._inbox: SimpleQueue[_Work | None] = SimpleQueue()
        self._count = 0
        self._version = 0
        self._inode: int | None = None
        self._in_place = True
        opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="genesys-spool", daemon=True
        )
        self._thread.start()
        opened.result()

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether the bound is reached."""
        return self._count >= self._max

    def add(self, items: Sequence[tuple[Message, str]]) -> Future[None]:
        """Keep messages, each with the fingerprint of its event; all or none.

        Returns:
            A future that ends when they are on disk, or fails with `SpoolFull` or `SpoolError`.
        """
        rows = [(message.event_id, mark, _dump(message)) for message, mark in items]

        def work(database: sqlite3.Connection) -> None:
            if not self._in_place:
                raise SpoolError(
                    f"The spool at {self._path} was deleted or replaced while it was in use.",
                    fix="start the receiver again",
                )
            if self._count + len(rows) > self._max:
                raise SpoolFull(
                    f"The spool holds {self._count} events, its bound is {self._max}.",
                    fix="bring the broker back, or raise WORKBENCH_SPOOL_MAX_EVENTS",
                )
            before = database.total_changes
            database.executemany(INSERT, rows)
            self._count += database.total_changes - before

        return self._do(work)

    def oldest(self, limit: int = 256) -> Future[list[tuple[int, Message]]]:
        """Return (position, message) of the oldest events."""

        def work(database: sqlite3.Connection) -> list[tuple[int, Message]]:
            query = "SELECT position, message FROM spool ORDER BY position LIMIT ?"
            return [(row[0], _load(row[1])) for row in database.execute(query, (limit,))]

        return self._do(work)

    def remove(self, positions: Sequence[int]) -> Future[None]:
        """Forget messages that the broker has confirmed."""

        def work(database: sqlite3.Connection) -> None:
            before = database.total_changes
            database.executemany(
                "DELETE FROM spool WHERE position = ?", [(position,) for position in positions]
            )
            self._count -= database.total_changes - before

        return self._do(work)

    def close(self) -> None:
        """Finish what is under way and close the file; what it holds stays for the next start."""
        self._inbox.put(None)
        self._thread.join()

    def _do(self, work: Callable[[sqlite3.Connection], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # a caller that gives up must not stop the thread
        self._inbox.put((work, future))
        return future

    def _run(self, opened: Future[None]) -> None:
        try:
            database = _open(self._path)
            self._inode = _inode(self._path)
            self._recount(database)
        except (sqlite3.Error, OSError) as exc:
            opened.set_exception(_error(self._path, exc))
            return
        opened.set_result(None)
        open_end = True
        while open_end:
            group, open_end = self._next_group()
            self._commit(database, group)
        database.close()

    def _next_group(self) -> tuple[list[_Work], bool]:
        group: list[_Work] = []
        while not group or (len(group) < GROUP and not self._inbox.empty()):
            item = self._inbox.get()
            if item is None:
                return group, False
            group.append(item)
        return group, True

    def _recount(self, database: sqlite3.Connection) -> None:
        """Count the events, unless nobody else has written since.

        See https://www.sqlite.org/pragma.html#pragma_data_version.
        """
        version = database.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._count = database.execute("SELECT count(*) FROM spool").fetchone()[0]
            self._version = version

    def _commit(self, database: sqlite3.Connection, group: list[_Work]) -> None:
        """Run a group in one transaction; one whose own work fails does not harm the others."""
        count = self._count
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            database.execute("BEGIN IMMEDIATE")
            self._recount(database)
            # Nothing is kept in a file that no later start would find.
            self._in_place = _inode(self._path) == self._inode
            count = self._count
            for work, future in group:
                try:
                    results.append((future, work(database), None))
                except SpoolError as exc:
                    results.append((future, None, exc))
            database.execute("COMMIT")
        except sqlite3.Error as exc:
            if database.in_transaction:
                database.execute("ROLLBACK")
            self._count = count
            error = _error(self._path, exc)
            results = [(future, None, error) for _, future in group]
        for future, result, error_of in results:
            if error_of is None:
                future.set_result(result)
            else:
                future.set_exception(error_of)


def spooled_ids(path: Path) -> frozenset[str]:
    """Return the ids of the events in a spool, which a receiver may be using; none without a file.

    Raises:
        SpoolError: The file cannot be read or is not ours.
    """
    if not path.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return frozenset(row[0] for row in database.execute("SELECT event_id FROM spool"))
    except sqlite3.Error as exc:
        raise _error(path, exc) from exc


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _error(path: Path, exc: Exception) -> SpoolError:
    error = SpoolError(
        f"The spool at {path} cannot be used: {exc}.",
        fix="free disk space or set WORKBENCH_SPOOL_PATH to a writable file",
    )
    error.__cause__ = exc
    return error


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute(SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _dump(message: Message) -> str:
    fields = {name: getattr(message, name) for name in _FIELDS}
    fields["body"] = message.body.decode()
    return msgspec.json.encode(fields).decode()


def _load(text: str) -> Message:
    try:
        fields = json.loads(text)
        fields["body"] = fields["body"].encode()
        return Message(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SpoolError(
            "The spool holds an event that this version cannot read.",
            fix="drain it with the version that wrote it, or move the file away",
        ) from exc
