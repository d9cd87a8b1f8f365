"""A wall clock that jumps, for processes under test: one file tells all of them by how much."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["WallClock"]

# Python imports a module of this name before anything else
_HOOK = """\
import os, time
_true, _place = time.time, os.environ["TEST_CLOCK_OFFSET"]
def _shifted():
    with open(_place) as file:
        return _true() + float(file.read())
time.time = _shifted
"""


class WallClock:
    """The time of day, as processes with `variables` in their environment see it.

    Args:
        folder: For the file and the hook.
    """

    def __init__(self, folder: Path) -> None:
        self._place = folder / "clock-offset"
        self._hook = folder / "clock-hook"
        self._hook.mkdir()
        (self._hook / "sitecustomize.py").write_text(_HOOK)
        self.jump(0)

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs in its environment."""
        return {"PYTHONPATH": str(self._hook), "TEST_CLOCK_OFFSET": str(self._place)}

    def jump(self, seconds: float) -> None:
        """Set how far the clock is off, at once for all."""
        fresh = self._place.with_suffix(".new")
        fresh.write_text(str(seconds))
        os.replace(fresh, self._place)
        self._offset = seconds

    def now(self) -> int:
        """Return the whole Unix seconds that the processes see."""
        return int(time.time() + self._offset)
