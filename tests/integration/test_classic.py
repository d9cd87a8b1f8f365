"""Classic queues with priorities, the whole way: a setting, for those who want the seed's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import samples
from genesys_workbench.broker import setup_topology
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import dead_letters, peek, states
from genesys_workbench.receiver import Receiver
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.workers import Worker, wait_until


@pytest.fixture
def classic(simulator: Simulator, tmp_path: Path) -> Iterator[Settings]:
    with PrivateNode() as node:
        settings = load_settings(
            broker_url=SecretStr(node.url),
            database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
            api_url_override=simulator.url,
            queue_type="classic",
            port=0,
            max_retries=1,
            retry_base=1.0,
        )
        setup_topology(node.url, settings)
        yield settings


def test_priorities_retries_and_dead_letters_work_on_classic_queues(
    classic: Settings, simulator: Simulator, tmp_path: Path
) -> None:
    assert classic.broker_url is not None
    url = classic.broker_url.get_secret_value()
    names = ["email", "voice-inbound", "chat"]
    with Receiver(classic) as receiver:
        answers = [httpx.post(str(receiver.url), json=samples.event(name)) for name in names]
        email, voice, chat = (answer.json()["eventId"] for answer in answers)
        assert [each.message_id for each in peek(url)] == [voice, chat, email]
        simulator.faults.add(Fault("conversation", status=500, count=4))
        store = Store(classic.store_url)
        store.prepare()
        with Worker(classic, tmp_path / "worker.log") as worker:
            wait_until(lambda: len(store.known([email, voice, chat])) == 3, what="three rows")
            assert "attempt 2" in worker.log
            simulator.faults.add(Fault("conversation", status=403))
            httpx.post(str(receiver.url), json=samples.event("callback"))
            wait_until(lambda: states(url)[1].ready == 1, what="the dead letter")
        store.close()
    assert dead_letters(url)[0].reason == "forbidden"
