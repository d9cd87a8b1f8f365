"""The worker's metrics over HTTP: served by its main process, whatever pool runs the tasks.

prometheus_client keeps the figures of all processes in one folder if its variable is set before
it is imported (https://prometheus.github.io/client_python/multiprocess/).
"""

from __future__ import annotations

import atexit
import os
import shutil
from socketserver import ThreadingMixIn
from tempfile import mkdtemp
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from celery import bootsteps, signals

from .errors import ServingError

__all__ = ["MetricsPort", "ServeMetrics"]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class MetricsPort:
    """A port that is taken before the pool forks, and served after.

    Args:
        host: To bind to.
        port: 0 takes a free one.

    Raises:
        ServingError: The port cannot be had.
    """

    opened: MetricsPort | None = None
    """Of this worker, if it has one."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._server = make_server(host, port, _no_app, _Server, _Handler)
        except OSError as exc:
            raise ServingError(
                f"The metrics cannot be served at {host}:{port}: {exc.strerror or exc}.",
                fix="stop what uses the port, or set another WORKBENCH_METRICS_PORT",
            ) from exc
        self.port = self._server.server_port
        self._pid = os.getpid()
        self._folder = os.environ[FOLDER] = mkdtemp(prefix="genesys-workbench-metrics-")
        atexit.register(self.close)
        signals.worker_process_init.connect(self._leave_to_parent)

    def serve(self) -> None:
        """Answer from now on, in a thread."""
        from prometheus_client import CollectorRegistry, make_wsgi_app
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, self._folder)
        self._server.set_app(make_wsgi_app(registry))
        Thread(target=self._server.serve_forever, name="genesys-metrics", daemon=True).start()

    def close(self) -> None:
        """Let the port go and remove the folder; a child process of the pool leaves both alone."""
        if os.getpid() == self._pid:
            self._server.server_close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _leave_to_parent(self, **_: Any) -> None:
        if os.getpid() != self._pid:  # a pool without processes sends the signal too
            self._server.server_close()  # else the port stayed taken by a child that outlives it


class ServeMetrics(bootsteps.StartStopStep):
    """Serve once the pool has forked: a fork should not copy a running thread."""

    requires = ("celery.worker.components:Pool",)

    def include_if(self, _: Any) -> bool:
        """Tell whether this worker has a port."""
        return MetricsPort.opened is not None

    def start(self, _: Any) -> None:
        """Begin."""
        if MetricsPort.opened is not None:
            MetricsPort.opened.serve()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 5.0  # of a client that says nothing

    def log_message(self, *_: Any) -> None:
        """Say nothing: a scrape is no news."""


def _no_app(*_: Any) -> list[bytes]:
    raise AssertionError("served before it was set")
