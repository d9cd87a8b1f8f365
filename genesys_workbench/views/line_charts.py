"""Lines over time, or over numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING, Any

from ..errors import WorkbenchError
from .chart_data import ChartData, is_missing, is_ordered, read_data, utc
from .chart_parts import nothing, unit_note
from .colours import SERIES
from .figures import WIDTH, label, picture
from .picture import Picture
from .scales import Scale, clock_labels, figure_text, nice_ticks
from .svg import Markup, clip, el, number, text_width

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["lines"]

_TOP, _FOOT = 12.0, 272.0
_SMALL = 11
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 2")
_MARKED = 40
"""Up to so many points each has a mark of its own."""

Point = tuple[float, float]


def lines(data: pd.Series[Any] | pd.DataFrame, *, title: str, unit: str = "") -> Picture:
    """Draw a line for each series; it is broken where a value is missing.

    Args:
        data: The index holds times (without a zone: UTC) or numbers; a DataFrame's columns are
            series, told apart by colour, dash and the word at their end.
        title: What is counted or measured.
        unit: Of the figures.

    Raises:
        WorkbenchError: A value is no number, or the index holds neither times nor numbers.
    """
    read = read_data(data)
    if not read.values:
        return nothing(title, unit_note(unit))
    if not is_ordered(read.index):
        raise WorkbenchError(
            "Lines need an index of times or numbers.", fix="draw categories with views.bars"
        )
    chart = _Lines(read)
    if not chart.xs:
        return nothing(title, unit_note(unit))
    text = "\n".join(chart.texts(unit))
    return picture(title, _FOOT + 42, *chart.draw(), text=text, note=chart.note(unit))


@dataclass(frozen=True)
class _Lines:
    data: ChartData

    @cached_property
    def timed(self) -> bool:
        """Whether the index holds times; numbers else."""
        return any(isinstance(item, date) for item in self.data.index)

    @cached_property
    def columns(self) -> list[list[tuple[float, float | None]]]:
        """The points of each series in the order of the index, missing values included."""
        places = [
            (utc(item).timestamp() if isinstance(item, date) else float(item), n)
            for n, item in enumerate(self.data.index)
            if not is_missing(item) and item not in (inf, -inf)
        ]
        return [
            [(x, self.data.rows[n][series]) for x, n in sorted(places)]
            for series in range(len(self.data.names))
        ]

    @cached_property
    def xs(self) -> list[float]:
        return [x for x, _ in self.columns[0]] if self.columns else []

    @cached_property
    def ticks(self) -> list[float]:
        values = self.data.values
        whole = all(value == round(value) for value in values)
        return nice_ticks(min(0.0, *values), max(0.0, *values), whole=whole)

    @cached_property
    def left(self) -> float:
        return 10 + max(text_width(figure_text(tick), _SMALL) for tick in self.ticks)

    @cached_property
    def right(self) -> float:
        widest = max(text_width(name, 12) for name in self.data.names)
        return WIDTH - 20 - min(widest, 180)

    @cached_property
    def across(self) -> Scale:
        return Scale(self.xs[0], self.xs[-1], self.left + 6, self.right)

    @cached_property
    def up(self) -> Scale:
        return Scale(self.ticks[0], self.ticks[-1], _FOOT, _TOP)

    def note(self, unit: str) -> str:
        return ", ".join(word for word in (unit_note(unit), "times in UTC" * self.timed) if word)

    def texts(self, unit: str) -> Iterator[str]:
        """Say of each series how many points, the least, the greatest and the last."""
        for name, points in zip(self.data.names, self.columns, strict=True):
            known = [(x, y) for x, y in points if y is not None]
            head = f"{name}: " if name else ""
            if not known:
                yield f"{head}no value"
                continue
            low, high = min(known, key=_value), max(known, key=_value)
            told = [("lowest", low), ("highest", high), ("last", known[-1])]
            parts = [f"{word} {figure_text(y)} at {self._place(x)}" for word, (x, y) in told]
            unit_word = f" {unit}" if unit else ""
            yield f"{head}{len(known)} points, {', '.join(parts)}{unit_word and ',' + unit_word}"

    def _place(self, x: float) -> str:
        if not self.timed:
            return figure_text(x)
        at = datetime.fromtimestamp(x, UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")

    def draw(self) -> Iterator[Markup]:
        for tick in self.ticks:
            y = self.up(tick)
            yield el("path", d=f"M{self.left:.0f} {y:.1f}H{self.right:.0f}", class_="g")
            yield label(
                self.left - 6, y + 4, figure_text(tick), size=_SMALL, anchor="end", class_="s"
            )
        yield from self._axis()
        for series, points in enumerate(self.columns):
            yield from self._line(series, points)
        yield from self._names()

    def _axis(self) -> Iterator[Markup]:
        for x, word, day in self._marks():
            place = self.across(x)
            yield el("path", d=f"M{place:.1f} {_FOOT:.0f}v5", class_="g")
            for text, y in ((word, 19), (day, 34 if word else 19)):
                if text:
                    yield label(place, _FOOT + y, text, size=_SMALL, anchor="middle", class_="s")

    def _marks(self) -> list[tuple[float, str, str]]:
        low, high = self.xs[0], self.xs[-1]
        if self.timed:
            ends = (datetime.fromtimestamp(at, UTC) for at in (low, high))
            return clock_labels(*ends)
        ticks = nice_ticks(low, high, count=8)
        return [(tick, figure_text(tick), "") for tick in ticks if low <= tick <= high]

    def _line(self, series: int, points: Sequence[tuple[float, float | None]]) -> Iterator[Markup]:
        colour = SERIES[series % len(SERIES)]
        marks: list[Point] = []
        paths = []
        for known, run in groupby(points, key=_is_known):
            if not known:
                continue
            places = _thinned([(self.across(x), self.up(y)) for x, y in run if y is not None])
            paths.append("M" + "L".join(f"{number(x)} {number(y)}" for x, y in places))
            marks += places if len(points) <= _MARKED or len(places) == 1 else []
        dash = _DASHES[series % len(_DASHES)] or None
        yield el(
            "path",
            d="".join(paths),
            fill="none",
            stroke=colour,
            stroke_width=2.25,
            stroke_dasharray=dash,
            stroke_linejoin="round",
        )
        for x, y in marks:
            yield el("circle", cx=x, cy=y, r=3, fill=colour)

    def _names(self) -> Iterator[Markup]:
        """Write each name where its line ends, moved apart where they would meet."""
        ends = [
            ([(self.across(x), self.up(y)) for x, y in points if y is not None][-1], series)
            for series, points in enumerate(self.columns)
            if self.data.names[series] and any(map(_is_known, points))
        ]
        for y, (x, height), series in _apart(ends):
            colour = SERIES[series % len(SERIES)]
            thread = f"M{x:.1f} {height:.1f}L{self.right + 12:.1f} {y:.1f}"
            yield el("path", d=thread, stroke=colour, stroke_opacity=0.5, fill="none")
            name = clip(self.data.names[series], 12, WIDTH - self.right - 12)
            yield label(self.right + 16, y + 4, name)


def _value(point: Point) -> float:
    return point[1]


def _is_known(point: tuple[float, float | None]) -> bool:
    return point[1] is not None


def _thinned(points: list[Point]) -> list[Point]:
    """Keep of each pixel column the lowest and the highest: more than that nobody sees."""
    if len(points) <= 2 * WIDTH:
        return points
    kept: list[Point] = []
    for _, column in groupby(points, key=_column):
        run = list(column)
        kept += sorted({min(run, key=_value), max(run, key=_value)})
    return kept


def _column(point: Point) -> int:
    return round(point[0])


def _apart(ends: Sequence[tuple[Point, int]], gap: float = 15) -> list[tuple[float, Point, int]]:
    """Give each end a height, `gap` apart: down from the first, then up if they go too far."""
    moved: list[tuple[float, Point, int]] = []
    for point, series in sorted(ends, key=lambda end: (end[0][1], end[1])):
        y = max(point[1], moved[-1][0] + gap) if moved else point[1]
        moved.append((y, point, series))
    excess = max(0.0, moved[-1][0] - _FOOT) if moved else 0.0
    return [(y - excess, point, series) for y, point, series in moved]
