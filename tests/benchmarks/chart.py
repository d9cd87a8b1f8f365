"""A chart of the ratios: how far each lies beyond its goal, or short of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log2
from pathlib import Path

from genesys_workbench.views.svg import Markup, el

from .report import told_result
from .trial import Row

__all__ = ["draw"]

WIDTH, LINE, NAMES = 900, 26, 330
MIDDLE = 600
DOUBLE = 55  # how far a factor of two reaches
MET, MISSED = "#2a7f62", "#c0504d"


def draw(rows: Iterable[Row], path: Path) -> None:
    """Write the chart as SVG; rows of differences, which have no ratio, are left out."""
    shown = [row for row in rows if not row.goal.added]
    height = LINE * (len(shown) + 3)
    picture = el(
        "svg",
        el("rect", width=WIDTH, height=height, fill="white"),
        el("text", "Result ÷ goal: each step is a factor of two", x=12, y=LINE, font_weight="bold"),
        el("line", x1=MIDDLE, x2=MIDDLE, y1=LINE * 1.5, y2=height - LINE / 2, stroke="#333"),
        [part for place, row in enumerate(shown, 2) for part in _bar(row, place * LINE)],
        el("text", "the goal", x=MIDDLE, y=height - 4, text_anchor="middle", fill="#333"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        font_family="system-ui, sans-serif",
        font_size=13,
    )
    path.write_text(picture, "utf-8")


def _bar(row: Row, top: int) -> Iterator[Markup]:
    beyond = log2(row.result / row.goal.bound) * (-1 if row.goal.at_most else 1)
    long = min(abs(beyond) * DOUBLE, WIDTH - MIDDLE - 20)
    left = MIDDLE if beyond >= 0 else MIDDLE - long
    told = f"{told_result(row, row.result)} (goal {row.goal})"
    yield el("title", f"{row.goal.name}: {told}")
    yield el("text", row.goal.name, x=NAMES, y=top + 17, text_anchor="end")
    yield el(
        "rect", x=left, y=top + 4, width=long, height=LINE - 8, fill=MET if row.met else MISSED
    )
    inside = {"x": MIDDLE - 6, "text_anchor": "end"} if beyond >= 0 else {"x": MIDDLE + 6}
    yield el("text", told, y=top + 17, fill="#333", **inside)
