"""Event ↔ AMQP message, and THE topology: every exchange and queue with its arguments.

The wire form is Celery's task protocol 2, so that a stock worker runs what pika publishes
(https://docs.celeryq.dev/en/stable/internals/protocol.html). The payload travels as ONE JSON
string argument: kombu's decoder would interpret some nested objects, and acks what it cannot
decode.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from .correlation import MESSAGE_HEADER
from .errors import InvalidDelivery, PermanentError
from .events import ConversationEvent, parse_event, parse_time
from .ids import new_id
from .settings import Settings

__all__ = [
    "TASK_NAME",
    "Job",
    "Message",
    "QueueSpec",
    "Topology",
    "decode",
    "dumps",
    "encode",
    "event_headers",
    "payload_of",
    "routing_key",
    "task_headers",
    "topology",
]

TASK_NAME = "genesys_workbench.tasks.process_interaction"
EXCHANGE = "genesys.conversations"
DEAD_EXCHANGE = "genesys.conversations.dead"
QUEUE = "gen_interactions"
DEAD_QUEUE = "gen_interactions.dead"
CANARY_QUEUE = "gen_interactions.canary"
CANARY_KEY = "canary"
BINDING_KEY = "conversation.#"
MAX_PRIORITY = 10
# The longer a person notices waiting, the lower: a caller waits on the line.
PRIORITIES = {"voice": 9, "video": 9, "callback": 7, "chat": 6, "cobrowse": 6, "message": 5}
DEFAULT_PRIORITY = 3
# Looking at a dead letter counts as a delivery on quorum queues, so this bound must never bite.
NEVER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue: name, arguments, and the (exchange, routing key) pairs it is bound by."""

    name: str
    arguments: dict[str, Any]
    bindings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """All exchanges (name → type) and queues; everything is durable."""

    exchanges: dict[str, str]
    main: QueueSpec
    dead: QueueSpec
    canary: QueueSpec

    @property
    def queues(self) -> tuple[QueueSpec, ...]:
        """Dead letters first: a queue must not exist before the place its dead letters go."""
        return self.dead, self.main, self.canary


