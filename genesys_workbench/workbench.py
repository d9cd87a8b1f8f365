"""`Workbench`: all parts in one place, opened in order and closed in reverse."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from pydantic import SecretStr

from . import memory, samples
from .broker import Broker, locate, node_dir, setup_topology, url_of
from .deliverylog import DeliveryLog
from .errors import SettingsError, WorkbenchError
from .memory import MemoryPublisher
from .node import PrivateNode
from .once import once
from .publisher import Publisher, PublisherLike
from .queues import states
from .settings import Settings, load_settings

# What takes long to import is imported where it is used first: while the private node boots.
if TYPE_CHECKING:
    from celery import Celery

    from .client import GenesysClient
    from .receiver import Receiver
    from .simulator.server import Simulator
    from .store import Store
    from .webhooks import EnsureResult
    from .worker import EmbeddedWorker, WorkerProcess

__all__ = ["Workbench"]

log = logging.getLogger(__name__)

# The parts log from threads of their own; without this, warnings would land in any cell.
logging.getLogger("genesys_workbench").addHandler(logging.NullHandler())

# The platform's allowance per user; the one per token would make a demonstration wait.
SIMULATED_RATE_LIMIT = 3000
WORKER_START_TIMEOUT = 60.0


class Workbench:
    """Simulator (without credentials), broker, receiver, worker and store, all running.

    Args:
        settings: Read from the environment if None.
        seed: Of the simulated contact centre.
        cassette: Folder of ``genesys-workbench record`` that the simulator plays instead.
        throwaway_node: A private RabbitMQ node of its own instead of the one that commands share.
        workers: Processes of the worker; RabbitMQ only.
        worker_log: Where the worker process writes; None throws it away.
        on_step: Called with a line for people before each part.

    Raises:
        SettingsError: A cassette is to be played, but the settings name an organisation.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        seed: int = 42,
        cassette: Path | None = None,
        throwaway_node: bool = False,
        workers: int = 2,
        worker_log: Path | None = None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings or load_settings()
        if cassette is not None and self.settings.names_an_api:
            raise SettingsError(
                "A cassette is played by the simulator, but the settings name an organisation.",
                fix="unset GENESYS_CLOUD_CLIENT_ID, _SECRET and _API_URL",
            )
        self.lock = threading.RLock()
        self._seed = seed
        self._cassette = cassette
        self._throwaway = throwaway_node
        self._workers = workers
        self._worker_log = worker_log
        self._on_step = on_step
        self._stack = ExitStack()
        self.broker: Broker = locate(self.settings)
        self.simulator: Simulator | None = None
        self.node: PrivateNode | None = None  # of its own, so that it may be ended on purpose
        self.worker: EmbeddedWorker | WorkerProcess | None = None

    def __repr__(self) -> str:
        opened = self.__dict__
        kind = getattr(opened.get("broker"), "kind", None)
        url = getattr(opened.get("receiver"), "url", None)
        return f"Workbench(broker={kind!r}, receiver={url!r})"

    def start(self) -> Workbench:
        """Open all parts; on any error those that are open are closed again."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Close all parts, the last first. Idempotent."""
        self._stack.close()

    def __enter__(self) -> Workbench:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @once
    def store(self) -> Store:
        """The records."""
        from .store import Store

        return Store.prepared(self.settings.store_url)

    @once
    def client(self) -> GenesysClient:
        """The API's client."""
        from .client import GenesysClient

        return GenesysClient.from_settings(self.settings)

    @once
    def publisher(self) -> PublisherLike:
        """To the same broker as the receiver's."""
        if self.broker.kind == "memory":
            return MemoryPublisher()
        return Publisher(url_of(self.broker))

    @once
    def celery(self) -> Celery:
        """A Celery client of the same broker: `send_task`, `signature`."""
        from .firing import celery_client

        return celery_client(self.settings)

    @once
    def receiver(self) -> Receiver:
        """The receiver, in a thread."""
        from .receiver import Receiver

        publisher = self._receiver_publisher()
        return Receiver(self.settings, publisher=publisher, deliveries=self.deliveries)

    @once
    def deliveries(self) -> DeliveryLog:
        """What the receiver was sent lately."""
        return DeliveryLog()

    def register(self) -> EnsureResult:
        """Register the receiver's address once."""
        from .webhooks import ensure_webhook

        return ensure_webhook(self.client, str(self.receiver.url))

    def address(self) -> str:
        """Return where the receiver takes deliveries.

        Raises:
            WorkbenchError: It does not run.
        """
        if self.receiver.url is None:
            raise WorkbenchError("The receiver does not run.", fix="start it: receiver.start()")
        return self.receiver.url

    def trigger(
        self,
        name: str,
        *,
        envelope: str = "eventbridge",
        count: int = 1,
        same_id: bool = False,
        **overrides: Any,
    ) -> list[dict[str, Any]]:
        """Post a sample event to the receiver, with the proof that it asks for; return the answers.

        Args:
            name: One of `samples.names`.
            envelope: The form that it comes in.
            count: How many times.
            same_id: Keep the sample's own id, instead of a fresh one each time.
            overrides: Fields of the event's body, with new values.

        Raises:
            WorkbenchError: No such sample, or the receiver does not run.
        """
        from .posting import send_fixture

        answers = send_fixture(
            self.settings,
            self.address(),
            name=name,
            count=count,
            envelope=envelope,
            overrides=overrides,
            same_id=same_id,
        )
        return list(answers)

    def fire(
        self,
        name: str,
        *,
        client: Literal["celery", "pika"] = "celery",
        same_id: bool = False,
        **overrides: Any,
    ) -> str:
        """Send a sample event straight to the queue, without the receiver; return its id.

        Args:
            name: One of `samples.names`.
            client: ``celery`` sends the task by name as any Celery client would, ``pika`` writes
                the message as the receiver does.
            same_id: Keep the sample's own id, instead of a fresh one.
            overrides: Fields of the event's body, with new values.

        Raises:
            WorkbenchError: No such sample, or the broker does not take it.
        """
        from .firing import fire_by_celery, fire_by_pika

        fresh = None if same_id else lambda: str(uuid4())
        body = samples.event(name, fresh=fresh, **overrides)
        if client == "celery":
            return fire_by_celery(self.celery, body)
        return fire_by_pika(self.publisher, body)

    def replay(self, event_id: str) -> int:
        """Send a stored event through the queue again; return which replay it is, from 1.

        Raises:
            WorkbenchError: It is not stored, or its message still is in a queue.
        """
        from .replay import replay_event

        return replay_event(self.store, self.publisher, event_id)

    def wait_for(
        self,
        *event_ids: str,
        status: Literal["processed", "dead"] = "processed",
        timeout: float = 30.0,
    ) -> None:
        """Return when all these events are recorded, or are dead letters.

        Raises:
            WorkbenchError: They are not after `timeout` seconds; the text names the missing.
        """
        deadline = time.monotonic() + timeout
        while missing := set(event_ids) - self._having(status, event_ids):
            if time.monotonic() > deadline:
                raise WorkbenchError(
                    f"Not {status} within {timeout:g} s: {', '.join(sorted(missing))}.",
                    fix="see: genesys-workbench events list, and: genesys-workbench queue dead",
                )
            time.sleep(0.01)

    def _having(self, status: str, event_ids: Collection[str]) -> set[str]:
        if status == "processed":
            return self.store.known(event_ids)
        known = self.store.events_by_id(event_ids)
        return {event_id for event_id, event in known.items() if event["status"] == status}

    def _receiver_publisher(self) -> PublisherLike | None:
        return self.publisher if self.broker.kind == "memory" else None

    def _open(self) -> None:
        self._on_step(f"broker: {self.broker.why}")
        node = self._open_broker()
        if not self.settings.names_an_api:
            played = self._cassette and f"plays {self._cassette}"
            self._on_step(f"simulator: {played or 'a contact centre is invented'}")
            self._open_simulator()
        self._on_step("store: tables are made or checked")
        self._stack.callback(self.store.close)
        self._on_step("worker: Celery starts")
        worker = self._open_worker()
        self._stack.callback(self._close_used)
        self._stack.callback(self.receiver.stop)
        if node is not None:
            node.wait()
        if worker is not None:  # while it starts, the queues settle
            setup_topology(url_of(self.broker), self.settings)
            self._wait_until_consumed(worker)
        self._on_step("receiver: the webhook's address opens")
        self.receiver.start()

    def _open_simulator(self) -> None:
        from .posting import signer_of
        from .simulator.server import Simulator
        from .tls import own_context

        self.simulator = Simulator(
            self._seed,
            cassette=self._cassette,
            rate_limit=SIMULATED_RATE_LIMIT,
            signer=signer_of(self.settings),
            local_tls=own_context(self.settings),
        )
        self._stack.enter_context(self.simulator)
        self.settings = _with(self.settings, api_url_override=self.simulator.url)

    def _open_broker(self) -> PrivateNode | None:
        """Reach for the broker; returns the node that must still come up, if it is one of ours."""
        node = None
        if self.broker.kind == "memory":
            memory.clear()
            memory.setup()
        elif self.broker.kind == "local" and (self._throwaway or self.broker.url is None):
            node = PrivateNode(None if self._throwaway else node_dir(self.settings))
            self._stack.callback(node.stop)
            node.boot()
            self.broker = Broker("local", node.url, self.broker.why, node.management_url)
            self.node = node if self._throwaway else None
        self.settings = _with(self.settings, broker_url=SecretStr(url_of(self.broker)))
        return node

    def _open_worker(self) -> WorkerProcess | None:
        """Start the worker; returns the process that must still come up, if it is one."""
        from .worker import EmbeddedWorker, WorkerProcess

        if self.broker.kind == "memory":
            self.worker = embedded = EmbeddedWorker(self.settings)
            self._stack.callback(embedded.stop)
            embedded.start()
            return None
        log_file = (
            self._stack.enter_context(self._worker_log.open("ab")) if self._worker_log else None
        )
        worker = WorkerProcess(self.settings.environment(), concurrency=self._workers, log=log_file)
        self.worker = worker
        self._stack.callback(worker.stop)
        worker.start()
        return worker

    def _wait_until_consumed(self, worker: WorkerProcess) -> None:
        deadline = time.monotonic() + WORKER_START_TIMEOUT
        while not any(state.consumers for state in states(url_of(self.broker))):
            if not worker.running() or time.monotonic() > deadline:
                where = f": {self._worker_log}" if self._worker_log else ""
                raise WorkbenchError(
                    "The Celery worker did not start.",
                    fix=f"see what it said{where}; or run it by hand: genesys-workbench work",
                )
            time.sleep(0.1)

    def _close_used(self) -> None:
        for name in ("celery", "publisher", "client"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


def _with(settings: Settings, **changes: object) -> Settings:
    """Return settings with some fields set, seen as set by `Settings.environment`."""
    changed = settings.model_copy(update=changes)
    changed.__dict__.pop("store_url", None)
    return changed
