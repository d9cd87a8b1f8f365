"""Many conversations of analytics become columns of five tables at once.

Each column holds what `rows` would put into it conversation by conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .fields import ADDRESSES, FLOW, Fields, Reader
from .figures import SECONDS, Figures
from .gist import Gist
from .groups import UNKNOWN, pick, seconds_between, tuples
from .levels import Levels

__all__ = ["Batch"]

Columns = dict[str, Any]


class Batch:
    """Columns of some conversations.

    Args:
        fields: Theirs.
        reader: That has read them.
    """

    def __init__(self, fields: Fields, reader: Reader) -> None:
        self._fields, self._reader = fields, reader
        self._levels = Levels(fields, reader)
        self._figures = Figures(self._levels)

    def conversations(self) -> Columns:
        """Return the columns of conversations."""
        fields, people = self._fields, self._levels.people
        gist = Gist(self._levels, self._figures)
        count = self._levels.count
        direction, contact = gist.direction(), pick(people.contact, gist.customers)
        media, all_media = gist.media()
        queue, all_queues = gist.queues()
        figures = self._figures.of_conversations()
        return {
            "conversation_id": _texts(fields["id"]),
            "started_at": _times(fields["started"]),
            "ended_at": _times(fields["ended"]),
            "duration_s": seconds_between(fields["started"], fields["ended"]),
            "media_type": media,
            "media_types": all_media,
            "message_type": gist.message(),
            "direction": direction,
            "queue_id": queue,
            "queue_name": _none(count),
            "queue_ids": all_queues,
            "queue_names": tuples(_none(0), _none(0), count, ()),
            "agent_ids": gist.agents(),
            "external_contact_id": contact,
            "customer_key": self._keys(contact, gist.addresses(direction)),
            "customer_name": self._customer_names(gist.customers),
            "participants": _counts(fields["people_count"]),
            "transfers": _counts(figures["transfers"]),
            "conference": _flags(figures["conference"]),
            "abandoned": _flags(figures["abandoned"]),
            **{name: figures[name] for name in SECONDS},
            "disconnect_type": gist.disconnect(),
            "wrap_up_codes": gist.wrap_ups(),
            "division_ids": fields["divisions"],
            "told_by": np.full(count, self._reader.code("told_by", "analytics")),
        }

    def _keys(self, contacts: Any, addresses: Sequence[str | None]) -> Any:
        reader, ids = self._reader, self._reader.codes["external_contact_id"].texts
        keys = [
            reader.address_key[address] if contact < 0 else reader.contact_key[ids[contact]]
            for contact, address in zip(contacts.tolist(), addresses, strict=True)
        ]
        return np.array(keys, int)

    def _customer_names(self, customers: Any) -> Any:
        return self._reader.customer_name.column(pick(self._fields["told_name"], customers, None))

    def below(self) -> dict[str, tuple[Columns, Any]]:
        """Return the other tables by name: columns, and how many rows each row above has."""
        fields = self._fields
        metric_count = np.bincount(self._levels.metrics.leg, minlength=len(fields["leg_id"]))
        return {
            "participants": (self._participants(), fields["people_count"]),
            "sessions": (self._sessions(), fields["leg_count"]),
            "segments": (self._segments(), fields["span_count"]),
            "metrics": (self._metrics(), metric_count),
        }

    def _participants(self) -> Columns:
        fields, figures = self._fields, self._figures
        people, legs, spans = self._levels.people, self._levels.legs, self._levels.spans
        count, codes = len(people.purpose), self._reader.codes
        wrap_ups = codes["wrap_up_code"].texts
        return {
            "participant_id": _texts(fields["person_id"]),
            "purpose": people.purpose,
            "user_id": people.user,
            "queue_id": people.queue,
            **dict.fromkeys(("queue_name", "ani", "dnis", "address"), _none(count)),
            "external_contact_id": people.contact,
            "name": fields["name"],
            "joined_at": _times(people.joined),
            "left_at": _times(people.left),
            "media_type": people.media,
            "media_types": tuples(legs.media, legs.person, count, codes["media_type"].texts),
            "connected": _flags(people.connected),
            "observes": _flags(people.observes),
            "transfers": _counts(figures.transfers, figures.agents),
            "abandoned": _flags(figures.abandoned),
            **figures.seconds,
            "wrap_up_codes": tuples(spans.wrap_up, legs.person[spans.leg], count, wrap_ups),
            "attributes": _texts(fields["attributes"]),
        }

    def _sessions(self) -> Columns:
        fields, people = self._fields, self._levels.people
        legs, spans = self._levels.legs, self._levels.spans
        count, wrap_ups = len(legs.media), self._reader.codes["wrap_up_code"].texts
        return {
            "session_id": _texts(fields["leg_id"]),
            "media_type": legs.media,
            "message_type": legs.message,
            "direction": legs.direction,
            "queue_id": np.where(legs.queue < 0, people.queue[legs.person], legs.queue),
            **dict.fromkeys(("queue_name", "address_own"), _none(count)),
            "started_at": _times(legs.started),
            "connected_at": _times(legs.connected),
            "ended_at": _times(legs.ended),
            "duration_s": seconds_between(legs.started, legs.ended),
            "disconnect_type": legs.disconnect,
            "peer_id": _texts(fields["peer"]),
            **{name: fields[name] for name in (*ADDRESSES, *FLOW)},
            "wrap_up_codes": tuples(spans.wrap_up, spans.leg, count, wrap_ups),
        }

    def _segments(self) -> Columns:
        spans = self._levels.spans
        return {
            "segment_type": spans.kind,
            "started_at": _times(spans.start),
            "ended_at": _times(spans.end),
            "duration_s": spans.seconds,
            "queue_id": spans.queue,
            "disconnect_type": spans.disconnect,
            "wrap_up_code": spans.wrap_up,
            "conference": _flags(spans.conference),
        }

    def _metrics(self) -> Columns:
        metrics, unit = self._levels.metrics, self._reader.codes["unit"]
        return {
            "name": metrics.name,
            "value": metrics.value,
            "unit": np.where(metrics.is_time, unit["s"], unit["count"]),
        }


def _none(count: int) -> Any:
    return np.full(count, -1, np.int32)


def _texts(values: Any) -> Any:
    return pd.array(values, dtype="str")


def _times(microseconds: Any) -> Any:
    known = np.where(microseconds == UNKNOWN, np.iinfo(np.int64).min, microseconds)
    return pd.DatetimeIndex(known.view("M8[us]"), tz="UTC").array


def _flags(values: Any) -> Any:
    """Return a column of flags; -1 is unknown."""
    return pd.arrays.BooleanArray(values > 0, values.astype(np.int64) < 0)


def _counts(values: Any, known: Any = True) -> Any:
    return pd.arrays.IntegerArray(values, np.full(len(values), False) | ~np.asarray(known))
