"""Bars for categories: upright, or lying where the words are long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from .chart_data import ChartData, category_labels, is_ordered, read_data, row_texts
from .chart_parts import LEGEND_ROW, box, legend, legend_rows, nothing, series_entries, unit_note
from .colours import SERIES, ink_on
from .figures import WIDTH, label, picture
from .picture import Picture
from .scales import Scale, figure_text, nice_ticks
from .svg import Markup, clip, el, text_width

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bars"]

_HEIGHT = 260
_THICKEST = 72.0
_WIDEST_BAND = 150.0
_WIDEST_LABEL = 250.0
_SMALL = 11


def bars(
    data: pd.Series[Any] | pd.DataFrame,
    *,
    title: str,
    unit: str = "",
    stacked: bool = True,
    horizontal: bool | None = None,
) -> Picture:
    """Draw bars, each with its figure.

    Args:
        data: The index holds the categories, such as hours or queues; a DataFrame's columns are
            series, told apart by colour, hatch and words.
        title: What is counted or measured.
        unit: Of the figures.
        stacked: Series stand on each other, with their sum; else side by side, as they do
            where a value is negative.
        horizontal: Lying bars; by default where the categories' words are too long to stand
            beneath upright ones.

    Raises:
        WorkbenchError: A value is no number.
    """
    read = read_data(data)
    if not read.values:
        return nothing(title, unit_note(unit))
    piled = stacked and len(read.names) > 1 and min(read.values) >= 0
    lying = _words_are_long(read) if horizontal is None else horizontal
    chart = (_Lying if lying else _Upright)(read, piled, unit)
    text = "\n".join(row_texts(read, unit=unit, totals=piled))
    return picture(title, chart.height, *chart.draw(), text=text, note=unit_note(unit))


def _words_are_long(data: ChartData) -> bool:
    if is_ordered(data.index):
        return False
    room = min(_WIDEST_BAND, (WIDTH - 60) / len(data.index)) - 6
    return any(text_width(word, 12) > room for word in category_labels(data.index))


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar: along the categories from `side`, `thick` pixels; along the values from a to b."""

    side: float
    thick: float
    start: float
    end: float
    value: float
    series: int
    tip: str


@dataclass(frozen=True)
class _Chart:
    """Both kinds of bars; what differs is which way the axes lie."""

    data: ChartData
    piled: bool
    unit: str

    @cached_property
    def words(self) -> list[str]:
        return category_labels(self.data.index)

    @cached_property
    def ticks(self) -> list[float]:
        ends = self.data.totals() if self.piled else self.data.values
        whole = all(value == round(value) for value in self.data.values)
        return nice_ticks(min(0.0, *ends, 0.0), max(0.0, *ends, 0.0), whole=whole)

    @cached_property
    def top(self) -> float:
        """Where the drawing begins, below the legend."""
        if len(self.data.names) < 2:
            return 8.0
        return 8.0 + LEGEND_ROW * len(legend_rows(series_entries(self.data.names)))

    @property
    def lanes(self) -> int:
        """How many bars stand side by side in a category."""
        return 1 if self.piled else len(self.data.names)

    def legend(self) -> Iterator[Markup]:
        if len(self.data.names) > 1:
            yield from legend(series_entries(self.data.names), 0)

    def bars(self, first: float, band: float) -> Iterator[_Bar]:
        """Yield the bars of all categories, each of which takes a band."""
        lane = min(_THICKEST, band * 0.76) / self.lanes
        for place, (word, row) in enumerate(zip(self.words, self.data.rows, strict=True)):
            middle = first + (place + 0.5) * band
            sums = [0.0, *accumulate(value or 0.0 for value in row)]
            for series, value in enumerate(row):
                if value is None:
                    continue
                column = 0 if self.piled else series
                side = middle + (column - self.lanes / 2) * lane
                start = sums[series] if self.piled else 0.0
                told = (self.data.names[series], f"{value:,.10g}", self.unit)
                tip = f"{word}: {' '.join(part for part in told if part)}"
                yield _Bar(side, lane - (self.lanes > 1), start, start + value, value, series, tip)

    def ends(self, first: float, band: float) -> Iterator[tuple[float, float]]:
        """Yield where the sum of each pile is written, and the sum."""
        for place, total in enumerate(self.data.totals()):
            yield first + (place + 0.5) * band, total


