"""A trial: some contestants do the same work in turns, and their figures are compared.

Each module of rows has ``trials(scale)``, a context manager that makes ready what its contestants
need and gives the trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

__all__ = ["Contestant", "Goal", "Row", "Scale", "Trial"]

Contestant = Callable[[], Mapping[str, float]]
"""Does the work once and returns what was measured, by unit."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much work is done: the real amount, or little to see that all runs."""

    quick: bool

    @property
    def rounds(self) -> int:
        """How often each contestant has its turn."""
        return 2 if self.quick else 5

    def of(self, full: int, quick: int) -> int:
        """Return the amount of work."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Goal:
    """What a row compares, and the ratio ours ÷ peer, or the difference, that it is to reach.

    Attributes:
        name: The row's.
        ours: Contestant.
        peer: Contestant.
        unit: Of the figures to compare, among those that both measure.
        bound: The ratio, or the difference.
        at_most: Whether less is better; more is by default.
        added: Whether ours − peer counts, for work that comes on top of the peer's.
    """

    name: str
    ours: str
    peer: str
    unit: str
    bound: float
    at_most: bool = False
    added: bool = False

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{sign} +{self.bound:g} {self.unit}" if self.added else f"{sign} {self.bound:g}×"

    def measure(self, ours: float, peer: float) -> float:
        """Return what is held against the bound."""
        return ours - peer if self.added else ours / peer


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured for one goal: medians, and how far the rounds lie apart."""

    goal: Goal
    work: str
    ours: float
    peer: float
    lowest: float
    highest: float

    @property
    def result(self) -> float:
        """The ratio, or the difference, of the medians."""
        return self.goal.measure(self.ours, self.peer)

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        if self.goal.at_most:
            return self.result <= self.goal.bound
        return self.result >= self.goal.bound


@dataclass(frozen=True, slots=True)
class Trial:
    """Contestants that do the same work.

    Attributes:
        work: What is done, in one sentence.
        contestants: By name.
        goals: What is compared.
    """

    work: str
    contestants: Mapping[str, Contestant]
    goals: tuple[Goal, ...]

    def rows(self, rounds: int, tell: Callable[[str], None] = lambda _: None) -> Iterator[Row]:
        """Let all have their turns, each round in another order, and yield the rows."""
        names = list(self.contestants)
        measured: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
        for number in range(rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                tell(f"round {number + 1} of {rounds}: {name}")
                measured[name].append(self.contestants[name]())
        for goal in self.goals:
            ours = [each[goal.unit] for each in measured[goal.ours]]
            peer = [each[goal.unit] for each in measured[goal.peer]]
            results = [goal.measure(*pair) for pair in zip(ours, peer, strict=True)]
            yield Row(goal, self.work, median(ours), median(peer), min(results), max(results))
