"""How long it takes to start: the import, and the command's help."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .trial import Contestant, Goal, Scale, Trial

__all__ = ["trials"]

BIN = Path(sys.executable).parent


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trials."""
    times = scale.of(10, 2)
    yield [
        Trial(
            f"a new interpreter that does nothing else, {times} times",
            {
                "genesys_workbench": _seconds(times, "-c", "import genesys_workbench"),
                "httpx": _seconds(times, "-c", "import httpx"),
                "nothing": _seconds(times, "-c", "pass"),
            },
            (Goal("import vs import httpx", "genesys_workbench", "httpx", "s", 0.5, at_most=True),),
        ),
        Trial(
            f"the command's help, {times} times",
            {
                "genesys-workbench": _seconds(times, str(BIN / "genesys-workbench"), "--help"),
                "celery": _seconds(times, str(BIN / "celery"), "--help"),
            },
            (Goal("--help vs celery", "genesys-workbench", "celery", "s", 0.5, at_most=True),),
        ),
    ]


def _seconds(times: int, *arguments: str) -> Contestant:
    def run() -> dict[str, float]:
        started = time.perf_counter()
        for _ in range(times):
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return {"s": (time.perf_counter() - started) / times}

    return run
