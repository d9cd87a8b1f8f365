"""Run the Celery worker: in a thread of this process (embedded broker), or as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Any

from celery.worker import state as worker_state

from . import runtime
from .memory import depth
from .messages import QUEUE
from .settings import Settings
from .tasks import app, configuration
from .watchdog import Watchdog

__all__ = ["EmbeddedWorker", "WorkerProcess", "worker_arguments"]


class EmbeddedWorker:
    """The same Celery app in a thread: for ``memory://`` only; can be started again and again."""

    kind = "thread"
    concurrency = 1

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._worker: Any = None

    @property
    def pid(self) -> int | None:
        """This process, while it runs."""
        return os.getpid() if self.running() else None

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the worker; returns when it consumes."""
        runtime.use(self._settings)
        app.conf.update(configuration(self._settings))
        worker_state.should_stop = worker_state.should_terminate = None
        ready = threading.Event()
        failed: list[BaseException] = []
        self._worker = app.WorkController(
            app=app,
            hostname="embedded@localhost",
            pool_cls="solo",
            concurrency=1,
            loglevel="WARNING",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            ready_callback=lambda _: ready.set(),
        )
        # Tasks that wait run in the timer's thread, and retry with the current app of that one.
        self._worker.timer.call_after(0, app.set_current)

        def run() -> None:
            app.set_current()  # of this thread: the solo pool runs the task of the current app
            try:
                self._worker.start()
            except BaseException as exc:  # noqa: BLE001 - told to the starter
                failed.append(exc)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="genesys-worker", daemon=True)
        self._thread.start()
        ready.wait()
        if failed:
            raise failed[0]

    def stop(self, *, patience: float = 10.0) -> None:
        """Work off what lies in the queue, at most `patience` seconds, and stop. Idempotent."""
        if self._thread is None:
            return
        deadline = time.monotonic() + patience
        while depth(QUEUE) and time.monotonic() < deadline:
            time.sleep(0.02)
        worker_state.should_stop = 0
        self._thread.join(30)
        self._thread = self._worker = None
        worker_state.should_stop = None
        runtime.use(None)


def worker_arguments(
    *, pool: str = "prefork", concurrency: int | None = None, loglevel: str = "INFO"
) -> list[str]:
    """Return the command line of the stock worker.

    The flags keep the consuming connection free of publishing: under a memory alarm RabbitMQ
    stops reading from a connection that publishes, acks included.
    """
    count = ["--concurrency", str(concurrency)] if concurrency else []
    flags = ["--without-heartbeat", "--without-gossip", "--without-mingle"]
    return ["worker", "--pool", pool, *count, "--loglevel", loglevel, *flags]


class WorkerProcess:
    """A real worker process, ``celery -A genesys_workbench.tasks worker``."""

    kind = "process"

    def __init__(
        self,
        environment: dict[str, str],
        *,
        pool: str = "prefork",
        concurrency: int = 2,
        log: Any = None,
    ) -> None:
        self.concurrency = concurrency
        self._environment = {**os.environ, **environment}
        self._arguments = worker_arguments(pool=pool, concurrency=concurrency)
        self._log = subprocess.DEVNULL if log is None else log
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; it connects by itself, whenever the broker is there."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "genesys_workbench.tasks", *self._arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._watchdog = Watchdog([self._process])

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self, *, patience: float = 15.0) -> None:
        """Let it finish its tasks, then end it. Idempotent."""
        if self._process is None:
            return
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, 9)
                self._process.wait()
        self._process = None
        if self._watchdog is not None:
            self._watchdog.end()
            self._watchdog = None
