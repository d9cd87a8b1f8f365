"""Which events are delivered: drawn from the world in order of time, each with an id of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count, islice
from random import Random
from typing import Any

from ..errors import SettingsError
from ..events import parse_event
from .detail_events import DetailEvent, detail_events
from .envelopes import ENVELOPES, render
from .times import iso, make_id
from .world import SimConversation

__all__ = ["Drawn", "Moment", "draw", "salted", "timeline"]

CREATED, UPDATED = "conversation:created", "conversation:updated"
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_SHIFTS = 999


@dataclass(frozen=True, slots=True)
class Moment:
    """A detail event in its place on the world's line of time.

    Attributes:
        kind: ``conversation:created`` for the first event of a conversation, which is what the
            platform offers for a creation; ``conversation:updated`` for every other.
    """

    event: DetailEvent
    conversation: SimConversation
    kind: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """An event ready to be sent.

    Attributes:
        event_id: The id that a receiver finds in, or derives from, the body.
        body: JSON, as it goes over the wire.
        at: Seconds after the beginning at which it came when it was recorded.
    """

    event_id: str
    conversation_id: str
    envelope: str
    body: bytes
    at: float = 0.0


def timeline(conversations: Sequence[SimConversation]) -> Iterator[Moment]:
    """Yield all events in order of time; no more conversations are played than needed.

    Args:
        conversations: In order of their start.
    """
    waiting: list[tuple[datetime, int, int, Moment]] = []
    for place, conversation in enumerate(conversations):
        while waiting and waiting[0][0] < conversation.start:
            yield heappop(waiting)[3]
        for number, event in enumerate(detail_events(conversation)):
            moment = Moment(event, conversation, UPDATED if number else CREATED)
            heappush(waiting, (event.occurred_at, place, number, moment))
    while waiting:
        yield heappop(waiting)[3]


def draw(
    conversations: Sequence[SimConversation],
    *,
    kinds: frozenset[str],
    envelope: str = "mixed",
    skip: int = 0,
    salt: str = "",
    seed: int = 42,
) -> Iterator[Drawn]:
    """Yield distinct events without end: when the world is through, it begins again, salted.

    Args:
        conversations: In order of their start.
        kinds: Which of ``conversation:created`` and ``conversation:updated``.
        envelope: One of `ENVELOPES`, or ``mixed``: by turns. The seed's envelope tells of
            creations only.
        skip: How many events to leave out at the beginning.
        salt: Gives the same events other ids.
        seed: Of the order in which the envelopes take turns.

    Raises:
        SettingsError: There is no such event, or the salts are used up.
    """
    turns = Random(seed).sample(ENVELOPES, len(ENVELOPES))
    seen: set[str] = set()
    for number, (moment, lap) in islice(
        enumerate(_laps(conversations, kinds, envelope)), skip, None
    ):
        form = _turn(turns, number, moment) if envelope == "mixed" else envelope
        yield _distinct(moment, form, f"{salt}~{lap}" if lap else salt, seen)


def salted(body: dict[str, Any], envelope: str, salt: str) -> dict[str, Any]:
    """Return an event with another id; an empty salt changes nothing.

    EventBridge and data-action events carry an id; the others are known by their content, so
    their times move by 1 to 999 ms. A notification in which nothing has a time yet gets an
    external tag.
    """
    if not salt:
        return body
    if envelope == "eventbridge":
        return body | {"id": make_id(body["id"], salt)}
    if envelope == "data-action":
        text = json.dumps(body, sort_keys=True)
        return body | {"eventId": make_id(text, salt)}
    shift = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:4]) % _SHIFTS + 1
    moved: dict[str, Any] = _moved(body, timedelta(milliseconds=shift))
    if moved == body:
        return body | {"eventBody": body["eventBody"] | {"externalTag": salt}}
    return moved


def _laps(
    conversations: Sequence[SimConversation], kinds: frozenset[str], envelope: str
) -> Iterator[tuple[Moment, int]]:
    wanted = kinds & {CREATED} if envelope == "seed" else kinds
    found = []
    for moment in timeline(conversations):
        if moment.kind in wanted:
            found.append(moment)
            yield moment, 0
    if not found:
        raise SettingsError(
            "There is no event to deliver: the world is empty, or no event fits.",
            fix="deliver conversation:created, or simulate with conversations=500",
        )
    for lap in count(1):
        yield from ((moment, lap) for moment in found)


def _turn(turns: Sequence[str], number: int, moment: Moment) -> str:
    envelope = turns[number % len(turns)]
    if envelope == "seed" and moment.kind != CREATED:
        return turns[(number + 1) % len(turns)]
    return envelope


def _distinct(moment: Moment, envelope: str, salt: str, seen: set[str]) -> Drawn:
    plain = render(moment.event, envelope, conversation=moment.conversation)
    for attempt in range(_SHIFTS + 1):
        body = salted(plain, envelope, f"{salt}+{attempt}" if attempt else salt)
        event_id = parse_event(body).event_id
        if event_id not in seen:
            seen.add(event_id)
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            return Drawn(event_id, moment.conversation.id, envelope, text.encode())
    raise SettingsError(
        "The world holds too few events to draw so many distinct ones.",
        fix="simulate with more conversations, for instance conversations=5000",
    )


def _moved(value: Any, by: timedelta, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _moved(item, by, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if isinstance(value, str) and _ISO.fullmatch(value):
        return iso(datetime.fromisoformat(value) + by)
    if name == "eventTime" and isinstance(value, int):
        return value + by // timedelta(milliseconds=1)
    return value
