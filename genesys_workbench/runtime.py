"""What a worker process holds open, made on first use in each process (never over a fork)."""

from __future__ import annotations

import os
import threading

from .broker import locate, url_of
from .client import GenesysClient
from .enrich import Enricher
from .memory import MemoryPublisher
from .once import once
from .processing import Processing, load_processors
from .publisher import Publisher, PublisherLike
from .settings import Settings, load_settings
from .store import Store
from .worker_metrics import WorkerMetrics

__all__ = ["Runtime", "close", "current", "use"]

# A worker slot is not held by waiting for the API: longer waits go back to the broker.
MAX_API_WAIT, API_ATTEMPTS = 1.0, 2


class Runtime:
    """Settings, store, client and publisher of one worker process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.metrics = WorkerMetrics()

    @once
    def store(self) -> Store:
        """The store, with its schema in place."""
        return Store.prepared(self.settings.store_url)

    @once
    def processing(self) -> Processing:
        """The steps for one event."""
        fetch = None if self.settings.enrich == "off" else self.enricher.conversation
        processors = load_processors(self.settings)
        return Processing(self.store, fetch, processors, on_record=self.metrics.record)

    @once
    def enricher(self) -> Enricher:
        """Fetches conversations."""
        client = self.client
        return Enricher(one=client.get_conversation, many=client.conversation_details)

    @once
    def client(self) -> GenesysClient:
        """The API client."""
        return GenesysClient.from_settings(
            self.settings,
            max_wait=MAX_API_WAIT,
            attempts=API_ATTEMPTS,
            on_answer=self.metrics.call,
        )

    @once
    def publisher(self) -> PublisherLike:
        """For dead letters."""
        broker = locate(self.settings)
        return MemoryPublisher() if broker.kind == "memory" else Publisher(url_of(broker))

    def close(self) -> None:
        """Close what was opened."""
        opened = self.__dict__
        for name in ("enricher", "publisher", "client", "store"):
            if name in opened:
                opened.pop(name).close()
        opened.pop("processing", None)


_lock = threading.RLock()
_settings: Settings | None = None
_runtime: Runtime | None = None


def use(settings: Settings | None) -> None:
    """Take these settings from now on; None for the environment's."""
    global _settings
    close()
    _settings = settings


def settings() -> Settings:
    """Return the settings in use."""
    return _settings or load_settings()


def current() -> Runtime:
    """Return this process's runtime."""
    global _runtime
    with _lock:
        if _runtime is None or _runtime.pid != os.getpid():
            _runtime = Runtime(settings())
        return _runtime


def close() -> None:
    """Close this process's runtime, if it has one."""
    global _runtime
    with _lock:
        if _runtime is not None and _runtime.pid == os.getpid():
            _runtime.close()
        _runtime = None
