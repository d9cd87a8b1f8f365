"""Servers in processes of their own, for as long as a trial lasts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pika

from genesys_workbench.messages import QUEUE
from genesys_workbench.settings import Settings

__all__ = ["answering", "emptied", "listening", "process", "ready_count", "variables"]


def variables(settings: Settings) -> dict[str, str]:
    """Return an environment with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    return {**kept, "WORKBENCH_LOG_LEVEL": "WARNING", **settings.environment()}


@contextmanager
def process(*command: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, and end it with all its children."""
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield running
        except BaseException:
            log.seek(0)
            print(log.read()[-3000:].decode(errors="replace"))
            raise
        finally:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def listening(port: int, *, seconds: float = 30) -> None:
    """Wait until somebody listens at a port.

    Raises:
        TimeoutError: Nobody did in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens at {port}")


def answering(url: str, *, seconds: float = 30) -> None:
    """Wait until an address answers 200.

    Raises:
        TimeoutError: It did not in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer 200")


def ready_count(url: str, queue: str = QUEUE) -> int:
    """Return how many messages wait."""
    return _ask(url, lambda channel: channel.queue_declare(queue, passive=True))


def emptied(url: str, queue: str = QUEUE) -> int:
    """Drop all messages that wait, and return how many there were."""
    return _ask(url, lambda channel: channel.queue_purge(queue))


def _ask(url: str, question) -> int:  # type: ignore[no-untyped-def]
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        return int(question(connection.channel()).method.message_count)
    finally:
        connection.close()


def temporary() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for databases."""
    return tempfile.TemporaryDirectory(prefix="genesys-workbench-benchmark-")


def store_url(folder: str, name: str = "store") -> str:
    """Return the URL of a SQLite file there."""
    return f"sqlite:///{Path(folder) / name}.db"
