"""The stock Celery worker process on a real RabbitMQ node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery

from genesys_workbench.events import parse_event
from genesys_workbench.messages import EXCHANGE, TASK_NAME, encode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import dead_letters, redrive, states
from genesys_workbench.replay import replay_event
from genesys_workbench.settings import Settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.workers import Worker, wait_until

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def publisher(broker_url: str) -> Iterator[Publisher]:
    with Publisher(broker_url) as opened:
        yield opened


def event_of(simulator: Simulator, index: int = 0, **more: Any) -> dict[str, Any]:
    conversation = simulator.world.conversations[index]
    return {"conversationId": conversation.id, "timestamp": "2026-01-05T08:00:00Z", **more}


def send(publisher: Publisher, source: dict[str, Any]) -> str:
    event = parse_event(source)
    publisher.publish(encode(event, received_at=NOW)).result(10)
    return event.event_id


def wait_for(store: Store, *ids: str) -> None:
    wait_until(lambda: store.known(ids) == set(ids), what=f"the record of {ids}")


def dead_count(url: str) -> int:
    return states(url)[1].ready


def test_a_message_published_by_pika_becomes_an_enriched_record(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator
) -> None:
    event_id = send(publisher, event_of(simulator))
    wait_for(store, event_id)
    event = store.event(event_id)
    conversation = store.conversation(simulator.world.conversations[0].id)
    assert event is not None
    assert (event["status"], event["enriched"], event["created"]) == ("processed", True, True)
    assert conversation is not None
    assert conversation["participants"]
    assert conversation["mediaTypes"]
    wait_until(lambda: "attempt 1" in worker.log, what="the log line")


def test_a_task_sent_by_a_bare_celery_client_by_name_is_processed(
    worker: Worker, broker_url: str, store: Store, simulator: Simulator
) -> None:
    client = Celery(broker=broker_url)
    payload = event_of(simulator, 1)
    client.send_task(
        TASK_NAME, args=[payload], exchange=EXCHANGE, routing_key="conversation.created.unknown"
    )
    wait_for(store, parse_event(payload).event_id)
    client.close()


def test_an_event_that_comes_twice_is_one_record(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator
) -> None:
    event_id = send(publisher, event_of(simulator))
    send(publisher, event_of(simulator))
    wait_until(lambda: (store.event(event_id) or {}).get("deliveries") == 2, what="the duplicate")
    assert store.counts()["events"] == 1


def test_a_transient_error_is_retried_until_it_passes(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator, broker_url: str
) -> None:
    simulator.faults.add(Fault(endpoint="conversation", status=503, count=4))
    event_id = send(publisher, event_of(simulator))
    wait_for(store, event_id)
    event = store.event(event_id)
    assert event is not None
    tries = [(each["attempt"], each["outcome"]) for each in event["attempts"]]
    assert tries[:2] == [(1, "retry"), (2, "retry")]
    assert dead_count(broker_url) == 0
    assert "attempt 3" in worker.log


def test_exhausted_retries_become_a_dead_letter_that_tells_all(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator, broker_url: str
) -> None:
    simulator.faults.add(Fault(endpoint="conversation", status=503))
    source = event_of(simulator)
    event_id = send(publisher, source)
    wait_until(lambda: dead_count(broker_url) == 1, what="the dead letter")
    (letter,) = dead_letters(broker_url)
    assert (letter.event_id, letter.reason, letter.attempts) == (event_id, "upstream_5xx", 3)
    assert f"Event {event_id} failed 3 times, the last time with ServerError" in letter.error
    assert f"genesys-workbench queue redrive {event_id}" in letter.error
    assert json.loads(json.loads(letter.message.body)[0][0])["source"] == source
    (row,) = store.events(status="dead")
    assert (row["eventId"], row["reason"]) == (event_id, "upstream_5xx")


def test_a_permanent_error_is_a_dead_letter_at_once(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator, broker_url: str
) -> None:
    simulator.faults.add(Fault(endpoint="conversation", status=403))
    event_id = send(publisher, event_of(simulator))
    wait_until(lambda: dead_count(broker_url) == 1, what="the dead letter")
    (letter,) = dead_letters(broker_url)
    assert (letter.event_id, letter.reason, letter.attempts) == (event_id, "forbidden", 1)
    assert "conversation:communication:view" in letter.error


def test_a_conversation_that_nobody_knows_is_tried_again_and_then_a_dead_letter(
    worker: Worker, publisher: Publisher, broker_url: str
) -> None:
    send(publisher, {"conversationId": "00000000-0000-4000-8000-00000000dead"})
    wait_until(lambda: dead_count(broker_url) == 1, what="the dead letter")
    (letter,) = dead_letters(broker_url)
    assert (letter.reason, letter.attempts) == ("not_found", 3)


def test_the_same_id_with_another_body_is_a_dead_letter_and_the_first_stays(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator, broker_url: str
) -> None:
    send(publisher, event_of(simulator, eventId="same", note="first"))
    wait_for(store, "same")
    send(publisher, event_of(simulator, eventId="same", note="second"))
    wait_until(lambda: dead_count(broker_url) == 1, what="the dead letter")
    assert dead_letters(broker_url)[0].reason == "id_conflict"
    assert (store.event("same") or {})["source"]["note"] == "first"


def test_a_wait_that_the_api_asks_for_holds_no_worker_slot(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator
) -> None:
    simulator.faults.add(Fault(endpoint="conversation", status=429, retry_after="5", count=4))
    waiting = [send(publisher, event_of(simulator, index)) for index in range(4)]
    wait_until(lambda: worker.log.count("again in") >= 4, what="the four retries")
    known = simulator.world.conversations[5]
    passing = parse_event({"conversationId": known.id})
    message = encode(passing, received_at=NOW, metadata=rest_conversation(known))
    publisher.publish(message).result(10)
    wait_for(store, passing.event_id)
    assert store.known(waiting) == set()
    wait_for(store, *waiting)


def test_dead_letters_are_sent_back_once_and_then_processed(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator, broker_url: str
) -> None:
    simulator.faults.add(Fault(endpoint="conversation", status=403, count=3))
    ids = [send(publisher, event_of(simulator, index)) for index in range(3)]
    wait_until(lambda: dead_count(broker_url) == 3, what="the dead letters")
    first = redrive(broker_url, publisher, wanted=lambda letter: letter.event_id == ids[1])
    assert [letter.event_id for letter in first] == [ids[1]]
    wait_for(store, ids[1])
    assert dead_count(broker_url) == 2
    assert len(redrive(broker_url, publisher)) == 2
    wait_for(store, *ids)
    assert dead_count(broker_url) == 0
    assert redrive(broker_url, publisher) == []


def test_a_replayed_event_keeps_its_id_and_is_marked(
    worker: Worker, publisher: Publisher, store: Store, simulator: Simulator
) -> None:
    event_id = send(publisher, event_of(simulator))
    wait_for(store, event_id)
    assert replay_event(store, publisher, event_id) == 1

    def marks() -> list[str]:
        return [each["outcome"] for each in (store.event(event_id) or {})["attempts"]]

    wait_until(lambda: marks().count("replayed") == 1, what="the replay")
    assert replay_event(store, publisher, event_id) == 2
    wait_until(lambda: marks().count("replayed") == 2, what="the second replay")
    assert store.counts()["events"] == 1


def test_a_processor_of_ones_own_is_called_and_its_failure_retried_and_dead_lettered(
    live_settings: Settings,
    publisher: Publisher,
    store: Store,
    simulator: Simulator,
    broker_url: str,
    tmp_path: Any,
) -> None:
    (tmp_path / "mine.py").write_text(
        "from genesys_workbench.errors import PermanentError\n"
        "def look(event, conversation):\n"
        "    note = event.source.get('note')\n"
        "    if note == 'bad': raise ValueError('cannot do it')\n"
        "    if note == 'never': raise PermanentError('not mine', reason='mine')\n"
        f"    open({str(tmp_path / 'seen')!r}, 'a').write(conversation['id'] + '\\n')\n"
    )
    settings = live_settings.model_copy(update={"processor": "mine:look"})
    with Worker(settings, tmp_path / "own.log", PYTHONPATH=str(tmp_path)):
        good = send(publisher, event_of(simulator))
        send(publisher, event_of(simulator, 1, note="bad", eventId="bad"))
        send(publisher, event_of(simulator, 2, note="never", eventId="never"))
        wait_for(store, good)
        wait_until(lambda: dead_count(broker_url) == 2, what="the dead letters")
    assert (tmp_path / "seen").read_text() == simulator.world.conversations[0].id + "\n"
    found = {
        letter.event_id: (letter.reason, letter.attempts, letter.error)
        for letter in dead_letters(broker_url)
    }
    assert found["never"][:2] == ("mine", 1)
    assert found["bad"][:2] == ("processor_failed", 3)
    assert "ValueError: cannot do it" in found["bad"][2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"WORKBENCH_DELIVERY_LIMIT": "7"}, "x-delivery-limit"),
        ({"WORKBENCH_BROKER_URL": "memory://"}, "memory:// lives inside one process"),
        ({"WORKBENCH_BROKER_URL": "local"}, "private RabbitMQ node does not run"),
        ({"WORKBENCH_BROKER_URL": "redis://x"}, "no broker known here"),
        ({"WORKBENCH_PORT": "many"}, "WORKBENCH_PORT"),
    ],
)
def test_a_worker_that_could_never_work_ends_with_one_sentence(
    live_settings: Settings, tmp_path: Any, change: dict[str, str], words: str
) -> None:
    with Worker(live_settings, tmp_path / "bad.log", wait=False, **change) as bad:
        wait_until(lambda: not bad.process.running(), what="the worker's end")
    assert words in bad.log
    assert "Fix:" in bad.log
    assert "Traceback" not in bad.log


def test_a_killed_worker_gives_its_task_back(
    live_settings: Settings,
    publisher: Publisher,
    store: Store,
    simulator: Simulator,
    tmp_path: Any,
) -> None:
    import os

    simulator.faults.add(Fault(endpoint="conversation", delay=5.0, count=1))
    with Worker(live_settings, tmp_path / "first.log") as first:
        event_id = send(publisher, event_of(simulator))
        wait_until(lambda: simulator.requests["conversation"] >= 1, what="the call under way")
        os.killpg(first.process.pid or 0, 9)
        wait_until(lambda: not first.process.running(), what="the worker's end")
    assert store.known([event_id]) == set()
    with Worker(live_settings, tmp_path / "second.log"):
        wait_for(store, event_id)


def test_a_worker_process_ends_when_its_parent_is_killed(
    live_settings: Settings, tmp_path: Any
) -> None:
    import os
    import signal
    import subprocess
    import sys

    import psutil

    program = (
        "import time\n"
        "from genesys_workbench.worker import WorkerProcess\n"
        "worker = WorkerProcess({})\n"
        "worker.start()\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **live_settings.environment()},
    )
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs([worker], timeout=20)
    assert alive == []
