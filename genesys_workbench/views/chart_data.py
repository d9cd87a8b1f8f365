"""A Series or DataFrame as plain lists, so that the charts need no pandas of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from ..errors import WorkbenchError
from .scales import figure_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ChartData",
    "category_labels",
    "is_missing",
    "is_ordered",
    "read_data",
    "row_texts",
    "utc",
]


@dataclass(frozen=True, slots=True)
class ChartData:
    """What a chart shows: for each place of the index a row, for each series a column.

    Attributes:
        index: As it was.
        names: Of the series; one of a Series without a name is empty.
        rows: Finite numbers, None where there is none.
    """

    index: tuple[Any, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[float | None, ...], ...]

    @property
    def values(self) -> list[float]:
        """All values there are."""
        return [value for row in self.rows for value in row if value is not None]

    def totals(self) -> list[float]:
        """Return the sum of each row."""
        return [sum(value or 0.0 for value in row) for row in self.rows]


def read_data(data: pd.Series[Any] | pd.DataFrame) -> ChartData:
    """Read a Series or a DataFrame.

    Raises:
        WorkbenchError: It is neither, or a value is no number.
    """
    if not hasattr(data, "index") or not hasattr(data, "ndim"):
        raise WorkbenchError(
            f"A chart shows a pandas Series or DataFrame, not {type(data).__name__}.",
            fix="wrap it: pd.Series(…)",
        )
    frame: Any = data.to_frame() if data.ndim == 1 else data
    single = data.ndim == 1 and data.name is None
    names = [""] if single else [_label(name) for name in frame.columns]
    columns = [frame.iloc[:, n].tolist() for n in range(len(names))]
    index = frame.index.tolist()
    rows = [tuple(_value(column[n], names) for column in columns) for n in range(len(index))]
    return ChartData(tuple(index), tuple(names), tuple(rows))


def is_missing(value: Any) -> bool:
    """Return whether a cell is empty: None, NaN, or one of pandas' own two."""
    own = type(value).__name__ in ("NAType", "NaTType")
    return own or value is None or (isinstance(value, float) and isnan(value))


def _value(value: Any, names: Sequence[str]) -> float | None:
    if is_missing(value):
        return None
    if hasattr(value, "total_seconds"):
        return float(value.total_seconds())
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise WorkbenchError(
            f"A chart shows numbers, not {type(value).__name__} ({', '.join(names)}).",
            fix="leave such columns out, or count them: frame.groupby(…).size()",
        ) from exc
    return found if isfinite(found) else None


def category_labels(index: Sequence[Any]) -> list[str]:
    """Return the words for each place of an index; of times as little as tells them apart."""
    if index and all(isinstance(item, date) and not is_missing(item) for item in index):
        return _time_labels(index)
    return [_label(item) for item in index]


def _label(item: Any) -> str:
    if isinstance(item, tuple):
        return " · ".join(_label(part) for part in item)
    if is_missing(item):
        return "(none)"
    if isinstance(item, float):
        return figure_text(item)
    return str(item).strip() or "(none)"


def _time_labels(index: Sequence[date]) -> list[str]:
    times = [utc(item) for item in index]
    if all(at.time() == datetime.min.time() for at in times):
        return [at.strftime("%Y-%m-%d") for at in times]
    one_day = len({at.date() for at in times}) == 1
    form = "%H:%M" if all(at.second == 0 for at in times) else "%H:%M:%S"
    return [at.strftime(form if one_day else f"%m-%d {form}") for at in times]


def is_ordered(index: Sequence[Any]) -> bool:
    """Return whether an index holds numbers or times, of which every second tells enough."""
    return all(isinstance(item, int | float | date) for item in index)


def utc(item: date) -> datetime:
    """Return a day or time as an aware UTC time; one without a zone is taken for UTC."""
    at = item if isinstance(item, datetime) else datetime(item.year, item.month, item.day)  # noqa: DTZ001
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def row_texts(data: ChartData, *, unit: str, totals: bool) -> list[str]:
    """Return a line for each row: ``08:00: voice 3, email 2; together 5``."""
    told = []
    for place, row, total in zip(
        category_labels(data.index), data.rows, data.totals(), strict=True
    ):
        parts = [
            f"{name} {figure_text(value)}".strip()
            for name, value in zip(data.names, row, strict=True)
            if value is not None
        ]
        line = f"{place}: {', '.join(parts) or 'no value'}"
        if totals and len(parts) > 1:
            line += f"; together {figure_text(total)}"
        told.append(line + (f" {unit}" if unit and parts else ""))
    return told
