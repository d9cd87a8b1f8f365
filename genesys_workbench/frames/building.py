"""Rows become frames whose columns, order and dtypes are those of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from .catalogue import CATALOGUE, Column

__all__ = ["Table", "build", "conform"]

Row = Sequence[Any]


class Table:
    """Rows of one frame, gathered in parts that take little memory.

    Args:
        name: The frame's in the catalogue.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._columns = CATALOGUE[name]
        self._rows: list[Row] = []
        self._parts: list[pd.DataFrame] = []

    def extend(self, telling: int, rows: Iterable[Row]) -> None:
        """Add the rows of one telling of a conversation, in the order of the columns."""
        self._rows += [(telling, *row) for row in rows]

    def pack(self) -> None:
        """Turn the rows that wait into columns."""
        tellings, *values = zip(*self._rows, strict=True) if self._rows else [()]
        self._rows = []
        if tellings:
            part = {
                column.name: pd.Series(given, dtype=_packed(column))
                for column, given in zip(self._columns, values, strict=True)
            }
            self._parts.append(pd.DataFrame(part).set_axis(tellings))

    def frame(self, without: Iterable[int] = ()) -> pd.DataFrame:
        """Return the frame.

        Args:
            without: Tellings whose rows do not count.
        """
        self.pack()
        whole = pd.concat(self._parts) if self._parts else pd.DataFrame()
        dropped = whole.index.isin(list(without))
        return conform(whole[~dropped] if dropped.any() else whole, self.name)


def build(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Return a frame of rows in the order of the catalogue's columns."""
    table = Table(name)
    table.extend(0, rows)
    return table.frame()


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a frame with the columns, the order and the dtypes of the catalogue.

    Args:
        frame: Columns that it lacks are missing everywhere.
        name: Its name in the catalogue.
    """
    columns = {column.name: _conformed(frame, column) for column in CATALOGUE[name]}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _packed(column: Column) -> str:
    return "str" if column.kind == "word" else column.dtype


def _conformed(frame: pd.DataFrame, column: Column) -> Any:
    if column.name not in frame:
        given = pd.Series([() if column.kind == "list" else None] * len(frame), dtype=object)
    else:
        given = frame[column.name].reset_index(drop=True)
    if column.kind == "list":
        return pd.Series(map(_tuple, given), dtype=object)
    if column.kind == "word":
        return _categorical(given.astype("str"), column)
    return given.astype(column.dtype)


def _tuple(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, Iterable) else ()


def _categorical(words: pd.Series[str], column: Column) -> pd.Series[Any]:
    later = sorted(set(words.dropna().unique()) - set(column.categories))
    return words.astype(pd.CategoricalDtype([*column.categories, *later]))
