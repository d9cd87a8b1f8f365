"""`Frames`: the tables of some conversations, and their files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import pandas as pd

from .writing import read_frame, write_frame

__all__ = ["FRAMES", "Format", "Frames"]

Format = Literal["parquet", "jsonl", "jsonl.gz", "csv"]


@dataclass(frozen=True, slots=True)
class Frames:
    """Tidy tables, joined by `conversation_id`, `participant_id` and `session_id`.

    `columns(name)` documents each column. `str(frames)` tells how many rows there are.

    Attributes:
        conversations: One row each.
        participants: People, queues and flows that took part.
        sessions: One medium of one participant.
        segments: Stretches of a session; where REST tells none, one made of the session's times.
        metrics: Analytics' metrics, summed by session; REST has none.
        rejected: Rows that are no conversation, with the reason.
    """

    conversations: pd.DataFrame
    participants: pd.DataFrame
    sessions: pd.DataFrame
    segments: pd.DataFrame
    metrics: pd.DataFrame
    rejected: pd.DataFrame

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(frame)}" for name, frame in self._items())
        return f"Frames({sizes})"

    def of(self, conversation_ids: Collection[str]) -> Frames:
        """Return the rows of some conversations; the rejected rows stay."""
        kept = {
            name: frame[frame["conversation_id"].isin(conversation_ids)].reset_index(drop=True)
            for name, frame in self._items()
            if name != "rejected"
        }
        return Frames(**kept, rejected=self.rejected)

    def write(self, folder: Path | str, *, format: Format = "parquet") -> Path:  # noqa: A002
        """Write each frame to a file ``<name>.<format>`` of a folder; masked stays masked.

        Args:
            folder: It is made where it is missing.
            format: ``parquet``, ``jsonl`` and ``jsonl.gz`` can be read back by `from_file`;
                ``csv`` is for spreadsheets.

        Returns:
            The folder.

        Raises:
            WorkbenchError: The format is unknown, pyarrow is missing, or the disk refuses.
        """
        target = Path(folder)
        for name, frame in self._items():
            write_frame(frame, target / f"{name}.{format}", format)
        return target

    @classmethod
    def read(cls, folder: Path | str) -> Frames:
        """Read frames back from a folder.

        Raises:
            WorkbenchError: A file is missing or damaged.
        """
        return cls(**{name: read_frame(Path(folder), name) for name in FRAMES})

    def _items(self) -> list[tuple[str, pd.DataFrame]]:
        return [(name, getattr(self, name)) for name in FRAMES]


FRAMES = tuple(field.name for field in fields(Frames))
