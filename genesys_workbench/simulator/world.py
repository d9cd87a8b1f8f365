"""The simulated contact centre: its conversations, queues and users, from a seed.

Each conversation is played on its own, from dice of its own. Nobody checks that an agent is
free, so two conversations of one agent may overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import accumulate, islice, repeat
from random import Random
from typing import overload

from ..errors import SettingsError
from .people import DIVISION_ID, QUEUES, USERS, Queue, User, queues_for
from .scenarios import choose
from .stage import Stage
from .times import make_id, to_ms
from .truth import SimConversation

__all__ = ["DEFAULT_START", "Queue", "SimConversation", "User", "World"]

DEFAULT_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_MEAN_GAP = 60.0
_KEPT = 20_000  # each takes some 10 KB, and is made again when it is asked for
# Arrivals by the hour of the day (UTC), 1.0 = one in `_MEAN_GAP`: a morning and an afternoon peak
_DAY = tuple(
    map(
        float,
        "0.05 0.05 0.05 0.05 0.05 0.1 0.3 0.6 1 1.6 2.1 1.7 "
        "1.2 1.3 1.7 1.5 1.1 0.8 0.5 0.4 0.3 0.2 0.1 0.05".split(),
    )
)
_LEAST_GAP_MS = 100  # longer than the first tick of a stage, so that starts keep their order


class World:
    """A contact centre with a given number of conversations.

    Args:
        seed: Same seed, same world. Ids depend on the seed and the place in the order only.
        conversations: How many there are; they are made when they are asked for.
        start: Aware time of the first one.
        gap: Mean seconds between two of them; fewer in the busy hours.

    Raises:
        SettingsError: The start has no time zone, or the number is negative.
    """

    def __init__(
        self,
        seed: int = 42,
        *,
        conversations: int = 500,
        start: datetime = DEFAULT_START,
        gap: float = _MEAN_GAP,
    ) -> None:
        if start.tzinfo is None or conversations < 0:
            raise SettingsError(
                "A world needs a start with a time zone and a number of conversations >= 0.",
                fix="pass start=datetime(..., tzinfo=UTC)",
            )
        self.seed = seed
        self.start = to_ms(start)
        self.queues: Sequence[Queue] = QUEUES
        self.users: Sequence[User] = USERS
        self.conversations: Sequence[SimConversation] = _Conversations(self, conversations, gap)

    def by_id(self, conversation_id: str) -> SimConversation | None:
        """Return a conversation by its id, None where there is no such."""
        place = self.place_of(conversation_id)
        return None if place is None else self.conversations[place]

    def place_of(self, conversation_id: str) -> int | None:
        """Return the place of a conversation in the order, None where there is no such."""
        return self._places.get(conversation_id)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {_id(self.seed, index): index for index in range(len(self.conversations))}


class _Conversations(Sequence[SimConversation]):
    """Conversations that are made on first sight and kept."""

    def __init__(self, world: World, number: int, gap: float) -> None:
        self._seed = world.seed
        self._made: dict[int, SimConversation] = {}  # the newest of them
        rng = Random(f"{world.seed}/arrivals")
        starts = accumulate(repeat(None, number - 1), partial(_next, rng, gap), initial=world.start)
        self._starts = list(islice(starts, number))

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> SimConversation: ...
    @overload
    def __getitem__(self, index: slice) -> list[SimConversation]: ...
    def __getitem__(self, index: int | slice) -> SimConversation | list[SimConversation]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self._make(place) for place in places]
        return self._make(places)

    def _make(self, place: int) -> SimConversation:
        if place not in self._made:
            if len(self._made) >= _KEPT:
                del self._made[next(iter(self._made))]
            self._made[place] = _play(self._seed, place, self._starts[place])
        return self._made[place]


def _next(rng: Random, mean: float, at: datetime, _: None) -> datetime:
    """Draw the arrival after the one at `at`: the gaps are shorter in the busy hours."""
    gap = rng.expovariate(_DAY[at.hour] / mean)
    return at + timedelta(milliseconds=_LEAST_GAP_MS + int(gap * 1000))


def _id(seed: int, index: int) -> str:
    return make_id("conversation", seed, index)


def _play(seed: int, index: int, start: datetime) -> SimConversation:
    rng = Random(f"{seed}/{index}")
    scenario = choose(rng)
    stage = Stage(rng, _id(seed, index), start, rng.choice(queues_for(scenario.media)))
    scenario.play(stage)
    people = tuple(party.freeze() for party in stage.parties)
    ends = [session.end for person in people for session in person.sessions]
    voice = any(s.media == "voice" for person in people for s in person.sessions)
    return SimConversation(
        id=stage.conversation_id,
        scenario=scenario.name,
        start=people[0].sessions[0].start,
        end=None if None in ends else max(end for end in ends if end is not None),
        participants=people,
        target=stage.target,
        division_id=DIVISION_ID,
        mos=round(rng.triangular(2.8, 4.9, 4.8), 2) if voice else None,
    )
