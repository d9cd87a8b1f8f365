"""The bridge on the simulator's sockets: it survives what befalls sockets, and misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from genesys_workbench.errors import UsageError
from genesys_workbench.listener import Listener, subjects_for
from genesys_workbench.schema import conversations
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.people import QUEUES
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.truth import as_of
from genesys_workbench.store import Store
from tests.faults.proxy import FaultProxy
from tests.integration.workers import wait_until

SPEED = 60.0


class Listening:
    """A bridge to all queues, and what it tells."""

    def __init__(self, settings: Settings, clock: Any, *, silence: float = 1.0) -> None:
        self.lines: list[str] = []
        subjects = subjects_for(settings, queues=[queue.name for queue in QUEUES])
        self.listener = Listener(
            settings,
            subjects,
            tell=self.lines.append,
            clock=clock,
            silence=silence,
            rng=lambda: 0.0,
        )

    def __enter__(self) -> Listening:
        self.listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.stop()

    def wait_for(self, text: str, times: int = 1) -> None:
        wait_until(lambda: sum(text in line for line in self.lines) >= times, what=repr(text))


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
    present = sim._state.present
    places = present.between(sim.world.start, present.now())
    now = present.now()
    return {
        one.id
        for one in (as_of(sim.world.conversations[place], now) for place in places)
        if any(person.queue for person in one.participants)
    }


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
        assert listening.listener.wait(0)
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
        with (
            Listening(settings, sim.now) as listening,
            pytest.raises(UsageError) as caught,
        ):
            listening.listener.wait(10)
        assert "routing:queue:view" in str(caught.value.fix)
