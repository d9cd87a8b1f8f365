"""When the bridge last heard of the platform: a file, so that a restart knows what it missed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

__all__ = ["LastHeard"]

log = logging.getLogger(__name__)

NOTED_EVERY = timedelta(seconds=5)


class LastHeard:
    """The time up to which nothing is missing, for some topics.

    Args:
        folder: Where its file lies.
        topics: Each set of them has a file of its own.
    """

    def __init__(self, folder: Path, topics: Iterable[str]) -> None:
        name = sha256("\n".join(sorted(topics)).encode()).hexdigest()[:12]
        self.path = folder / f"listen-{name}.json"
        self._noted: datetime | None = None

    def read(self) -> datetime | None:
        """Return the aware time; None where nobody ever listened."""
        try:
            when = datetime.fromisoformat(json.loads(self.path.read_text())["heard"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            log.warning("%s tells no time; what was missed before now is not looked up", self.path)
            return None
        return when if when.tzinfo else None

    def note(self, when: datetime) -> None:
        """Keep a time, every few seconds; a full disk costs nothing but this knowledge."""
        if self._noted is not None and when - self._noted < NOTED_EVERY:
            return
        self._noted = when
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_suffix(".new")
            aside.write_text(json.dumps({"heard": when.isoformat()}))
            aside.replace(self.path)
        except OSError as exc:
            log.warning("%s cannot be written: %s", self.path, exc.strerror or exc)
