"""Tasks put into the queue by hand: the same by Celery's client and by the publisher."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from celery import Celery

from genesys_workbench import memory, samples
from genesys_workbench.errors import BrokerUnreachable, PublishTimeout
from genesys_workbench.events import parse_event
from genesys_workbench.firing import celery_client, fire_by_celery, fire_by_pika
from genesys_workbench.messages import TASK_NAME, Message, decode
from genesys_workbench.queues import Peeked, peek
from genesys_workbench.settings import load_settings


@pytest.fixture
def publisher() -> Iterator[memory.MemoryPublisher]:
    memory.setup()
    memory.clear()
    used = memory.MemoryPublisher()
    yield used
    used.close()
    memory.clear()


@pytest.fixture
def client(publisher: memory.MemoryPublisher) -> Iterator[Celery]:
    made = celery_client(load_settings(broker_url=memory.URL))
    yield made
    made.close()


def argument(message: Peeked) -> str:
    found: str = json.loads(message.body)[0][0]
    return found


def test_both_ways_put_the_same_task_into_the_queue(
    client: Celery, publisher: memory.MemoryPublisher
) -> None:
    body = samples.event("voice-inbound")
    event_id = parse_event(body).event_id
    assert fire_by_celery(client, body) == fire_by_pika(publisher, body) == event_id
    first, second = peek(memory.URL)
    for message in (first, second):
        assert message.headers["task"] == TASK_NAME
        assert message.headers["x-workbench-event-id"] == event_id
        assert decode(argument(message)).event == parse_event(body)
    assert first.routing_key == second.routing_key == "conversation.customer-start.voice"


def test_no_header_tells_of_the_arguments(client: Celery) -> None:
    fire_by_celery(client, samples.event("voice-inbound"))
    (message,) = peek(memory.URL)
    number = samples.event("voice-inbound")["detail"]["eventBody"]["ani"]
    assert number in argument(message)
    assert number not in json.dumps(message.headers)


def test_a_broker_that_is_away_is_said_without_its_password() -> None:
    away = celery_client(load_settings(broker_url="amqp://bench:hunter2@127.0.0.1:1/"))
    with pytest.raises(BrokerUnreachable) as caught:
        fire_by_celery(away, samples.event("chat"))
    away.close()
    assert "hunter2" not in str(caught.value)
    assert caught.value.fix


def test_a_message_that_is_not_confirmed_is_said() -> None:
    class Silent(memory.MemoryPublisher):
        def publish(self, message: Message) -> Future[None]:
            failed: Future[None] = Future()
            failed.set_exception(TimeoutError())
            return failed

    silent = Silent()
    with pytest.raises(PublishTimeout, match="Not confirmed"):
        fire_by_pika(silent, samples.event("chat"))
    silent.close()
