"""Which sentence is worth a line in the log: a new one, or one told long ago. No I/O."""

from __future__ import annotations

__all__ = ["News"]

# A line for each try would fill the log of a long outage.
PAUSE = 30.0


class News:
    """Remembers the last sentence and when it may be told again."""

    def __init__(self) -> None:
        self._told, self._quiet_until = "", 0.0

    def is_due(self, what: str, now: float) -> bool:
        """Tell whether to log a sentence, and count it as logged then; `now` in seconds."""
        if what == self._told and now < self._quiet_until:
            return False
        self._told, self._quiet_until = what, now + PAUSE
        return True

    def forget(self) -> None:
        """Let the next sentence be news, whatever it is."""
        self._told = ""
