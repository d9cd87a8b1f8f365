"""Real servers, started by the test session itself on free loopback ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.messages import CANARY_QUEUE, DEAD_QUEUE, QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.workers import Worker


@pytest.fixture(scope="session")
def rabbit() -> Iterator[PrivateNode]:
    """One RabbitMQ node for the session, with the topology declared and settled."""
    with PrivateNode() as node:
        setup_topology(node.url, Settings(_env_file=None))
        yield node


@pytest.fixture
def broker_url(rabbit: PrivateNode) -> str:
    """The node's URL, all queues empty."""
    with open_channel(rabbit.url) as channel:
        for queue in (QUEUE, DEAD_QUEUE, CANARY_QUEUE):
            channel.queue_purge(queue)
    return rabbit.url


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulated Genesys Cloud that does not make tests wait."""
    with Simulator(rate_limit=100_000) as running:
        yield running


@pytest.fixture
def live_settings(broker_url: str, simulator: Simulator, tmp_path: Path) -> Settings:
    """Settings for all parts, with short waits."""
    return load_settings(
        broker_url=SecretStr(broker_url),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
        api_url_override=simulator.url,
        port=0,
        data_dir=tmp_path / "data",
        max_retries=2,
        retry_base=0.5,
        retry_cap=1.0,
    )


@pytest.fixture
def store(live_settings: Settings) -> Iterator[Store]:
    """The store that the worker writes to."""
    opened = Store(live_settings.store_url)
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def worker(live_settings: Settings, store: Store, tmp_path: Path) -> Iterator[Worker]:
    """A real Celery worker process that consumes."""
    with Worker(live_settings, tmp_path / "worker.log") as running:
        yield running
