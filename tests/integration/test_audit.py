"""The audit on a real RabbitMQ node, with a real worker: what is there, waits, or is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_workbench.audit import Auditor
from genesys_workbench.broker import open_channel
from genesys_workbench.events import parse_event
from genesys_workbench.ledgers import Sent
from genesys_workbench.messages import QUEUE, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import delayed, states
from genesys_workbench.receiver import Receiver
from genesys_workbench.settings import Settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.shells import BENCH, Shell
from tests.integration.workers import Worker, wait_until

UNKNOWN = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def publisher(broker_url: str) -> Iterator[Publisher]:
    with Publisher(broker_url) as opened:
        yield opened


@pytest.fixture
def shell(live_settings: Settings, rabbit: PrivateNode, tmp_path: Path) -> Shell:
    """A terminal with the settings of the parts, which also knows the management plugin."""
    plugin = {"WORKBENCH_MANAGEMENT_URL": str(rabbit.management_url)}
    return Shell(tmp_path, **live_settings.environment(), **plugin)


@pytest.fixture
def auditor(store: Store, rabbit: PrivateNode, broker_url: str, tmp_path: Path) -> Auditor:
    spool = tmp_path / "spool.db"
    return Auditor(store, broker_url, spool=spool, management_url=rabbit.management_url)


def send(publisher: Publisher, conversation: str, *ids: str) -> None:
    for each in ids:
        event = parse_event({"conversationId": conversation, "eventId": each})
        publisher.publish(encode(event, received_at=datetime.now(UTC))).result(10)


def audited(shell: Shell, *options: str, code: int) -> dict[str, Any]:
    (told,) = shell.rows("audit", *options, code=code)
    return dict(told)


def take_by_hand(url: str) -> str:
    with open_channel(url) as channel:
        method, properties, _ = channel.basic_get(QUEUE)
        assert method is not None
        channel.basic_ack(method.delivery_tag)
        return str(properties.message_id)


def test_a_run_that_loses_nothing_passes_with_its_dead_letter_counted(
    live_settings: Settings,
    simulator: Simulator,
    worker: Worker,
    publisher: Publisher,
    shell: Shell,
    tmp_path: Path,
) -> None:
    with Receiver(live_settings) as receiver:
        ledger = simulator.deliver(
            40, targets=[str(receiver.url)], envelope="mixed", duplicates=0.2, disorder=0.2
        )
    path = tmp_path / "ledger.jsonl"
    ledger.write(path)
    send(publisher, UNKNOWN, "nobody")
    with path.open("a") as file:
        file.write(json.dumps({"eventId": "nobody", "status": 202}) + "\n")
    told = audited(shell, "--ledger", str(path), "--complete", "--wait", "60", code=0)
    assert (told["accepted"], told["processed"], told["dead"]) == (41, 40, 1)
    assert (told["missing"], told["doubled"], told["unknown"]) == ([], [], [])
    assert (told["unacked"], told["workers"], told["rejected"]) == (0, 1, 0)

    by_url = shell.run(BENCH, "audit", "--ledger", f"{simulator.url}/_sim/ledger")
    assert by_url.stdout.startswith("events accepted (2xx)    40\n")
    assert "Every event is in the store once, or a dead letter" in by_url.stderr
    assert audited(shell, code=0)["processed"] == 40


def test_an_event_that_was_taken_from_the_queue_by_hand_is_missing_by_name(
    live_settings: Settings,
    simulator: Simulator,
    store: Store,
    publisher: Publisher,
    shell: Shell,
    broker_url: str,
    tmp_path: Path,
) -> None:
    send(publisher, simulator.world.conversations[0].id, "e1", "e2", "e3")
    path = tmp_path / "ids"
    path.write_text("e1\ne2\ne3\n")
    assert take_by_hand(broker_url) == "e1"
    told = audited(shell, "--ledger", str(path), code=1)
    assert (told["ready"], told["lost"], told["missing"]) == (2, 1, ["e1", "e2", "e3"])
    looked = audited(shell, "--ledger", str(path), "--look", code=1)
    assert (looked["underWay"], looked["missing"]) == (2, ["e1"])
    wait_until(lambda: states(broker_url)[0].ready == 2, what="the messages put back")
    with Worker(live_settings, tmp_path / "worker.log"):
        wait_until(lambda: store.known(["e2", "e3"]) == {"e2", "e3"}, what="the two others")
        told = audited(shell, "--ledger", str(path), "--wait", "10", code=1)
    assert (told["processed"], told["workers"]) == (2, 1)
    assert (told["missing"], told["lost"], told["underWay"]) == (["e1"], 1, 0)


def test_a_message_that_somebody_holds_is_under_way(
    auditor: Auditor, publisher: Publisher, broker_url: str
) -> None:
    send(publisher, UNKNOWN, "e1")
    sent = Sent({"e1"})
    with open_channel(broker_url) as channel:
        assert channel.basic_get(QUEUE)[0] is not None
        wait_until(lambda: auditor.look(sent).unacked == 1, what="the figure")
        held = auditor.look(sent)
        assert (held.ready, held.under_way, held.missing) == (0, 1, ())
    wait_until(lambda: auditor.look(sent).ready == 1, what="the message back in its queue")


def test_a_message_that_waits_for_another_try_is_under_way(
    auditor: Auditor, broker_url: str
) -> None:
    queue = "celery_delayed_10"
    with open_channel(broker_url) as channel:
        channel.confirm_delivery()
        try:
            channel.basic_publish("", queue, b"x")
            wait_until(lambda: delayed(broker_url) == 1, what="the message")
            assert auditor.look(Sent({"e1"})).missing == ()
        finally:
            channel.queue_purge(queue)
    gone = ("e1",)
    wait_until(lambda: auditor.look(Sent({"e1"})).missing == gone, what="its end")


def test_where_celery_has_no_queues_for_further_tries_none_waits_there(
    rabbit: PrivateNode,
) -> None:
    vhost = f"{rabbit.management_url}api/vhosts/empty"
    assert httpx.put(vhost).is_success
    try:
        assert delayed(f"{rabbit.url.rstrip('/')}/empty") == 0
    finally:
        assert httpx.delete(vhost).is_success
