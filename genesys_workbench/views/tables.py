"""Tables that read well, and those of the doctor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .chart_data import is_missing
from .colours import GREEN, ORANGE, VERMILLION
from .figures import plain_picture
from .picture import Picture
from .svg import Markup, el

if TYPE_CHECKING:
    import pandas as pd

    from ..doctor import Check

__all__ = ["checks", "table"]

_STATES = {"ok": (GREEN, "✓"), "warn": (ORANGE, "!"), "fail": (VERMILLION, "×")}
_NONE = "–"

Row = Sequence[object]


def table(data: pd.Series[Any] | pd.DataFrame, *, title: str = "") -> Picture:
    """Show a Series or DataFrame: figures to the right, a dash where there is no value.

    Args:
        data: Its index is the first column.
        title: Above the table.
    """
    frame: Any = data.to_frame() if data.ndim == 1 else data
    single = data.ndim == 1 and data.name is None
    head = [str(frame.index.name or ""), *("" if single else str(name) for name in frame.columns)]
    columns = [frame.index.tolist()]
    columns += [frame.iloc[:, n].tolist() for n in range(frame.shape[1])]
    rows = [[_shown(value) for value in row] for row in zip(*columns, strict=True)]
    figures = [all(map(_is_figure, column)) for column in columns]
    return _table(title, head, rows, right=figures)


def checks(found: Iterable[Check], *, findings: bool = True) -> Picture:
    """Show what the doctor found: a sign and a word for each check, and what to do.

    Args:
        found: Of `doctor.check_all`.
        findings: Say what was found as well; it names ports and paths of this computer.
    """
    head = ["check", "state", *["found"] * findings, "what to do"]
    rows = [
        [one.name, _state(one.state), *[one.finding] * findings, one.fix or _NONE] for one in found
    ]
    return _table("", head, rows, right=[False] * len(head))


class _Word(Markup):
    """Markup of a cell whose words stand in the text alternative."""

    __slots__ = ("words",)
    words: str


def _state(state: str) -> _Word:
    colour, sign = _STATES[state]
    cell = _Word(el("span", f"{sign} {state}", class_="p", style=f"background:{colour}"))
    cell.words = f"{sign} {state}"
    return cell


def _table(
    title: str, head: Sequence[str], rows: Sequence[Row], *, right: Sequence[bool]
) -> Picture:
    sides = ["r" if side else None for side in right]
    top = el("tr", [el("th", name, class_=side) for name, side in zip(head, sides, strict=True)])
    body = [
        el(
            "tr",
            el("th", row[0], class_=sides[0], scope="row"),
            [el("td", cell, class_=side) for cell, side in zip(row[1:], sides[1:], strict=True)],
        )
        for row in rows
    ]
    content = el("table", el("thead", top), el("tbody", body))
    return plain_picture(title, content, text="\n".join(_text(head, rows, right)))


def _text(head: Sequence[str], rows: Sequence[Row], right: Sequence[bool]) -> Iterator[str]:
    lines = [list(head), *([getattr(cell, "words", str(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if side else cell.ljust(width)
            for cell, width, side in zip(line, widths, right, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _is_figure(value: Any) -> bool:
    number = isinstance(value, int | float) or hasattr(value, "__float__")
    return (number and not isinstance(value, bool)) or is_missing(value)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_shown, value)) or _NONE
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) or _NONE
    if is_missing(value):
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        zone = " UTC" if value.tzinfo else ""
        return f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%d %H:%M:%S}{zone}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value) or _NONE