@dataclass(frozen=True)
class _Upright(_Chart):
    @property
    def height(self) -> float:
        return self.top + _HEIGHT + 42

    @cached_property
    def left(self) -> float:
        return 10 + max(text_width(figure_text(tick), _SMALL) for tick in self.ticks)

    @cached_property
    def band(self) -> float:
        return min(_WIDEST_BAND, (WIDTH - self.left) / len(self.words))

    @cached_property
    def scale(self) -> Scale:
        ground = self.top + 14 + _HEIGHT
        return Scale(self.ticks[0], self.ticks[-1], ground, self.top + 14)

    def draw(self) -> Iterator[Markup]:
        yield from self.legend()
        right = self.left + self.band * len(self.words)
        for tick in self.ticks:
            y = self.scale(tick)
            yield el("path", d=f"M{self.left:.0f} {y:.1f}H{right:.0f}", class_="g")
            yield label(
                self.left - 6, y + 4, figure_text(tick), size=_SMALL, anchor="end", class_="s"
            )
        for bar in self.bars(self.left, self.band):
            yield from self._bar(bar)
        if self.piled:
            for middle, total in self.ends(self.left, self.band):
                yield from self._figure(middle, total, self.band)
        yield from self._categories()

    def _bar(self, bar: _Bar) -> Iterator[Markup]:
        y, foot = sorted((self.scale(bar.end), self.scale(bar.start)))
        colour = SERIES[bar.series % len(SERIES)]
        yield box(bar.side, y, bar.thick, foot - y, colour=colour, style=bar.series, tip=bar.tip)
        middle = bar.side + bar.thick / 2
        if not self.piled:
            yield from self._figure(middle, bar.value, max(bar.thick, self.band / self.lanes))
        elif foot - y >= 15:
            yield from inside(middle, (y + foot) / 2 + 4, bar, bar.thick - 2)

    def _figure(self, middle: float, value: float, room: float) -> Iterator[Markup]:
        text = figure_text(value)
        if text_width(text, _SMALL) <= room:
            y = self.scale(value) + (-5 if value >= 0 else 13)
            yield label(middle, y, text, size=_SMALL, anchor="middle")

    def _categories(self) -> Iterator[Markup]:
        """Write the categories, or every second, third … where they follow each other."""
        room = self.band - 6
        widest = max(text_width(word, 12) for word in self.words)
        every = -(-int(widest + 6) // max(1, int(self.band))) if is_ordered(self.data.index) else 1
        for place, word in enumerate(self.words):
            if place % every == 0:
                x = self.left + (place + 0.5) * self.band
                shown = clip(word, 12, max(room, widest if every > 1 else room))
                yield label(x, self.top + 14 + _HEIGHT + 20, shown, anchor="middle")


@dataclass(frozen=True)
class _Lying(_Chart):
    @property
    def band(self) -> float:
        return 28.0 if self.lanes == 1 else 18.0 * self.lanes + 10

    @property
    def height(self) -> float:
        return self.top + self.band * len(self.words) + 24

    @cached_property
    def left(self) -> float:
        return 10 + min(_WIDEST_LABEL, max(text_width(word, 12) for word in self.words))

    @cached_property
    def scale(self) -> Scale:
        ends = self.data.totals() if self.piled else self.data.values
        margin = 10 + max(text_width(figure_text(value), _SMALL) for value in ends)
        low = self.left + (margin if self.ticks[0] < 0 else 0)
        return Scale(self.ticks[0], self.ticks[-1], low, WIDTH - margin)

    def draw(self) -> Iterator[Markup]:
        yield from self.legend()
        foot = self.top + self.band * len(self.words)
        for tick in self.ticks:
            x = self.scale(tick)
            yield el("path", d=f"M{x:.1f} {self.top:.0f}V{foot:.0f}", class_="g")
            yield label(x, foot + 15, figure_text(tick), size=_SMALL, anchor="middle", class_="s")
        for place, word in enumerate(self.words):
            y = self.top + (place + 0.5) * self.band + 4
            shown = clip(word, 12, self.left - 10)
            yield label(self.left - 8, y, shown, anchor="end")
        for bar in self.bars(self.top, self.band):
            yield from self._bar(bar)
        if self.piled:
            for middle, total in self.ends(self.top, self.band):
                yield self._figure(middle, total)

    def _bar(self, bar: _Bar) -> Iterator[Markup]:
        x, end = sorted((self.scale(bar.start), self.scale(bar.end)))
        colour = SERIES[bar.series % len(SERIES)]
        yield box(x, bar.side, end - x, bar.thick, colour=colour, style=bar.series, tip=bar.tip)
        middle = bar.side + bar.thick / 2
        if not self.piled:
            yield self._figure(middle, bar.value)
        else:
            yield from inside((x + end) / 2, middle + 4, bar, end - x - 4)

    def _figure(self, middle: float, value: float) -> Markup:
        anchor = "end" if value < 0 else ""
        x = self.scale(value) + (-5 if value < 0 else 5)
        return label(x, middle + 4, figure_text(value), size=_SMALL, anchor=anchor)


def inside(x: float, y: float, bar: _Bar, room: float) -> Iterator[Markup]:
    """Write a figure into its part of a pile, if there is room; a rim keeps the hatch away."""
    text, colour = figure_text(bar.value), SERIES[bar.series % len(SERIES)]
    if bar.value and text_width(text, _SMALL) <= room:
        style = f"fill:{ink_on(colour)};stroke:{colour};stroke-width:5px;paint-order:stroke"
        yield label(x, y, text, size=_SMALL, anchor="middle", style=style)
