"""What is personal in the simulated contact centre, and looking for it in what was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from genesys_workbench.simulator.people import CUSTOMERS, USERS
from genesys_workbench.simulator.truth import Participant, SimSession
from genesys_workbench.simulator.world import World

__all__ = ["personal_values", "revealed"]

CONVERSATIONS = 500
# Words that anything may hold, such as "gold" or "delivery", reveal nobody
_WORD = re.compile(r"[a-z]*|.{,7}")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}|(?:tel|sip):\+?\d+|\+\d{8,15}\b", re.IGNORECASE)
# Addresses that belong to nobody: placeholders of prose and of the product's own examples
_NOBODY = re.compile(r"user@|guest@|password@|\*{3}@|git@|name@host", re.IGNORECASE)


@cache
def personal_values() -> frozenset[str]:
    """Return names, numbers, addresses, notes and free attributes, as the platform writes them."""
    named = {each for person in (*CUSTOMERS, *USERS) for each in (person.name, person.email)}
    played = {
        value
        for conversation in World(42, conversations=CONVERSATIONS).conversations
        for person in conversation.participants
        for value in _of_participant(person)
    }
    return frozenset(value for value in named | played if not _WORD.fullmatch(value))


def revealed(text: str) -> list[str]:
    """Return the personal values that a text tells, and whatever looks like an address."""
    values = [value for value in personal_values() if value in text]
    found = [each for each in _ADDRESS.findall(text) if not _NOBODY.match(each)]
    return sorted({*values, *found})


def _of_participant(person: Participant) -> Iterator[str]:
    yield from (attribute.value for attribute in person.attributes)
    if person.address:
        yield person.address.partition(":")[2] or person.address
    for session in person.sessions:
        yield from filter(None, _of_session(session))


def _of_session(session: SimSession) -> Iterator[str | None]:
    for address in (session.ani, session.dnis, session.address_from, session.address_to):
        yield address.partition(":")[2] or address if address else None
    yield from (session.subject, session.callback_name, *session.callback_numbers)
    yield session.wrapup.notes if session.wrapup else None
