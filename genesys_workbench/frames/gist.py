"""What conversations come to, by the rules of `conversations`, of many at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..conversations import CUSTOMERS
from .fields import ADDRESSES
from .figures import Figures
from .groups import first_of, pick, tuples
from .levels import Levels

__all__ = ["Gist"]


class Gist:
    """The order of a conversation's parts, and what follows from it.

    People count in the order in which they joined, sessions in that of their start.

    Attributes:
        customers: Row of each conversation's customer among the people, -1 where there is none.
    """

    def __init__(self, levels: Levels, figures: Figures) -> None:
        people, legs, spans = levels.people, levels.legs, levels.spans
        self._levels, self._figures = levels, figures
        self._count = levels.count
        self._of_person = people.conversation
        self._of_leg = people.conversation[legs.person]
        self._of_span = self._of_leg[spans.leg]
        self._people = np.lexsort((people.joined, self._of_person))
        self._rank = np.empty(len(self._people), np.int64)
        self._rank[self._people] = np.arange(len(self._people))
        self._legs = np.lexsort((self._rank[legs.person], legs.started, self._of_leg))
        their = levels.read.among("purpose", people.purpose[self._people], CUSTOMERS)
        self.customers = first_of(self._people[their], self._of_person, self._count)
        own = self.customers[self._of_leg[self._legs]] == legs.person[self._legs]
        self._theirs = self._legs[own]

    def media(self) -> tuple[Any, Any]:
        """Return the first medium, and all of them."""
        media = self._levels.legs.media
        return self._first(media, self._legs), self._all("media_type", media, self._legs)

    def message(self) -> Any:
        """Return the channel of messages."""
        told = self._levels.legs.message
        return self._first(told, self._legs[told[self._legs] >= 0])

    def direction(self) -> Any:
        """Return who began: as it is told, else by the customer's sessions, else by any."""
        legs, read = self._levels.legs, self._levels.read
        told = read.among("direction", legs.direction, ("inbound", "outbound"))
        found = self._levels.fields["direction"]
        for rows in (self._theirs, self._legs):
            found = np.where(found < 0, self._first(legs.direction, rows[told[rows]]), found)
        return found

    def queues(self) -> tuple[Any, Any]:
        """Return the first queue, and all of them; those where somebody waited come first."""
        people, legs, spans = self._levels.people, self._levels.legs, self._levels.spans
        rows = np.flatnonzero(spans.queue >= 0)
        person = legs.person[spans.leg[rows]]
        works = ~self._levels.read.among("purpose", people.purpose[person], ("acd",))
        rows = rows[np.lexsort((self._rank[person], works, self._of_span[rows]))]
        first = pick(spans.queue, first_of(rows, self._of_span, self._count))
        return first, self._texts("queue_id", spans.queue[rows], self._of_span[rows])

    def agents(self) -> Any:
        """Return the users who connected."""
        rows = self._people[self._figures.agents[self._people]]
        return self._texts("user_id", self._levels.people.user[rows], self._of_person[rows])

    def wrap_ups(self) -> Any:
        """Return the codes of all people."""
        legs, spans = self._levels.legs, self._levels.spans
        rows = np.flatnonzero(spans.wrap_up >= 0)
        rows = rows[np.lexsort((self._rank[legs.person[spans.leg[rows]]], self._of_span[rows]))]
        return self._texts("wrap_up_code", spans.wrap_up[rows], self._of_span[rows])

    def disconnect(self) -> Any:
        """Return how the customer's last session ended, else how the last of all did."""
        told = self._levels.legs.disconnect
        found = self._last_end(self._theirs)
        return pick(told, np.where(found < 0, self._last_end(self._legs), found))

    def addresses(self, direction: Any) -> list[str | None]:
        """Return the customer's address: the called side of what is outbound, else the calling."""
        fields = self._levels.fields
        outbound = direction == self._levels.read.code("direction", "outbound")
        found = np.full(self._count, None)
        for place, name in reversed(list(enumerate(ADDRESSES))):
            told = self._theirs[fields[name][self._theirs] >= 0]
            rows = first_of(told, self._of_leg, self._count)
            fits = (rows >= 0) & (outbound == (place < 2))
            found[fits] = fields[f"told_{name}"][rows[fits]]
        return list(found)

    def _last_end(self, rows: Any) -> Any:
        legs = self._levels.legs
        rows = rows[legs.disconnect[rows] >= 0]
        rows = rows[np.lexsort((-legs.ended[rows], self._of_leg[rows]))]
        return first_of(rows, self._of_leg, self._count)

    def _first(self, values: Any, rows: Any) -> Any:
        return pick(values, first_of(rows, self._of_leg, self._count))

    def _all(self, name: str, codes: Any, rows: Any) -> Any:
        return self._texts(name, codes[rows], self._of_leg[rows])

    def _texts(self, name: str, codes: Any, of: Any) -> Any:
        return tuples(codes, of, self._count, self._levels.read.codes[name].texts)
