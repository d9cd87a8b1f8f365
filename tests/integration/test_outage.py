"""The whole flow while the broker is stopped in the middle: nothing lost, nothing doubled."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.demo import run_demo
from genesys_workbench.node import PrivateNode
from genesys_workbench.receiver import Receiver
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.store import Store
from genesys_workbench.workbench import Workbench
from tests.integration.workers import Worker, wait_until


def test_a_demonstration_survives_ten_seconds_without_the_broker(
    rabbit: PrivateNode, broker_url: str, tmp_path: Path
) -> None:
    settings = load_settings(
        broker_url=SecretStr(broker_url),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'demo.db'}"),
        port=0,
    )
    outage = threading.Event()

    def interrupt(what: str, done: int, _: int) -> None:
        if what == "delivered" and done >= 100 and not outage.is_set():
            outage.set()
            rabbit.kill()
            threading.Timer(10, rabbit.restart).start()

    with Workbench(settings, worker_log=tmp_path / "worker.log") as bench:
        result = run_demo(bench, events=500, rate=100, salt="outage", on_progress=interrupt)
    assert outage.is_set()
    assert (result.lost, result.processed, result.dead) == (0, 500, 0)
    assert (result.rejected, result.published) == (0, result.accepted)
    assert result.accepted == 500 + result.duplicates


@pytest.fixture
def receiver(live_settings: Settings) -> Receiver:
    return Receiver(live_settings)


def test_events_are_spooled_while_the_broker_is_down_and_processed_after(
    rabbit: PrivateNode, live_settings: Settings, store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    settings = live_settings.model_copy(update={"enrich": "off"})
    with receiver, Worker(settings, tmp_path / "worker.log"):
        url = str(receiver.url)
        ready = url.replace("/webhook/genesys/conversation", "/readyz")
        rabbit.kill()
        wait_until(lambda: httpx.get(ready).status_code == 503, seconds=2, what="not ready")
        answers = [
            httpx.post(url, json={"conversationId": f"c-{number}"}, timeout=10)
            for number in range(20)
        ]
        assert {answer.status_code for answer in answers} == {202}
        assert {answer.json()["status"] for answer in answers} == {"spooled"}
        ids = {answer.json()["eventId"] for answer in answers}
        rabbit.restart()
        wait_until(lambda: store.known(ids) == ids, seconds=60, what="all records")
        wait_until(lambda: httpx.get(ready).json()["spooled"] == 0, what="the spool's drain")
        assert httpx.get(ready).status_code == 200


def test_a_receiver_that_starts_before_its_broker_spools_and_sets_up_by_itself(
    tmp_path: Path,
) -> None:
    node = PrivateNode()
    settings = load_settings(broker_url=SecretStr(node.url), port=0, enrich="off")
    with Receiver(settings) as running:
        answer = httpx.post(str(running.url), json={"conversationId": "c-1"}, timeout=10)
        assert answer.json()["status"] == "spooled"
        with node, Worker(settings, tmp_path / "worker.log", wait=False):
            store = Store(settings.store_url)
            store.prepare()
            event_id = answer.json()["eventId"]
            wait_until(lambda: store.known([event_id]), seconds=60, what="the record")
            store.close()
