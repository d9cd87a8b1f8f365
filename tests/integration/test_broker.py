"""Set-up of the topology, the private node, and what lies in the queues."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from genesys_workbench import node as node_module
from genesys_workbench.broker import (
    locate,
    node_dir,
    open_channel,
    running_broker,
    setup_topology,
    url_of,
)
from genesys_workbench.canary import check_topology
from genesys_workbench.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnreachable,
    SettingsError,
    TopologyError,
)
from genesys_workbench.events import parse_event
from genesys_workbench.messages import DEAD_QUEUE, QUEUE, encode, topology
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import dead_letters, peek, states
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.settling import SETTLE_SECONDS

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def fresh_node() -> Iterator[PrivateNode]:
    """A node without our queues."""
    with PrivateNode() as node:
        yield node


def test_the_set_up_declares_settles_and_proves_once(
    fresh_node: PrivateNode, settings: Settings
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    assert setup_topology(fresh_node.url, settings, sleep=sleep) is True
    assert 0 < sum(waits) < SETTLE_SECONDS
    assert setup_topology(fresh_node.url, settings, sleep=sleep) is False
    assert [(each.name, each.ready) for each in states(fresh_node.url)] == [
        (QUEUE, 0),
        (DEAD_QUEUE, 0),
    ]


def test_other_arguments_are_refused_with_the_remedy(
    fresh_node: PrivateNode, settings: Settings
) -> None:
    setup_topology(fresh_node.url, settings, sleep=lambda _: None)
    other = load_settings(delivery_limit=7)
    with pytest.raises(TopologyError, match="x-delivery-limit") as caught:
        setup_topology(fresh_node.url, other)
    assert "WORKBENCH_QUEUE_TYPE" in caught.value.fix
    assert "delete_queue" in caught.value.fix


def test_a_missing_binding_is_found_by_the_canary(
    fresh_node: PrivateNode, settings: Settings
) -> None:
    setup_topology(fresh_node.url, settings, sleep=lambda _: None)
    plan = topology(settings)
    with open_channel(fresh_node.url) as channel:
        channel.queue_unbind(plan.canary.name, *plan.canary.bindings[0])
    with pytest.raises(TopologyError, match=r"canary.*not taken"):
        check_topology(fresh_node.url, plan)
    setup_topology(fresh_node.url, settings, sleep=lambda _: None)
    check_topology(fresh_node.url, plan)


def test_a_missing_queue_is_an_error_that_names_the_set_up(
    fresh_node: PrivateNode, settings: Settings
) -> None:
    setup_topology(fresh_node.url, settings, sleep=lambda _: None)
    with open_channel(fresh_node.url) as channel:
        channel.queue_delete(DEAD_QUEUE)
    with pytest.raises(TopologyError, match="queue setup"):
        states(fresh_node.url)
    with pytest.raises(TopologyError, match="queue setup"):
        check_topology(fresh_node.url, topology(settings))


def test_a_classic_queue_gives_the_caller_on_the_line_precedence(fresh_node: PrivateNode) -> None:
    settings = load_settings(queue_type="classic")
    with open_channel(fresh_node.url) as channel:
        for spec in topology(settings).queues:
            channel.queue_delete(spec.name)
    setup_topology(fresh_node.url, settings, sleep=lambda _: None)
    with Publisher(fresh_node.url) as publisher:
        for medium in ("EMAIL", "VOICE", "CHAT"):
            event = parse_event({"conversationId": "c", "mediaType": medium, "eventId": medium})
            message = encode(event, received_at=NOW, with_priority=True)
            publisher.publish(message).result(10)
    assert [each.message_id for each in peek(fresh_node.url)] == ["VOICE", "CHAT", "EMAIL"]
    with open_channel(fresh_node.url) as channel:
        for spec in topology(settings).queues:
            channel.queue_delete(spec.name)


def test_peeking_leaves_the_messages_where_they_are(broker_url: str) -> None:
    with Publisher(broker_url) as publisher:
        for number in range(5):
            event = parse_event({"conversationId": "c", "eventId": f"e-{number}"})
            publisher.publish(encode(event, received_at=NOW)).result(10)
    first = [each.message_id for each in peek(broker_url, limit=3)]
    assert first == ["e-0", "e-1", "e-2"]
    assert [each.message_id for each in peek(broker_url, limit=99)] == [
        f"e-{number}" for number in range(5)
    ]
    assert states(broker_url)[0].ready == 5


def test_no_dead_letters_is_an_empty_list(broker_url: str) -> None:
    assert dead_letters(broker_url) == []


@pytest.mark.parametrize("call", [states, peek, dead_letters])
def test_an_unreachable_broker_is_said_to_be_so(call: object) -> None:
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1"):
        call("amqp://guest:canary@127.0.0.1:1/")  # type: ignore[operator]


@pytest.mark.parametrize("call", [states, peek, dead_letters])
def test_a_refused_login_is_said_to_be_so(call: object, broker_url: str) -> None:
    with pytest.raises(BrokerRefused, match="refused"):
        call(broker_url.replace("guest:guest", "guest:wrong"))  # type: ignore[operator]


def test_where_the_broker_is_follows_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate(load_settings(broker_url="memory://")).kind == "memory"
    assert locate(load_settings(broker_url="local")).kind == "local"
    given = locate(load_settings(broker_url="amqp://u:canary@rabbit.example.com/v"))
    assert (given.kind, "rabbit.example.com" in given.why) == ("amqp", True)
    assert "canary" not in repr(given)
    assert locate(load_settings()).kind == "local"
    monkeypatch.setattr(node_module, "PLACES", ())
    found = locate(load_settings())
    assert (found.kind, "no rabbitmq-server is installed" in found.why) == ("memory", True)


@pytest.mark.parametrize("value", ["redis://localhost", "rabbit", "amqp://[bad"])
def test_another_broker_url_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="WORKBENCH_BROKER_URL"):
        locate(load_settings(broker_url=value))


def test_a_node_that_does_not_run_has_no_url() -> None:
    with pytest.raises(BrokerError, match="does not run"):
        url_of(locate(load_settings(broker_url="local")))


def test_without_rabbitmq_a_private_node_names_the_install_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_module, "PLACES", ())
    with pytest.raises(BrokerUnreachable, match="apt-get install rabbitmq-server"):
        PrivateNode().start()


def test_commands_share_one_private_node_and_what_is_queued_survives_its_stop() -> None:
    settings = load_settings(broker_url="local")
    with running_broker(settings) as broker:
        url = url_of(broker)
        setup_topology(url, settings)
        with running_broker(settings) as second:
            assert second.url == url
        with Publisher(url) as publisher:
            event = parse_event({"conversationId": "c", "eventId": "kept"})
            publisher.publish(encode(event, received_at=NOW)).result(10)
        assert (node_dir(settings) / "node.json").stat().st_mode & 0o077 == 0
    assert locate(settings).url is None
    with running_broker(settings) as again:
        assert [each.message_id for each in peek(url_of(again))] == ["kept"]


def test_a_node_leaves_no_process_and_no_folder_behind() -> None:
    node = PrivateNode()
    with node:
        children = psutil.Process().children(recursive=True)
        ours = [each for each in children if str(node.data_dir) in str(each.environ())]
        assert {"beam.smp", "epmd"} <= {each.name() for each in ours}
    gone, alive = psutil.wait_procs(ours, timeout=10)
    assert alive == []
    assert len(gone) >= 2
    assert not node.data_dir.exists()


def test_a_node_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from genesys_workbench.node import PrivateNode\n"
        "node = PrivateNode()\n"
        "node.start()\n"
        "print(node.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    family = [server, *server.children(recursive=True)]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
