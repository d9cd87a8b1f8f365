"""What really happened in a simulated conversation: the ONE truth of all renderings.

conversation > participants > sessions > segments, as in Genesys' analytics model
(https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model).
Words are the analytics ones (``voice``, ``conferenceTransfer``); renderings spell them otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from .people import Queue, User, WrapupCode

__all__ = [
    "AGENT_PURPOSES",
    "CUSTOMER_PURPOSES",
    "FLOW_PURPOSES",
    "Attribute",
    "Flow",
    "Outbound",
    "Participant",
    "Segment",
    "SimConversation",
    "SimSession",
    "Text",
    "Wrapup",
    "as_of",
]

AGENT_PURPOSES = frozenset({"agent", "user"})
CUSTOMER_PURPOSES = frozenset({"customer", "external"})
FLOW_PURPOSES = frozenset({"ivr", "workflow", "botflow"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a session in which one thing goes on; end None = still going on."""

    kind: str
    start: datetime
    end: datetime | None = None
    disconnect: str | None = None
    conference: bool = False


@dataclass(frozen=True, slots=True)
class Wrapup:
    """After-call work: from the disconnect, over the choice of a code, to its end."""

    code: WrapupCode
    notes: str | None
    start: datetime
    coded_at: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Flow:
    """The Architect flow that a session ran through."""

    id: str
    name: str
    type: str
    version: str
    outcome_id: str
    outcome_at: datetime | None = None
    transfer: str | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """The campaign that dialled."""

    campaign_id: str
    contact_list_id: str
    contact_id: str


@dataclass(frozen=True, slots=True)
class Text:
    """One message of a messaging session; the words themselves are kept elsewhere."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attribute:
    """A participant attribute and the time when it was set."""

    key: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SimSession:
    """One participant on one medium."""

    id: str
    media: str
    direction: str
    provider: str
    segments: tuple[Segment, ...]
    peer_id: str | None = None
    ani: str | None = None
    dnis: str | None = None
    address_from: str | None = None
    address_to: str | None = None
    subject: str | None = None
    message_type: str | None = None
    callback_name: str | None = None
    callback_numbers: tuple[str, ...] = ()
    callback_at: datetime | None = None
    acd_outcome: str | None = None
    answered_by: User | None = None
    flow: Flow | None = None
    outbound: Outbound | None = None
    wrapup: Wrapup | None = None
    texts: tuple[Text, ...] = ()

    @property
    def start(self) -> datetime:
        """When the session came into being."""
        return self.segments[0].start

    @property
    def end(self) -> datetime | None:
        """When it was disconnected; None = still connected."""
        return self.segments[-1].end

    @property
    def disconnect(self) -> str | None:
        """Why it was disconnected, in the analytics spelling."""
        return self.segments[-1].disconnect


@dataclass(frozen=True, slots=True)
class Participant:
    """A person, flow or queue that took part."""

    id: str
    purpose: str
    name: str
    sessions: tuple[SimSession, ...]
    user: User | None = None
    queue: Queue | None = None
    address: str | None = None
    contact_id: str | None = None
    contact_linked_at: datetime | None = None
    organization_id: str | None = None
    consult_participant_id: str | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class SimConversation:
    """A conversation of the simulated contact centre.

    Attributes:
        scenario: Name of the script that it follows, such as ``voice-transfer``.
        end: When the last participant left, after-call work aside; None = still going on.
        target: The queue that the conversation was meant for, reached or not.
        mos: Worst call quality (1 to 5), for conversations with a call.
    """

    id: str
    scenario: str
    start: datetime
    end: datetime | None
    participants: tuple[Participant, ...]
    target: Queue
    division_id: str
    mos: float | None = None

    def sessions(self) -> Iterator[tuple[Participant, SimSession]]:
        """Yield every session with its participant, in join order."""
        for participant in self.participants:
            for session in participant.sessions:
                yield participant, session


def as_of(conversation: SimConversation, at: datetime) -> SimConversation:
    """Return the conversation as it stood at a time: nothing of what came later."""
    seen = {session.id for _, session in conversation.sessions() if session.start <= at}
    people = [_participant_as_of(person, at, seen) for person in conversation.participants]
    return replace(
        conversation,
        end=_past(conversation.end, at),
        participants=tuple(person for person in people if person.sessions),
    )


def _participant_as_of(person: Participant, at: datetime, seen: set[str]) -> Participant:
    linked = person.contact_linked_at is None or person.contact_linked_at <= at
    return replace(
        person,
        sessions=tuple(_session_as_of(s, at, seen) for s in person.sessions if s.id in seen),
        contact_id=person.contact_id if linked else None,
        organization_id=person.organization_id if linked else None,
        attributes=tuple(item for item in person.attributes if item.at <= at),
    )


def _session_as_of(session: SimSession, at: datetime, seen: set[str]) -> SimSession:
    flow, wrapup = session.flow, session.wrapup
    if flow is not None:
        flow = replace(flow, outcome_at=_past(flow.outcome_at, at))
    if wrapup is not None:
        coded_at, end = _past(wrapup.coded_at, at), _past(wrapup.end, at)
        wrapup = replace(wrapup, coded_at=coded_at, end=end) if wrapup.start <= at else None
    over = _past(session.end, at) is not None
    return replace(
        session,
        peer_id=session.peer_id if session.peer_id in seen else None,
        acd_outcome=session.acd_outcome if over else None,
        answered_by=session.answered_by if over else None,
        segments=tuple(_segment_as_of(s, at) for s in session.segments if s.start <= at),
        flow=flow,
        wrapup=wrapup,
        texts=tuple(text for text in session.texts if text.at <= at),
    )


def _segment_as_of(segment: Segment, at: datetime) -> Segment:
    if _past(segment.end, at) is None:
        return replace(segment, end=None, disconnect=None)
    return segment


def _past(when: datetime | None, at: datetime) -> datetime | None:
    return when if when is not None and when <= at else None
