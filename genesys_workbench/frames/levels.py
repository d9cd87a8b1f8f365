"""The levels of analytics' conversations: people, legs (sessions), spans (segments), metrics.

What `shapes_analytics` derives of one conversation is derived of many at once, by the same rules.
How what is unknown is told is said in `groups`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import TALKING
from .fields import Fields, Reader
from .groups import (
    UNKNOWN,
    any_of,
    earliest,
    first_of,
    last_of,
    latest,
    pick,
    seconds_between,
)

__all__ = ["Legs", "Levels", "Metrics", "People", "Spans"]


class Spans:
    """Segments; `leg` is the row of each one's session."""

    def __init__(self, fields: Fields, read: Reader) -> None:
        self.leg = _owners(fields["span_count"])
        self.start, self.end = fields["span_start"], fields["span_end"]
        self.seconds = np.maximum(seconds_between(self.start, self.end), 0.0)
        self.kind, self.queue = fields["kind"], fields["queue"]
        self.disconnect, self.wrap_up = fields["disconnect"], fields["wrap_up"]
        self.conference = fields["span_conference"]
        self.live = self.kind != read.code("segment_type", "wrapup")


class Metrics:
    """Metrics, summed by session: times in seconds, counts as they are."""

    def __init__(self, fields: Fields, read: Reader) -> None:
        self._legs, self._codes = len(fields["metric_count"]), read.codes["name"]
        name, value = fields["metric"], fields["value"]
        known = (name >= 0) & ~np.isnan(value)
        name, leg = name[known], _owners(fields["metric_count"])[known]
        keys = leg * len(self._codes) + name
        _, first, places = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first)
        sums = np.bincount(places, value[known], len(first))[order]
        self.leg, self.name = leg[first[order]], name[first[order]]
        self.is_time = self._codes.where(lambda text: text[0] == "t")[self.name]
        self.value = np.where(self.is_time, sums / 1000, sums)

    def of_legs(self, name: str) -> Any:
        """Return one metric of each session, NaN where it is not told."""
        rows = self.name == self._codes[name]
        values = np.full(self._legs, np.nan)
        values[self.leg[rows]] = self.value[rows]
        return values


class Legs:
    """Sessions; `person` is the row of each one's participant."""

    def __init__(self, fields: Fields, spans: Spans, read: Reader) -> None:
        self.person = _owners(fields["leg_count"])
        count, of, live = len(self.person), spans.leg, np.flatnonzero(spans.live)
        talking = live[read.among("segment_type", spans.kind[live], TALKING)]
        left = live[spans.disconnect[live] >= 0]
        passed = spans.disconnect == read.code("disconnect_type", "conferenceTransfer")
        self.media, self.direction = fields["media"], fields["leg_direction"]
        is_message = self.media == read.code("media_type", "message")
        self.message = np.where(is_message, fields["message"], -1)
        self.started = earliest(spans.start[live], of[live], count)
        self.connected = earliest(spans.start[talking], of[talking], count)
        self.ended = latest(spans.end[live], of[live], count)
        self.disconnect = pick(spans.disconnect, last_of(left, of, count))
        self.queue = pick(spans.queue, first_of(np.flatnonzero(spans.queue >= 0), of, count))
        self.conference = any_of(spans.conference | (passed & spans.live), of, count)
        self.observes = fields["observing"]


class People:
    """Participants; `conversation` is the row of each one's conversation."""

    def __init__(self, fields: Fields, legs: Legs) -> None:
        self.conversation = _owners(fields["people_count"])
        count, of = len(self.conversation), legs.person
        self.purpose, self.user, self.contact = (
            fields[name] for name in ("purpose", "user", "contact")
        )
        self.joined = earliest(legs.started, of, count)
        self.left = latest(legs.ended, of, count)
        self.connected = any_of(legs.connected != UNKNOWN, of, count)
        self.has_legs = fields["leg_count"] > 0
        self.observes = self.has_legs & ~any_of(~legs.observes, of, count)
        self.media = pick(legs.media, first_of(np.arange(len(of)), of, count))
        self.queue = pick(legs.queue, first_of(np.flatnonzero(legs.queue >= 0), of, count))


class Levels:
    """All levels of some conversations, whose own fields are among the `fields`."""

    def __init__(self, fields: Fields, read: Reader) -> None:
        self.fields, self.read = fields, read
        self.count = len(fields["id"])
        self.spans = Spans(fields, read)
        self.metrics = Metrics(fields, read)
        self.legs = Legs(fields, self.spans, read)
        self.people = People(fields, self.legs)


def _owners(counts: Any) -> Any:
    return np.repeat(np.arange(len(counts)), counts)
