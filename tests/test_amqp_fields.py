"""The properties of our messages are on the wire as pika would write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pika.exceptions import ShortStringTooLong, UnsupportedAMQPFieldException

from genesys_workbench.amqp_fields import TaskProperties
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.pending import properties_of

FIELDS: dict[str, Any] = {
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "headers": {"id": "t-1", "retries": 0},
    "message_id": "e-1",
    "correlation_id": "t-1",
    "priority": None,
    "app_id": "genesys-workbench",
}


def by_pika(**fields: Any) -> bytes:
    return b"".join(pika.BasicProperties(**fields, delivery_mode=2).encode())


def ours(**fields: Any) -> bytes:
    return b"".join(TaskProperties(**fields).encode())


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"priority": 9},
        {"priority": 0},
        {"correlation_id": None},
        {"message_id": "é" * 127},
        {"headers": {}},
        {"headers": {"none": None, "yes": True, "much": 2**40, "list": [None, "a", {"b": 1}]}},
        {"headers": {"text": "ü" * 300, "bytes": b"\xff", "table": {"deep": {"er": "x"}}}},
        {"headers": {"one": 1, "more": {"one": True, "two": -1}}},
        {"headers": {"one": True, "two": 2**63 - 1}},
        {"headers": {"when": datetime(2026, 1, 5, tzinfo=UTC)}},
    ],
)
def test_the_bytes_are_pikas(changed: dict[str, Any]) -> None:
    fields = FIELDS | changed
    assert ours(**fields) == by_pika(**fields)


@pytest.mark.parametrize("with_priority", [False, True])
def test_a_message_of_ours_is_written_so(*, with_priority: bool) -> None:
    event = parse_event({"conversationId": "c-1", "eventId": "e-1", "mediaType": "voice"})
    now = datetime(2026, 1, 5, tzinfo=UTC)
    message = encode(event, received_at=now, with_priority=with_priority, correlation_id="k-1")
    properties = properties_of(message)
    assert isinstance(properties, TaskProperties)
    assert b"".join(properties.encode()) == by_pika(
        **message.amqp_properties, headers=message.headers
    )


def test_what_amqp_cannot_hold_is_refused_as_pika_refuses_it() -> None:
    with pytest.raises(ShortStringTooLong):
        ours(**FIELDS | {"message_id": "e" * 256})
    with pytest.raises(ShortStringTooLong):
        ours(**FIELDS | {"headers": {"n" * 256: 1}})
    with pytest.raises(UnsupportedAMQPFieldException):
        ours(**FIELDS | {"headers": {"set": {1}}})
