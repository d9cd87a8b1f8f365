"""THE table of all columns: order, dtypes, empty frames and the documentation come from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..errors import WorkbenchError
from . import vocabulary as words

__all__ = ["CATALOGUE", "Column", "Kind", "columns"]

Kind = Literal["text", "word", "time", "seconds", "number", "flag", "count", "list"]

_DTYPES: dict[Kind, str] = {
    "text": "str",
    "word": "category",
    "time": "datetime64[us, UTC]",
    "seconds": "float64",
    "number": "float64",
    "flag": "boolean",
    "count": "Int64",
    "list": "object",
}
_UNITS: dict[Kind, str] = {"time": "UTC", "seconds": "s", "list": "tuple of str"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame.

    Attributes:
        meaning: Begins in lower case; a value that is missing is unknown, or there is none.
        source: The field that it comes from; REST and analytics are divided by a stroke.
        categories: Of a ``word``: those that it always has.
        personal: Whether its values are masked unless they are asked for.
    """

    name: str
    kind: Kind
    meaning: str
    source: str = ""
    categories: tuple[str, ...] = ()
    personal: bool = False

    @property
    def dtype(self) -> str:
        """The name of the pandas dtype."""
        return _DTYPES[self.kind]

    @property
    def key(self) -> str:
        """Its name in the store's dicts, in camelCase."""
        first, *rest = self.name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    @property
    def unit(self) -> str:
        """What a value is measured in, empty where it is not measured."""
        return _UNITS.get(self.kind, "")


def columns(frame: str) -> pd.DataFrame:
    """Return the documentation of a frame's columns: dtype, unit, meaning, source, personal.

    Args:
        frame: ``conversations``, ``participants``, ``sessions``, ``segments``, ``metrics``,
            ``rejected``, ``events``, ``attempts`` or ``messages``.

    Raises:
        WorkbenchError: There is no such frame.
    """
    if frame not in CATALOGUE:
        raise WorkbenchError(
            f"There is no frame {frame!r}.", fix=f"use one of: {', '.join(CATALOGUE)}"
        )
    names = ("name", "dtype", "unit", "meaning", "source", "personal")
    rows = [[getattr(column, name) for name in names] for column in CATALOGUE[frame]]
    return pd.DataFrame(rows, columns=list(names)).set_index("name")


