"""The bridge on the simulator's sockets: it survives what befalls sockets, and misses nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from genesys_workbench.channels import find_subjects
from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import UsageError
from genesys_workbench.metrics import Metrics
from genesys_workbench.notifications import Bridge
from genesys_workbench.opening import open_intake
from genesys_workbench.schema import conversations
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.faults.proxy import FaultProxy
from tests.integration.workers import wait_until

SPEED = 60.0


class Listening:
    """A bridge on an event loop of its own, as `listen` runs it."""

    def __init__(
        self, settings: Settings, clock: Callable[[], Any], *, silence: float = 1.0
    ) -> None:
        self._silence = silence
        self.lines: list[str] = []
        self.failure: BaseException | None = None
        self._settings = settings
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        with GenesysClient.from_settings(self._settings) as client:
            subjects = find_subjects(client, queues=_queues(client))
            async with open_intake(self._settings, Metrics(), clock=self._clock) as intake:
                bridge = Bridge(
                    client,
                    intake,
                    subjects,
                    clock=self._clock,
                    tell=self.lines.append,
                    silence=self._silence,
                    rng=lambda: 0.0,
                )
                work = asyncio.create_task(bridge.run())
                work.add_done_callback(self._ended)
                await asyncio.to_thread(self._stop.wait)
                work.cancel()
                await asyncio.wait([work])

    def _ended(self, work: asyncio.Task[None]) -> None:
        self.failure = None if work.cancelled() else work.exception()

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for(self, text: str, times: int = 1) -> None:
        wait_until(lambda: sum(text in line for line in self.lines) >= times, what=repr(text))


def _queues(client: GenesysClient) -> list[str]:
    return [one["name"] for one in client.pages("/api/v2/routing/queues")]


@contextmanager
def organisation(**options: Any) -> Iterator[tuple[Simulator, FaultProxy]]:
    """A contact centre that is alive, sixty times as fast as real, behind a proxy."""
    options = {"speed": SPEED, "gap": 2.0, "conversations": 300, "heartbeat": 0.3} | options
    with (
        Simulator(live=True, rate_limit=10_000, **options) as sim,
        FaultProxy(int(sim.url.rpartition(":")[2])) as proxy,
    ):
        yield sim, proxy


def settings_for(sim: Simulator, proxy: FaultProxy, folder: Path) -> Settings:
    url = f"http://127.0.0.1:{proxy.port}"
    return load_settings(
        broker_url=SecretStr("memory://"),
        database_url=SecretStr(f"sqlite:///{folder / 'store.db'}"),
        genesys_cloud_api_url=url,
        genesys_cloud_login_url=url,
        enrich="off",
    )


def kept(store: Store) -> set[str]:
    with store.database.connect() as connection:
        return set(connection.execute(select(conversations.c.conversation_id)).scalars())


def begun(sim: Simulator) -> set[str]:
    """The conversations that have reached a queue or nearly: those that a queue's topic tells."""
    present = sim._state.present.conversations()
    return {one.id for one in present if any(person.queue for person in one.participants)}


def test_whatever_befalls_the_socket_no_conversation_is_missing(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        store = Store.prepared(settings.store_url)
        with Listening(settings, sim.now) as listening:
            listening.wait_for("Listening")
            before = begun(sim)
            proxy.cut(reset=True)
            listening.wait_for("Listening", 2)
            sim.close_sockets()
            listening.wait_for("Listening", 3)
            sim.forget_channels()
            listening.wait_for("Listening", 4)
            sim.expire_tokens()
            proxy.refuse = True
            proxy.cut()
            gap = len(begun(sim))
            wait_until(lambda: len(begun(sim)) >= gap + 50, what="50 conversations in the gap")
            proxy.refuse = False
            listening.wait_for("Listening", 5)
            listening.wait_for("Looked up")
            wanted = begun(sim) - before
            wait_until(lambda: wanted <= kept(store), what="every conversation")
        assert listening.failure is None
        store.close()


def test_a_connection_that_has_become_a_black_hole_is_given_up(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now, silence=0.8) as listening:
            listening.wait_for("Listening")
            proxy.forget()
            listening.wait_for("lost (TimeoutError)")
            listening.wait_for("Listening", 2)


def test_a_socket_that_only_answers_stays(tmp_path: Path) -> None:
    with organisation(heartbeat=1000, gap=1e6, conversations=1) as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now, silence=0.1) as listening:
            listening.wait_for("Listening")
            pinged = proxy.passed
            wait_until(lambda: proxy.passed > pinged + 1000, what="many pings and pongs")
            assert not [line for line in listening.lines if "lost" in line]


def test_the_first_that_is_heard_of_a_conversation_is_its_creation(tmp_path: Path) -> None:
    with organisation(conversations=12) as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        store = Store.prepared(settings.store_url)
        with Listening(settings, sim.now):
            wait_until(lambda: len(kept(store)) >= 8, what="eight conversations")
        for conversation_id in kept(store):
            types = [event["eventType"] for event in store.events(conversation_id=conversation_id)]
            assert types.count("created") == 1
            assert set(types) <= {"created", "updated"}
        store.close()


def test_what_is_not_permitted_is_named_with_its_permission(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        sim.deny("routing:queue:view")
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now) as listening:
            wait_until(lambda: listening.failure, what="the refusal")
        assert isinstance(listening.failure, UsageError)
        assert "routing:queue:view" in str(listening.failure.fix)
