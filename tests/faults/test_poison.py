"""Rows 34, 15, 16 and 18: messages that no code can parse, and tasks that kill or never end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from genesys_workbench import memory
from genesys_workbench.broker import open_channel
from genesys_workbench.dead import DeadLetter
from genesys_workbench.errors import Unroutable
from genesys_workbench.events import parse_event
from genesys_workbench.memory import MemoryPublisher
from genesys_workbench.messages import DEAD_QUEUE, QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import dead_letters, redrive, states
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store
from genesys_workbench.worker import EmbeddedWorker
from tests.faults.conftest import MakeRig
from tests.faults.poison import MENDED, POISON, Poison, publish
from tests.faults.rig import Rig
from tests.faults.strict import strict_broker, strict_rigs  # noqa: F401 - fixtures
from tests.integration.workers import wait_until

STEP = """
import ctypes, os, signal, time

def recurse(): recurse()

def sleep_on():
    while True:
        try: time.sleep(60)
        except Exception: pass

def exhausted(): raise MemoryError
def stopped(): raise SystemExit(1)
def interrupted(): raise KeyboardInterrupt
def closed(): raise GeneratorExit

WHAT = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exits": lambda: os._exit(0),
    "segfault": lambda: ctypes.string_at(0),
    "memory": exhausted,
    "too much": lambda: bytearray(1 << 60),
    "recursion": recurse,
    "SystemExit": stopped,
    "KeyboardInterrupt": interrupted,
    "GeneratorExit": closed,
    "slow": lambda: time.sleep(60),
    "deaf": sleep_on,
}

def step(event, conversation):
    WHAT.get(event.source.get("note"), int)()
