"""Faults at random, from a seed: anything is killed, cut, hung or locked at any moment."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psutil

from genesys_workbench.errors import BrokerError
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from tests.faults.processes import Process
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig

__all__ = ["Chaos"]

PAUSE = (0.5, 4.0)


class Chaos:
    """Two receivers and two workers, and two hands that do harm to them and to their broker.

    One hand strikes the broker and the network, the other the processes, the database and the
    API, so that faults overlap. What they do in which order follows from the seed alone; what it
    meets does not.

    Args:
        rig: Whose parts are struck; its receivers and workers are started here.
        api: That workers ask.
        seed: Of both hands.
        tell: Called with a line for each fault.
    """

    def __init__(
        self, rig: Rig, api: Simulator, *, seed: int, tell: Callable[[str], None] = print
    ) -> None:
        self.done: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self._rig = rig
        self._api = api
        self._seed = seed
        self._tell = tell
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._closing = ExitStack()

    def __enter__(self) -> Chaos:
        rig = self._rig
        self._proxies = [self._proxy(), self._proxy()]
        self._receivers = [rig.receiver(**self._variables(0)) for _ in range(2)]
        self._workers = [rig.worker(wait=False, **self._variables(1)) for _ in range(2)]
        rig.wait_consuming()
        rig.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @contextmanager
    def strike(self) -> Iterator[None]:
        """Do harm all the while; afterwards all is whole again."""
        hands = [
            threading.Thread(target=self._hand, args=(number, faults), name=f"chaos-{number}")
            for number, faults in enumerate((self._outer(), self._inner()))
        ]
        for hand in hands:
            hand.start()
        try:
            yield
        finally:
            self._over.set()
            for hand in hands:
                hand.join()
            self._revive()
        if self.errors:
            raise BaseExceptionGroup(f"seed {self._seed}", self.errors)

    def _outer(self) -> list[Callable[[random.Random], None]]:
        return [
            self.broker_killed,
            self.broker_restarted,
            self.broker_hangs,
            self.broker_alarm,
            self.connections_closed,
            self.network_cut,
            self.network_swallows,
        ]

    def _inner(self) -> list[Callable[[random.Random], None]]:
        return [
            self.worker_killed,
            self.worker_ended,
            self.pool_process_killed,
            self.receiver_killed,
            self.receiver_ended,
            self.database_locked,
            self.api_fails,
        ]

    def _hand(self, number: int, faults: list[Callable[[random.Random], None]]) -> None:
        draw = random.Random(f"{self._seed}-{number}")
        while not self._over.wait(draw.uniform(*PAUSE)):
            fault = draw.choice(faults)
            # Drawn beforehand, so that what one fault takes does not shift those that follow
            own = random.Random(draw.random())
            self._tell(f"{time.monotonic() - self._begun:7.1f} s  {fault.__name__}")
            try:
                fault(own)
            except BaseException as exc:
                self.errors.append(exc)
                return
            self.done[fault.__name__] += 1

    def broker_killed(self, draw: random.Random) -> None:
        self._rig.node.kill()
        self._wait(draw.uniform(0, 5))
        self._rig.node.restart()

    def broker_restarted(self, _: random.Random) -> None:
        self._rig.node.restart()

    def broker_hangs(self, draw: random.Random) -> None:
        os.kill(self._rig.node.pid, signal.SIGSTOP)
        try:
            self._wait(draw.uniform(1, 12))
        finally:
            os.kill(self._rig.node.pid, signal.SIGCONT)

    def broker_alarm(self, draw: random.Random) -> None:
        self._rig.node.control("set_vm_memory_high_watermark", "0.00001")
        try:
            self._wait(draw.uniform(1, 6))
        finally:
            self._rig.node.control("set_vm_memory_high_watermark", "0.4")

    def connections_closed(self, _: random.Random) -> None:
        try:
            self._rig.node.control("close_all_connections", "chaos")
        except BrokerError as exc:  # one of them was gone before it could be closed
            self._tell(f"            {str(exc)[:80]}")

    def network_cut(self, draw: random.Random) -> None:
        draw.choice(self._proxies).cut(reset=draw.random() < 0.5)

    def network_swallows(self, draw: random.Random) -> None:
        proxy = draw.choice(self._proxies)
        proxy.swallow = True
        self._wait(draw.uniform(0.5, 8))
        proxy.cut()
        proxy.swallow = False

    def worker_killed(self, draw: random.Random) -> None:
        worker = self._worker(draw)
        worker.kill()
        self._wait(draw.uniform(0, 3))
        worker.start(**self._variables(1))

    def worker_ended(self, draw: random.Random) -> None:
        worker = self._worker(draw)
        worker.stop(draw.choice((signal.SIGTERM, signal.SIGQUIT)), seconds=60)
        worker.start(**self._variables(1))

    def pool_process_killed(self, draw: random.Random) -> None:
        with suppress(psutil.NoSuchProcess, IndexError):
            psutil.Process(draw.choice(self._worker(draw).children)).kill()

    def _worker(self, draw: random.Random) -> Process:
        """Choose a worker; start it again, as a supervisor does, if it has ended by itself.

        billiard's main process does so when a pool process is killed while it writes a result:
        half of a pickle is left in their pipe.
        """
        self._revive()
        return draw.choice(self._workers)

    def _revive(self) -> None:
        for worker in self._workers:
            if not worker.running:
                worker.start(**self._variables(1))

    def receiver_killed(self, draw: random.Random) -> None:
        receiver = draw.choice(self._receivers)
        receiver.kill()
        self._wait(draw.uniform(0, 2))
        self._start(receiver)

    def receiver_ended(self, draw: random.Random) -> None:
        receiver = draw.choice(self._receivers)
        assert receiver.stop() == 0, receiver.log[-2000:]
        self._start(receiver)

    def database_locked(self, draw: random.Random) -> None:
        path = self._rig.settings.store_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as database:
            database.execute("BEGIN EXCLUSIVE")
            self._wait(draw.uniform(0.5, 7))
            database.execute("ROLLBACK")

    def api_fails(self, draw: random.Random) -> None:
        how: list[dict[str, Any]] = [
            {"status": 500},
            {"status": 429, "retry_after": "1"},
            {"status": 503},
            {"drop": True},
            {"truncate": True},
        ]
        self._api.faults.add(Fault(**draw.choice(how)))
        self._wait(draw.uniform(0.5, 4))
        self._api.faults.clear()

    def _start(self, receiver: Process) -> None:
        receiver.start(**self._variables(0))
        self._rig.wait_answering(1 + self._receivers.index(receiver))

    def _variables(self, proxy: int) -> dict[str, str]:
        url = f"amqp://guest:guest@127.0.0.1:{self._proxies[proxy].port}/"
        return {"WORKBENCH_BROKER_URL": url}

    def _proxy(self) -> FaultProxy:
        port = int(self._rig.node.url.rpartition(":")[2].strip("/"))
        return self._closing.enter_context(FaultProxy(port))

    def _wait(self, seconds: float) -> None:
        self._over.wait(seconds)
