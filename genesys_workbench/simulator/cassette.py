"""A cassette: what ``genesys-workbench record`` kept of a live session, played back.

========================================  ====================================================
``manifest.json``                         when it was recorded, and how much
``deliveries.jsonl``                      ``{"at": seconds, "event": {…}}``, as they came
``queues.json``                           id and name of each queue
``conversations/rest/{id}.json``          `GET /api/v2/conversations/{id}` at the end
``conversations/analytics/{id}.json``     the same of analytics, with attributes where known
========================================  ====================================================

REST and analytics answer from a conversation's first event on, without what came later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate, count, islice
from pathlib import Path
from typing import Any

from ..errors import InvalidDelivery, SettingsError
from ..events import ConversationEvent, parse_event
from .drawing import CREATED, UPDATED, Drawn, salted
from .people import Queue, User
from .plans import DeliveryPlan
from .rewinding import as_it_stood

__all__ = ["Cassette", "Recorded"]

Hears = Callable[[str], bool]
FORMAT = "genesys-workbench-cassette"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event as it came.

    Attributes:
        seconds: After the beginning of the recording.
        at: The same as an aware time.
        kind: ``conversation:created`` for the first of its conversation.
    """

    event: ConversationEvent
    seconds: float
    at: datetime
    kind: str

    def frames(self, hears: Hears) -> Iterator[dict[str, Any]]:
        """Yield the frame of a notification for each of its topics that somebody hears."""
        if self.event.envelope == "notification":
            frame = dict(self.event.source)
            for topic in dict.fromkeys([frame.get("topicName"), *_topics_in(self.event.body)]):
                if isinstance(topic, str) and hears(topic):
                    yield frame | {"topicName": topic}


