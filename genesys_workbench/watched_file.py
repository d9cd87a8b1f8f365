"""A SQLite file that was moved or replaced under its connections.

SQLite goes on writing into the file that it has open, wherever it lies, even if it was deleted
(https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
So each use looks whether the path still leads there, and no file is made where one was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, exc

from .errors import StoreUnavailable

__all__ = ["WatchedFile"]


class WatchedFile:
    """The file behind an engine's connections.

    Attributes:
        met: Whether the file was there before; then it is missed, and not made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.met = False

    def listen(self, engine: Engine) -> None:
        """Look after an engine: at each new connection, and at each use of one."""
        event.listen(engine, "do_connect", self._before_connect)
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "checkout", self._checked_out)

    def _before_connect(self, *_: Any) -> None:
        if self.met and not self.path.exists():
            raise StoreUnavailable(
                "The file of the database was moved or deleted.",
                fix="put it back; or start the worker again, which makes a new one",
            )

    def _connected(self, _: Any, record: Any) -> None:
        record.info["file"] = self._identity()
        self.met = True

    def _checked_out(self, _: Any, record: Any, *__: Any) -> None:
        if record.info["file"] != self._identity():
            raise exc.DisconnectionError("another file lies there now")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
