"""What the workbench knows of a conversation: two plain records and a digest. No I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from .spellings import normalise_address

__all__ = ["ConversationFacts", "ParticipantFacts", "address_key"]


@dataclass(frozen=True, slots=True)
class ParticipantFacts:
    """What is known of one participant; names and addresses are left out.

    Attributes:
        participant_id: Id of the participation: new in every conversation, it joins to nothing.
        purpose: ``customer``, ``acd``, ``agent`` … (analytics' list).
        joined_at: First alert or connection, aware UTC.
        left_at: Last disconnection, after-call work aside; None = still there, or unknown.
        media_types: In the order of first use.
    """

    participant_id: str
    purpose: str | None = None
    user_id: str | None = None
    queue_id: str | None = None
    queue_name: str | None = None
    external_contact_id: str | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    """What is known of one conversation; None and ``()`` mean unknown, or that there is none.

    Times are aware UTC, durations seconds; of a conversation that goes on, the finished parts
    count. REST and analytics differ in what they carry: `queue_names` comes from REST only.

    Attributes:
        started_at: REST ``startTime``, analytics ``conversationStart``; of an event that starts
            something its own time.
        ended_at: REST ``endTime``, analytics ``conversationEnd``; of ``customer.end`` its time.
        media_types: Analytics' spelling, in the order of first use.
        message_type: Sub-channel of messages, lower case: ``webmessaging``, ``sms`` …
        direction: Analytics ``originatingDirection``, else that of the customer's first leg.
        external_contact_id: The customer's id among the external contacts.
        customer_key: What joins the conversations of one person: `external_contact_id`, else
            a digest of the address. The digest hides the number from the eye, not from somebody
            who tries all numbers: treat it as personal data.
        customer_name: As the platform shows it; personal data.
        queue_ids: Queues of the ``acd`` participants, then of the agents, in order.
        agent_ids: Users who connected as ``agent`` or ``user``, in order; observers left out.
        transfers: How often an agent passed the conversation on.
        conference: Whether three or more people were connected to each other.
        abandoned: True when the customer left while waiting in a queue; None where nobody waited,
            or still waits.
        ivr_s: Time in flows (metric ``tIvr``).
        wait_s: Time in queues (metric ``tAcd``).
        talk_s: Agents' time in conversation (metric ``tTalkComplete``).
        hold_s: Agents' time on hold (metric ``tHeldComplete``).
        acw_s: After-call work (metric ``tAcw``).
        handle_s: Agents' whole work (metric ``tHandle``): talk, hold and after-call work, and the
            time they spent dialling or preparing a callback.
        duration_s: `ended_at` - `started_at`.
        disconnect_type: How the customer's last leg ended, analytics' spelling.
        wrap_up_codes: Ids of the codes, in order.
        division_ids: Ids of the divisions.
        complete: Whether the source told the whole conversation: REST or analytics. False for
            events, notifications among them.
    """

    conversation_id: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    media_types: tuple[str, ...] = ()
    message_type: str | None = None
    direction: str | None = None
    external_contact_id: str | None = None
    customer_key: str | None = field(default=None, repr=False)
    customer_name: str | None = field(default=None, repr=False)
    queue_ids: tuple[str, ...] = ()
    queue_names: tuple[str, ...] = ()
    agent_ids: tuple[str, ...] = ()
    transfers: int | None = None
    conference: bool | None = None
    abandoned: bool | None = None
    ivr_s: float | None = None
    wait_s: float | None = None
    talk_s: float | None = None
    hold_s: float | None = None
    acw_s: float | None = None
    handle_s: float | None = None
    duration_s: float | None = None
    disconnect_type: str | None = None
    wrap_up_codes: tuple[str, ...] = ()
    division_ids: tuple[str, ...] = ()
    participants: tuple[ParticipantFacts, ...] = ()
    complete: bool = False


def address_key(address: str | None) -> str | None:
    """Return the keyless digest that stands for an address, equal however it was written."""
    normal = normalise_address(address)
    if normal is None:
        return None
    return "address-" + hashlib.sha256(normal.encode()).hexdigest()[:32]
