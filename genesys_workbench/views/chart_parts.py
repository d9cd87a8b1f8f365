"""What charts have in common: the legend, the swatch, and the picture of nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .colours import SERIES
from .figures import WIDTH, label, picture
from .picture import Picture
from .svg import Markup, clip, el, hatch, text_width

__all__ = ["LEGEND_ROW", "box", "legend", "legend_rows", "nothing", "series_entries", "unit_note"]

LEGEND_ROW = 22
_SWATCH = 14
_NOTHING = "There is nothing to show."

Entry = tuple[str, str, int]
"""A word, its colour and its hatch."""


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    colour: str,
    style: int = 0,
    tip: str = "",
) -> Markup:
    """Return a rectangle with its hatch and what is shown where the mouse rests.

    A transparent one has a rim.
    """
    place = {"x": float(x), "y": float(y), "width": float(width), "height": float(height)}
    look = {"class_": "b"} if colour == "transparent" else {"fill": colour}
    shape = el("rect", **place, rx=min(2.0, width / 3, height / 3), **look)
    return el("g", el("title", tip) if tip else None, shape, hatch(x, y, width, height, style))


def legend_rows(entries: Sequence[Entry]) -> list[list[tuple[float, Entry]]]:
    """Place the entries of a legend side by side, in as many rows as it takes."""
    rows: list[list[tuple[float, Entry]]] = [[]]
    x = 0.0
    for word, colour, style in entries:
        entry = (clip(word, 12, WIDTH / 3), colour, style)
        width = _SWATCH + 6 + text_width(entry[0], 12) + 20
        if rows[-1] and x + width > WIDTH:
            rows.append([])
            x = 0.0
        rows[-1].append((x, entry))
        x += width
    return rows


def legend(entries: Sequence[Entry], y: float) -> Iterable[Markup]:
    """Draw a legend from `y` downwards, `LEGEND_ROW` for each of `legend_rows`."""
    for n, row in enumerate(legend_rows(entries)):
        top = y + n * LEGEND_ROW
        for x, (word, colour, style) in row:
            yield box(x, top, _SWATCH, _SWATCH, colour=colour, style=style)
            yield label(x + _SWATCH + 6, top + 11.5, word)


def series_entries(names: Iterable[str]) -> list[Entry]:
    """Return the entries of a legend of series."""
    return [(name, SERIES[n % len(SERIES)], n) for n, name in enumerate(names)]


def unit_note(unit: str) -> str:
    """Return what stands beside a title."""
    return f"in {unit}" if unit else ""


def nothing(title: str, note: str = "") -> Picture:
    """Return the picture of no data."""
    words = label(WIDTH / 2, 32, _NOTHING, size=13, anchor="middle", class_="s")
    frame = el("rect", x=0.5, y=0.5, width=WIDTH - 1, height=52, rx=4, class_="g")
    return picture(title, 54, frame, words, text=_NOTHING, note=note)