"""
KILLERS = {
    "killed": "delivery_limit",
    "exits": "delivery_limit",
    "segfault": "delivery_limit",
    "memory": "resource",
    "too much": "resource",
    "recursion": "processor_failed",
    "SystemExit": "processor_failed",
    "KeyboardInterrupt": "processor_failed",
    "GeneratorExit": "processor_failed",
}


def good(name: str) -> Message:
    """An event with a text that JSON can hold and UTF-8 cannot, which is no poison."""
    source = {"conversationId": "c", "eventId": name, "note": "half a pair: \ud800"}
    return encode(parse_event(source), received_at=now())


def now() -> datetime:
    return datetime.now(UTC)


AGAIN = [each for each in POISON if each.name not in MENDED]


def check(letters: list[DeadLetter], published: list[Poison], *, redriven: int) -> None:
    """Compare the dead letters with what was published."""
    found = {str(letter.message.amqp_properties.get("message_id")): letter for letter in letters}
    assert len(letters) == len(published)
    reasons = {each.name: found[each.name].reason for each in published}
    assert reasons == {each.name: each.reason for each in published}
    for each in published:
        letter = found[each.name]
        assert letter.message.body == each.body
        assert letter.error
        assert letter.redriven == redriven
        assert [death["reason"] for death in letter.history] == [each.reason] * redriven
        kept = {"retries", "eta", "expires", "x-death"}
        theirs = {key: value for key, value in (each.headers or {}).items() if key not in kept}
        assert {key: letter.message.headers[key] for key in theirs} == theirs
        given = {"content_type": "application/json", "message_id": each.name} | each.properties
        assert letter.message.amqp_properties == {k: v for k, v in given.items() if v is not None}


def dead(url: str) -> int:
    return states(url)[1].ready


def test_row_34_poison_dies_byte_for_byte_with_its_reason_and_again_after_a_redrive(
    rig: Rig,
) -> None:
    worker = rig.worker()
    publish(rig.broker_url)
    with Publisher(rig.broker_url) as publisher:
        publisher.publish(good("e-1")).result(10)
        wait_until(lambda: rig.store.known(["e-1"]), seconds=10, what="the good event's record")
        wait_until(lambda: dead(rig.broker_url) == len(POISON), what="the dead letters")
        check(dead_letters(rig.broker_url), POISON, redriven=0)
        assert len(redrive(rig.broker_url, publisher)) == len(POISON)
        publisher.publish(good("e-2")).result(10)
        wait_until(lambda: rig.store.known(["e-2"]), seconds=10, what="the next good event")
    wait_until(lambda: dead(rig.broker_url) == len(AGAIN), what="the dead letters again")
    check(dead_letters(rig.broker_url), AGAIN, redriven=1)
    assert worker.running
    assert states(rig.broker_url)[0].ready == 0
    assert rig.store.counts()["events"] == 3  # those that the redrive mended are one event
    assert worker.stop() == 0


def test_a_time_in_a_message_of_somebody_else_keeps_no_worker_from_its_work(rig: Rig) -> None:
    """The worker would hold it, and with quorum queues nothing else then."""
    rig.worker(concurrency=1)
    later = {"eta": "2999-01-01T00:00:00+00:00", "expires": "2998-01-01T00:00:00+00:00"}
    with Publisher(rig.broker_url) as publisher:
        for number in range(3):
            message = good(f"later-{number}")
            message.headers.update(later)
            publisher.publish(message).result(10)
        publisher.publish(good("e-1")).result(10)
    ids = ["later-0", "later-1", "later-2", "e-1"]
    wait_until(lambda: rig.store.known(ids) == set(ids), seconds=20, what="all records")
    with open_channel(rig.broker_url) as channel:
        assert channel.queue_declare(QUEUE, passive=True).method.message_count == 0


def test_a_message_that_amqp_cannot_hold_fails_alone_and_no_confirm_is_taken_for_another(
    node: PrivateNode,
) -> None:
    messages = {name: good(name) for name in ("e-1", "number", "e-2", "long", "nowhere", "e-3")}
    messages["number"].headers["id"] = 5
    messages["long"].headers["id"] = "x" * 300
    messages["nowhere"] = replace(messages["nowhere"], exchange="", routing_key="no such queue")
    failed: dict[str, str] = {}
    with Publisher(node.url) as publisher:
        futures = {name: publisher.publish(message) for name, message in messages.items()}
        for name, future in futures.items():
            error = future.exception(10)
            if error is not None:
                failed[name] = type(error).__name__
    assert failed == {"number": "BrokerError", "long": "BrokerError", "nowhere": "Unroutable"}
    assert states(node.url)[0].ready == 3


def test_a_letter_without_an_id_that_comes_back_unrouted_is_no_success(node: PrivateNode) -> None:
    lost = Message("", "no such queue", b"5", {}, exchange="", properties={})
    with Publisher(node.url) as publisher:
        assert isinstance(publisher.publish(lost).exception(10), Unroutable)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Store]:
    """The embedded worker, and the store that it writes to."""
    settings = load_settings(
        broker_url=SecretStr("memory://"),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
        enrich="off",
    )
    memory.setup()
    memory.clear()
    worker = EmbeddedWorker(settings)
    worker.start()
    store = Store.prepared(settings.store_url)
    yield store
    worker.stop()
    store.close()
    memory.clear()


# kombu's in-memory queues forget this header when a message is put back.
IN_MEMORY = [each for each in POISON if "compression" not in (each.headers or {})]


def test_row_34_in_memory_poison_is_kept_the_same_way(embedded: Store) -> None:
    publisher = MemoryPublisher()
    again = [each for each in IN_MEMORY if each in AGAIN]
    for each in IN_MEMORY:
        publisher.publish(each.message).result(0)
    publisher.publish(good("e-1")).result(0)
    wait_until(lambda: embedded.known(["e-1"]), seconds=20, what="the good event's record")
    wait_until(lambda: dead(memory.URL) == len(IN_MEMORY), what="the dead letters")
    check(dead_letters(memory.URL), IN_MEMORY, redriven=0)
    assert (memory.depth(QUEUE), memory.depth(DEAD_QUEUE)) == (0, len(IN_MEMORY))
    assert len(redrive(memory.URL, publisher)) == len(IN_MEMORY)
    wait_until(lambda: dead(memory.URL) == len(again), what="the dead letters again")
    check(dead_letters(memory.URL), again, redriven=1)
    publisher.close()


def test_rows_15_and_16_a_step_that_kills_its_process_is_given_up_and_the_worker_lives(
    make_strict: MakeRig,
) -> None:
    rig = make_strict(processor="own_step:step")
    (rig.folder / "own_step.py").write_text(STEP)
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    pid = worker.pid
    names = {}
    for note in KILLERS:
        body = rig.sender.event(note=note)
        assert rig.sender.deliver(body) == 202
        names[body["eventId"]] = note
    rig.sender.send(10)
    wait_until(lambda: dead(rig.broker_url) == len(KILLERS), seconds=60, what="the dead letters")
    assert {names[key]: reason for key, reason in rig.reasons().items()} == KILLERS
    assert worker.running
    assert worker.pid == pid
    expected = {reason: list(KILLERS.values()).count(reason) for reason in KILLERS.values()}
    rig.settle(dead=expected)


def test_row_18_a_step_that_never_ends_is_a_dead_letter_whether_it_listens_or_not(
    make_strict: MakeRig,
) -> None:
    rig = make_strict(processor="own_step:step", task_timeout=1, max_retries=1)
    (rig.folder / "own_step.py").write_text(STEP)
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    for note in ("slow", "deaf"):
        assert rig.sender.deliver(rig.sender.event(note=note)) == 202
    rig.sender.send(10)
    wait_until(lambda: dead(rig.broker_url) == 2, seconds=60, what="the dead letters")
    assert worker.running
    rig.settle(dead={"timeout": 1, "delivery_limit": 1})
