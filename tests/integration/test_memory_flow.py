"""The whole flow in one process: no server, the same Celery app in a thread."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import memory, samples
from genesys_workbench.demo import run_demo
from genesys_workbench.errors import ServingError, StoreUnavailable
from genesys_workbench.events import parse_event
from genesys_workbench.memory import MemoryPublisher
from genesys_workbench.messages import encode
from genesys_workbench.queues import dead_letters, redrive, states
from genesys_workbench.replay import replay_event
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.workbench import Workbench
from genesys_workbench.worker import EmbeddedWorker
from tests.integration.workers import wait_until

URL = "memory://"


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    return load_settings(
        broker_url=SecretStr(URL),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
        port=0,
        max_retries=1,
        retry_base=0.1,
    )


@pytest.fixture
def bench(embedded: Settings) -> Iterator[Workbench]:
    with Workbench(embedded) as opened:
        yield opened


def send(bench: Workbench, index: int = 0) -> str:
    """Publish an event of one of the simulator's conversations; return its id."""
    assert bench.simulator is not None
    event = parse_event({"conversationId": bench.simulator.world.conversations[index].id})
    bench.publisher.publish(encode(event, received_at=datetime.now(UTC))).result(5)
    return event.event_id


def wait_for(bench: Workbench, *ids: str) -> None:
    wait_until(lambda: bench.store.known(ids) == set(ids), what=f"the record of {ids}")


def wait_for_dead(count: int) -> None:
    wait_until(lambda: states(URL)[1].ready == count, what=f"{count} dead letters")


def fail(bench: Workbench, status: int, *, count: int | None = None) -> None:
    assert bench.simulator is not None
    bench.simulator.faults.add(Fault(endpoint="conversation", status=status, count=count))


def test_a_delivery_becomes_an_enriched_record(bench: Workbench) -> None:
    assert bench.simulator is not None
    known = bench.simulator.world.conversations[3]
    body = samples.event("voice-inbound", conversationId=known.id)
    answer = httpx.post(str(bench.receiver.url), json=body, trust_env=False)
    assert (answer.status_code, answer.json()["status"]) == (202, "published")
    wait_for(bench, answer.json()["eventId"])
    (row,) = bench.store.events()
    assert (row["conversationId"], row["enriched"]) == (known.id, True)
    conversation = bench.store.conversation(known.id)
    assert conversation is not None
    assert conversation["participants"]


def test_the_demonstration_loses_nothing_twice_in_one_process(embedded: Settings) -> None:
    results = []
    for salt in ("one", "two"):
        with Workbench(embedded) as bench:
            results.append(run_demo(bench, events=60, rate=None, salt=salt))
            events = bench.store.counts()["events"]
    assert [(each.lost, each.dead, each.processed) for each in results] == [(0, 0, 60)] * 2
    assert [each.broker for each in results] == ["memory"] * 2
    assert all(each.accepted == 60 + each.duplicates for each in results)
    assert events == 120


def test_the_demonstration_proves_its_deliveries_where_a_secret_is_set(
    embedded: Settings,
) -> None:
    guarded = embedded.model_copy(update={"webhook_secret": SecretStr("of-this-test")})
    with Workbench(guarded) as bench:
        result = run_demo(bench, events=20, rate=None, salt="guarded")
        (answer,) = bench.trigger("chat", same_id=True)
    assert (result.accepted, result.lost, answer["httpStatus"]) == (result.sent, 0, 202)


def test_the_same_demonstration_again_is_absorbed(embedded: Settings) -> None:
    with Workbench(embedded) as bench:
        run_demo(bench, events=20, rate=None, salt="same")
    with Workbench(embedded) as bench:
        result = run_demo(bench, events=20, rate=None, salt="same")
        wait_until(lambda: bench.store.counts()["duplicates"] >= 20, what="the repetitions")
        events = bench.store.counts()["events"]
    assert (result.lost, events) == (0, 20)


def test_a_transient_error_is_tried_again_after_its_wait(bench: Workbench) -> None:
    fail(bench, 503, count=2)
    event_id = send(bench)
    wait_for(bench, event_id)
    (row,) = bench.store.events()
    assert row["attempts"] == 2
    outcomes = [each["outcome"] for each in (bench.store.event(event_id) or {})["attempts"]]
    assert outcomes == ["retry", "processed"]
    assert [state.ready for state in states(URL)] == [0, 0]


def test_exhausted_retries_become_a_dead_letter(bench: Workbench) -> None:
    fail(bench, 503)
    event_id = send(bench)
    wait_for_dead(1)
    (letter,) = dead_letters(URL)
    assert (letter.event_id, letter.reason, letter.attempts) == (event_id, "upstream_5xx", 2)
    assert [row["status"] for row in bench.store.events()] == ["dead"]


