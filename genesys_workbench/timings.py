"""Durations, transfers, conference and abandonment of a conversation. No I/O.

Analytics' metrics win where they are told, being the figures of the platform's own views; else
the spans are summed up. https://developer.genesys.cloud/analyticsdatamanagement/analytics/metrics
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .shapes import Leg, Party, Shape

__all__ = [
    "AGENTS",
    "FLOWS",
    "HANDLING",
    "HANDOVER",
    "PEOPLE",
    "PartyTimings",
    "Timings",
    "agents_of",
    "measure",
    "measure_parties",
    "sum_up",
    "was_conference",
]

AGENTS = frozenset({"agent", "user"})
FLOWS = frozenset({"ivr", "botflow", "workflow"})
PEOPLE = AGENTS | {"customer", "external"}
HANDLING = frozenset({"interact", "hold", "wrapup", "dialing", "contacting", "callback"})
HANDOVER = timedelta(seconds=1)
"""Two agents may both be connected for a moment while one hands over; that is no conference."""


@dataclass(slots=True)
class Timings:
    """Figures of `ConversationFacts`, in seconds."""

    transfers: int
    abandoned: bool | None
    ivr_s: float | None
    wait_s: float | None
    talk_s: float | None
    hold_s: float | None
    acw_s: float | None
    handle_s: float | None
    duration_s: float | None


@dataclass(slots=True)
class PartyTimings:
    """One participant's part of the figures; None where its purpose gives none."""

    transfers: int | None = None
    abandoned: bool | None = None
    ivr_s: float | None = None
    wait_s: float | None = None
    talk_s: float | None = None
    hold_s: float | None = None
    acw_s: float | None = None
    handle_s: float | None = None


def agents_of(parties: Iterable[Party]) -> list[Party]:
    """Return the agents and users who connected, without those who only observe."""
    return [party for party in parties if _is_agent(party)]


def _is_agent(party: Party) -> bool:
    works = party.purpose in AGENTS and party.user_id is not None
    return works and party.connected and not party.observes


def measure(shape: Shape) -> Timings:
    """Measure a conversation; of one that goes on, the finished parts."""
    return sum_up(shape, measure_parties(shape))


def measure_parties(shape: Shape) -> list[PartyTimings]:
    """Measure each participant, in the order of the shape."""
    given_up = _given_up(shape)
    return [
        _measure_agent(party)
        if _is_agent(party)
        else _measure_flow(party)
        if party.purpose in FLOWS
        else _measure_wait(party, given_up, over=shape.ended_at is not None)
        if party.purpose == "acd"
        else PartyTimings()
        for party in shape.parties
    ]


def sum_up(shape: Shape, parts: Sequence[PartyTimings]) -> Timings:
    """Add up the participants' figures to those of the conversation."""
    duration = None
    if shape.started_at and shape.ended_at:
        duration = (shape.ended_at - shape.started_at).total_seconds()
    given_up = [part.abandoned for part in parts if part.abandoned is not None]
    return Timings(
        transfers=sum([part.transfers or 0 for part in parts]),
        abandoned=any(given_up) if given_up else None,
        ivr_s=_total([part.ivr_s for part in parts]),
        wait_s=_total([part.wait_s for part in parts]),
        talk_s=_total([part.talk_s for part in parts]),
        hold_s=_total([part.hold_s for part in parts]),
        acw_s=_total([part.acw_s for part in parts]),
        handle_s=_total([part.handle_s for part in parts]),
        duration_s=duration,
    )


def _measure_agent(agent: Party) -> PartyTimings:
    return PartyTimings(
        transfers=sum([_transfers(leg) for leg in agent.legs]),
        talk_s=_total([_talk(leg) for leg in agent.legs]),
        hold_s=_total([_hold(leg) for leg in agent.legs]),
        acw_s=_total(_acw(agent)),
        handle_s=_total(_handle(agent)),
    )


