"""What the queue panel can do to a bench: retry, fire, set up, start and stop the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import memory
from ..broker import setup_topology, url_of
from ..errors import WorkbenchError
from ..queues import redrive
from ..workbench import Workbench
from .again import send_again

__all__ = ["CLIENTS", "QueueLevers"]

CLIENTS = {"celery": "a Celery client", "pika": "the receiver's publisher"}
MAX_FIRE = 100


class QueueLevers:
    """Each does one thing and returns the sentence that says so; numbers may come as text."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    @property
    def actions(self) -> Mapping[str, Callable[..., str]]:
        """All of them, by name."""
        return {
            "retry": self.retry,
            "retry_all": self.retry_all,
            "fire": self.fire,
            "setup": self.set_up,
            "start_worker": self.start_worker,
            "stop_worker": self.stop_worker,
        }

    def retry(self, event: str) -> str:
        """Send a dead letter back, or replay what was processed."""
        return send_again(self._bench, event)

    def retry_all(self) -> str:
        """Send all dead letters back."""
        sent = redrive(url_of(self._bench.broker), self._bench.publisher)
        letters = "dead letter is" if len(sent) == 1 else "dead letters are"
        return f"{len(sent)} {letters} back in the queue."

    def fire(self, name: str, client: str = "celery", count: Any = 1) -> str:
        """Send a sample event straight to the queue.

        Raises:
            WorkbenchError: No such sample, or the broker does not take it.
        """
        if client not in CLIENTS:
            raise WorkbenchError(f"There is no client {client!r}.", fix="celery or pika")
        if not str(count).isdigit() or not 1 <= int(count) <= MAX_FIRE:
            raise WorkbenchError(f"How many must be 1 to {MAX_FIRE}, not {count!r}.")
        for _ in range(int(count)):
            self._bench.fire(name, client=client)  # type: ignore[arg-type]
        return f"{name}: {count} sent by {CLIENTS[client]}."

    def set_up(self) -> str:
        """Declare exchanges and queues."""
        if self._bench.broker.kind == "memory":
            memory.setup()
            return "Exchanges and queues are declared."
        fresh = setup_topology(url_of(self._bench.broker), self._bench.settings)
        return "Declared and proven." if fresh else "They were there already; proven."

    def start_worker(self) -> str:
        """Start the worker of the bench."""
        worker = self._own_worker()
        if worker.running():
            return "The worker runs already."
        worker.start()
        return "The worker starts; a process needs a few seconds."

    def stop_worker(self) -> str:
        """Stop it; a task that it works on is finished."""
        self._own_worker().stop()
        return "The worker is stopped: events wait in the queue."

    def _own_worker(self) -> Any:
        if self._bench.worker is None:
            raise WorkbenchError(
                "This workbench has no worker of its own.", fix="genesys-workbench work"
            )
        return self._bench.worker
