"""The publisher against a real RabbitMQ node, with real outages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from genesys_workbench.errors import (
    BrokerRefused,
    BrokerUnreachable,
    Overloaded,
    PublishTimeout,
    TopologyError,
    Unroutable,
)
from genesys_workbench.events import parse_event
from genesys_workbench.messages import Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import peek, states
from tests.integration.workers import wait_until

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def messages(count: int, prefix: str = "e") -> Iterator[Message]:
    for number in range(count):
        event = parse_event({"conversationId": f"c-{number}", "eventId": f"{prefix}-{number}"})
        yield encode(event, received_at=NOW)


@pytest.fixture
def publisher(broker_url: str) -> Iterator[Publisher]:
    with Publisher(broker_url) as opened:
        yield opened


def ready(url: str) -> int:
    return states(url)[0].ready


def test_every_confirmed_message_is_in_the_queue(publisher: Publisher, broker_url: str) -> None:
    seen: list[int] = []
    results = list(publisher.publish_many(messages(3000), on_progress=seen.append))
    assert [result.event_id for result in results] == [f"e-{number}" for number in range(3000)]
    assert [result for result in results if result.error] == []
    assert seen == list(range(1, 3001))
    assert ready(broker_url) == 3000


def test_a_message_carries_id_type_and_persistence(publisher: Publisher, broker_url: str) -> None:
    (message,) = messages(1)
    publisher.publish(message).result(10)
    (found,) = peek(broker_url)
    assert (found.message_id, found.routing_key) == ("e-0", "conversation.created.unknown")
    assert found.body == message.body
    assert found.headers["task"] == "genesys_workbench.tasks.process_interaction"


def test_an_unroutable_message_fails_and_names_the_set_up(publisher: Publisher) -> None:
    message = replace(next(messages(1)), routing_key="nobody.is.bound")
    with pytest.raises(Unroutable, match=r"nobody\.is\.bound.*\n.*queue setup"):
        publisher.publish(message).result(10)


def test_a_missing_exchange_fails_its_messages_and_the_next_one_passes(
    publisher: Publisher,
) -> None:
    first, second = messages(2)
    with pytest.raises(TopologyError, match="no exchange 'missing'"):
        publisher.publish(replace(first, exchange="missing")).result(10)
    publisher.publish(second).result(10)


def test_many_threads_share_one_publisher(publisher: Publisher, broker_url: str) -> None:
    futures: list[Future[None]] = []

    def send(prefix: str) -> None:
        futures.extend(publisher.publish(message) for message in messages(100, prefix))

    threads = [threading.Thread(target=send, args=(f"t{number}",)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for future in futures:
        future.result(10)
    assert ready(broker_url) == 1000


def test_a_coroutine_uses_the_same_object_without_blocking_its_loop(broker_url: str) -> None:
    async def run() -> float:
        publisher = Publisher(broker_url, loop=asyncio.get_running_loop())
        worst = 0.0

        async def beat() -> None:
            nonlocal worst
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.005)
                worst = max(worst, time.monotonic() - before)

        heart = asyncio.create_task(beat())
        await asyncio.gather(
            *(asyncio.wrap_future(publisher.publish(message)) for message in messages(500))
        )
        heart.cancel()
        await publisher.aclose()
        return worst

    assert asyncio.run(run()) < 1.0
    assert ready(broker_url) == 500


def test_a_broker_that_is_killed_and_restarted_loses_no_confirmed_message(
    rabbit: PrivateNode, broker_url: str
) -> None:
    with Publisher(broker_url, timeout=60) as publisher:
        wait_until(lambda: publisher.ready, what="the connection")
        futures = {message.event_id: publisher.publish(message) for message in messages(500, "a")}
        rabbit.kill()
        futures |= {message.event_id: publisher.publish(message) for message in messages(500, "b")}
        wait_until(
            lambda: isinstance(publisher.error, BrokerUnreachable), what="the loss was noticed"
        )
        assert not publisher.ready
        rabbit.restart()
        for future in futures.values():
            future.result(60)
    assert ready(broker_url) >= len(futures)
    found = {each.message_id for each in peek(broker_url, limit=5000)}
    assert found == futures.keys()


def test_all_connections_closed_by_the_operator_are_opened_again(
    rabbit: PrivateNode, publisher: Publisher
) -> None:
    first, second = messages(2)
    publisher.publish(first).result(10)
    rabbit.control("close_all_connections", "maintenance")
    publisher.publish(second).result(10)
    assert publisher.ready


def test_a_memory_alarm_pauses_the_publisher_and_its_end_resumes_it(
    rabbit: PrivateNode, broker_url: str
) -> None:
    with Publisher(broker_url, timeout=20) as publisher:
        publisher.publish(next(messages(1, "before"))).result(10)
        rabbit.control("set_vm_memory_high_watermark", "0.00001")
        try:
            first = publisher.publish(next(messages(1, "first")))
            wait_until(lambda: not publisher.ready, what="the alarm was noticed")
            assert "alarm" in str(publisher.error)
            second = publisher.publish(next(messages(1, "second")))
            assert not second.done()
        finally:
            rabbit.control("set_vm_memory_high_watermark", "0.4")
        first.result(20)
        second.result(20)
        assert publisher.ready


def test_an_unreachable_broker_fails_in_time_with_its_place_and_remedy() -> None:
    with Publisher("amqp://user:canary-secret@127.0.0.1:1/", timeout=0.5) as publisher:
        with pytest.raises(BrokerUnreachable) as caught:
            publisher.publish(next(messages(1))).result(10)
        text = str(caught.value) + repr(publisher)
    assert "127.0.0.1:1" in text
    assert "Connection refused" in text
    assert "WORKBENCH_BROKER_URL" in text
    assert "canary-secret" not in text


def test_wrong_credentials_are_said_to_be_wrong(broker_url: str) -> None:
    wrong = broker_url.replace("guest:guest", "guest:canary-secret")
    with (
        Publisher(wrong, timeout=5) as publisher,
        pytest.raises(BrokerRefused, match="refused user, password") as caught,
    ):
        publisher.publish(next(messages(1))).result(10)
    assert "canary-secret" not in str(caught.value)


def test_a_silent_broker_gives_a_timeout_that_says_the_outcome_is_unknown(
    rabbit: PrivateNode, broker_url: str
) -> None:
    import os
    import signal

    with Publisher(broker_url, timeout=1) as publisher:
        publisher.publish(next(messages(1, "before"))).result(10)
        os.kill(rabbit.pid, signal.SIGSTOP)
        try:
            with pytest.raises(PublishTimeout, match="may be stored or not"):
                publisher.publish(next(messages(1, "during"))).result(10)
            assert not publisher.ready
        finally:
            os.kill(rabbit.pid, signal.SIGCONT)
        publisher.publish(next(messages(1, "after"))).result(10)
        assert publisher.ready


def test_too_many_waiting_messages_are_refused_and_not_kept() -> None:
    with Publisher("amqp://127.0.0.1:1/", timeout=0.5, max_waiting=10) as publisher:
        futures = [publisher.publish(message) for message in messages(11)]
        with pytest.raises(Overloaded, match="10 messages wait"):
            futures[-1].result(5)


def test_a_closed_publisher_refuses(broker_url: str) -> None:
    publisher = Publisher(broker_url)
    publisher.close()
    publisher.close()
    with pytest.raises(BrokerUnreachable, match="closed"):
        publisher.publish(next(messages(1))).result(1)
