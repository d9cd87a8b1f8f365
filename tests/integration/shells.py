"""A terminal for tests: commands as processes of their own, some of them kept running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from genesys_workbench import ports
from tests.integration.workers import wait_until

BENCH = "genesys-workbench"

# ipykernel's own last words, where a message reaches a kernel that is ending.
LATE_CONTROL = re.compile(
    r"^Exception ignored in: <coroutine object Kernel\.dispatch_control .*?"
    r"^RuntimeError: Event loop is closed$",
    re.DOTALL | re.MULTILINE,
)


class Shell:
    """A terminal with an environment: runs commands, and keeps some running."""

    def __init__(self, folder: Path, **variables: str) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WORKBENCH_", "GENESYS_CLOUD_"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        data = {"WORKBENCH_DATA_DIR": str(folder / "data")}
        self.environment = {**kept, "PATH": path, **data, **variables}
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must be this code and without a traceback."""
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, f"{command}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def rows(self, *command: str, code: int = 0) -> list[Any]:
        """Run one of our commands and read its JSON Lines."""
        out = self.run(BENCH, *command, "--json", code=code).stdout
        return [json.loads(line) for line in out.splitlines()]

    def start(self, name: str, *command: str) -> None:
        """Start a command in the background, as a terminal would: a process group of its own."""
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        return self.log(name).read_text()

    def wait_for(self, name: str, text: str) -> None:
        def said() -> bool:
            assert self.running[name].poll() is None, self.said(name)
            return text in self.said(name)

        wait_until(said, seconds=60, what=f"{text!r} of {name}")

    def stop(self, name: str, number: int = signal.SIGINT) -> tuple[int, float]:
        """Send a signal to the whole group, as Ctrl-C does; return code and seconds."""
        process = self.running.pop(name)
        started = time.monotonic()
        os.killpg(process.pid, number)
        code = process.wait(60)
        seconds = time.monotonic() - started
        assert "Traceback" not in LATE_CONTROL.sub("", self.said(name)), self.said(name)
        return code, seconds

    def kill(self, name: str) -> None:
        """End a command and its children as a crash does."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> str:
    return str(ports.free_port())


def children_of(folder: Path) -> list[str]:
    """Return the command lines of processes that carry the folder in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if f"={folder}".encode() in variables and command:
            found.append(command.replace(b"\0", b" ").decode())
    return found