def topology(settings: Settings) -> Topology:
    """Return the topology for these settings.

    Every argument is explicit, so that RabbitMQ 3.10 and 4.x behave alike
    (https://www.rabbitmq.com/docs/quorum-queues).
    """
    quorum = settings.queue_type == "quorum"
    main: dict[str, Any] = {
        "x-queue-type": settings.queue_type,
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-overflow": "reject-publish",
    }
    # A limit that somebody sets by a policy must not drop the oldest dead letters.
    side: dict[str, Any] = {"x-queue-type": settings.queue_type, "x-overflow": "reject-publish"}
    if quorum:
        main["x-delivery-limit"] = settings.delivery_limit
        main["x-dead-letter-strategy"] = "at-least-once"
        side["x-delivery-limit"] = NEVER
    else:
        main["x-max-priority"] = MAX_PRIORITY
    if settings.queue_max_length is not None:
        main["x-max-length"] = settings.queue_max_length
    return Topology(
        exchanges={EXCHANGE: "topic", DEAD_EXCHANGE: "topic"},
        main=QueueSpec(QUEUE, main, ((EXCHANGE, BINDING_KEY),)),
        dead=QueueSpec(DEAD_QUEUE, side, ((DEAD_EXCHANGE, "#"),)),
        canary=QueueSpec(CANARY_QUEUE, side, ((EXCHANGE, CANARY_KEY),)),
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: routing, headers and body in Celery's task protocol 2.

    Attributes:
        event_id: AMQP ``message_id``; the same for each publish of the same event.
        routing_key: ``conversation.<what>.<media type>``.
        body: UTF-8 JSON ``[args, kwargs, embed]``.
        headers: Celery's headers and ``x-workbench-*``.
        priority: 0 to 10, or None.
        exchange: Where to; empty for the default exchange.
        properties: AMQP properties of a message that goes back as it came; None for our own.
    """

    event_id: str
    routing_key: str
    body: bytes
    headers: dict[str, Any]
    priority: int | None = None
    exchange: str = EXCHANGE
    properties: Mapping[str, Any] | None = None

    @property
    def amqp_properties(self) -> Mapping[str, Any]:
        """What is published beside body, headers and delivery mode."""
        if self.properties is not None:
            return self.properties
        return {
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "message_id": self.event_id,
            "correlation_id": self.headers.get("id"),
            "priority": self.priority,
            "app_id": "genesys-workbench",
        }


@dataclass(frozen=True, slots=True)
class Job:
    """What the task works on: the event and what came along with it."""

    event: ConversationEvent
    received_at: datetime | None = None
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)
    correlation_id: str | None = None


def encode(
    event: ConversationEvent,
    *,
    received_at: datetime,
    metadata: Mapping[str, Any] | None = None,
    with_priority: bool = False,
    replay: int = 0,
    correlation_id: str = "",
) -> Message:
    """Write an event as a message.

    Args:
        event: The event.
        received_at: When the receiver took it in.
        metadata: The conversation, where it was fetched already.
        with_priority: Set a priority by media type (classic queues only).
        replay: How many times a person has sent this event again.
        correlation_id: Of the delivery, for the logs of whoever works on the message.
    """
    payload = payload_of(event, received_at=received_at, metadata=metadata)
    headers = task_headers(new_id(), event.event_id) | event_headers(event)
    if replay:
        headers["x-workbench-replay"] = replay
    if correlation_id:
        headers[MESSAGE_HEADER] = correlation_id
    return Message(
        event_id=event.event_id,
        routing_key=routing_key(event.event_type, event.media_type),
        body=_quick.encode([[payload], {}, None]),
        headers=headers,
        priority=PRIORITIES.get(event.media_type, DEFAULT_PRIORITY) if with_priority else None,
    )


def payload_of(
    event: ConversationEvent,
    *,
    received_at: datetime,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Return the task's one argument: an event as JSON, with its untouched source."""
    when = event.occurred_at
    return _written(
        {
            "conversationId": event.conversation_id,
            "timestamp": when.isoformat().replace("+00:00", "Z") if when else None,
            "metadata": metadata,
            "eventId": event.event_id,
            "eventType": event.event_type,
            "mediaType": event.media_type,
            "direction": event.direction,
            "envelope": event.envelope,
            "receivedAt": received_at.astimezone(UTC).isoformat(),
            "source": event.source,
        }
    )


def _written(value: dict[str, Any]) -> str:
    try:
        return _quick.encode(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can tell
        return json.dumps(value, separators=(",", ":"))


def task_headers(task_id: str, event_id: str) -> dict[str, Any]:
    """Return the headers of Celery's task protocol 2, with nothing of the payload in them."""
    return {
        "lang": "py",
        "task": TASK_NAME,
        "id": task_id,
        "root_id": task_id,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "timelimit": [None, None],
        "argsrepr": f"<event {event_id}>",
        "kwargsrepr": "{}",
        "origin": "genesys-workbench",
        "ignore_result": True,
    }


def event_headers(event: ConversationEvent) -> dict[str, Any]:
    """Return the headers by which a message is known without reading its body."""
    return {
        "x-workbench-event-id": event.event_id,
        "x-workbench-conversation-id": event.conversation_id,
        "x-workbench-event-type": event.event_type,
    }


def routing_key(event_type: str, media_type: str) -> str:
    """Return ``conversation.<what>.<media type>``, three words whatever the event type."""
    return f"conversation.{event_type.replace('.', '-')}.{media_type}"


def decode(payload: Any) -> Job:
    """Read the task's argument: our JSON string, or a dict sent by a Celery client.

    Raises:
        PermanentError: Reason ``schema``; the payload is not an event.
    """
    try:
        if isinstance(payload, str):
            payload = json.loads(payload)
        if not isinstance(payload, dict):
            raise InvalidDelivery("the task's argument is neither an object nor a JSON object")
        return _job(payload)
    except (InvalidDelivery, ValueError, RecursionError) as exc:
        what = exc.what if isinstance(exc, InvalidDelivery) else type(exc).__name__
        raise PermanentError(
            f"The message holds no event: {what}",
            fix="look at it with: genesys-workbench queue dead",
            reason="schema",
        ) from exc


def _job(payload: dict[str, Any]) -> Job:
    metadata = payload.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise InvalidDelivery("metadata must be an object or null")
    received_at = parse_time(payload.get("receivedAt"), "receivedAt")
    source = payload.get("source")
    if source is None:
        own = {key: value for key, value in payload.items() if key != "metadata"}
        return Job(parse_event(own), received_at, metadata)
    event = parse_event(source)
    if isinstance(payload.get("eventId"), str):
        event = replace(event, event_id=payload["eventId"])
    if (event.event_type, payload.get("eventType")) == ("updated", "created"):
        event = replace(event, event_type="created")  # only who listens knows which was the first
    return Job(event, received_at, metadata)


_quick = msgspec.json.Encoder()
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: Any) -> str:
    """Write compact JSON."""
    return _encoder.encode(value)
