"""How the parts are operated: readiness, orderly ends, logs for programs, metrics of a worker."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from genesys_workbench.correlation import correlation_in
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import dead_letters, peek, redrive, states
from genesys_workbench.receiver import PATH
from genesys_workbench.replay import replay_event
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from tests.faults.processes import Process
from tests.faults.rig import SECRET, Rig
from tests.faults.sender import PERSON
from tests.integration.shells import free_port
from tests.integration.workers import wait_until

CONNECTIONS = 64
LIMIT = 3  # promised are 2 s; a busy machine gets one more
SLOW = "import time\ndef step(event, conversation):\n    time.sleep(3)\n"
MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(rabbit: PrivateNode, broker_url: str, tmp_path: Path) -> Iterator[MakeRig]:
    """Make an installation on the session's broker, whose queues are empty."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(
            Rig(rabbit, tmp_path, salt=tmp_path.name, **settings)
        )


def seconds_until_ready_is(rig: Rig, status: int) -> float:
    started = time.monotonic()
    rig.wait_ready(status)
    return time.monotonic() - started


def test_readiness_follows_a_broker_that_dies_within_two_seconds(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.receiver()
    rig.wait_ready()
    rig.node.kill()
    assert seconds_until_ready_is(rig, 503) < LIMIT
    rig.node.restart()
    assert seconds_until_ready_is(rig, 200) < LIMIT


def test_readiness_follows_a_broker_that_hangs_within_two_seconds(make_rig: MakeRig) -> None:
    rig = make_rig()
    receiver = rig.receiver()
    rig.wait_ready()
    os.kill(rig.node.pid, signal.SIGSTOP)
    try:
        assert seconds_until_ready_is(rig, 503) < LIMIT  # though nothing is published
        assert rig.sender.deliver(rig.sender.event()) == 202
    finally:
        os.kill(rig.node.pid, signal.SIGCONT)
    assert seconds_until_ready_is(rig, 200) < LIMIT
    assert rig.sender.ways == {"spooled": 1}
    rig.worker()
    rig.settle()
    assert "does not answer" in receiver.log


def begin(rig: Rig) -> tuple[socket.socket, bytes]:
    """Send the head of a delivery until the receiver asks for the body; return both."""
    body = rig.sender.event()
    content = json.dumps(body).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"X-Webhook-Secret: {SECRET}\r\nContent-Length: {len(content)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", rig.settings.port), 10)
    connection.sendall(head.encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 100")
    return connection, content


def answer(connection: socket.socket) -> dict[str, Any]:
    with connection:
        told = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 202"), told
    found: dict[str, Any] = json.loads(body)
    return found


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


def test_a_receiver_under_load_that_is_terminated_answers_whatever_it_has_begun(
    make_rig: MakeRig,
) -> None:
    rig = make_rig()
    receiver = rig.receiver()
    rig.wait_ready()
    with rig.sender.stream(rate=400, threads=CONNECTIONS):
        wait_until(lambda: len(rig.sender.accepted) > 100, what="some load")
        begun = [begin(rig) for _ in range(CONNECTIONS)]
        receiver.send(signal.SIGTERM)
        wait_until(lambda: refuses(rig.settings.port), what="the end of the listening")
    ended, _, _ = select.select([connection for connection, _ in begun], [], [], 0.5)
    assert ended == [], "a slow sender was cut off"
    for connection, rest in begun:
        connection.sendall(rest)
    answers = [answer(connection) for connection, _ in begun]
    assert {each["status"] for each in answers} == {"published"}
    assert receiver.wait(10) == 0
    accepted = rig.sender.accepted | {each["eventId"] for each in answers}
    queued = {each.message_id for each in peek(rig.broker_url, limit=100_000)}
    assert accepted - queued == set()
    assert rig.sender.statuses.keys() <= {202, 0}  # 0: it came too late to be begun


@pytest.fixture
def slow_rig(make_rig: MakeRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A receiver and a worker whose one task takes 3 s, and has begun."""
    (tmp_path / "slow_step.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    rig = make_rig(processor="slow_step:step", log_level="DEBUG")
    worker = rig.worker(concurrency=1)
    publish(rig, {"conversationId": "c-1", "eventId": "e-1"})
    wait_until(lambda: "begun, attempt 1" in worker.log, what="the task's begin")
    return rig


def test_a_worker_that_is_terminated_finishes_its_task(slow_rig: Rig) -> None:
    worker = slow_rig.processes[-1]
    assert worker.stop(signal.SIGTERM) == 0
    assert slow_rig.store.known(["e-1"]) == {"e-1"}
    assert states(slow_rig.broker_url)[0].ready == 0


def test_a_worker_that_is_told_twice_gives_its_task_back(slow_rig: Rig) -> None:
    worker = slow_rig.processes[-1]
    worker.send(signal.SIGTERM)
    wait_until(lambda: "Warm shutdown" in worker.log, what="the first signal")
    worker.stop(signal.SIGQUIT)
    assert slow_rig.store.known(["e-1"]) == set()
    wait_until(lambda: states(slow_rig.broker_url)[0].ready == 1, what="the message's return")


def publish(rig: Rig, *events: dict[str, str]) -> None:
    with Publisher(rig.broker_url) as publisher:
        for event in events:
            message = encode(parse_event(event), received_at=datetime.now(UTC))
            publisher.publish(message).result(10)


def entries(process: Process) -> list[dict[str, Any]]:
    """Return the log; every line of it must be an object."""
    found = []
    for line in process.log.splitlines():
        assert line.startswith("{"), f"{process.name} printed {line!r}"
        found.append(json.loads(line))
    return found


def deliver(rig: Rig, conversation: str, correlation: str) -> str:
    told = httpx.post(
        rig.url,
        json={"conversationId": conversation, "participant": {"name": PERSON}},
        headers={"X-Webhook-Secret": SECRET, "ININ-Correlation-Id": correlation},
    )
    assert told.headers["X-Correlation-ID"] == correlation
    return str(told.json().get("eventId", ""))


def test_logs_for_programs_are_json_and_tell_the_way_of_each_delivery_by_its_id(
    make_rig: MakeRig, simulator: Simulator
) -> None:
    known = [each.id for each in simulator.world.conversations[:2]]
    simulator.faults.add(Fault(endpoint="conversation", status=503, count=2))
    rig = make_rig(
        enrich="worker",
        api_url_override=simulator.url,
        log_format="json",
        log_level="DEBUG",
        retry_base=0.1,
    )
    receiver = rig.receiver()
    rig.wait_ready()
    worker = rig.worker(concurrency=1)
    good = deliver(rig, known[0], "good-1")
    wait_until(lambda: rig.store.known([good]), what="the record")
    again = deliver(rig, known[0], "good-1")
    assert again == good
    deliver(rig, "not an id", "bad-1")
    simulator.faults.add(Fault(endpoint="conversation", status=403))
    dead = deliver(rig, known[1], "dead-1")
    wait_until(lambda: states(rig.broker_url)[1].ready == 1, what="the dead letter")
    wait_until(lambda: "duplicate" in worker.log, what="the duplicate")

    (letter,) = dead_letters(rig.broker_url)
    assert correlation_in(letter.message.headers) == "dead-1"
    stored = rig.store.event(good)
    assert stored is not None
    assert stored["correlationId"] == "good-1"
    simulator.faults.clear()
    with Publisher(rig.broker_url) as publisher:
        redrive(rig.broker_url, publisher)
        replay_event(rig.store, publisher, good)
    wait_until(lambda: rig.store.known([dead]), what="the redriven event's record")
    wait_until(lambda: "replayed" in worker.log, what="the replay")
    assert [each.stop() for each in (receiver, worker)] == [0, 0]

    taken, worked = entries(receiver), entries(worker)
    assert PERSON not in receiver.log + worker.log
    told = {
        each["correlation_id"]: (each["level"], each.get("status"), each.get("outcome"))
        for each in taken
        if "correlation_id" in each
    }
    assert told == {
        "good-1": ("INFO", 202, "published"),
        "bad-1": ("WARNING", 422, None),
        "dead-1": ("INFO", 202, "published"),
    }
    about = [each for each in worked if each["logger"].startswith("genesys_workbench.tasks")]
    assert {(each["event_id"], each["correlation_id"]) for each in about} == {
        (good, "good-1"),
        (dead, "dead-1"),
    }
    outcomes = {each.get("outcome", each.get("reason", "begun")) for each in about}
    assert outcomes == {
        "begun",
        "upstream_5xx",
        "processed",
        "duplicate",
        "forbidden",
        "replayed",
    }
    failed = [each for each in worked if each["logger"] == "genesys_workbench.client"]
    assert {each["correlation_id"] for each in failed} == {"good-1", "dead-1"}
    assert all(each["genesys_correlation_id"] for each in failed), "to be quoted to Genesys"


def figures(port: str) -> dict[tuple[str, str], float]:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    return {
        (sample.name.removeprefix("workbench_"), ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_tells_what_became_of_its_tasks_whatever_runs_them(
    make_rig: MakeRig, simulator: Simulator, tmp_path: Path, pool: str
) -> None:
    port = free_port()
    known = [each.id for each in simulator.world.conversations[:8]]
    rig = make_rig(enrich="worker", api_url_override=simulator.url, metrics_port=int(port))
    events = [{"conversationId": each, "eventId": f"e-{each}"} for each in known]
    worker = rig.worker(pool=pool, TMPDIR=str(tmp_path))
    assert not figures(port), "nothing was done so far"
    publish(rig, *events, *events)
    wait_until(lambda: figures(port).get(("tasks_total", "duplicate,")) == 8, what="8 duplicates")

    started = time.monotonic()
    found = figures(port)
    assert time.monotonic() - started < 0.5
    assert found["tasks_total", "processed,"] == 8
    assert found["task_seconds_count", "duplicate"] == 8
    assert found["store_seconds_count", ""] == 16
    assert found["receipt_to_record_seconds_count", ""] == 8
    assert found["api_call_seconds_count", "200"] >= 1
    assert worker.stop() == 0
    assert list(tmp_path.glob("genesys-workbench-metrics-*")) == []
    socket.create_server(("127.0.0.1", int(port))).close()
