"""A look into a queue of RabbitMQ as a frame."""

from __future__ import annotations

from datetime import UTC, datetime

from genesys_workbench import frames
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import states

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_messages_on_rabbitmq_are_read_and_stay(broker_url: str) -> None:
    with Publisher(broker_url) as publisher:
        for number in range(3):
            body = {"conversationId": f"c-{number}", "eventId": f"e-{number}", "mediaType": "CHAT"}
            publisher.publish(encode(parse_event(body), received_at=NOW)).result(10)
    found = frames.messages(broker_url)
    assert found.event_id.tolist() == found.message_id.tolist() == ["e-0", "e-1", "e-2"]
    assert found.conversation_id.tolist() == ["c-0", "c-1", "c-2"]
    assert set(found.media_type) == {"chat"}
    assert found.attempt.tolist() == [1, 1, 1]
    assert not found.redelivered.any()
    assert frames.messages(broker_url, limit=2).redelivered.all()
    assert states(broker_url)[0].ready == 3
