"""A real worker process for a test, and waiting with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from genesys_workbench.queues import states
from genesys_workbench.settings import Settings
from genesys_workbench.worker import WorkerProcess


def wait_until(condition: Callable[[], object], *, seconds: float = 30.0, what: str = "it") -> None:
    """Look every 50 ms until the condition holds.

    Raises:
        AssertionError: It did not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.05)


class Worker:
    """``celery -A genesys_workbench.tasks worker`` with its log in a file."""

    def __init__(self, settings: Settings, log: Path, *, wait: bool = True, **extra: str) -> None:
        self.settings = settings
        self.log_path = log
        self._wait = wait
        self._log = log.open("ab")
        environment = {**settings.environment(), **extra}
        self.process = WorkerProcess(environment, concurrency=2, log=self._log)

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace")

    def start(self) -> Worker:
        self.process.start()
        if self._wait:
            assert self.settings.broker_url is not None
            url = self.settings.broker_url.get_secret_value()
            wait_until(
                lambda: any(state.consumers for state in states(url)),
                seconds=60,
                what=f"the worker's start ({self.log_path})",
            )
        return self

    def __enter__(self) -> Worker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.process.stop()
        self._log.close()
