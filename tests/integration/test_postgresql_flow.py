"""The whole flow with real servers: RabbitMQ, a Celery worker process, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import samples
from genesys_workbench.demo import run_demo
from genesys_workbench.queues import states
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.store import Store
from genesys_workbench.workbench import Workbench
from tests.integration.postgres import PostgreSQL, private_postgresql
from tests.integration.workers import wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with private_postgresql() as running:
        yield running


@pytest.fixture
def with_postgresql(server: PostgreSQL, broker_url: str) -> Settings:
    return load_settings(
        broker_url=SecretStr(broker_url),
        database_url=SecretStr(server.url),
        port=0,
        max_retries=8,
        retry_base=0.5,
        retry_cap=2.0,
    )


def post(bench: Workbench, number: int) -> str:
    """Deliver one event of one of the simulator's conversations; return its id."""
    assert bench.simulator is not None
    known = bench.simulator.world.conversations[number].id
    fresh = f"postgresql-{number}"
    body = samples.event("voice-inbound", conversationId=known, fresh=lambda: fresh)
    answer = httpx.post(str(bench.receiver.url), json=body, trust_env=False)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["eventId"])


def test_the_demonstration_loses_nothing_and_all_rows_are_in_postgresql(
    with_postgresql: Settings, server: PostgreSQL, broker_url: str, tmp_path: Path
) -> None:
    with Workbench(with_postgresql, worker_log=tmp_path / "worker.log") as bench:
        result = run_demo(bench, events=200, rate=None, salt="rows")
    assert (result.lost, result.dead, result.processed) == (0, 0, 200)
    assert (result.broker, result.rejected) == ("rabbitmq", 0)
    assert server.password not in result.database
    assert [state.ready for state in states(broker_url)] == [0, 0]
    store = Store(server.url)
    rows = [row for row in store.events() if row["status"] == "processed"]
    assert len({row["eventId"] for row in rows}) == 200
    assert all(row["enriched"] for row in rows if row["created"])
    conversations = {row["conversationId"] for row in rows}
    assert {each["conversationId"] for each in store.conversations()} == conversations
    store.close()


def test_events_wait_while_postgresql_is_away_and_are_stored_when_it_is_back(
    with_postgresql: Settings, server: PostgreSQL, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with Workbench(with_postgresql, worker_log=log) as bench:
        server.stop()
        ids = {post(bench, number) for number in range(10)}
        wait_until(lambda: log.read_text().count("again in") >= 5, what="the first retries")
        server.start()
        wait_until(lambda: bench.store.known(ids) == ids, what="all records")
        assert bench.store.counts()["dead"] == 0
    assert server.password not in log.read_text()
