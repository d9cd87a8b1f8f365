"""A private PostgreSQL server for the tests: own data folder, a free loopback port, then gone."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genesys_workbench.ports import free_port

__all__ = ["PostgreSQL", "private_postgresql"]

_OS_USER = "postgres"
_BENCH = "bench"


class PostgreSQL:
    """A server that can be stopped and started again.

    Args:
        programs: Folder of ``initdb`` and ``pg_ctl``.
        folder: An empty folder, owned by the server's OS user.
        durable: Whether it waits for the disk, as one in use does.
    """

    def __init__(self, programs: Path, folder: Path, *, durable: bool = False) -> None:
        self._programs = programs
        self._fsync = "on" if durable else "off"
        self._data = folder / "data"
        self._log = folder / "server.log"
        self.port = free_port()
        self.password = secrets.token_hex(8)
        password_file = folder / "password"
        password_file.write_text(self.password)
        self._run(
            *("initdb", "--no-sync", "--auth=scram-sha-256", f"--username={_BENCH}"),
            *("--encoding=UTF8", "--locale=C", f"--pwfile={password_file}"),
        )

    @property
    def url(self) -> str:
        """The URL of its one database, with the password."""
        return f"postgresql://{_BENCH}:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
        self._run(
            "pg_ctl", "-w", "-l", str(self._log), "-o", options + f"-c fsync={self._fsync}", "start"
        )

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", _OS_USER, "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_user, str(self._programs / program), "-D", str(self._data), *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout or b"").decode()
            raise RuntimeError(f"{program} failed with {done.returncode}: {said}")


@contextmanager
def private_postgresql(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """Run a server for as long as the block lasts.

    Args:
        durable: See `PostgreSQL`.

    Raises:
        RuntimeError: PostgreSQL is not installed; the text says how to install it.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="workbench-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _OS_USER)
        server = PostgreSQL(programs, folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path))
    if not found:
        raise RuntimeError(
            "The PostgreSQL server is not installed.\n  Fix: apt-get install postgresql"
        )
    return max(found, key=_version).parent


def _version(program: Path) -> int:
    digits = re.search(r"/(\d+)/bin/", str(program))
    return int(digits[1]) if digits else 0
