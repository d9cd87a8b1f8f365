"""One installation under test: real processes, a sender with its ledger, and the audit."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import SecretStr

from genesys_workbench.audit import FRESH_AFTER, Audit, Auditor
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import dead_letters, states
from genesys_workbench.receiver import PATH
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.spool import spooled_ids
from genesys_workbench.store import Store
from genesys_workbench.worker import worker_arguments
from tests.faults.oracle import check_letters, check_logs, check_records
from tests.faults.processes import Process
from tests.faults.sender import Sender
from tests.integration.shells import free_port
from tests.integration.workers import wait_until

__all__ = ["SECRET", "Rig"]

SECRET = "canary-of-the-webhook-secret"
PYTHON = Path(sys.executable)


class Rig:
    """Broker, receivers, workers and store of one test; everything ends with it.

    Args:
        node: A RabbitMQ node with its topology declared and its queues empty.
        folder: For logs, store and spool.
        salt: Of the event ids.
        conversations: Ids for the events; invented ones by default.
        settings: Anything of `Settings`; by default no API is asked, and waits are short.
    """

    def __init__(
        self,
        node: PrivateNode,
        folder: Path,
        *,
        salt: str,
        conversations: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        self.node = node
        self.folder = folder
        self.processes: list[Process] = []
        self.settings: Settings = load_settings(
            **{
                "broker_url": SecretStr(node.url),
                "database_url": SecretStr(f"sqlite:///{folder / 'store.db'}"),
                "data_dir": folder / "data",
                "port": int(free_port()),
                "webhook_secret": SecretStr(SECRET),
                "enrich": "off",
                "confirm_timeout": 1.0,
                "max_retries": 2,
                "retry_base": 0.5,
                "retry_cap": 1.0,
                **settings,
            }
        )
        self.urls = [self.url]
        self.spools = [self.settings.spool_file]
        self._salt = salt
        self._conversations = conversations
        self._closing = ExitStack()

    @property
    def url(self) -> str:
        """Where the first receiver takes deliveries."""
        return f"http://127.0.0.1:{self.settings.port}{PATH}"

    @property
    def broker_url(self) -> str:
        """The node's own URL, whatever the parts are told."""
        return self.node.url

    @cached_property
    def store(self) -> Store:
        """The store, with its tables; opened by the test beside the workers."""
        store = Store.prepared(self.settings.store_url)
        self._closing.callback(store.close)
        return store

    @cached_property
    def sender(self) -> Sender:
        """The sender of deliveries to all receivers, which proves itself by the shared secret."""
        return Sender(
            self.urls,
            salt=self._salt,
            headers={"X-Webhook-Secret": SECRET},
            conversations=self._conversations,
        )

    def receiver(self, *, wait: bool = True, **more: str) -> Process:
        """Start a receiver process; later ones get a port and a spool of their own.

        Args:
            wait: Until it answers.
            more: Variables of its environment, such as ``WORKBENCH_CRASH_AT``.
        """
        number = self._count("receiver")
        variables: dict[str, str] = {}
        if number > 1:
            port, spool = free_port(), self.folder / "data" / f"spool{number}.db"
            variables = {"WORKBENCH_PORT": port, "WORKBENCH_SPOOL_PATH": str(spool)}
            self.urls.append(f"http://127.0.0.1:{port}{PATH}")
            self.spools.append(spool)
        command = [str(PYTHON.with_name("genesys-workbench")), "receive"]
        process = self._process(f"receiver{number}", command, **variables)
        process.start(**more)
        if wait:
            self.wait_answering(number)
        return process

    def worker(
        self,
        *,
        pool: str = "prefork",
        concurrency: int = 2,
        wait: bool = True,
        through: Sequence[str] = (),
        options: Sequence[str] = (),
        **more: str,
    ) -> Process:
        """Start the stock worker as a process.

        Args:
            pool: ``solo`` where the process itself is to run the tasks.
            concurrency: Processes of the pool.
            wait: Until it consumes.
            through: A command that becomes it, with fewer rights say.
            options: Further arguments for it.
            more: Variables of its environment.
        """
        arguments = worker_arguments(pool=pool, concurrency=concurrency)
        celery = [str(PYTHON), "-m", "celery", "-A", "genesys_workbench.tasks"]
        command = [*through, *celery, *arguments, *options]
        process = self._process(f"worker{self._count('worker')}", command)
        process.start(**more)
        if wait:
            self.wait_consuming()
        return process

    def command(self, *arguments: str, **more: str) -> int:
        """Run a command of ours to its end; return its exit code."""
        command = [str(PYTHON.with_name("genesys-workbench")), *arguments]
        process = self._process(f"command{self._count('command')}", command)
        process.start(**more)
        return process.wait()

    def wait_answering(self, number: int = 1) -> None:
        """Wait until the first, second … receiver answers, whatever it says of the broker."""
        url = self.urls[number - 1].replace(PATH, "/healthz")
        wait_until(lambda: _status(url) == 200, seconds=30, what=f"the receiver at {url}")

    def wait_ready(self, status: int = 200, *, seconds: float = 20) -> None:
        """Wait until the receiver says that the broker confirms (200), or is away (503)."""
        url = f"http://127.0.0.1:{self.settings.port}/readyz"
        wait_until(lambda: _status(url) == status, seconds=seconds, what=f"{status} of /readyz")

    def wait_consuming(self) -> None:
        """Wait until each running worker consumes."""
        running = [each for each in self.processes if "worker" in each.name and each.running]

        def consuming() -> bool:
            ended = [each.log[-3000:] for each in running if not each.running]
            assert ended == [], f"a worker ended: {ended}"
            return states(self.broker_url)[0].consumers == len(running)

        wait_until(consuming, seconds=60, what=f"{len(running)} consuming workers")

    def stored(self) -> set[str]:
        """Return the ids that the store has of those that were accepted."""
        return self.store.known(self.sender.accepted)

    def wait_stored(self, *, seconds: float = 60) -> None:
        """Wait until every accepted event is in the store."""
        accepted = self.sender.accepted
        wait_until(
            lambda: self.store.known(accepted) == accepted,
            seconds=seconds,
            what=f"{len(accepted)} records",
        )

    def reasons(self) -> dict[str, str]:
        """Return the reasons of the dead letters by event id."""
        return {str(each.event_id): each.reason for each in dead_letters(self.broker_url)}

    def audit(self, *, seconds: float = 60) -> Audit:
        """Wait until nothing is under way, whoever sent it, and reconcile store and queues."""
        return self._auditor.settle(wait=seconds)

    def settle(self, *, seconds: float = 60, dead: dict[str, int] | None = None) -> Audit:
        """Wait until nothing is under way, stop all, and check every invariant.

        Args:
            seconds: The deadline.
            dead: How many dead letters there are by reason; none by default.
        """
        for spool in self.spools[1:]:  # the audit knows the first one
            wait_until(partial(_is_empty, spool), seconds=seconds, what=f"the drain of {spool}")
        audit = self._auditor.settle(self.sender.sent, wait=seconds, complete=True)
        assert audit.passed, f"{audit}\n{self._told()}"
        for process in reversed(self.processes):
            if process.running:
                assert process.stop() == 0, process.log[-3000:]
        # Without consumers nothing can be in anybody's hands, as the management plugin's figures
        # tell too once they are fresh: then this is exact.
        final = self._auditor.settle(self.sender.sent, wait=2 * FRESH_AFTER, complete=True)
        assert final.passed, final
        stored = check_records(self.store, self.sender.ledger)
        reasons = check_letters(dead_letters(self.broker_url), self.sender.ledger)
        assert stored.isdisjoint(reasons), "I2: stored, and a dead letter"
        assert self.sender.accepted <= stored | reasons.keys(), "I1: an accepted event is lost"
        assert Counter(reasons.values()) == Counter(dead or {})
        check_logs({each.name: each.log for each in self.processes}, [SECRET])
        return final

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.close()
        self._closing.close()

    @property
    def _auditor(self) -> Auditor:
        return Auditor(
            self.store,
            self.broker_url,
            spool=self.settings.spool_file,
            management_url=self.node.management_url,
        )

    def _process(self, name: str, command: list[str], **more: str) -> Process:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("WORKBENCH_", "GENESYS_CLOUD_"))
        }
        variables = kept | self.settings.environment() | more
        process = Process(name, command, variables, self.folder)
        self.processes.append(process)
        return process

    def _count(self, kind: str) -> int:
        return 1 + sum(each.name.startswith(kind) for each in self.processes)

    def _told(self) -> str:
        return "\n".join(f"--- {each.name}\n{each.log[-2000:]}" for each in self.processes)


def _status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False, timeout=2).status_code
    except httpx.TransportError:
        return 0


def _is_empty(spool: Path) -> bool:
    return not spooled_ids(spool)
