"""One conversation becomes the rows of five frames, in the order of the catalogue's columns.

What a table takes over from the one above it is left out (see `tables`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ..conversations import facts_of_shape, read_shape
from ..facts import ConversationFacts
from ..shapes import Leg, Party, Shape
from ..spellings import read_text, unique
from ..timings import PartyTimings, measure_parties, sum_up
from .catalogue import CATALOGUE
from .masking import Veil
from .tables import Rows

__all__ = [
    "Telling",
    "conversation_of",
    "facts_of_record",
    "read_record",
    "read_telling",
    "rows_of",
]

Row = tuple[Any, ...]
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Telling:
    """One conversation as somebody told it.

    Attributes:
        told_by: ``rest``, ``analytics``, or ``events`` where nobody told the whole of it.
        shape: None if only events are known.
        timings: One for each party of the shape.
    """

    facts: ConversationFacts
    told_by: str
    shape: Shape | None = None
    timings: tuple[PartyTimings, ...] = ()

    @property
    def parties(self) -> tuple[Party, ...]:
        """The participants that are known."""
        return self.shape.parties if self.shape else ()

    def queue_names(self) -> dict[str, str]:
        """Return the names of queues that it tells, by id."""
        return {p.queue_id: p.queue_name for p in self.parties if p.queue_id and p.queue_name}


def read_telling(body: Mapping[str, Any]) -> Telling:
    """Read a conversation as REST or analytics tell it.

    Raises:
        PermanentError: The body is neither.
    """
    shape = read_shape(body)
    timings = tuple(measure_parties(shape))
    facts = facts_of_shape(shape, sum_up(shape, timings), with_participants=False)
    return Telling(facts, _teller(body), shape, timings)


def read_record(record: Mapping[str, Any]) -> Telling:
    """Read a conversation of the store: its facts, and what the snapshot tells beyond them.

    Raises:
        PermanentError: The snapshot is no conversation.
    """
    facts = facts_of_record(record)
    if record["raw"] is None:
        return Telling(facts, "events")
    shape = read_shape(record["raw"])
    return Telling(facts, _teller(record["raw"]), shape, tuple(measure_parties(shape)))


def facts_of_record(record: Mapping[str, Any]) -> ConversationFacts:
    """Return the facts of a conversation of the store."""
    told = {name: record[key] for name, key in _STORED.items()}
    listed = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return ConversationFacts(**(told | listed), complete=record["raw"] is not None)


def _teller(body: Mapping[str, Any]) -> str:
    return "analytics" if read_text(body.get("conversationId")) else "rest"


_FACTS = {field.name for field in fields(ConversationFacts)} - {"participants", "complete"}
_STORED = {one.name: one.key for one in CATALOGUE["conversations"] if one.name in _FACTS}


def rows_of(telling: Telling, veil: Veil) -> dict[str, Rows]:
    """Return the rows by frame, the names of queues left out as far as ids are known."""
    participants, sessions, segments, metrics = Rows(), Rows(), Rows(), Rows()
    participants.counts.append(len(telling.parties))
    people = len(telling.parties) if telling.shape else None
    for party, timings in zip(telling.parties, telling.timings, strict=True):
        participants.cells += _participant(party, timings, veil)
        sessions.counts.append(len(party.legs))
        for leg in party.legs:
            sessions.cells += _session(party, leg, veil)
            segments.counts.append(len(leg.spans))
            for span in leg.spans:
                segments.cells += (
                    span.kind,
                    span.start,
                    span.end,
                    span.seconds,
                    span.queue_id,
                    span.disconnect_type,
                    span.wrap_up_code,
                    span.conference,
                )
            metrics.counts.append(len(leg.metrics))
            for name, value in leg.metrics.items():
                metrics.cells += (name, value, "s" if name.startswith("t") else "count")
    return {
        "conversations": Rows([*conversation_of(telling.facts, telling.told_by, people, veil)]),
        "participants": participants,
        "sessions": sessions,
        "segments": segments,
        "metrics": metrics,
    }


def conversation_of(facts: ConversationFacts, told_by: str, people: int | None, veil: Veil) -> Row:
    """Return the row of a conversation; `people` is the number of its participants."""
    return (
        facts.conversation_id,
        facts.started_at,
        facts.ended_at,
        facts.duration_s,
        next(iter(facts.media_types), None),
        facts.media_types,
        facts.message_type,
        facts.direction,
        next(iter(facts.queue_ids), None),
        next(iter(facts.queue_names), None),
        facts.queue_ids,
        facts.queue_names,
        facts.agent_ids,
        facts.external_contact_id,
        veil.text(facts.customer_key),
        veil.text(facts.customer_name),
        people,
        _count(facts.transfers),
        facts.conference,
        facts.abandoned,
        facts.ivr_s,
        facts.wait_s,
        facts.talk_s,
        facts.hold_s,
        facts.acw_s,
        facts.handle_s,
        facts.disconnect_type,
        facts.wrap_up_codes,
        facts.division_ids,
        told_by,
    )


def _participant(party: Party, timings: PartyTimings, veil: Veil) -> Row:
    media = unique([leg.media_type for leg in party.legs])
    return (
        party.participant_id,
        party.purpose,
        party.user_id,
        party.queue_id,
        party.queue_name,
        party.external_contact_id,
        veil.name(party.name, party.purpose),
        veil.text(party.addresses.get("ani")),
        veil.text(party.addresses.get("dnis")),
        veil.text(party.addresses.get("own")),
        party.joined_at,
        party.left_at,
        next(iter(media), None),
        media,
        party.connected,
        party.observes,
        _count(timings.transfers),
        timings.abandoned,
        timings.ivr_s,
        timings.wait_s,
        timings.talk_s,
        timings.hold_s,
        timings.acw_s,
        timings.handle_s,
        party.all_wrap_up_codes,
        veil.attributes(party.attributes),
    )


def _session(party: Party, leg: Leg, veil: Veil) -> Row:
    addresses, flow = leg.addresses, leg.flow
    return (
        leg.session_id,
        leg.media_type,
        leg.message_type,
        leg.direction,
        next(iter(leg.queue_ids), party.queue_id),
        party.queue_name,
        leg.started_at,
        leg.connected_at,
        leg.ended_at,
        _seconds(leg.started_at, leg.ended_at),
        leg.disconnect_type,
        leg.peer_id,
        veil.text(addresses.get("ani")),
        veil.text(addresses.get("dnis")),
        veil.text(addresses.get("from")),
        veil.text(addresses.get("to")),
        veil.text(addresses.get("own")),
        flow.get("id"),
        flow.get("name"),
        flow.get("type"),
        flow.get("exit"),
        leg.wrap_up_codes,
    )


def _count(number: int | None) -> int | None:
    if number is not None and abs(number) > _MOST:
        raise OverflowError("a count that no column can hold")
    return number


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