C = Column
_CONVERSATION = C("conversation_id", "text", "id of the conversation", "id | conversationId")
_PARTICIPANT = C("participant_id", "text", "id of the participation", "id | participantId")
_SESSION = C("session_id", "text", "id of the session", "calls[].id … | sessionId")
_PURPOSE = C("purpose", "word", "what the participant is", "purpose", words.PURPOSES)
_MEDIA = C("media_type", "word", "the medium", "name of the list | mediaType", words.MEDIA)
_MESSAGE = C(
    "message_type", "word", "channel of messages", "type | messageType", words.MESSAGE_TYPES
)
_DIRECTION = C("direction", "word", "who began", "direction", words.DIRECTIONS)
_DISCONNECT = C("disconnect_type", "word", "how it ended", "disconnectType", words.DISCONNECT_TYPES)
_USER = C("user_id", "text", "id of the agent or user", "userId")
_QUEUE = C("queue_id", "text", "id of the queue", "queueId | segments[].queueId")
_QUEUE_NAME = C("queue_name", "text", "name of the queue", "queueName, or what the caller gave")
_CONTACT = C("external_contact_id", "text", "id of the external contact", "externalContactId")
_MEDIA_TYPES = C("media_types", "list", "all media, in order of first use", _MEDIA.source)
_WRAP_UPS = C("wrap_up_codes", "list", "ids of the wrap-up codes", "wrapup.code | wrapUpCode")
_IVR = C("ivr_s", "seconds", "in flows", "connection | tIvr")
_WAIT = C("wait_s", "seconds", "waited in queues", "connection of acd participants | tAcd")
_WORK = (
    C("talk_s", "seconds", "agents in conversation", "segments | tTalkComplete"),
    C("hold_s", "seconds", "agents had it on hold", "segments | tHeldComplete"),
    C("acw_s", "seconds", "after-call work", "afterCallWork | tAcw"),
    C("handle_s", "seconds", "agents' whole work", "segments | tHandle"),
)
_CONVERSATIONS = (
    _CONVERSATION,
    C("started_at", "time", "when it began", "startTime | conversationStart"),
    C("ended_at", "time", "when the last one left", "endTime | conversationEnd"),
    C("duration_s", "seconds", "from begin to end", "ended_at - started_at"),
    C("media_type", "word", "the first medium", _MEDIA.source, words.MEDIA),
    _MEDIA_TYPES,
    _MESSAGE,
    C("direction", "word", "who began", "direction | originatingDirection", words.DIRECTIONS),
    C("queue_id", "text", "id of the first queue", _QUEUE.source),
    C("queue_name", "text", "name of the first queue", _QUEUE_NAME.source),
    C("queue_ids", "list", "ids of all queues, in order", _QUEUE.source),
    C("queue_names", "list", "names of all queues that are known", _QUEUE_NAME.source),
    C("agent_ids", "list", "ids of the users who connected", "userId"),
    _CONTACT,
    C(
        "customer_key",
        "text",
        "joins the conversations of one person",
        "externalContactId, else the address",
        personal=True,
    ),
    C("customer_name", "text", "the customer's name", "name | participantName", personal=True),
    C("participants", "count", "how many took part", "participants"),
    C("transfers", "count", "how often an agent passed it on", "disconnectType | nTransferred"),
    C("conference", "flag", "three or more people spoke together", "segments"),
    C("abandoned", "flag", "the customer left while waiting", "purposes | tAbandon"),
    _IVR,
    _WAIT,
    *_WORK,
    C(
        "disconnect_type",
        "word",
        "how the customer's last session ended",
        "disconnectType",
        words.DISCONNECT_TYPES,
    ),
    _WRAP_UPS,
    C("division_ids", "list", "ids of the divisions", "divisions | divisionIds"),
    C("told_by", "word", "who told it", "the shape of the JSON", words.TELLERS),
)
_PARTICIPANTS = (
    _CONVERSATION,
    _PARTICIPANT,
    _PURPOSE,
    _USER,
    _QUEUE,
    _QUEUE_NAME,
    _CONTACT,
    C("name", "text", "name, also of flows and queues", "name | participantName", personal=True),
    C("ani", "text", "calling address", "ani", personal=True),
    C("dnis", "text", "called address", "dnis", personal=True),
    C("address", "text", "own address", "address | –", personal=True),
    C("joined_at", "time", "first alert or connection", "startTime | segments"),
    C("left_at", "time", "last disconnection", "endTime | segments"),
    C("media_type", "word", "the first medium", _MEDIA.source, words.MEDIA),
    _MEDIA_TYPES,
    C("connected", "flag", "whether it ever connected", "connectedTime | segments"),
    C("observes", "flag", "only monitors or coaches", "monitoredParticipantId …"),
    C("transfers", "count", "how often this agent passed it on", "disconnectType | nTransferred"),
    C("abandoned", "flag", "the customer left in this queue", "purposes | tAbandon"),
    _IVR,
    _WAIT,
    *_WORK,
    _WRAP_UPS,
    C("attributes", "text", "what flows and scripts set, as JSON", "attributes", personal=True),
)
_SESSIONS = (
    _CONVERSATION,
    _PARTICIPANT,
    _SESSION,
    _PURPOSE,
    _USER,
    _MEDIA,
    _MESSAGE,
    _DIRECTION,
    _QUEUE,
    _QUEUE_NAME,
    C("started_at", "time", "first alert or connection", "startAlertingTime | segments"),
    C("connected_at", "time", "when it connected", "connectedTime | segments"),
    C("ended_at", "time", "disconnection", "disconnectedTime | segments"),
    C("duration_s", "seconds", "from begin to end", "ended_at - started_at"),
    _DISCONNECT,
    C("peer_id", "text", "the session at the other end", "peerId"),
    C("ani", "text", "calling address", "– | ani", personal=True),
    C("dnis", "text", "called address", "– | dnis", personal=True),
    C("address_from", "text", "sender", "fromAddress | addressFrom", personal=True),
    C("address_to", "text", "recipient", "toAddress | addressTo", personal=True),
    C("address_own", "text", "own address", "self | –", personal=True),
    C("flow_id", "text", "id of the Architect flow", "– | flow.flowId"),
    C("flow_name", "text", "its name", "– | flow.flowName"),
    C("flow_type", "word", "its type", "– | flow.flowType"),
    C("flow_exit", "word", "why the flow was left", "– | flow.exitReason"),
    _WRAP_UPS,
)
_SEGMENTS = (
    _CONVERSATION,
    _PARTICIPANT,
    _SESSION,
    _PURPOSE,
    _USER,
    _MEDIA,
    C("segment_type", "word", "what went on", "type | segmentType", words.SEGMENT_TYPES),
    C("started_at", "time", "begin", "startTime | segmentStart"),
    C("ended_at", "time", "end", "endTime | segmentEnd"),
    C("duration_s", "seconds", "from begin to end", "ended_at - started_at"),
    C("queue_id", "text", "id of the queue", "– | queueId"),
    _DISCONNECT,
    C("wrap_up_code", "text", "id of the wrap-up code", "wrapup.code | wrapUpCode"),
    C("conference", "flag", "part of a conference", "– | conference"),
)
_METRICS = (
    _CONVERSATION,
    _PARTICIPANT,
    _SESSION,
    _PURPOSE,
    _USER,
    _MEDIA,
    C("name", "word", "name of the metric", "– | metrics[].name", words.METRICS),
    C("value", "number", "sum over the session, in `unit`", "– | metrics[].value"),
    C("unit", "word", "s for times, count for the rest", "first letter of the name", words.UNITS),
)
_REJECTED = (
    C("row", "count", "line of a file from 1, place in a list from 0"),
    C("conversation_id", "text", "id of the conversation, if there is one"),
    C("reason", "text", "what is wrong with it, one sentence"),
    C("source", "text", "the beginning of what was given, as JSON", personal=True),
)
_EVENTS = (
    C("event_id", "text", "id of the event", "id, eventId, or a digest"),
    C("conversation_id", "text", "id of the conversation", "conversationId"),
    C("event_type", "word", "such as customer.start", "topic"),
    C("media_type", "word", "the medium", "mediaType", words.MEDIA),
    _DIRECTION,
    C("status", "word", "what became of it", "store", words.STATUSES),
    C("occurred_at", "time", "when it happened", "eventTime"),
    C("received_at", "time", "when the delivery came in", "receiver"),
    C("processed_at", "time", "when it was recorded", "worker"),
    C("latency_s", "seconds", "from receipt to record", "processed_at - received_at"),
    C("envelope", "word", "form in which it came", "delivery"),
    C("topic", "text", "the sender's topic", "topicName, detail-type"),
    C("attempts", "count", "tries of the worker", "store"),
    C("deliveries", "count", "1 + duplicates absorbed", "store"),
    C("created", "flag", "first sight of the conversation", "store"),
    C("enriched", "flag", "the conversation was fetched", "store"),
    C("runtime_s", "seconds", "the worker spent on the latest try", "store"),
    C("reason", "text", "short code of why the latest try failed", "store"),
    C("error", "text", "the latest error, without secrets", "store"),
)
_ATTEMPTS = (
    C("event_id", "text", "id of the event", "store"),
    C("conversation_id", "text", "id of the conversation", "store"),
    C("event_type", "word", "such as customer.start", "store"),
    C("attempt", "count", "1 for the first try", "store"),
    C("at", "time", "when it was noted", "store"),
    C("outcome", "word", "what became of the try", "store", words.OUTCOMES),
    C("reason", "text", "short code", "store"),
    C("runtime_s", "seconds", "the worker spent on it", "store"),
    C("error", "text", "the error, without secrets", "store"),
    C("traceback", "text", "where it was raised, without secrets", "store"),
)
_MESSAGES = (
    C("message_id", "text", "AMQP message id", "properties"),
    C("event_id", "text", "id of the event", "x-workbench-event-id, else the body"),
    C("conversation_id", "text", "id of the conversation", "x-workbench-conversation-id, body"),
    C("event_type", "word", "such as customer.start", "x-workbench-event-type, body"),
    C("media_type", "word", "the medium", "body", words.MEDIA),
    C("routing_key", "text", "conversation.<what>.<media type>", "delivery"),
    C("attempt", "count", "the try that it waits for, from 1", "header retries"),
    C("redelivered", "flag", "was handed out before, to a worker or to a look", "delivery"),
    C("size_bytes", "count", "length of the body", "body"),
    C("undecodable", "text", "why the worker cannot read it, if so", "body"),
)
CATALOGUE: dict[str, tuple[Column, ...]] = {
    "conversations": _CONVERSATIONS,
    "participants": _PARTICIPANTS,
    "sessions": _SESSIONS,
    "segments": _SEGMENTS,
    "metrics": _METRICS,
    "rejected": _REJECTED,
    "events": _EVENTS,
    "attempts": _ATTEMPTS,
    "messages": _MESSAGES,
}
