"""From values to places, round ticks, and figures as people write them. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, isfinite, log10

__all__ = ["Scale", "clock_labels", "figure_text", "nice_ticks", "seconds_text", "time_step"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 365, 3650, 36500)),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` lie between two places, in pixels."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """Return the place of a value; where all values are one, the first place."""
        if self.high == self.low:
            return self.first
        # parts of both ends, so that the span of very large numbers does not overflow
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.first + share * (self.last - self.first)


def nice_ticks(low: float, high: float, *, whole: bool = False, count: int = 5) -> list[float]:
    """Return round values, about `count` of them, the first <= low and the last >= high.

    Args:
        low: Least value.
        high: Greatest value.
        whole: Whether only whole numbers make sense.
        count: How many, about.
    """
    if not high > low:
        high = low + (abs(low) or 1.0)
    rough = (high / 2 - low / 2) / count * 2
    power = 10.0 ** floor(log10(rough))
    step = power * next(n for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    step = max(1.0, step) if whole else step
    return [n * step for n in range(floor(low / step), ceil(high / step) + 1)]


def time_step(seconds: float, *, count: int = 8) -> float:
    """Return the step in seconds, one that clocks know, for about `count` ticks."""
    return next((step for step in _STEPS if seconds / step <= count), _STEPS[-1])


def clock_labels(low: datetime, high: datetime, *, count: int = 7) -> list[tuple[float, str, str]]:
    """Return ticks of UTC time: epoch seconds, the time of day, and the day where it is new."""
    first, last = low.timestamp(), high.timestamp()
    step = time_step(last - first, count=count)
    form = "%H:%M:%S" if step < _MINUTE else "%H:%M"
    found: list[tuple[float, str, str]] = []
    day = ""
    for n in range(ceil(first / step), floor(last / step) + 1):
        at = datetime.fromtimestamp(n * step, UTC)
        today = at.strftime("%Y-%m-%d")
        found.append((n * step, "" if step >= _DAY else at.strftime(form), today * (today != day)))
        day = today
    return found


def figure_text(value: float | None) -> str:
    """Return a figure as it is written beside a bar: short, with thousands marked."""
    if value is None or not isfinite(value):
        return "–"
    for power, word in ((12, "T"), (9, "G"), (6, "M")):
        if abs(value) >= 10.0**power:
            short = value / 10.0**power
            return f"{short:.3g} {word}" if abs(short) < 1000 else f"{value:.2e}"
    if value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"


def seconds_text(seconds: float) -> str:
    """Return a duration in the unit that fits: ``350 ms``, ``8.9 s``, ``2 min 05 s``, ``3 h``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms" if seconds else "0 s"
    if seconds < 100:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, word, small, less in _PAIRS:
        if whole >= unit:
            rest = whole % unit // small
            return f"{whole // unit} {word}" + (f" {rest:02d} {less}" if rest else "")
    return f"{whole} s"


_PAIRS: Sequence[tuple[int, str, int, str]] = (
    (_DAY, "d", _HOUR, "h"),
    (_HOUR, "h", _MINUTE, "min"),
    (_MINUTE, "min", 1, "s"),
)
