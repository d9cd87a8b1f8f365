"""The five tables of conversations in the making: cells become columns, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import CATALOGUE, Column

__all__ = ["Rows", "Table", "conversation_tables"]


@dataclass(slots=True)
class Rows:
    """Rows of one frame.

    Attributes:
        cells: Row by row, of the columns that `Table` does not take over.
        counts: How many of the rows belong to each row of the table above.
    """

    cells: list[Any] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


class Table:
    """Rows of one frame, gathered in parts that take little memory.

    Args:
        name: The frame's in the catalogue.
        above: The table to whose rows its own belong.
        shared: The columns that it takes over from there.
    """

    def __init__(self, name: str, above: Table | None = None, shared: Sequence[str] = ()) -> None:
        self._columns = CATALOGUE[name]
        self._above, self._shared = above, shared
        self._own = [column for column in self._columns if column.name not in shared]
        self._codes = {column.name: _Codes() for column in self._own if column.kind == "word"}
        if above is not None:
            self._codes |= {n: above._codes[n] for n in shared if n in above._codes}
        self._waiting = Rows()
        self._parts: list[dict[str, Any]] = []
        self._tellings: list[Any] = []
        self._told = 0

    def extend(self, rows: Rows) -> None:
        """Add the rows of one telling of a conversation."""
        self._waiting.cells += rows.cells
        self._waiting.counts += rows.counts

    def pack(self) -> None:
        """Turn the rows that wait into columns; the table above comes first."""
        cells, counts = self._waiting.cells, self._waiting.counts
        self._waiting = Rows()
        own = {
            column.name: self._packed(column, cells[place :: len(self._own)])
            for place, column in enumerate(self._own)
        }
        if self._above is None:
            self._tellings.append(np.arange(self._told, self._told + len(counts)))
            self._told += len(counts)
            self._parts.append(own)
            return
        places = np.repeat(np.arange(len(counts)), counts)
        taken = {name: self._above._parts[-1][name].take(places) for name in self._shared}
        self._tellings.append(self._above._tellings[-1].take(places))
        self._parts.append(taken | own)

    def frame(self, without: Sequence[int] = ()) -> pd.DataFrame:
        """Return the frame of what was packed.

        Args:
            without: Tellings whose rows do not count, numbered from 0.
        """
        kept = np.isin(np.concatenate(self._tellings), without, invert=True)
        columns = {column.name: self._whole(column, kept) for column in self._columns}
        return pd.DataFrame(columns, index=pd.RangeIndex(kept.sum()))

    def _packed(self, column: Column, values: list[Any]) -> Any:
        if column.kind == "word":
            codes = self._codes[column.name]
            return np.fromiter(map(codes.__getitem__, values), np.int32, len(values))
        return pd.Series(values, dtype=column.dtype).array

    def _whole(self, column: Column, kept: Any) -> Any:
        parts = [pd.Series(part[column.name]) for part in self._parts]
        whole = pd.concat(parts, ignore_index=True)
        whole = whole if kept.all() else whole[kept]
        if column.kind != "word":
            return whole.array
        return self._codes[column.name].categorical(whole.to_numpy(), column.categories)


class _Codes(dict[str | None, int]):
    """A number for each word, in order of appearance; -1 for none."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, word: str) -> int:
        code = self[word] = len(self) - 1
        return code

    def categorical(self, codes: Any, known: Sequence[str]) -> Any:
        """Return words by their codes: the known categories, then the others by the alphabet."""
        words = [word for word in self if word is not None]
        later = {words[code] for code in np.unique(codes) if code >= 0} - set(known)
        categories = [*known, *sorted(later)]
        places = {word: place for place, word in enumerate(categories)}
        moved = np.array([*(places.get(word, -1) for word in words), -1])
        return pd.Categorical.from_codes(moved[codes], dtype=pd.CategoricalDtype(categories))


def conversation_tables() -> dict[str, Table]:
    """Return empty tables by name, each behind the one above it."""
    conversations = Table("conversations")
    keys: tuple[str, ...] = ("conversation_id",)
    participants = Table("participants", conversations, keys)
    keys += ("participant_id", "purpose", "user_id")
    sessions = Table("sessions", participants, keys)
    keys += ("session_id", "media_type")
    return {
        "conversations": conversations,
        "participants": participants,
        "sessions": sessions,
        "segments": Table("segments", sessions, keys),
        "metrics": Table("metrics", sessions, keys),
    }
