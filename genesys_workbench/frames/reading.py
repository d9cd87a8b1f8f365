"""Conversations are gathered into frames; what is none is kept apart with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from ..errors import PermanentError
from ..privacy import Key
from ..spellings import read_text
from ..store import Store
from .building import build
from .frameset import Frames
from .masking import Veil
from .rows import Telling, read_record, read_telling, rows_of
from .tables import Rows, conversation_tables

__all__ = ["Gathering", "from_conversations", "from_store"]

_PACK_EVERY = 2000


def from_conversations(
    items: Iterable[Any],
    *,
    queue_names: Mapping[str, str] | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Make frames of conversations as REST or analytics tell them, also of both mixed.

    Of a conversation that is told more than once the last telling counts.

    Args:
        items: Conversations; whatever else there is lands in `Frames.rejected`.
        queue_names: Names by queue id, for analytics tells ids only. Names that the items tell
            are known without.
        show_personal: Whether names, numbers, addresses and attributes are shown, not masked.
        key: Of the masks; None = a random one that lasts as long as this process.
    """
    gathering = Gathering(Veil(show_personal=show_personal, key=key), queue_names)
    for row, item in enumerate(items):
        gathering.add(row, item)
    return gathering.frames()


def from_store(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    queue_names: Mapping[str, str] | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Make frames of the store's conversations, in the order of their start.

    `Frames.conversations` holds the store's own facts, which count events later than the last
    snapshot as well; where there is no snapshot, the other frames have no rows.

    Args:
        store: Where from.
        since: Started at this time or later.
        until: Started before this time.
        queue_names: See `from_conversations`.
        show_personal: See there.
        key: See there.
    """
    gathering = Gathering(Veil(show_personal=show_personal, key=key), queue_names)
    records = store.conversations(since=since, until=until, newest_first=False, with_raw=True)
    for row, record in enumerate(records):
        gathering.add_record(row, record)
    return gathering.frames()


class Gathering:
    """Frames in the making.

    Args:
        veil: What is shown of personal data.
        queue_names: Names by queue id that are known beforehand.
    """

    def __init__(self, veil: Veil, queue_names: Mapping[str, str] | None = None) -> None:
        self._veil = veil
        self._tables = conversation_tables()
        self._rejected: list[tuple[Any, ...]] = []
        self._given_names = dict(queue_names or {})
        self._told_names: dict[str, str] = {}
        self._newest: dict[str, tuple[int, int]] = {}
        self._outdated: list[int] = []
        self._number = 0

    def add(self, row: int, item: Any) -> None:
        """Add a conversation, or keep apart what is none.

        Args:
            row: Where it stood, to be found again.
            item: Any value.
        """
        if isinstance(item, Mapping):
            self._add(row, item, read_telling)
        else:
            self.reject(row, f"The row is {_kind(item)}, not a JSON object.", item)

    def add_record(self, row: int, record: Mapping[str, Any]) -> None:
        """Add a conversation of the store, or keep it apart if its snapshot is none."""
        self._add(row, record, read_record)

    def _add(
        self, row: int, item: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Telling]
    ) -> None:
        try:
            telling = read(item)
            rows = rows_of(telling, self._veil)
        except PermanentError as exc:
            self.reject(row, exc.what, item)
        except Exception as exc:  # noqa: BLE001 - one odd row must not cost the others
            self.reject(row, f"The conversation cannot be read: {type(exc).__name__}.", item)
        else:
            self._keep(row, telling, rows)

    def reject(self, row: int, reason: str, source: Any) -> None:
        """Keep a row apart.

        Args:
            row: Where it stood.
            reason: One sentence.
            source: What was given; it is masked.
        """
        self._rejected.append((row, _conversation_id(source), reason, self._veil.source(source)))

    def frames(self) -> Frames:
        """Return what was gathered."""
        self._pack()
        made = {name: table.frame(self._outdated) for name, table in self._tables.items()}
        names = self._told_names | self._given_names
        for name in ("participants", "sessions"):
            made[name] = made[name].assign(queue_name=_named(made[name], names))
        made["conversations"] = _with_queue_names(made["conversations"], names)
        return Frames(**made, rejected=build("rejected", self._rejected))

    def _keep(self, row: int, telling: Telling, rows: Mapping[str, Rows]) -> None:
        self._supersede(row, telling.facts.conversation_id)
        self._told_names |= telling.queue_names()
        for name, found in rows.items():
            self._tables[name].extend(found)
        self._number += 1
        if self._number % _PACK_EVERY == 0:
            self._pack()

    def _pack(self) -> None:
        for table in self._tables.values():
            table.pack()

    def _supersede(self, row: int, conversation_id: str) -> None:
        earlier = self._newest.get(conversation_id)
        self._newest[conversation_id] = (self._number, row)
        if earlier is not None:
            self._outdated.append(earlier[0])
            reason = f"The conversation is told again in row {row}, which counts."
            self._rejected.append((earlier[1], conversation_id, reason, None))


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "a boolean", list: "a list", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), "no JSON value")


def _conversation_id(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return None
    return read_text(item.get("conversationId")) or read_text(item.get("id"))


def _named(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.Series[str]:
    return frame["queue_id"].map(dict(names)).astype("str").fillna(frame["queue_name"])


def _with_queue_names(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Put names beside the ids; where no id is told, those that were told themselves stay."""
    pairs = zip(frame["queue_ids"], frame["queue_names"], strict=True)
    lists = [tuple(names[one] for one in ids if one in names) or told for ids, told in pairs]
    return frame.assign(
        queue_name=_named(frame, names),
        queue_names=pd.Series(lists, index=frame.index, dtype=object),
    )
