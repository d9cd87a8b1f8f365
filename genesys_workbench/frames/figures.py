"""Durations, transfers, conference and abandonment, by the rules of `timings`, of many at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..timings import AGENTS, FLOWS, HANDLING, HANDOVER, PEOPLE
from .groups import UNKNOWN, any_of, first_of, latest, seconds_between, total
from .levels import Levels

__all__ = ["SECONDS", "Figures"]

SECONDS = ("ivr_s", "wait_s", "talk_s", "hold_s", "acw_s", "handle_s")
"""Columns of people, and of conversations as their sums."""


class Figures:
    """Figures of people and conversations.

    Attributes:
        agents: Which of the people are agents that connected.
        transfers: Of each of the people, 0 of those who are no agents.
        seconds: Of each of the people, by column.
        abandoned: Of each of the people; -1 where nobody can have waited.
    """

    def __init__(self, levels: Levels) -> None:
        people, read = levels.people, levels.read
        self._levels, self._count = levels, levels.count
        agents = read.among("purpose", people.purpose, AGENTS) & (people.user >= 0)
        flows = read.among("purpose", people.purpose, FLOWS)
        self._waits = read.among("purpose", people.purpose, ("acd",))
        self.agents = agents & people.connected & ~people.observes
        self._stay = np.maximum(seconds_between(levels.legs.started, levels.legs.ended), 0.0)
        is_transfer = read.codes["disconnect_type"].where(
            lambda text: text.lower().endswith("transfer")
        )
        self._passed_on = is_transfer[levels.legs.disconnect]
        self.transfers = self._transfers()
        self.abandoned = self._abandoned()
        self.seconds = {
            "ivr_s": self._sum(self._told("tIvr", self._stay), flows),
            "wait_s": self._sum(self._told("tAcd", self._stay), self._waits),
            "talk_s": self._sum(self._told("tTalkComplete", self._spent("interact")), self.agents),
            "hold_s": self._sum(
                self._told("tHeldComplete", np.nan_to_num(self._spent("hold"))), self.agents
            ),
            "acw_s": self._sum(self._told("tAcw", self._spent("wrapup")), self.agents),
            "handle_s": self._sum(self._told("tHandle", self._spent(*HANDLING)), self.agents),
        }

    def of_conversations(self) -> dict[str, Any]:
        """Return the sums of seconds, transfers, and whether a conversation was abandoned."""
        of, count = self._levels.people.conversation, self._count
        known = np.flatnonzero(self.abandoned >= 0)
        waited = np.zeros(count, bool)
        waited[of[known]] = True
        lost = any_of(self.abandoned > 0, of, count)
        sums = {name: total(self.seconds[name], of, count) for name in SECONDS}
        return sums | {
            "transfers": np.bincount(of, self.transfers, count).astype(np.int64),
            "abandoned": np.where(waited, lost, -1),
            "conference": self._conference(),
        }

    def _told(self, metric: str, measured: Any) -> Any:
        """Return analytics' own figure of each session, or what was measured."""
        told = self._levels.metrics.of_legs(metric)
        return np.where(np.isnan(told), measured, told)

    def _spent(self, *kinds: str) -> Any:
        """Return how long the segments of some kinds took in each session."""
        spans = self._levels.spans
        these = self._levels.read.among("segment_type", spans.kind, kinds)
        return total(spans.seconds[these], spans.leg[these], len(self._stay))

    def _sum(self, seconds: Any, whose: Any) -> Any:
        of = self._levels.legs.person
        theirs = whose[of]
        return total(seconds[theirs], of[theirs], len(whose))

    def _transfers(self) -> Any:
        counted = np.trunc(self._told("nTransferred", self._passed_on))
        of = self._levels.legs.person
        theirs = self.agents[of]
        return np.bincount(of[theirs], counted[theirs], len(self.agents)).astype(np.int64)

    def _abandoned(self) -> Any:
        people, legs = self._levels.people, self._levels.legs
        lost = ~np.isnan(self._levels.metrics.of_legs("tAbandon"))
        lost[self._given_up()] = True
        over = self._levels.fields["ended"][people.conversation] != UNKNOWN
        waited = self._waits & people.has_legs & over
        return np.where(waited, any_of(lost, legs.person, len(people.purpose)), -1)

    def _given_up(self) -> Any:
        """Return the waits that led to nobody: the last ones, unless they were passed on."""
        people, legs = self._levels.people, self._levels.legs
        of = people.conversation[legs.person]
        waits = np.flatnonzero(self._waits[legs.person])
        ends = latest(legs.ended[waits], of[waits], self._count)
        last = first_of(waits[legs.ended[waits] == ends[of[waits]]], of, self._count)
        last = last[(last >= 0) & ~any_of(self.agents, people.conversation, self._count)]
        return last[~self._passed_on[last]]

    def _conference(self) -> Any:
        """Return whether three or more people were connected to each other, holds left out."""
        people, legs, spans = self._levels.people, self._levels.legs, self._levels.spans
        read, count = self._levels.read, self._count
        here = read.among("purpose", people.purpose, PEOPLE) & ~people.observes
        handover = int(HANDOVER.total_seconds() * 1e6)
        known = (spans.start != UNKNOWN) & (spans.end != UNKNOWN)
        length = np.where(known, spans.end, 0) - np.where(known, spans.start, 0)
        talks = read.among("segment_type", spans.kind, ("interact",)) & (length > 2 * handover)
        talks = np.flatnonzero(talks & here[legs.person[spans.leg]])
        of = people.conversation[legs.person[spans.leg[talks]]]
        times = [spans.start[talks] + handover // 2, spans.end[talks] - handover // 2]
        steps = np.repeat([1, -1], len(talks))
        of = np.concatenate([of, of])
        order = np.lexsort((steps, np.concatenate(times), of))
        # Each conversation ends with nobody together, so all of them count on in one sum
        together = any_of(np.cumsum(steps[order]) >= 3, of[order], count)
        told = any_of(legs.conference, people.conversation[legs.person], count)
        return (self._levels.fields["conference"] != UNKNOWN) | told | together
