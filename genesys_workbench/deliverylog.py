"""What the receiver was sent lately, in memory: to look at, to search, to send again.

The log is bounded twice: by the number of deliveries, and by the bytes of their contents
(headers and body), of which the oldest go first.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from sys import intern
from typing import Literal

from .events import ConversationEvent

__all__ = ["Delivery", "DeliveryLog", "EventRef", "Outcome", "visible_headers"]

Outcome = Literal["published", "spooled", "refused"]

_HIDDEN = re.compile(r"auth|secret|token|signature|cookie|password|api-?key", re.IGNORECASE)
_STARS = "***"
# Python's own share of a header: two short strings and the pair that holds them.
_HEADER_COST = 160


@dataclass(frozen=True, slots=True)
class EventRef:
    """Which event a delivery held."""

    event_id: str
    conversation_id: str
    event_type: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery and the answer that it got.

    Attributes:
        number: 1 for the first since the log was made.
        at: When the answer was ready, aware UTC.
        status: Of the HTTP answer.
        outcome: ``spooled`` where at least one of its events was.
        sentence: Why it was refused, with the fix; else empty.
        events: In their order; none where it was refused.
        envelope: Of the events; None where it was refused.
        size_bytes: Of the body, as far as it was read.
        milliseconds: Until the answer.
        correlation_id: The sender's, or one that was made; the logs have it too.
        headers: As sent, what authenticates replaced by stars; None where no longer kept.
        body: None where it is no longer kept, or was too large to be.
    """

    number: int
    at: datetime
    status: int
    outcome: Outcome
    sentence: str
    events: tuple[EventRef, ...]
    envelope: str | None
    size_bytes: int
    milliseconds: float
    correlation_id: str = field(default="", repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Content:
    headers: Mapping[str, str]
    body: bytes | None
    cost: int


@dataclass(slots=True)
class _Kept:
    entry: Delivery
    content: _Content | None


class DeliveryLog:
    """The last deliveries; written by the receiver, read from any thread.

    Args:
        limit: Deliveries that are kept.
        body_limit: Bytes of a body that is kept; a larger one is told by its size only.
        content_limit: Bytes of all headers and bodies.
        seconds: How far back `rates` reaches.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        limit: int = 50_000,
        *,
        body_limit: int = 256 * 1024,
        content_limit: int = 64 * 1024 * 1024,
        seconds: int = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._body_limit = body_limit
        self._content_limit = content_limit
        self._clock = clock
        self._lock = threading.Lock()
        self._ring: deque[_Kept] = deque(maxlen=limit)
        self._full: deque[_Kept] = deque()  # those of the ring that still have their content
        self._full_bytes = 0
        self._total = 0
        self._statuses: Counter[int] = Counter()
        self._outcomes: Counter[Outcome] = Counter()
        self._span = seconds
        self._seconds: deque[tuple[int, int]] = deque(maxlen=seconds + 1)

    def __len__(self) -> int:
        return len(self._ring)

    def __repr__(self) -> str:
        return f"<DeliveryLog {len(self)} of {self.total} deliveries>"

    def add(
        self,
        *,
        at: datetime,
        status: int,
        milliseconds: float,
        headers: Mapping[str, str],
        body: bytes = b"",
        events: Sequence[ConversationEvent] = (),
        outcome: Outcome = "refused",
        sentence: str = "",
        correlation_id: str = "",
    ) -> None:
        """Enter a delivery that was answered.

        Args:
            at: Aware UTC now.
            status: Of the answer.
            milliseconds: Until the answer.
            headers: Fit to be shown, see `visible_headers`.
            body: As far as it was read.
            events: That were accepted.
            outcome: What became of them.
            sentence: Why it was refused.
            correlation_id: As in its log entries.
        """
        content = self._content(headers, body)
        refs = tuple(map(_ref, events))
        envelope = events[0].envelope if events else None
        with self._lock:
            self._total += 1
            told = (self._total, at, status, outcome, sentence, refs, envelope)
            entry = Delivery(*told, len(body), milliseconds, correlation_id)
            self._keep(_Kept(entry, content))
            self._statuses[status] += 1
            self._outcomes[outcome] += 1
            self._count(len(refs) or 1)

    @property
    def total(self) -> int:
        """Deliveries since the log was made, those that it no longer keeps included."""
        return self._total

    def statuses(self) -> dict[int, int]:
        """Return how many deliveries were answered with each status so far."""
        with self._lock:
            return dict(sorted(self._statuses.items()))

    def outcomes(self) -> dict[Outcome, int]:
        """Return how many deliveries had each outcome so far."""
        with self._lock:
            names: tuple[Outcome, ...] = ("published", "spooled", "refused")
            return {name: self._outcomes[name] for name in names}

    def rates(self) -> list[int]:
        """Return how many events came in each past second, oldest first.

        A refused delivery counts as one. The second that is under way is left out.
        """
        now = int(self._clock())
        with self._lock:
            found = dict(self._seconds)
        return [found.get(now - back, 0) for back in range(self._span, 0, -1)]

    def find(
        self,
        text: str = "",
        *,
        limit: int = 100,
        after: int = 0,
        outcome: Outcome | None = None,
    ) -> list[Delivery]:
        """Return deliveries, newest first, without headers and bodies.

        Args:
            text: Each of its words is in an id, a type, the reason or the body; ASCII case aside.
            limit: At most so many.
            after: Only deliveries of a higher number: to go on where a search has ended.
            outcome: Only deliveries of this outcome.
        """
        needles = _needles(text)
        found = (
            kept.entry
            for kept in self._newest(after, None if needles or outcome else limit)
            if outcome in (None, kept.entry.outcome) and (not needles or _has(needles, kept))
        )
        return list(islice(found, limit))

    def entry(self, number: int) -> Delivery | None:
        """Return a delivery with its headers and body, as far as they are kept."""
        with self._lock:
            place = number - 1 - (self._total - len(self._ring))
            if not 0 <= place < len(self._ring):
                return None
            kept = self._ring[place]
            content = kept.content
        if content is None:
            return kept.entry
        return replace(kept.entry, headers=content.headers, body=content.body)

    def _newest(self, after: int, limit: int | None) -> list[_Kept]:
        """Return a copy, so that the receiver need not wait while it is searched."""
        with self._lock:
            wanted = min(len(self._ring), self._total - after)
            return list(
                islice(reversed(self._ring), wanted if limit is None else min(wanted, limit))
            )

    def _content(self, headers: Mapping[str, str], body: bytes) -> _Content:
        kept = body if len(body) <= self._body_limit else None
        letters = sum(len(name) + len(value) for name, value in headers.items())
        return _Content(headers, kept, letters + _HEADER_COST * len(headers) + len(kept or b""))

    def _keep(self, kept: _Kept) -> None:
        if len(self._ring) == self._ring.maxlen and self._ring[0].content is not None:
            self._empty_oldest()
        self._ring.append(kept)
        self._full.append(kept)
        self._full_bytes += kept.content.cost if kept.content else 0
        while self._full_bytes > self._content_limit:
            self._empty_oldest()

    def _empty_oldest(self) -> None:
        oldest = self._full.popleft()
        self._full_bytes -= oldest.content.cost if oldest.content else 0
        oldest.content = None

    def _count(self, events: int) -> None:
        second = int(self._clock())
        if self._seconds and self._seconds[-1][0] == second:
            events += self._seconds.pop()[1]
        self._seconds.append((second, events))


def visible_headers(headers: Mapping[str, str], secret_header: str) -> dict[str, str]:
    """Return a delivery's headers with what authenticates it replaced by stars.

    Args:
        headers: As they came in, names in lower case.
        secret_header: The name under which the shared secret is sent.
    """
    secret = secret_header.lower()
    return {
        intern(name): _STARS if name == secret or _HIDDEN.search(name) else value
        for name, value in headers.items()
    }


def _ref(event: ConversationEvent) -> EventRef:
    kind, medium = intern(event.event_type), intern(event.media_type)
    return EventRef(event.event_id, event.conversation_id, kind, medium)


def _needles(text: str) -> list[tuple[str, bytes, bytes]]:
    """Return each word with the two ways in which JSON may spell it."""
    words = text.lower().split()
    return [(word, word.encode(), json.dumps(word)[1:-1].encode()) for word in words]


def _has(needles: Sequence[tuple[str, bytes, bytes]], kept: _Kept) -> bool:
    body = kept.content.body if kept.content else None
    text = body.lower() if body else b""  # as bytes, which is five times as fast
    rest = [word for word, plain, escaped in needles if plain not in text and escaped not in text]
    return not rest or all(word in _told(kept.entry) for word in rest)


def _told(entry: Delivery) -> str:
    told = [str(entry.status), entry.outcome, entry.envelope or "", entry.sentence]
    told.append(entry.correlation_id)
    for event in entry.events:
        told += [event.event_id, event.conversation_id, event.event_type, event.media_type]
    return " ".join(told).lower()