def _measure_flow(flow: Party) -> PartyTimings:
    return PartyTimings(ivr_s=_total([_stay(leg, "tIvr") for leg in flow.legs]))


def _measure_wait(wait: Party, given_up: Leg | None, *, over: bool) -> PartyTimings:
    abandoned = None
    if wait.legs and over:
        abandoned = any(leg is given_up or "tAbandon" in leg.metrics for leg in wait.legs)
    return PartyTimings(
        abandoned=abandoned, wait_s=_total([_stay(leg, "tAcd") for leg in wait.legs])
    )


def was_conference(shape: Shape) -> bool:
    """Return whether three or more people were connected to each other, holds left out."""
    if shape.conference or any(leg.conference for party in shape.parties for leg in party.legs):
        return True
    edges: list[tuple[datetime, int]] = []
    for party in shape.parties:
        if party.purpose in PEOPLE and not party.observes:
            edges += _edges(party)
    together = 0
    for _, step in sorted(edges):
        together += step
        if together >= 3:
            return True
    return False


def _edges(party: Party) -> list[tuple[datetime, int]]:
    spans = [span for leg in party.legs for span in leg.spans if span.kind == "interact"]
    edges = []
    for span in spans:
        if span.start and span.end and span.end - span.start > 2 * HANDOVER:
            edges += [(span.start + HANDOVER / 2, 1), (span.end - HANDOVER / 2, -1)]
    return edges


def _stay(leg: Leg, metric: str) -> float | None:
    if metric in leg.metrics:
        return leg.metrics[metric]
    start = leg.started_at
    if start is None or leg.ended_at is None:
        return None
    return max(0.0, (leg.ended_at - start).total_seconds())


def _talk(leg: Leg) -> float | None:
    if "tTalkComplete" in leg.metrics:
        return leg.metrics["tTalkComplete"]
    return _total([span.seconds for span in leg.spans if span.kind == "interact"])


def _hold(leg: Leg) -> float | None:
    if "tHeldComplete" in leg.metrics:
        return leg.metrics["tHeldComplete"]
    if not leg.detailed:
        return None
    return _total([span.seconds for span in leg.spans if span.kind == "hold"]) or 0.0


def _acw(agent: Party) -> list[float | None]:
    told = [_leg_acw(leg) for leg in agent.legs]
    return [*told, _acw_beside_legs(agent)]


def _acw_beside_legs(agent: Party) -> float | None:
    """Return the after-call work that is told of the participant only."""
    if agent.acw is None or any(_leg_acw(leg) is not None for leg in agent.legs):
        return None
    return agent.acw.seconds


def _leg_acw(leg: Leg) -> float | None:
    if "tAcw" in leg.metrics:
        return leg.metrics["tAcw"]
    return _total([span.seconds for span in leg.spans if span.kind == "wrapup"])


def _handle(agent: Party) -> list[float | None]:
    return [*(_leg_handle(leg) for leg in agent.legs), _acw_beside_legs(agent)]


def _leg_handle(leg: Leg) -> float | None:
    if "tHandle" in leg.metrics:
        return leg.metrics["tHandle"]
    return _total([span.seconds for span in leg.spans if span.kind in HANDLING])


def _transfers(leg: Leg) -> int:
    if "nTransferred" in leg.metrics:
        return int(leg.metrics["nTransferred"])
    return int(_is_transfer(leg))


def _is_transfer(leg: Leg) -> bool:
    return (leg.disconnect_type or "").lower().endswith("transfer")


def _given_up(shape: Shape) -> Leg | None:
    """Return the wait that led to nobody: the last one, unless it was passed on."""
    waits = [leg for party in shape.parties if party.purpose == "acd" for leg in party.legs]
    if not waits or any(_is_agent(party) for party in shape.parties):
        return None
    last = max(waits, key=_end)
    return None if _is_transfer(last) else last


def _end(leg: Leg) -> datetime:
    return leg.ended_at or datetime.max.replace(tzinfo=UTC)


def _total(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None
