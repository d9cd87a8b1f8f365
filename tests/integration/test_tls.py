"""TLS with a real RabbitMQ node that wants client certificates, and real worker processes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from genesys_workbench.broker import locate, open_channel, setup_topology
from genesys_workbench.demo import run_demo
from genesys_workbench.errors import BrokerError, BrokerRefused, BrokerUnreachable
from genesys_workbench.events import parse_event
from genesys_workbench.management import Management
from genesys_workbench.messages import QUEUE, encode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import states
from genesys_workbench.settings import Settings
from genesys_workbench.tls_facts import broker_facts
from genesys_workbench.workbench import Workbench
from tests.certificates import Certificates, Pair
from tests.integration.shells import BENCH, Shell, free_port
from tests.integration.tls_node import TlsNode
from tests.integration.workers import Worker, wait_until
from tests.store_fakes import START


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[TlsNode]:
    """A node that has its topology, and takes no client without a certificate of its CA."""
    with TlsNode(Certificates(folder)) as running:
        wait_until(lambda: listens(running.tls_port), what="the TLS listener")
        settings = running.settings()
        setup_topology(url_of(settings), settings)
        yield running


@pytest.fixture(scope="module")
def strangers(folder: Path) -> Certificates:
    return Certificates(folder, "strangers")


@pytest.fixture
def secure(node: TlsNode, tmp_path: Path) -> Settings:
    """Settings for all parts: TLS to the broker, https to a receiver of a public name."""
    public = node.certificates.issue("hooks.example.org")
    return node.settings(
        management_url=node.tls_management_url,
        tls_cert_file=public.certificate,
        tls_key_file=public.key,
        port=free_port(),
        enrich="off",
        data_dir=tmp_path / "data",
    )


@pytest.fixture
def shell(secure: Settings, tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path, **secure.environment())
    yield opened
    opened.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def url_of(settings: Settings) -> str:
    return str(locate(settings).url)


def test_an_event_goes_all_its_way_encrypted_and_the_audit_agrees(
    node: TlsNode, secure: Settings, shell: Shell, tmp_path: Path
) -> None:
    shell.start("receive", BENCH, "receive")
    shell.start("work", "celery", "-A", "genesys_workbench.tasks", "worker", "-c", "2")
    shell.wait_for("receive", f"Ready: POST https://127.0.0.1:{secure.port}/webhook")
    answers = shell.rows("trigger", "voice-inbound", "-n", "20")
    assert {answer["httpStatus"] for answer in answers} == {202}
    assert {answer["status"] for answer in answers} == {"published"}
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    (told,) = shell.rows("audit", "--ledger", str(ledger), "--complete", "--wait", "60")
    assert (told["accepted"], told["processed"], told["lost"], told["dead"]) == (20, 20, 0, 0)
    assert told["unacked"] == 0  # as the management plugin tells, by https
    lines = node.control("list_connections", "ssl", "peer_cert_subject").splitlines()[1:]
    assert len(lines) >= 2
    assert all(line.startswith("true\t") and "trustme" in line for line in lines)
    (port,) = (each for each in shell.rows("doctor") if each["name"] == "receiver port")
    assert "a receiver runs at" in port["finding"]
    secret = str(node.client.key.read_text()).splitlines()[1]
    for name in ("receive", "work"):
        assert not any(word in shell.said(name) for word in (secret, "Traceback"))


def test_the_demonstration_runs_encrypted_and_survives_the_brokers_crash(
    node: TlsNode, secure: Settings, tmp_path: Path
) -> None:
    with Workbench(secure, worker_log=tmp_path / "worker.log") as bench:
        assert bench.address().startswith("https://127.0.0.1:")
        assert run_demo(bench, events=100, rate=None, salt="before").lost == 0
        node.kill()
        node.restart()
        after = run_demo(bench, events=100, rate=None, salt="after")
        assert (after.rejected, after.lost, after.processed) == (0, 0, 100)
        bench.wait_for(bench.fire("voice-inbound", client="celery"))
        bench.wait_for(bench.fire("voice-inbound", client="pika"))


def test_the_management_plugin_is_asked_by_https_with_the_same_ca(
    node: TlsNode, strangers: Certificates
) -> None:
    with Management(node.tls_management_url, broker_url=url_of(node.settings())) as plugin:
        assert QUEUE in plugin.figures()
    url = url_of(node.settings(broker_ca_file=strangers.ca_file))
    with (
        Management(node.tls_management_url, broker_url=url) as plugin,
        pytest.raises(BrokerRefused, match=r"management plugin at https.*not trusted") as caught,
    ):
        plugin.figures()
    assert "WORKBENCH_BROKER_CA_FILE" in caught.value.fix


def pika_connects(url: str) -> None:
    with open_channel(url):
        pass


def kombu_connects(url: str) -> None:
    states(url)


def publisher_connects(url: str) -> None:
    event = parse_event({"conversationId": "c-1"})
    with Publisher(url, timeout=1) as publisher:
        publisher.publish(encode(event, received_at=START)).result(15)


CONNECTORS = [pika_connects, kombu_connects, publisher_connects, broker_facts]
# TLS 1.3 tells a refused client only after its handshake, so that it may not come to read why.
LATE = (BrokerRefused, BrokerUnreachable)


@pytest.mark.parametrize("connect", CONNECTORS)
def test_a_broker_of_another_ca_is_refused(
    node: TlsNode, strangers: Certificates, connect: Callable[[str], object]
) -> None:
    url = url_of(node.settings(broker_ca_file=strangers.ca_file))
    with pytest.raises(BrokerRefused, match=r"certificate of RabbitMQ at amqps:.*is not trusted"):
        connect(url)


@pytest.mark.parametrize("connect", CONNECTORS)
def test_a_broker_whose_ca_the_system_does_not_know_is_refused(
    node: TlsNode, connect: Callable[[str], object]
) -> None:
    with pytest.raises(BrokerRefused, match="is not trusted") as caught:
        connect(node.tls_url)
    assert "WORKBENCH_BROKER_CA_FILE" in caught.value.fix


@pytest.mark.parametrize("connect", CONNECTORS)
def test_a_broker_whose_certificate_is_for_another_name_is_refused(
    node: TlsNode, connect: Callable[[str], object]
) -> None:
    other = SecretStr(node.tls_url.replace("127.0.0.1", "localhost"))
    with pytest.raises(BrokerRefused, match="not valid for 'localhost'"):
        connect(url_of(node.settings(broker_url=other)))


@pytest.mark.parametrize("connect", CONNECTORS[:3])
@pytest.mark.parametrize("shown", ["nothing", "expired", "stranger"])
def test_a_client_without_a_good_certificate_is_told_which_settings_to_change(
    node: TlsNode, strangers: Certificates, connect: Callable[[str], object], shown: str
) -> None:
    clients: dict[str, Pair] = {
        "expired": node.certificates.issue("late", expired=True),
        "stranger": strangers.issue("stranger"),
    }
    url = f"{node.tls_url}?{urlencode({'cacertfile': node.certificates.ca_file})}"
    if shown != "nothing":
        url = url_of(node.settings(clients[shown]))
    with pytest.raises(LATE, match="client certificate") as caught:
        connect(url)
    assert "WORKBENCH_BROKER_CERT_FILE and WORKBENCH_BROKER_KEY_FILE" in caught.value.fix


@pytest.mark.parametrize("connect", CONNECTORS[:3])
def test_a_tls_port_that_is_spoken_to_without_is_told(
    node: TlsNode, connect: Callable[[str], object]
) -> None:
    with pytest.raises(BrokerUnreachable) as caught:
        connect(node.tls_url.replace("amqps:", "amqp:"))
    assert "wants amqps://" in caught.value.fix


@pytest.mark.parametrize("connect", CONNECTORS)
def test_a_port_without_tls_is_told(node: TlsNode, connect: Callable[[str], object]) -> None:
    plain = SecretStr(node.url.replace("amqp:", "amqps:"))
    with pytest.raises(BrokerError, match="does not speak TLS at this port"):
        connect(url_of(node.settings(broker_url=plain)))


def test_commands_end_with_the_sentence_and_the_code(
    node: TlsNode, strangers: Certificates, shell: Shell
) -> None:
    shell.environment["WORKBENCH_BROKER_CA_FILE"] = str(strangers.ca_file)
    refused = shell.run(BENCH, "queue", "show", code=4).stderr
    assert "is not trusted" in refused
    assert "Fix: set WORKBENCH_BROKER_CA_FILE" in refused
    (broker,) = (each for each in shell.rows("doctor", code=1) if each["name"] == "broker")
    assert (broker["state"], "is not trusted" in broker["finding"]) == ("fail", True)
    shell.environment["WORKBENCH_BROKER_CA_FILE"] = str(node.certificates.ca_file)
    (broker,) = (each for each in shell.rows("doctor") if each["name"] == "broker")
    assert broker["finding"].endswith("; TLSv1.3, certificate valid until 3000-01-01")
    shell.environment["WORKBENCH_BROKER_KEY_FILE"] = "/nowhere.pem"
    for command in (("queue", "show"), ("receive",), ("work",)):
        assert (
            "WORKBENCH_BROKER_KEY_FILE, /nowhere.pem" in shell.run(BENCH, *command, code=3).stderr
        )


def test_a_worker_that_may_not_connect_says_why_and_tries_again(
    node: TlsNode, strangers: Certificates, tmp_path: Path
) -> None:
    settings = node.settings(broker_ca_file=strangers.ca_file, enrich="off")
    with Worker(settings, tmp_path / "worker.log", wait=False) as worker:
        wait_until(lambda: worker.log.count("certificate verify failed") > 1, what="two tries")
        assert worker.process.running()
        assert "Traceback" not in worker.log
