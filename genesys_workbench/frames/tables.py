"""The five tables of conversations in the making: columns are gathered part by part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import CATALOGUE, Column
from .codes import Codes

__all__ = ["Rows", "Table", "Tables"]

# Texts that hardly ever come again
_UNIQUE = frozenset("conversation_id participant_id session_id peer_id attributes".split())
_PERSON = ("conversation_id", "participant_id", "purpose", "user_id")
_SESSION = (*_PERSON, "session_id", "media_type")


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
        codes: Numbers of the words and texts that come again, by column.
        above: The table to whose rows its own belong.
        shared: The columns that it takes over from there.
    """

    def __init__(
        self,
        name: str,
        codes: Mapping[str, Codes],
        above: Table | None = None,
        shared: Sequence[str] = (),
    ) -> None:
        self._columns = CATALOGUE[name]
        self._codes, self._above, self._shared = codes, above, shared
        self._own = [column for column in self._columns if column.name not in shared]
        self._parts: list[Mapping[str, Any]] = []
        self._owners: list[Any] = []
        self._starts = [0]
        self._wholes: dict[str, Any] = {}

    def columns_of(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Return its own columns of rows whose cells follow each other."""
        return {
            column.name: self._column(column, cells[place :: len(self._own)])
            for place, column in enumerate(self._own)
        }

    def _column(self, column: Column, values: Sequence[Any]) -> Any:
        if self._is_coded(column):
            return self._codes[column.name].column(values)
        return pd.Series(values, dtype=column.dtype).array

    def add(self, columns: Mapping[str, Any], owners: Any) -> None:
        """Add a part; the table above comes first.

        Args:
            columns: Its own columns, by name: numbers of the words and texts that come again.
            owners: How many of the rows belong to each row of the latest part above; of the
                topmost table the number of each row's telling.
        """
        if self._above is not None:
            start, end = self._above._starts[-2:]
            owners = np.repeat(np.arange(start, end), owners)
        self._parts.append(columns)
        self._owners.append(owners)
        self._starts.append(self._starts[-1] + len(owners))

    def frame(self, without: Sequence[int] = ()) -> pd.DataFrame:
        """Return the frame of what was added, in the order of the tellings.

        Args:
            without: Tellings whose rows do not count.
        """
        tellings = self._tellings()
        rows = None
        if len(without) or (tellings[1:] < tellings[:-1]).any():
            rows = np.flatnonzero(np.isin(tellings, without, invert=True))
            rows = rows[np.argsort(tellings[rows], kind="stable")]
        columns = {column.name: self._shown(column, rows) for column in self._columns}
        count = len(tellings) if rows is None else len(rows)
        return pd.DataFrame(columns, index=pd.RangeIndex(count), copy=False)

    def _tellings(self) -> Any:
        owners = np.concatenate(self._owners)
        return owners if self._above is None else self._above._tellings()[owners]

    def _shown(self, column: Column, rows: Any) -> Any:
        whole = self._whole(column.name)
        whole = whole if rows is None else whole.take(rows)
        if not self._is_coded(column):
            return whole
        codes = self._codes[column.name]
        if column.kind == "text":
            return codes.text(whole)
        return codes.categorical(whole, column.categories)

    def _whole(self, name: str) -> Any:
        if name not in self._wholes:
            self._wholes[name] = self._joined(name)
        return self._wholes[name]

    def _joined(self, name: str) -> Any:
        if self._above is not None and name in self._shared:
            return self._above._whole(name).take(np.concatenate(self._owners))
        parts = [part[name] for part in self._parts]
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return pd.concat(list(map(pd.Series, parts)), ignore_index=True).array

    @staticmethod
    def _is_coded(column: Column) -> bool:
        return column.kind in ("word", "text") and column.name not in _UNIQUE


class Tables(dict[str, Table]):
    """Empty tables by name, each behind the one above it.

    Attributes:
        codes: Numbers of the words and texts that come again, by column.
    """

    def __init__(self) -> None:
        self.codes: Mapping[str, Codes] = defaultdict(Codes)
        conversations = Table("conversations", self.codes)
        participants = Table("participants", self.codes, conversations, _PERSON[:1])
        sessions = Table("sessions", self.codes, participants, _PERSON)
        super().__init__(
            conversations=conversations,
            participants=participants,
            sessions=sessions,
            segments=Table("segments", self.codes, sessions, _SESSION),
            metrics=Table("metrics", self.codes, sessions, _SESSION),
        )
