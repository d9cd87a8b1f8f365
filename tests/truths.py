"""An analyst's figures, computed from what the simulator knows: no reader of ours is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import median

from genesys_workbench.simulator.truth import (
    AGENT_PURPOSES,
    CUSTOMER_PURPOSES,
    Participant,
    SimConversation,
    SimSession,
)

Conversations = Iterable[SimConversation]


def channel(conversation: SimConversation) -> str:
    return min(conversation.sessions(), key=lambda pair: pair[1].start)[1].media


def channels(conversations: Conversations) -> dict[str, int]:
    return dict(Counter(map(channel, conversations)))


def busiest_hours(conversations: Conversations) -> dict[str, tuple[int, int]]:
    """Return (hour of the day, conversations in it) by channel; of equal hours the earliest."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for one in conversations:
        counts[channel(one)][one.start.hour] += 1
    return {
        name: max(hours.items(), key=lambda item: (item[1], -item[0]))
        for name, hours in counts.items()
    }


def waits(conversations: Conversations) -> dict[str, list[float]]:
    """Return the seconds of all finished waits by the queue's name."""
    found: dict[str, list[float]] = defaultdict(list)
    for one in conversations:
        for person, session in one.sessions():
            if person.purpose == "acd" and session.end is not None:
                assert person.queue is not None
                found[person.queue.name].append((session.end - session.start).total_seconds())
    return found


def median_waits(conversations: Conversations) -> dict[str, float]:
    return {name: median(seconds) for name, seconds in waits(conversations).items()}


def _connected(session: SimSession) -> bool:
    return any(segment.kind in ("interact", "hold") for segment in session.segments)


def _of_agents(conversations: Conversations) -> Iterable[tuple[Participant, SimSession]]:
    for one in conversations:
        for person, session in one.sessions():
            if person.purpose in AGENT_PURPOSES and _connected(session):
                yield person, session


def transfers(conversations: Conversations) -> dict[str, int]:
    """Return how often each agent passed a conversation on, by user id; the others left out."""
    return dict(
        Counter(
            person.user.id
            for person, session in _of_agents(conversations)
            if person.user and session.disconnect in ("transfer", "consultTransfer")
        )
    )


def abandoned(conversations: Conversations) -> tuple[int, int]:
    """Return (given up while waiting, waited and over)."""
    over = [one for one in conversations if one.end is not None]
    outcomes = [
        [session.acd_outcome for person, session in one.sessions() if person.purpose == "acd"]
        for one in over
    ]
    waited = [found for found in outcomes if found]
    return sum("ABANDON" in found for found in waited), len(waited)


def without_contact(conversations: Conversations) -> int:
    return sum(
        not any(p.contact_id for p in one.participants if p.purpose in CUSTOMER_PURPOSES)
        for one in conversations
    )
