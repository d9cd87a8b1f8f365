"""Rows become frames whose columns, order and dtypes are those of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from .catalogue import CATALOGUE, Column

__all__ = ["build", "conform"]

Row = Sequence[Any]


def build(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Return a frame of rows in the order of the catalogue's columns."""
    columns = CATALOGUE[name]
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    given = {
        column.name: pd.Series(cells, dtype="str" if column.kind == "word" else column.dtype)
        for column, cells in zip(columns, values, strict=True)
    }
    return conform(pd.DataFrame(given), name)


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a frame with the columns, the order and the dtypes of the catalogue.

    Args:
        frame: Columns that it lacks are missing everywhere.
        name: Its name in the catalogue.
    """
    columns = {column.name: _conformed(frame, column) for column in CATALOGUE[name]}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


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
