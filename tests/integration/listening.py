"""A bridge that listens to all queues of a simulated organisation, behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from genesys_workbench.listener import Listener, subjects_for
from genesys_workbench.schema import conversations
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.people import QUEUES
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.truth import as_of
from genesys_workbench.store import Store
from tests.faults.proxy import FaultProxy
from tests.integration.workers import wait_until

__all__ = ["Listening", "begun", "kept", "organisation", "settings_for"]

SPEED = 60.0


class Listening:
    """A bridge to all queues, and what it tells."""

    def __init__(
        self, settings: Settings, clock: Any, *, silence: float = 1.0, **options: Any
    ) -> None:
        self.lines: list[str] = []
        self.subjects = subjects_for(settings, queues=[queue.name for queue in QUEUES])
        self.listener = Listener(
            settings,
            self.subjects,
            tell=self.lines.append,
            clock=clock,
            silence=silence,
            rng=lambda: 0.0,
            **options,
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
