"""End processes of ours when this one dies in whatever way, SIGKILL included."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

__all__ = ["Watchdog"]

# The pipe to its stdin closes when we are gone.
SCRIPT = 'read -r _; kill -TERM "$@" 2>/dev/null; sleep 10; kill -KILL "$@" 2>/dev/null'


class Watchdog:
    """A shell that waits for our end and then ends these processes."""

    def __init__(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        pids = [str(process.pid) for process in processes]
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "watchdog", *pids],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self) -> None:
        """Call it off: the processes are ours to end."""
        self._shell.kill()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
        self._shell.wait()
