"""Which days of a backfill are done: a file that outlives kill -9."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from .errors import SettingsError

__all__ = ["Checkpoint"]

Span = tuple[datetime, datetime]


class Checkpoint:
    """Spans of time that are done, each with its ends in UTC.

    Args:
        path: Of the file; its folder is made.

    Raises:
        SettingsError: The file is there and is no checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._done = self._read() if path.exists() else []

    def __contains__(self, span: Span) -> bool:
        return [one.isoformat() for one in span] in self._done

    def __len__(self) -> int:
        return len(self._done)

    def add(self, span: Span) -> None:
        """Note a span as done; it is on disk when this returns."""
        self._done.append([one.isoformat() for one in span])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(f"{self.path.suffix}.new")
        with aside.open("w") as file:
            json.dump({"done": self._done}, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)

    def remove(self) -> None:
        """Forget all of it."""
        self.path.unlink(missing_ok=True)
        self._done = []

    def _read(self) -> list[list[str]]:
        try:
            done = json.loads(self.path.read_text())["done"]
            return [[str(one) for one in span] for span in done]
        except (OSError, ValueError, TypeError, KeyError) as exc:
            raise SettingsError(
                f"{self.path} is no checkpoint of a backfill.",
                fix="name another file with --checkpoint, or delete this one to begin anew",
            ) from exc
