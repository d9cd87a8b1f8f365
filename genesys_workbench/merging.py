"""Facts of many sources and times, merged into one state of a conversation. No I/O.

Events arrive late, twice and in any order. So that every order of arrival ends in the same state,
each field keeps the rank of the fact that it holds, and the fact of the highest rank wins: the
merge is commutative, associative and idempotent. A fact that is unknown never wins.

======== ==========================================================================
earliest the smallest value (`started_at`)
latest   the newest; at one time, the complete source (nearly all)
first    a complete source, the newest; else the oldest event (`direction`)
settled  a complete source before any event, then the newest (`ended_at`)
key      a contact id before a digest of an address, then the newest (`customer_key`)
======== ==========================================================================

Lists take the newest complete source as their base; what events add comes behind it, by time.
The state is plain JSON; times in it are microseconds since 1970.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .facts import ConversationFacts, ParticipantFacts

__all__ = ["State", "conversation_columns", "merge_facts", "merge_snapshot", "participant_columns"]

State = dict[str, Any]
Rank = list[Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RULES = {
    "started_at": "earliest",
    "ended_at": "settled",
    "message_type": "first",
    "direction": "first",
    "customer_key": "key",
    "joined_at": "earliest",
    "purpose": "first",
}
_VALUES = (
    "started_at ended_at message_type direction external_contact_id customer_key customer_name "
    "transfers conference abandoned ivr_s wait_s talk_s hold_s acw_s handle_s disconnect_type"
).split()
_LISTS = "media_types queue_ids queue_names agent_ids wrap_up_codes division_ids".split()
_PARTICIPANT_VALUES = (
    "purpose user_id queue_id queue_name external_contact_id joined_at left_at"
).split()
_PARTICIPANT_LISTS = ["media_types"]
_TIMES = {"started_at", "ended_at", "joined_at", "left_at"}


def merge_facts(state: State, facts: ConversationFacts, *, at: datetime) -> set[str]:
    """Merge facts into a state, in place.

    Args:
        state: Empty at first.
        facts: What an event or a snapshot tells.
        at: When the facts were true: the time of the event, or of the fetch.

    Returns:
        Ids of the participants of whom something new was learnt.
    """
    when = _micros(at)
    rank_of = _ranker(facts, when)
    _merge(state, facts, _VALUES, _LISTS, rank_of, when=when, complete=facts.complete)
    if facts.complete:
        state["facts_at"] = max(when, state.get("facts_at") or when)
    changed = set()
    people = state.setdefault("participants", {})
    for person in facts.participants:
        entry = people.setdefault(person.participant_id, {})
        fields = (_PARTICIPANT_VALUES, _PARTICIPANT_LISTS)
        if _merge(entry, person, *fields, rank_of, when=when, complete=facts.complete):
            changed.add(person.participant_id)
    return changed


def merge_snapshot(state: State, digest: str, *, at: datetime) -> bool:
    """Merge the digest of a conversation's JSON; return whether it is now the newest."""
    entry = [_micros(at), digest]
    if entry <= state.get("snapshot", [-1, ""]):
        return False
    state["snapshot"] = entry
    return True


def conversation_columns(state: State) -> dict[str, Any]:
    """Return the columns of the ``conversations`` table that the state decides."""
    columns = _columns(state, _VALUES, _LISTS)
    columns["duration_s"] = None
    if columns["started_at"] and columns["ended_at"]:
        length = columns["ended_at"] - columns["started_at"]
        columns["duration_s"] = max(0.0, length.total_seconds())
    columns["facts_at"] = _time(state.get("facts_at"))
    return columns


def participant_columns(state: State, participant_id: str) -> dict[str, Any]:
    """Return the columns of one row of the ``participants`` table."""
    return _columns(state["participants"][participant_id], _PARTICIPANT_VALUES, _PARTICIPANT_LISTS)


def _ranker(facts: ConversationFacts, when: int) -> Callable[[str, Any], Rank]:
    complete = int(facts.complete)
    is_contact = int(facts.customer_key == facts.external_contact_id)
    ranks: dict[str, Rank] = {
        "latest": [when, complete],
        "settled": [complete, when],
        "first": [complete, when if complete else -when],
        "key": [is_contact, when, complete],
    }

    def rank_of(name: str, value: Any) -> Rank:
        rule = _RULES.get(name, "latest")
        return [-value] if rule == "earliest" else ranks[rule]

    return rank_of


def _merge(
    entry: State,
    facts: ConversationFacts | ParticipantFacts,
    values: list[str],
    lists: list[str],
    rank_of: Callable[[str, Any], Rank],
    *,
    when: int,
    complete: bool,
) -> bool:
    before = len(entry)
    changed = False
    for name in values:
        value = getattr(facts, name)
        if value is not None:
            value = _micros(value) if name in _TIMES else value
            changed |= _merge_value(entry, name, [rank_of(name, value), value])
    for name in lists:
        if items := getattr(facts, name):
            merge = _merge_base if complete else _merge_extras
            changed |= merge(entry.setdefault(name, {}), items, when)
    return changed or not before


def _merge_value(entry: State, name: str, new: list[Any]) -> bool:
    old = entry.get(name)
    if old is not None and (old[0], str(old[1])) >= (new[0], str(new[1])):
        return False
    entry[name] = new
    return True


def _merge_base(entry: State, items: tuple[str, ...], when: int) -> bool:
    new = [when, list(items)]
    if entry.get("base", [-1, []]) >= new:
        return False
    entry["base"] = new
    return True


def _merge_extras(entry: State, items: tuple[str, ...], when: int) -> bool:
    extras = entry.setdefault("extras", {})
    changed = False
    for position, item in enumerate(items):
        if item not in extras or [when, position] < extras[item]:
            extras[item] = [when, position]
            changed = True
    return changed


def _columns(entry: State, values: list[str], lists: list[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in values:
        value = entry[name][1] if name in entry else None
        columns[name] = _time(value) if name in _TIMES else value
    for name in lists:
        columns[name] = json.dumps(_items(entry[name])) if name in entry else "[]"
    return columns


def _items(entry: State) -> list[str]:
    _, base = entry.get("base", [0, []])
    extras: dict[str, list[int]] = entry.get("extras", {})
    added = sorted((rank, item) for item, rank in extras.items() if item not in base)
    return [*base, *(item for _, item in added)]


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
