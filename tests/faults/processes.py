"""Processes of the installation under test: started, signalled, killed and restarted by name."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["Process"]


class Process:
    """One process with its log in a file, in a process group of its own.

    Args:
        name: Of the log file.
        command: With its arguments.
        environment: All of it.
        folder: Where it runs and logs; a restart appends.
    """

    def __init__(
        self, name: str, command: list[str], environment: dict[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._command = command
        self._environment = environment
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    @property
    def children(self) -> list[int]:
        """The pool's processes, of a worker."""
        return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]

    def start(self, **more: str) -> None:
        """Start it, or start it again; with more variables in its environment, this time."""
        assert not self.running, f"{self.name} runs already"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment | more,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, number: int) -> None:
        """Send a signal to the process itself, its children aside."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a crash would; children are left to find out."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, seconds: float = 30) -> int:
        """Wait for its end; return its exit code."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end; it said:\n{self.log[-3000:]}") from None

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 30) -> int:
        """Ask it to end; return its exit code."""
        self.send(number)
        return self.wait(seconds)

    def close(self) -> None:
        """End it and whatever it left, at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
