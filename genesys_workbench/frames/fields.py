"""The fields of analytics' conversations as arrays, read as `shapes_analytics` reads them.

How what is unknown is told is said in `groups`; words and texts are numbers, see `codes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from ..facts import address_key
from ..privacy import NAMED_THINGS
from ..spellings import read_disconnect_type, read_lower, read_text, read_texts
from .codes import Codes, Reading
from .groups import read_times
from .masking import Veil
from .told import Conversation, Metric, Person, Segment, Session

__all__ = ["ADDRESSES", "FLOW", "Fields", "Reader", "joined"]

Fields = dict[str, Any]

ADDRESSES = ("dnis", "address_to", "ani", "address_from")
"""Columns of sessions: two of the called side, two of the calling one."""
_TIMES = ("started", "ended", "conference", "span_start", "span_end")
_ATTRIBUTES = 10_000
FLOW = ("flow_id", "flow_name", "flow_type", "flow_exit")


def _or_unknown(told: str | None) -> str:
    return read_lower(told) or "unknown"


_READ: Mapping[str, Callable[[Any], str | None]] = {
    "segment_type": _or_unknown,
    "media_type": _or_unknown,
    "message_type": read_lower,
    "direction": read_lower,
    "disconnect_type": read_disconnect_type,
    "purpose": read_lower,
    **dict.fromkeys(
        ("queue_id", "wrap_up_code", "user_id", "external_contact_id", "name"), read_text
    ),
    **dict.fromkeys(FLOW, read_text),
}


class Reader:
    """Reads the fields of conversations.

    Args:
        codes: By the names of columns.
        veil: What is shown of personal data.

    Attributes:
        customer_name: Reads the customer's name.
        contact_key: Reads what joins a customer's conversations: the external contact's id.
        address_key: The same: an address.
    """

    def __init__(self, codes: Mapping[str, Codes], veil: Veil) -> None:
        self.codes, self._veil = codes, veil
        self._plain = {name: Reading(codes[name], read) for name, read in _READ.items()}
        self._shown = {name: self._reading(name, read_text) for name in (*ADDRESSES, "name")}
        self._attributes = lru_cache(_ATTRIBUTES)(lambda *items: veil.attributes(dict(items)))
        self.customer_name = self._reading("customer_name", read_text)
        self.contact_key = self._reading("customer_key", read_text)
        self.address_key = self._reading("customer_key", address_key)

    def _reading(self, name: str, read: Callable[[Any], str | None]) -> Reading:
        return Reading(self.codes[name], lambda told: self._veil.text(read(told)))

    def code(self, name: str, word: str) -> int:
        """Return the number of a word."""
        return self.codes[name][word]

    def among(self, name: str, codes: Any, words: Iterable[str]) -> Any:
        """Return which numbers are those of one of the words."""
        return np.isin(codes, [self.codes[name][word] for word in words])

    def fields(self, told: Sequence[Conversation]) -> Fields:
        """Return the fields of some conversations.

        Begin with few: what msgspec makes is read several times as fast while it is in the
        processor's cache.
        """
        people = [one.participants or () for one in told]
        persons = list(chain.from_iterable(people))
        sessions_of = [one.sessions or () for one in persons]
        sessions = list(chain.from_iterable(sessions_of))
        segments_of = [one.segments or () for one in sessions]
        segments = list(chain.from_iterable(segments_of))
        metrics_of = [one.metrics or () for one in sessions]
        times = read_times(
            [one.conversation_start for one in told],
            [one.conversation_end for one in told],
            [one.conference_start for one in told],
            [one.segment_start for one in segments],
            [one.segment_end for one in segments],
        )
        return {
            **dict(zip(_TIMES, times, strict=True)),
            "people_count": _lengths(people),
            "leg_count": _lengths(sessions_of),
            "span_count": _lengths(segments_of),
            "metric_count": _lengths(metrics_of),
            **self._conversations(told),
            **self._people(persons),
            **self._legs(sessions),
            **self._spans(segments),
            **self._metrics(list(chain.from_iterable(metrics_of))),
        }

    def _conversations(self, told: Sequence[Conversation]) -> Fields:
        return {
            "id": _objects([one.conversation_id for one in told]),
            "direction": self._column("direction", [one.originating_direction for one in told]),
            "divisions": _objects([read_texts(one.division_ids) for one in told]),
        }

    def _people(self, told: Sequence[Person]) -> Fields:
        purposes = self._column("purpose", [one.purpose for one in told])
        things = [self.codes["purpose"][word] for word in NAMED_THINGS]
        names = [one.participant_name for one in told]
        named = zip(names, purposes.tolist(), strict=True)
        plain, shown = self._plain["name"], self._shown["name"]
        contacts = [one.external_contact_id for one in told]
        return {
            "person_id": _ids([one.participant_id for one in told]),
            "purpose": purposes,
            "user": self._column("user_id", [one.user_id for one in told]),
            "contact": self._column("external_contact_id", contacts),
            "told_name": _objects(names),
            "name": np.array(
                [(plain if purpose in things else shown)[name] for name, purpose in named], int
            ),
            "attributes": _objects(
                [
                    self._attributes(*one.attributes.items()) if one.attributes else None
                    for one in told
                ]
            ),
        }

    def _legs(self, told: Sequence[Session]) -> Fields:
        observers = [one.monitored_participant_id or one.coached_participant_id for one in told]
        addresses = {
            "dnis": [one.dnis for one in told],
            "address_to": [one.address_to for one in told],
            "ani": [one.ani for one in told],
            "address_from": [one.address_from for one in told],
        }
        return {
            "leg_id": _ids([one.session_id for one in told]),
            "peer": _ids([one.peer_id for one in told]),
            "media": self._column("media_type", [one.media_type for one in told]),
            "message": self._column("message_type", [one.message_type for one in told]),
            "leg_direction": self._column("direction", [one.direction for one in told]),
            "observing": np.array(list(map(bool, observers)), bool),
            **{f"told_{name}": _objects(texts) for name, texts in addresses.items()},
            **{name: self._shown[name].column(texts) for name, texts in addresses.items()},
            **self._flows(told),
        }

    def _flows(self, sessions: Sequence[Session]) -> Fields:
        rows = [row for row, one in enumerate(sessions) if one.flow]
        told = [one.flow for one in sessions if one.flow]
        fields = {name: np.full(len(sessions), -1) for name in FLOW}
        fields["flow_id"][rows] = self._column("flow_id", [flow.flow_id for flow in told])
        fields["flow_name"][rows] = self._column("flow_name", [flow.flow_name for flow in told])
        fields["flow_type"][rows] = self._column("flow_type", [flow.flow_type for flow in told])
        fields["flow_exit"][rows] = self._column("flow_exit", [flow.exit_reason for flow in told])
        return fields

    def _spans(self, told: Sequence[Segment]) -> Fields:
        lefts = [one.disconnect_type for one in told]
        return {
            "kind": self._column("segment_type", [one.segment_type for one in told]),
            "queue": self._column("queue_id", [one.queue_id for one in told]),
            "disconnect": self._column("disconnect_type", lefts),
            "wrap_up": self._column("wrap_up_code", [one.wrap_up_code for one in told]),
            "span_conference": np.array([one.conference is True for one in told], bool),
        }

    def _metrics(self, told: Sequence[Metric]) -> Fields:
        return {
            "metric": self._column("name", [one.name for one in told]),
            "value": np.array([one.value for one in told], np.float64),
        }

    def _column(self, name: str, told: Sequence[str | None]) -> Any:
        return self._plain[name].column(told)


def _items(attributes: Mapping[str, str] | None) -> Iterable[tuple[str, str]]:
    return attributes.items() if attributes else ()


def joined(parts: Sequence[Fields]) -> Fields:
    """Return the fields of several lots of conversations in one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _lengths(lists: Sequence[Sequence[Any]]) -> Any:
    return np.fromiter(map(len, lists), np.int64, len(lists))


def _objects(values: Sequence[Any]) -> Any:
    return np.fromiter(values, object, len(values))


def _ids(told: Sequence[str | None]) -> Any:
    return _objects([one if one and not one.isspace() else None for one in told])
