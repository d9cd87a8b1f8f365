"""The embedded broker: the same queues, looked into and emptied by the same functions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from genesys_workbench import memory
from genesys_workbench.dead import dead_message, sent_back
from genesys_workbench.errors import BrokerUnreachable
from genesys_workbench.messages import DEAD_EXCHANGE, DEAD_QUEUE, QUEUE, Message, decode, encode
from genesys_workbench.queues import dead_letters, peek, redrive, states
from tests.store_fakes import START, detail

URL = "memory://"


@pytest.fixture(autouse=True)
def empty_queues() -> Iterator[None]:
    memory.setup()
    memory.clear()
    yield
    memory.clear()


@pytest.fixture
def publisher() -> Iterator[memory.MemoryPublisher]:
    opened = memory.MemoryPublisher()
    yield opened
    opened.close()


def message(event_id: str = "e-1") -> Message:
    return encode(detail(event_id), received_at=START)


def letter(event_id: str, reason: str = "not_found") -> Message:
    original = message(event_id)
    return dead_message(
        original.body.decode(),
        headers=original.headers | {"x-workbench-redriven": 1},
        task_id="t-1",
        job=decode({"eventId": event_id, "source": dict(detail(event_id).source)}),
        reason=reason,
        error="it is not there",
        attempt=3,
    )


def test_a_message_is_in_its_queue_as_soon_as_it_was_published(
    publisher: memory.MemoryPublisher,
) -> None:
    assert publisher.ready
    sent = message()
    assert publisher.publish(sent).result(0) is None
    assert (memory.depth(QUEUE), memory.depth(DEAD_QUEUE)) == (1, 0)
    (found,) = peek(URL)
    assert (found.message_id, found.routing_key) == ("e-1", "conversation.customer-start.voice")
    assert (found.body, found.headers) == (sent.body, sent.headers)


def test_a_look_takes_nothing_away(publisher: memory.MemoryPublisher) -> None:
    names = [f"e-{number}" for number in range(5)]
    for name in names:
        publisher.publish(message(name))
    assert [each.message_id for each in peek(URL)] == names
    assert [each.message_id for each in peek(URL, limit=2)] == names[:2]
    assert {each.message_id for each in peek(URL)} == set(names)


def test_messages_of_many_threads_all_arrive(publisher: memory.MemoryPublisher) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: publisher.publish(message(f"e-{number}")), range(200)))
    assert {each.message_id for each in peek(URL, limit=500)} == {f"e-{n}" for n in range(200)}


def test_a_dead_letter_lands_in_the_dead_letters_and_tells_why(
    publisher: memory.MemoryPublisher,
) -> None:
    publisher.publish(letter("e-1"))
    assert [(state.name, state.ready, state.consumers) for state in states(URL)] == [
        (QUEUE, 0, None),
        (DEAD_QUEUE, 1, None),
    ]
    (found,) = dead_letters(URL)
    assert (found.event_id, found.reason, found.attempts) == ("e-1", "not_found", 3)
    assert (found.error, found.redriven) == ("it is not there", 1)


def test_dead_letters_that_are_wanted_go_back_and_the_others_stay(
    publisher: memory.MemoryPublisher,
) -> None:
    for event_id, reason in (("e-1", "not_found"), ("e-2", "forbidden"), ("e-3", "not_found")):
        publisher.publish(letter(event_id, reason))
    sent = redrive(URL, publisher, wanted=lambda each: each.reason == "not_found")
    assert [each.event_id for each in sent] == ["e-1", "e-3"]
    assert [each.event_id for each in dead_letters(URL)] == ["e-2"]
    back = peek(URL)
    assert [each.message_id for each in back] == ["e-1", "e-3"]
    assert [each.headers["x-workbench-redriven"] for each in back] == [2, 2]
    assert all("x-workbench-reason" not in each.headers for each in back)


def test_a_letter_that_another_redrive_sent_meanwhile_is_not_sent_again(
    publisher: memory.MemoryPublisher,
) -> None:
    publisher.publish(letter("e-1"))
    (found,) = dead_letters(URL)
    again = sent_back(found, at=START + timedelta(seconds=1))
    publisher.publish(replace(again, exchange=DEAD_EXCHANGE, routing_key="x"))
    assert len(redrive(URL, publisher, clock=lambda: START)) == 1
    assert [each.redriven for each in dead_letters(URL)] == [2]


def test_a_limit_bounds_how_many_go_back(publisher: memory.MemoryPublisher) -> None:
    for number in range(3):
        publisher.publish(letter(f"e-{number}"))
    assert [each.event_id for each in redrive(URL, publisher, limit=1)] == ["e-0"]
    assert [each.event_id for each in dead_letters(URL)] == ["e-1", "e-2"]


def test_set_up_again_keeps_what_lies_in_the_queues(publisher: memory.MemoryPublisher) -> None:
    publisher.publish(message())
    memory.setup()
    assert memory.depth(QUEUE) == 1


def test_clearing_empties_all_queues(publisher: memory.MemoryPublisher) -> None:
    publisher.publish(message())
    publisher.publish(letter("e-2"))
    memory.clear()
    assert [state.ready for state in states(URL)] == [0, 0]


def test_the_depth_of_a_queue_that_nobody_declared_is_zero() -> None:
    assert memory.depth("nobody's") == 0


def test_a_closed_publisher_refuses_in_words() -> None:
    closed = memory.MemoryPublisher()
    closed.close()
    with pytest.raises(BrokerUnreachable, match="closed"):
        closed.publish(message()).result(1)
