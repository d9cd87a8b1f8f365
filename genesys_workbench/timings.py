"""Durations, transfers, conference and abandonment of a conversation. No I/O.

Analytics' metrics win where they are told, being the figures of the platform's own views; else
the spans are summed up. https://developer.genesys.cloud/analyticsdatamanagement/analytics/metrics
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .shapes import Leg, Party, Shape

__all__ = ["Timings", "agents_of", "measure", "was_conference"]

_AGENTS = frozenset({"agent", "user"})
_FLOWS = frozenset({"ivr", "botflow", "workflow"})
_PEOPLE = _AGENTS | {"customer", "external"}
_HANDLING = frozenset({"interact", "hold", "wrapup", "dialing", "contacting", "callback"})
_HANDOVER = timedelta(seconds=1)
"""Two agents may both be connected for a moment while one hands over; that is no conference."""


@dataclass(frozen=True, slots=True)
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


def agents_of(parties: Iterable[Party]) -> list[Party]:
    """Return the agents and users who connected, without those who only observe."""
    return [
        party
        for party in parties
        if party.purpose in _AGENTS and party.user_id and party.connected and not party.observes
    ]


def measure(shape: Shape) -> Timings:
    """Measure a conversation; of one that goes on, the finished parts."""
    agents = agents_of(shape.parties)
    legs = [leg for agent in agents for leg in agent.legs]
    duration = None
    if shape.started_at and shape.ended_at:
        duration = (shape.ended_at - shape.started_at).total_seconds()
    return Timings(
        transfers=sum(_transfers(leg) for leg in legs),
        abandoned=_abandoned(shape, agents),
        ivr_s=_total(_stay(leg, "tIvr") for leg in _legs(shape, _FLOWS)),
        wait_s=_total(_stay(leg, "tAcd") for leg in _legs(shape, {"acd"})),
        talk_s=_total(_talk(leg) for leg in legs),
        hold_s=_total(_hold(leg) for leg in legs),
        acw_s=_total(seconds for agent in agents for seconds in _acw(agent)),
        handle_s=_total(seconds for agent in agents for seconds in _handle(agent)),
        duration_s=duration,
    )


def was_conference(shape: Shape) -> bool:
    """Return whether three or more people were connected to each other, holds left out."""
    if shape.conference or any(leg.conference for party in shape.parties for leg in party.legs):
        return True
    edges: list[tuple[datetime, int]] = []
    for party in shape.parties:
        if party.purpose in _PEOPLE and not party.observes:
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
        if span.start and span.end and span.end - span.start > 2 * _HANDOVER:
            edges += [(span.start + _HANDOVER / 2, 1), (span.end - _HANDOVER / 2, -1)]
    return edges


def _legs(shape: Shape, purposes: Collection[str | None]) -> list[Leg]:
    return [leg for party in shape.parties if party.purpose in purposes for leg in party.legs]


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
    return _total(span.seconds for span in leg.spans if span.kind == "interact")


def _hold(leg: Leg) -> float | None:
    if "tHeldComplete" in leg.metrics:
        return leg.metrics["tHeldComplete"]
    if not leg.detailed:
        return None
    return _total(span.seconds for span in leg.spans if span.kind == "hold") or 0.0


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
    return _total(span.seconds for span in leg.spans if span.kind == "wrapup")


def _handle(agent: Party) -> list[float | None]:
    return [*(_leg_handle(leg) for leg in agent.legs), _acw_beside_legs(agent)]


def _leg_handle(leg: Leg) -> float | None:
    if "tHandle" in leg.metrics:
        return leg.metrics["tHandle"]
    return _total(span.seconds for span in leg.spans if span.kind in _HANDLING)


def _transfers(leg: Leg) -> int:
    if "nTransferred" in leg.metrics:
        return int(leg.metrics["nTransferred"])
    return int(_is_transfer(leg))


def _is_transfer(leg: Leg) -> bool:
    return (leg.disconnect_type or "").lower().endswith("transfer")


def _abandoned(shape: Shape, agents: Sequence[Party]) -> bool | None:
    waits = _legs(shape, {"acd"})
    if not waits or shape.ended_at is None:
        return None
    if any("tAbandon" in leg.metrics for leg in waits):
        return True
    return not agents and not _is_transfer(max(waits, key=_end))


def _end(leg: Leg) -> datetime:
    return leg.ended_at or datetime.max.replace(tzinfo=UTC)


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None
