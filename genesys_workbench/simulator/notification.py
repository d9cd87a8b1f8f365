"""A conversation as the Notifications API sends it on every change.

The body is near the REST one, with fewer fields (QueueConversationEventTopicConversation):
https://developer.genesys.cloud/notificationsalerts/notifications/available-topics
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .rest import rest_conversation
from .truth import SimConversation, as_of

__all__ = ["MEDIA", "conversation_topic", "media_conversation", "notification_conversation"]

_NOT_SENT: dict[str, frozenset[str]] = {
    level: frozenset(names.split())
    for level, names in {
        "conversation": "startTime endTime conversationIds state selfUri",
        "participant": "startTime userUri queueName participantType ani dnis evaluations",
        "item": "segments startAlertingTime authenticated",
        "chats": "direction",
        "wrapup": "name",
    }.items()
}
MEDIA = ("calls", "callbacks", "chats", "emails", "messages")
"""Lists of a participant, and the endings of the topics that tell of one medium only."""
# Of a participant with its one item: who it is, and what the item's fields are called there.
_PERSON = "id name address purpose attributes wrapupRequired conversationRoutingData".split()
_REFERENCES = {
    "userId": "user",
    "queueId": "queue",
    "externalContactId": "externalContact",
    "externalOrganizationId": "externalOrganization",
}
_RENAMED = {"disconnectedTime": "endTime", "peerId": "peer"}
_NOT_FLAT = frozenset(
    "id self other afterCallWork afterCallWorkRequired fromAddress toAddress".split()
)


def notification_conversation(conversation: SimConversation, at: datetime) -> dict[str, Any]:
    """Return the body that is sent at a time of the conversation."""
    body = _without(rest_conversation(as_of(conversation, at)), "conversation")
    body["recordingState"] = body["recordingState"].lower()
    body["participants"] = [_participant(person) for person in body["participants"]]
    return body


def media_conversation(body: dict[str, Any], medium: str) -> dict[str, Any] | None:
    """Return what the topic of one medium tells: of each participant its newest item, flat.

    Args:
        body: Of the whole conversation, as `notification_conversation` returns it.
        medium: One of `MEDIA`.

    Returns:
        None where nobody takes part by that medium.
    """
    people = [_flat(person, medium) for person in body["participants"] if person[medium]]
    return body | {"participants": people, "otherMediaUris": []} if people else None


def _flat(person: dict[str, Any], medium: str) -> dict[str, Any]:
    item = person[medium][-1]
    known = {name: person[name] for name in _PERSON if name in person}
    named = {name: {"id": person[given]} for given, name in _REFERENCES.items() if given in person}
    rest = {
        _RENAMED.get(name, name): value for name, value in item.items() if name not in _NOT_FLAT
    }
    return known | named | rest


def conversation_topic(conversation: SimConversation, at: datetime) -> str:
    """Return the topic: of the queue that has the conversation, else of its user.

    Before a queue or user has appeared, it is the queue that the conversation is meant for.
    """
    so_far = as_of(conversation, at).participants
    queues = [person.queue.id for person in so_far if person.queue is not None]
    if queues:
        return f"v2.routing.queues.{queues[-1]}.conversations"
    users = [person.user.id for person in so_far if person.user is not None]
    if users:
        return f"v2.users.{users[-1]}.conversations"
    return f"v2.routing.queues.{conversation.target.id}.conversations"


def _without(body: dict[str, Any], level: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _NOT_SENT[level]}


def _participant(person: dict[str, Any]) -> dict[str, Any]:
    body = _without(person, "participant")
    if "wrapup" in body:
        body["wrapup"] = _without(body["wrapup"], "wrapup")
    if "conversationRoutingData" in body:
        body["conversationRoutingData"] = _routing(body["conversationRoutingData"])
    for name in MEDIA:
        body[name] = [_item(item, name) for item in body[name]]
    return body


def _routing(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"queue": {"id": data["queue"]["id"]}} if "queue" in data else data


def _item(item: dict[str, Any], name: str) -> dict[str, Any]:
    body = _without(item, "item")
    if name == "chats":
        body = _without(body, "chats")
    if "wrapup" in body:
        body["wrapup"] = _without(body["wrapup"], "wrapup")
    return body