class Cassette:
    """The conversations of a recording.

    Args:
        folder: As ``genesys-workbench record`` wrote it.

    Raises:
        SettingsError: It is none, or a file of it is damaged; the text names it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        manifest = _object(folder / "manifest.json", folder)
        if manifest.get("format") != FORMAT or manifest.get("version") != 1:
            raise _not_one(folder, "its manifest.json is not that of a cassette of version 1")
        self.seed = 0
        self.start = _time(manifest.get("start"), folder)
        self.events = list(_recorded(folder, self.start))
        self._rest = _by_id(folder / "conversations" / "rest", "id", folder)
        analytics = _by_id(folder / "conversations" / "analytics", "conversationId", folder)
        told = sorted((_began(body, folder), name, body) for name, body in analytics.items())
        self._starts = [start for start, _, _ in told]
        self._analytics = [body for _, _, body in told]
        self._places = {name: place for place, (_, name, _) in enumerate(told)}
        known = (min(at, self._first.get(name, at)) for at, name, _ in told)
        self._known = list(accumulate(known, max))
        names = _object(folder / "queues.json", folder)
        self.queues = [
            Queue(one, str(names.get(one, one)), frozenset()) for one in self._ids("queue")
        ]
        self.users = [_user(one) for one in self._ids("user")]

    def __len__(self) -> int:
        return len(self._analytics)

    def id_of(self, place: int) -> str:
        """See `Source`."""
        return str(self._analytics[place]["conversationId"])

    def start_of(self, place: int) -> datetime:
        """See `Source`."""
        return self._starts[place]

    def known_from(self, place: int) -> datetime:
        """See `Source`; a first event may come before the start, where a clock ran fast."""
        return self._known[place]

    def place_of(self, conversation_id: str) -> int | None:
        """See `Source`."""
        return self._places.get(conversation_id)

    def analytics(
        self, place: int, at: datetime | None, *, attributes: bool = False
    ) -> dict[str, Any]:
        """See `Source`."""
        body = _then(self._analytics[place], at, self._starts[place])
        if attributes:
            return body
        people = body.get("participants")
        if not isinstance(people, list):
            return body
        return body | {"participants": [_without_attributes(one) for one in people]}

    def begun(self, conversation_id: str) -> datetime | None:
        """See `Source`; known from its first event, where there is one."""
        if conversation_id not in self._rest:
            return None
        return self._first.get(conversation_id, self.start)

    def rest(self, conversation_id: str, at: datetime | None) -> dict[str, Any]:
        """See `Source`."""
        body = self._rest[conversation_id]
        start = body.get("startTime")
        return _then(body, at, self.start if start is None else _time(start, self._folder))

    def changes(self) -> Iterator[Recorded]:
        """See `Source`."""
        return iter(self.events)

    def drawn(self, plan: DeliveryPlan, kinds: frozenset[str]) -> Iterator[Drawn]:
        """See `Source`; events keep the envelope in which they came."""
        found = [
            one
            for one in self.events
            if one.kind in kinds and plan.envelope in ("mixed", one.event.envelope)
        ]
        if not found:
            raise SettingsError(
                "The cassette has no such event to deliver.",
                fix="deliver envelope='mixed', which is all of them as they came",
            )
        laps = ((one, lap) for lap in count() for one in found)
        for one, lap in islice(laps, plan.skip, None):
            yield _drawn(one, f"{plan.salt}~{lap}" if lap else plan.salt)

    @cached_property
    def _first(self) -> dict[str, datetime]:
        return {one.event.conversation_id: one.at for one in reversed(self.events)}

    def _ids(self, kind: str) -> list[str]:
        bodies = [
            *self._rest.values(),
            *self._analytics,
            *(one.event.source for one in self.events),
        ]
        return sorted({one for body in bodies for one in _named(body, kind)})


def _recorded(folder: Path, start: datetime) -> Iterator[Recorded]:
    path, seen = folder / "deliveries.jsonl", set()
    for number, line in enumerate(_text(path, folder).strip().split("\n"), start=1):
        try:
            told = json.loads(line)
            event, seconds = parse_event(told["event"]), float(told["at"])
        except (ValueError, TypeError, KeyError, InvalidDelivery) as exc:
            raise _not_one(folder, f"line {number} of deliveries.jsonl is no event") from exc
        kind = UPDATED if event.conversation_id in seen else CREATED
        seen.add(event.conversation_id)
        yield Recorded(event, seconds, start + timedelta(seconds=seconds), kind)


def _then(body: dict[str, Any], at: datetime | None, start: datetime) -> dict[str, Any]:
    # Where a clock ran fast, an event may have come before the start that it tells of.
    return body if at is None or at < start else as_it_stood(body, at)


def _drawn(one: Recorded, salt: str) -> Drawn:
    body = salted(dict(one.event.source), one.event.envelope, salt)
    event = parse_event(body) if salt else one.event
    text = json.dumps(body, separators=(",", ":"))
    return Drawn(
        event.event_id, event.conversation_id, event.envelope, text.encode(), at=one.seconds
    )


def _topics_in(body: Any) -> Iterator[str]:
    people = body.get("participants") or ()
    for kind, place in (("queue", "routing.queues"), ("user", "users")):
        for one in dict.fromkeys(one for person in people for one in _named(person, kind)):
            yield f"v2.{place}.{one}.conversations"


def _named(value: Any, kind: str) -> Iterator[str]:
    """Yield the ids of queues or users that a body names, by ``queueId`` or ``queue: {id}``."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item, kind)
    elif isinstance(value, dict):
        for name, item in value.items():
            found = item.get("id") if name == kind and isinstance(item, dict) else item
            if name in (kind, f"{kind}Id") and isinstance(found, str):
                yield found
            else:
                yield from _named(item, kind)


def _user(user_id: str) -> User:
    short = user_id.partition("-")[0]
    return User(user_id, f"Agent {short}", f"agent-{short}@example.com")


def _without_attributes(person: Any) -> Any:
    if not isinstance(person, dict):
        return person
    return {name: value for name, value in person.items() if name != "attributes"}


def _by_id(folder: Path, name: str, cassette: Path) -> dict[str, dict[str, Any]]:
    bodies = (_object(path, cassette) for path in sorted(folder.glob("*.json")))
    return {str(body.get(name)): body for body in bodies}


def _began(body: dict[str, Any], folder: Path) -> datetime:
    return _time(body.get("conversationStart"), folder)


def _time(text: Any, folder: Path) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError) as exc:
        raise _not_one(folder, f"a start of it is no time: {text!r}") from exc
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _object(path: Path, folder: Path) -> dict[str, Any]:
    try:
        body = json.loads(_text(path, folder))
    except ValueError as exc:
        raise _not_one(folder, f"{path.relative_to(folder)} is no JSON") from exc
    if not isinstance(body, dict):
        raise _not_one(folder, f"{path.relative_to(folder)} is no JSON object")
    return body


def _text(path: Path, folder: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise _not_one(folder, f"{path.relative_to(folder)} cannot be read") from exc


def _not_one(folder: Path, why: str) -> SettingsError:
    return SettingsError(
        f"{folder} cannot be played: {why}.", fix="record one: genesys-workbench record --help"
    )
