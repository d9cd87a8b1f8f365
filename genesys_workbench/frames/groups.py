"""Figures of groups of rows, for all groups at once.

``of`` tells for each row the number of its group. Times are microseconds since 1970, `UNKNOWN`
where there is none; seconds that are unknown are NaN; an unknown row, word or text is -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise, repeat
from typing import Any

import numpy as np

from ..spellings import read_time

__all__ = [
    "UNKNOWN",
    "any_of",
    "earliest",
    "first_of",
    "last_of",
    "latest",
    "pick",
    "read_times",
    "seconds_between",
    "total",
    "tuples",
]

UNKNOWN = np.iinfo(np.int64).max
_SEPARATORS = [4, 7, 10, 13, 16, 19, 23, 24]
_DIGITS = [place for place in range(24) if place not in _SEPARATORS]
_FORM = np.frombuffer(b"--T::.Z\n", np.uint8)
_END = np.datetime64("9999-01-01", "us").astype(np.int64)


def read_times(*columns: Sequence[str | None]) -> list[Any]:
    """Read columns of times of any spelling, those of analytics all at once."""
    texts = list(chain.from_iterable(columns))
    told = list(filter(None, texts))
    read = _usual(told) if told else None
    if read is None:
        read = np.array([_microseconds(text) for text in told], np.int64)
    times = np.full(len(texts), UNKNOWN)
    times[np.fromiter(map(bool, texts), bool, len(texts))] = read
    return np.split(times, np.cumsum([len(column) for column in columns[:-1]]))


def _usual(texts: list[str]) -> Any:
    """Read times such as ``2026-01-05T08:00:00.025Z``; None if one is spelt in another way."""
    joined = "\n".join([*texts, ""]).encode("utf-8", "replace")
    if len(joined) != 25 * len(texts):
        return None
    each = np.frombuffer(joined, np.uint8).reshape(-1, 25)
    if (each[:, _SEPARATORS] != _FORM).any() or (each[:, _DIGITS] - ord("0") > 9).any():
        return None
    try:
        plain = np.ascontiguousarray(each[:, :23]).view("S23").ravel()
        read = plain.astype("M8[us]").astype(np.int64)
    except ValueError:
        return None
    return read if ((read >= 0) & (read < _END)).all() else None


def _microseconds(text: str) -> int:
    at = read_time(text)
    return UNKNOWN if at is None else int(np.datetime64(at.replace(tzinfo=None), "us").astype(int))


def seconds_between(start: Any, end: Any) -> Any:
    """Return lengths."""
    known = (start != UNKNOWN) & (end != UNKNOWN)
    return np.where(known, np.where(known, end - np.where(known, start, 0), 0) / 1e6, np.nan)


def earliest(times: Any, of: Any, count: int) -> Any:
    """Return the earliest time of each group."""
    found = np.full(count, UNKNOWN)
    np.minimum.at(found, of, times)
    return found


def latest(times: Any, of: Any, count: int) -> Any:
    """Return the latest time of each group, unknown if one of them is."""
    found = np.full(count, -1)
    np.maximum.at(found, of, times)
    return np.where(found < 0, UNKNOWN, found)


def any_of(true: Any, of: Any, count: int) -> Any:
    """Return whether it is true of any row of each group."""
    found = np.zeros(count, bool)
    found[of[true]] = True
    return found


def first_of(rows: Any, of: Any, count: int) -> Any:
    """Return the first row of each group.

    Args:
        rows: Which rows, in which order.
        of: The group of any row.
        count: Of the groups.
    """
    return last_of(rows[::-1], of, count)


def last_of(rows: Any, of: Any, count: int) -> Any:
    """Return the last row of each group; see `first_of`."""
    found = np.full(count, -1)
    found[of[rows]] = rows
    return found


def pick(values: Any, rows: Any, unknown: Any = -1) -> Any:
    """Return the values of rows; `unknown` where there is no row."""
    if not len(values):
        return np.full(len(rows), unknown)
    return np.where(rows < 0, unknown, values[rows])


def total(seconds: Any, of: Any, count: int) -> Any:
    """Return the sums of what is known, rounded to milliseconds; unknown if nothing is."""
    known = ~np.isnan(seconds)
    of = of[known]
    sums = np.bincount(of, seconds[known], count).astype(np.float64)
    sums[np.bincount(of, minlength=count) == 0] = np.nan
    return _rounded(sums)


def _rounded(seconds: Any) -> Any:
    """Round as `round` does, which is exact."""
    thousandths = seconds * 1000
    rounded = np.rint(thousandths)
    between = np.flatnonzero(np.abs(thousandths - rounded) > 1e-6)
    rounded /= 1000
    rounded[between] = [round(each, 3) for each in seconds[between].tolist()]
    return rounded


def tuples(codes: Any, of: Any, count: int, texts: Sequence[str]) -> Any:
    """Return the texts of each group, each once, in the order of the rows.

    Args:
        codes: Numbers of texts.
        of: In ascending order.
        count: Of the groups.
        texts: By their numbers.
    """
    found: list[tuple[str, ...]] = list(repeat((), count))
    codes, of = codes[codes >= 0], of[codes >= 0]
    if len(codes):
        keys = of * len(texts) + codes
        places = np.sort(np.unique(keys, return_index=True)[1])
        told = [texts[code] for code in codes[places].tolist()]
        groups, starts = np.unique(of[places], return_index=True)
        for group, (start, end) in zip(
            groups.tolist(), pairwise([*starts.tolist(), len(told)]), strict=True
        ):
            found[group] = tuple(told[start:end])
    return np.fromiter(found, object, count)