def test_a_permanent_error_becomes_a_dead_letter_at_once(bench: Workbench) -> None:
    fail(bench, 403)
    event_id = send(bench)
    wait_for_dead(1)
    (letter,) = dead_letters(URL)
    assert (letter.event_id, letter.reason, letter.attempts) == (event_id, "forbidden", 1)


def test_dead_letters_that_are_sent_back_are_processed(bench: Workbench) -> None:
    fail(bench, 403, count=2)
    ids = [send(bench, index) for index in range(2)]
    wait_for_dead(2)
    assert {letter.event_id for letter in redrive(URL, bench.publisher)} == set(ids)
    wait_for(bench, *ids)
    assert [state.ready for state in states(URL)] == [0, 0]
    assert bench.store.counts()["dead"] == 0


def test_a_replayed_event_runs_again_under_its_id(bench: Workbench) -> None:
    event_id = send(bench)
    wait_for(bench, event_id)
    assert replay_event(bench.store, bench.publisher, event_id) == 1

    def marks() -> list[str]:
        return [each["outcome"] for each in (bench.store.event(event_id) or {})["attempts"]]

    wait_until(lambda: marks() == ["processed", "replayed"], what="the replay")
    assert bench.store.counts()["events"] == 1


def test_a_message_of_no_known_shape_neither_kills_the_worker_nor_stays(bench: Workbench) -> None:
    publisher = bench.publisher
    assert isinstance(publisher, MemoryPublisher)
    shape = encode(parse_event({"conversationId": "c1"}), received_at=datetime.now(UTC))
    for body in (b"{", b"[[], {}]", b"null", b'[["{}"], {}, null]'):
        odd = {"event_id": "odd", "routing_key": shape.routing_key, "headers": shape.headers}
        publisher.publish(type(shape)(body=body, **odd)).result(5)
    wait_for(bench, send(bench))
    assert states(URL)[0].ready == 0


def test_the_worker_can_be_stopped_and_started_again(embedded: Settings, bench: Workbench) -> None:
    assert bench.simulator is not None
    settings = bench.settings
    bench.close()
    with bench.simulator as simulator:
        settings = settings.model_copy(update={"api_url_override": simulator.url})
        worker, publisher = EmbeddedWorker(settings), MemoryPublisher()
        for index in range(3):
            worker.start()
            event = parse_event({"conversationId": simulator.world.conversations[index].id})
            publisher.publish(encode(event, received_at=datetime.now(UTC))).result(5)
            found = event.event_id
            wait_until(lambda wanted=found: bench.store.known([wanted]), what="the record")
            worker.stop()
            worker.stop()
        publisher.close()
    bench.store.close()


def test_what_waits_while_no_worker_runs_is_processed_by_the_next(
    embedded: Settings, bench: Workbench
) -> None:
    settings = bench.settings.model_copy(update={"enrich": "off"})
    bench.close()
    memory.setup()
    publisher = MemoryPublisher()
    event = parse_event({"conversationId": "c1"})
    publisher.publish(encode(event, received_at=datetime.now(UTC))).result(5)
    assert states(URL)[0].ready == 1
    worker = EmbeddedWorker(settings)
    worker.start()
    wait_until(lambda: bench.store.known([event.event_id]), what="the record")
    worker.stop()
    publisher.close()
    bench.store.close()


def test_the_host_process_keeps_its_logging_signals_and_threads(embedded: Settings) -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        return (
            [type(each) for each in root.handlers],
            root.level,
            signal.getsignal(signal.SIGINT),
            signal.getsignal(signal.SIGTERM),
            {each.name for each in threading.enumerate()},
        )

    before = state()
    with Workbench(embedded) as bench:
        wait_for(bench, send(bench))
        assert state()[:4] == before[:4]
    assert state() == before


def test_a_part_that_cannot_open_closes_those_that_did(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = f"sqlite:///{tmp_path / 'file' / 'store.db'}"
    settings = load_settings(broker_url=SecretStr(URL), database_url=SecretStr(place), port=0)
    bench = Workbench(settings)
    with pytest.raises(StoreUnavailable, match="database cannot be made"):
        bench.start()
    assert bench.simulator is not None
    with pytest.raises(ServingError, match="not running"):
        bench.simulator.deliver(1, targets=["http://127.0.0.1:1/"])


def test_each_part_is_announced_before_it_opens(embedded: Settings) -> None:
    said: list[str] = []
    with Workbench(embedded, on_step=said.append) as bench:
        assert repr(bench).startswith("Workbench(broker='memory', receiver='http://127.0.0.1:")
        assert bench.register().action == "created"
    assert [line.partition(":")[0] for line in said] == [
        "broker",
        "simulator",
        "store",
        "worker",
        "receiver",
    ]
