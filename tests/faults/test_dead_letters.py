"""Rows 43, 44 and 32: dead letters whose queue is missing or full, redrives, one id twice."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.dead import DeadLetter
from genesys_workbench.doctor import check_all
from genesys_workbench.errors import BrokerError
from genesys_workbench.events import parse_event
from genesys_workbench.management import Management
from genesys_workbench.messages import DEAD_QUEUE, QUEUE, Message, encode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import dead_letters, redrive, states
from tests.faults.conftest import MakeRig
from tests.faults.rig import PYTHON, Rig
from tests.faults.strict import strict_broker, strict_rigs  # noqa: F401 - fixtures
from tests.integration.workers import wait_until

# Refuses every event until the file is there; counts how often it took each.
STEP = """
from pathlib import Path
from genesys_workbench.errors import PermanentError

def step(event, conversation):
    if not Path("mended").exists():
        raise PermanentError("not yet", reason="mine")
    with open("done", "a") as file:
        file.write(event.event_id + "\\n")
"""


def refusing(make: MakeRig, **settings: object) -> Rig:
    rig = make(processor="own_step:step", **settings)
    (rig.folder / "own_step.py").write_text(STEP)
    return rig


def mend(rig: Rig) -> None:
    (rig.folder / "mended").touch()


def done(rig: Rig) -> Counter[str]:
    path = rig.folder / "done"
    return Counter(path.read_text().split() if path.exists() else [])


def dead(rig: Rig) -> int:
    return states(rig.broker_url)[1].ready


def stuck(rig: Rig) -> int:
    assert rig.node.management_url is not None
    with Management(rig.node.management_url, broker_url=rig.broker_url) as management:
        return management.figures()[QUEUE].stuck


def killed_redrive(rig: Rig, hit: int) -> None:
    """Run the command, which kills itself between its n-th publish and the ack."""
    bench = str(PYTHON.with_name("genesys-workbench"))
    own = {"WORKBENCH_CRASH_AT": f"redrive-after-publish-before-ack:{hit}"}
    environment = {"PATH": "/usr/bin:/bin", **rig.settings.environment(), **own}
    ended = subprocess.run(
        [bench, "queue", "redrive", "--all"],
        env=environment,
        cwd=rig.folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr


@pytest.fixture
def refused(make_rig: MakeRig) -> Rig:
    """An installation with twelve dead letters, and no worker any more."""
    rig = refusing(make_rig)
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    rig.sender.send(12)
    wait_until(lambda: dead(rig) == 12, what="the dead letters")
    assert worker.stop() == 0
    mend(rig)
    return rig


def test_row_44_a_redrive_that_is_killed_at_any_point_ends_with_each_event_once(
    refused: Rig,
) -> None:
    for hit in (1, 5):
        killed_redrive(refused, hit)
        wait_until(lambda: dead(refused) > 0, what="the letters put back by the broker")
    # Both copies are seen: the letter, and what is under way.
    audit = refused._auditor.look(refused.sender.sent, complete=True)
    assert (audit.missing, audit.doubled) == ((), ())
    assert not audit.passed
    refused.worker(concurrency=1)  # a step is called at least once; two at a time may both be first
    wait_until(lambda: states(refused.broker_url)[0].ready == 0, what="the first copies")
    wait_until(lambda: len(refused.stored()) == 5, what="the records")
    told = refused._auditor.look(refused.sender.sent, complete=True)
    assert told.doubled
    assert all(each.stored and each.letters == 1 for each in told.doubled)
    with Publisher(refused.broker_url) as publisher:
        redrive(refused.broker_url, publisher)
    refused.wait_stored()
    refused.settle()
    assert done(refused) == dict.fromkeys(refused.sender.accepted, 1)


def test_row_44_two_redrives_at_once_send_each_letter_once_while_a_worker_works(
    refused: Rig,
) -> None:
    refused.worker()
    sent: list[list[DeadLetter]] = []

    def run() -> None:
        with Publisher(refused.broker_url) as publisher:
            sent.append(redrive(refused.broker_url, publisher))

    both = [threading.Thread(target=run) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    counted = Counter(letter.event_id for letters in sent for letter in letters)
    assert counted == dict.fromkeys(refused.sender.accepted, 1)
    refused.settle()
    assert done(refused) == dict.fromkeys(refused.sender.accepted, 1)


def test_row_44_a_letter_that_dies_again_is_sent_once_by_a_redrive_and_keeps_its_history(
    make_rig: MakeRig,
) -> None:
    rig = refusing(make_rig)
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    rig.sender.send(6)
    with Publisher(rig.broker_url) as publisher:
        for times in range(3):
            wait_until(lambda: dead(rig) == 6, what="the dead letters")
            for letter in dead_letters(rig.broker_url):
                assert [each["reason"] for each in letter.history] == ["mine"] * times
                assert (letter.redriven, letter.attempts) == (times, 1)
            wait_until(lambda: dead(rig) == 6, what="the letters back after the look")
            assert len(redrive(rig.broker_url, publisher)) == 6
        wait_until(lambda: dead(rig) == 6, what="the dead letters")
        mend(rig)
        assert len(redrive(rig.broker_url, publisher)) == 6
    rig.settle()


def test_row_44_a_broker_that_dies_between_confirm_and_ack_costs_no_event(refused: Rig) -> None:
    url = refused.broker_url

    def kill_then_ack(letter: DeadLetter) -> bool:
        if sent:
            refused.node.kill()
        return True

    sent: list[DeadLetter] = []
    with Publisher(url, timeout=3) as publisher, pytest.raises(BrokerError):
        redrive(url, publisher, wanted=kill_then_ack, on_sent=sent.append)
    refused.node.restart()
    wait_until(lambda: dead(refused) >= 11, seconds=20, what="the letters")
    refused.worker()
    with Publisher(url) as publisher:
        redrive(url, publisher)
    refused.wait_stored()
    refused.settle()
    assert done(refused) == dict.fromkeys(refused.sender.accepted, 1)


def test_row_43_a_queue_that_was_deleted_is_there_again_for_the_next_dead_letter(
    make_strict: MakeRig,
) -> None:
    rig = refusing(make_strict)
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    with open_channel(rig.broker_url) as channel:
        channel.queue_delete(DEAD_QUEUE)
    rig.sender.send(3)
    reasons = dict.fromkeys(rig.sender.accepted, "mine")
    wait_until(lambda: exists(rig) and dead(rig) == 3, seconds=40, what="the dead letters")
    assert rig.reasons() == reasons
    rig.settle(dead={"mine": 3})


def exists(rig: Rig) -> bool:
    try:
        return bool(states(rig.broker_url))
    except BrokerError:
        return False


def junk(rig: Rig, count: int) -> None:
    """Publish what the worker rejects, so that the broker itself has to bury it."""
    with Publisher(rig.broker_url) as publisher:
        for number in range(count):
            given = {"message_id": f"junk-{number}"}
            publisher.publish(Message("", QUEUE, b"5", {}, exchange="", properties=given)).result(9)


def good(rig: Rig, name: str) -> None:
    event = parse_event({"conversationId": "c", "eventId": name})
    with Publisher(rig.broker_url) as publisher:
        publisher.publish(encode(event, received_at=datetime.now(UTC))).result(10)


def check_stuck(rig: Rig, count: int) -> None:
    """What cannot become a dead letter is kept, is under way for the audit, and is told."""
    wait_until(lambda: stuck(rig) == count, what="the stuck messages")
    plugin = SecretStr(str(rig.node.management_url))
    told = rig.settings.model_copy(update={"management_url": plugin})
    (check,) = (each for each in check_all(told) if each.name == "broker")
    assert check.state == "fail"
    assert "queue setup" in check.fix


def test_row_43_what_the_broker_cannot_bury_it_keeps_and_buries_after_the_repair(
    make_strict: MakeRig,
) -> None:
    rig = make_strict()
    worker = rig.worker()
    with open_channel(rig.broker_url) as channel:
        channel.queue_delete(DEAD_QUEUE)
    junk(rig, 3)
    good(rig, "e-1")
    wait_until(lambda: rig.store.known(["e-1"]), what="the good event's record")
    check_stuck(rig, 3)
    setup_topology(rig.broker_url, rig.settings)
    wait_until(lambda: dead(rig) == 3, what="the dead letters")
    letters = dead_letters(rig.broker_url)
    assert {letter.event_id for letter in letters} == {"junk-0", "junk-1", "junk-2"}
    assert [letter.reason for letter in letters] == ["invalid"] * 3
    assert [letter.message.body for letter in letters] == [b"5"] * 3
    assert worker.running


def limit_letters(rig: Rig, most: int) -> None:
    """Set the limit by a policy; taken away, RabbitMQ 3.10 would not notice that there is room."""
    limit = json.dumps({"max-length": most})
    rig.node.control("set_policy", "letters", DEAD_QUEUE, limit, "--apply-to", "queues")


def test_row_43_a_full_queue_of_dead_letters_drops_none_and_takes_all_after_the_repair(
    make_strict: MakeRig,
) -> None:
    rig = refusing(make_strict)
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    limit_letters(rig, 2)
    rig.sender.send(8)
    wait_until(lambda: dead(rig) + stuck(rig) == 8, what="all of them dead, or stuck")
    full = dead(rig)
    assert 2 <= full <= 4
    check_stuck(rig, 8 - full)
    audit = rig._auditor.look(rig.sender.sent, complete=True)
    assert (audit.missing, audit.doubled, audit.under_way) == ((), (), 8 - full)
    # Each was tried once: nothing goes round.
    assert worker.log.count("is a dead letter, attempt") == 8
    limit_letters(rig, 1000)
    wait_until(lambda: dead(rig) == 8, what="all dead letters")
    assert rig.reasons().keys() == rig.sender.accepted
    mend(rig)
    with Publisher(rig.broker_url) as publisher:
        assert len(redrive(rig.broker_url, publisher)) == 8
    rig.settle()


def test_row_32_the_same_id_with_another_body_is_a_dead_letter_and_no_redrive_changes_that(
    rig: Rig,
) -> None:
    rig.worker()
    with Publisher(rig.broker_url) as publisher:
        for note in ("first", "second"):
            event = parse_event({"conversationId": "c", "eventId": "e-1", "note": note})
            publisher.publish(encode(event, received_at=datetime.now(UTC))).result(10)
            wait_until(lambda: rig.store.known(["e-1"]), what="the record")
        for times in range(2):
            wait_until(lambda: dead(rig) == 1, what="the dead letter")
            (letter,) = dead_letters(rig.broker_url)
            assert (letter.reason, letter.redriven) == ("id_conflict", times)
            wait_until(lambda: dead(rig) == 1, what="the letter back after the look")
            assert len(redrive(rig.broker_url, publisher)) == 1
    wait_until(lambda: dead(rig) == 1, what="the dead letter")
    assert (rig.store.event("e-1") or {})["source"]["note"] == "first"
    assert rig._auditor.settle(wait=20).passed
