"""Unacked messages and the queue panel on a real RabbitMQ node with its management plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import node as node_module
from genesys_workbench.broker import Broker, locate, open_channel, running_broker, setup_topology
from genesys_workbench.management import Management
from genesys_workbench.messages import DEAD_QUEUE, QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import states
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.views import queue_panel
from genesys_workbench.workbench import Workbench
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures
from tests.integration.workers import wait_until


def management_of(node: PrivateNode) -> Management:
    assert node.management_url is not None
    return Management(node.management_url, broker_url=node.url)


def test_messages_that_somebody_holds_are_counted_as_unacked(
    rabbit: PrivateNode, broker_url: str
) -> None:
    with open_channel(broker_url) as channel, management_of(rabbit) as management:
        channel.confirm_delivery()
        for _ in range(5):
            channel.basic_publish("", DEAD_QUEUE, b"x")
        wait_until(lambda: states(broker_url)[1].ready == 5, what="the messages")
        held = [channel.basic_get(DEAD_QUEUE)[0] for _ in range(2)]

        def totals() -> tuple[int, int]:
            figures = management.figures()[DEAD_QUEUE]
            return figures.ready, figures.unacked

        wait_until(lambda: totals() == (3, 2), what="two unacked messages")
        channel.basic_ack(held[-1].delivery_tag, multiple=True)
        wait_until(lambda: totals() == (3, 0), what="their acknowledgement")


def test_nodes_side_by_side_have_a_management_plugin_each(rabbit: PrivateNode) -> None:
    with PrivateNode() as other, management_of(rabbit) as first, management_of(other) as second:
        assert first.url != second.url
        assert QUEUE in first.figures()
        assert second.figures() == {}


def test_the_management_plugin_asks_for_a_user(rabbit: PrivateNode) -> None:
    with management_of(rabbit) as management:
        place = f"{management.url}api/queues"
    assert httpx.get(place, trust_env=False).status_code == 401


def test_a_node_without_the_plugin_starts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "has_management", lambda _: False)
    with PrivateNode() as node:
        assert node.management_url is None
        assert "rabbitmq_management" not in node.control("eval", "rabbit_plugins:active().")


def test_other_processes_find_the_plugin_of_a_running_node_and_show_tells_it(run: Run) -> None:
    settings = load_settings(broker_url="local")
    with running_broker(settings) as broker:
        assert broker.url is not None
        setup_topology(broker.url, settings)
        assert locate(settings).management_url == broker.management_url
        outcome = run("queue", "show", "--broker", "local", "--json")
        assert [(row["ready"], row["unacked"]) for row in outcome.lines] == [(0, 0), (0, 0)]
        assert "Management plugin: http://127.0.0.1:" in outcome.err
        assert "guest:" not in outcome.err
    assert locate(settings).management_url is None


@pytest.fixture
def bench(rabbit: PrivateNode, broker_url: str, tmp_path: Path) -> Iterator[Workbench]:
    """A bench on the session's node, with a worker process."""
    settings = load_settings(
        broker_url=SecretStr(broker_url),
        management_url=SecretStr(str(rabbit.management_url)),
        data_dir=tmp_path / "data",
        port=0,
        max_retries=1,
        retry_base=0.5,
        retry_cap=1.0,
    )
    with Workbench(settings) as opened:
        assert isinstance(opened.broker, Broker)
        yield opened


def simulator_of(bench: Workbench) -> Simulator:
    assert bench.simulator is not None
    return bench.simulator


def test_the_panel_shows_a_task_in_work_and_redrives_one_that_failed(bench: Workbench) -> None:
    panel = queue_panel(bench)
    simulator_of(bench).faults.add(Fault(endpoint="conversation", delay=4.0, count=1))
    slow = bench.fire("voice-inbound")

    def levels() -> dict[str, int]:
        panel.snapshot()
        found: dict[str, int] = panel.state["levels"]
        return found

    wait_until(lambda: levels()["unacked"] == 1, what="one task in work")
    assert levels()["consumers"] == 1
    bench.wait_for(slow)
    assert (bench.store.event(slow) or {})["runtimeS"] > 4
    simulator_of(bench).faults.add(Fault(endpoint="conversation", status=503, count=4))
    dead = bench.fire("chat", client="pika")
    wait_until(lambda: levels()["retrying"] == 1, what="a retry")
    bench.wait_for(dead, status="dead")
    wait_until(lambda: levels()["letters"] == 1, what="the letter, younger than its note")
    panel.do("open", event=dead).result(20)
    outcomes = [each["outcome"] for each in panel.state["detail"]["attempts"]]
    assert outcomes == ["failed, is tried again", "failed, dead letter"]
    assert panel.state["detail"]["arguments"][0]["eventId"] == dead
    panel.do("retry", event=dead).result(20)
    bench.wait_for(dead)
    assert levels()["letters"] == 0
    panel.close()


def test_the_worker_process_can_be_stopped_and_started_by_the_panel(bench: Workbench) -> None:
    panel = queue_panel(bench)
    panel.do("stop_worker").result(30)
    assert panel.state["worker"]["running"] is False
    fired = bench.fire("voice-inbound")
    panel.do("filter", state="queued").result(20)
    assert [row["id"] for row in panel.state["rows"]] == [fired]
    panel.do("start_worker").result(20)
    bench.wait_for(fired)
    panel.close()
