"""The one shape into which conversations of every source are read. No I/O.

A conversation has parties (REST and analytics: participants), a party has legs (REST: the items
of ``calls``, ``messages`` …; analytics: sessions), a leg has spans (segments). Nobody changes them;
they are not frozen, since a frozen dataclass takes three times as long to make.
https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .spellings import read_text, unique

__all__ = ["TALKING", "Leg", "Party", "Shape", "Span", "first_time", "last_time", "named_texts"]

TALKING = frozenset({"interact", "hold"})


@dataclass(slots=True)
class Span:
    """A stretch of a leg; `kind` is analytics' segment type, `end` None while it lasts."""

    kind: str
    start: datetime | None
    end: datetime | None
    queue_id: str | None = None
    disconnect_type: str | None = None
    wrap_up_code: str | None = None
    conference: bool | None = None

    @property
    def seconds(self) -> float | None:
        """Length in seconds, None while it lasts."""
        if self.start is None or self.end is None:
            return None
        return max(0.0, (self.end - self.start).total_seconds())


@dataclass(slots=True)
class Leg:
    """One medium of one participant.

    Attributes:
        addresses: ``ani``, ``dnis``, ``from``, ``to``, ``own`` as given; personal data.
        connected_at: None where the leg never connected, as an alert that nobody answered.
        metrics: Analytics' metrics in seconds; counts as they are; empty for REST.
        detailed: Whether the spans are the platform's; otherwise they are made of the leg's times.
        peer_id: The session at the other end.
        flow: ``id``, ``name``, ``type`` and ``exit`` of the Architect flow; analytics only.
    """

    media_type: str
    message_type: str | None
    direction: str | None
    addresses: Mapping[str, str] = field(repr=False)
    started_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    disconnect_type: str | None
    spans: tuple[Span, ...]
    metrics: Mapping[str, float]
    queue_ids: tuple[str, ...]
    wrap_up_codes: tuple[str, ...]
    conference: bool
    detailed: bool
    session_id: str | None
    peer_id: str | None
    flow: Mapping[str, str]


@dataclass(slots=True)
class Party:
    """One participant; `name`, `addresses` and `attributes` are personal data.

    Attributes:
        addresses: ``ani``, ``dnis``, ``own`` as given of the participant.
        observes: Whether it only monitors or coaches another participant.
        acw: After-call work that is told of the participant, not of a leg.
        attributes: Free data that flows and scripts have set.
    """

    participant_id: str | None
    purpose: str | None
    user_id: str | None
    queue_id: str | None
    queue_name: str | None
    external_contact_id: str | None
    name: str | None = field(repr=False)
    addresses: Mapping[str, str] = field(repr=False)
    joined_at: datetime | None
    left_at: datetime | None
    connected: bool
    observes: bool
    acw: Span | None
    wrap_up_codes: tuple[str, ...]
    attributes: Mapping[str, Any] = field(repr=False)
    legs: tuple[Leg, ...]

    @property
    def all_wrap_up_codes(self) -> tuple[str, ...]:
        """Those of its legs, then those that are told of the participant."""
        codes = [code for leg in self.legs for code in leg.wrap_up_codes]
        return unique([*codes, *self.wrap_up_codes])


@dataclass(slots=True)
class Shape:
    """One conversation, whichever way it was told."""

    conversation_id: str
    started_at: datetime | None
    ended_at: datetime | None
    direction: str | None
    division_ids: tuple[str, ...]
    conference: bool
    parties: tuple[Party, ...]


def named_texts(body: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a JSON object that are told, under other names."""
    told = [(name, read_text(body[key])) for name, key in keys.items() if key in body]
    return {name: text for name, text in told if text}


def first_time(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest of the times that are known."""
    return min([at for at in times if at], default=None)


def last_time(times: Sequence[datetime | None]) -> datetime | None:
    """Return the latest time, None if one of them is still open."""
    return None if None in times else max([at for at in times if at], default=None)
