"""Conversations are gathered; what is none is kept apart with its reason.

There are two ways to the same frames: what analytics tells in the types that it should have is
read many at a time (`batch`), all else one by one (`rows`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import PermanentError
from ..privacy import Key
from ..spellings import read_text
from .batch import Batch
from .building import build
from .fields import Fields, Reader, joined
from .frameset import Frames
from .masking import Veil
from .names import with_names, with_names_of_conversations
from .rows import Telling, conversation_of, facts_of_record, read_record, read_telling, rows_of
from .tables import Rows, Tables
from .told import Conversation, read_told

__all__ = ["Gathering"]

_READ_EVERY, _PACK_EVERY = 100, 2000


class Gathering:
    """Frames in the making.

    Args:
        queue_names: Names by queue id that are known beforehand.
        show_personal: Whether personal data is shown, not masked.
        key: Of the masks; None = a random one that lasts as long as this process.
    """

    def __init__(
        self, queue_names: Mapping[str, str] | None, *, show_personal: bool, key: Key | None
    ) -> None:
        self._veil = Veil(show_personal=show_personal, key=key)
        self._tables = Tables()
        self._reader = Reader(self._tables.codes, self._veil)
        self._clear()
        self._rejected: list[tuple[Any, ...]] = []
        self._given_names = dict(queue_names or {})
        self._told_names: dict[str, str] = {}
        self._newest: dict[str, tuple[int, int]] = {}
        self._outdated: list[int] = []
        self._number = 0

    def _clear(self) -> None:
        self._typed: list[Conversation] = []
        self._fields: list[Fields] = []
        self._numbers: list[int] = []
        self._stored: list[Any] = []
        self._others: dict[str, Rows] = {name: Rows() for name in self._tables}

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

    def add_json(self, row: int, body: bytes) -> bool:
        """Add a conversation as analytics should tell it; return whether it is one."""
        told = read_told(body)
        if told is not None:
            self._add_typed(told, self._next(row, told.conversation_id))
        return told is not None

    def add_record(self, row: int, record: Mapping[str, Any]) -> None:
        """Add a conversation of the store, or keep it apart if its snapshot is none.

        Args:
            row: Where it stood.
            record: As the store has it, its snapshot as text.
        """
        raw = record["raw"]
        told = read_told(raw) if raw else None
        if told is None:
            self._add(row, {**record, "raw": json.loads(raw) if raw else None}, read_record)
            return
        facts, people = facts_of_record(record), len(told.participants or ())
        self._stored += conversation_of(facts, "analytics", people, self._veil)
        self._add_typed(told, self._next(row, facts.conversation_id))

    def _add_typed(self, told: Conversation, number: int) -> None:
        self._typed.append(told)
        self._numbers.append(number)
        if len(self._typed) == _READ_EVERY:
            self._read()
        self._pack_if_many()

    def _read(self) -> None:
        if self._typed:
            self._fields.append(self._reader.fields(self._typed))
            self._typed.clear()

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
            rows["conversations"].counts.append(self._next(row, telling.facts.conversation_id))
            for name, found in rows.items():
                self._others[name].cells += found.cells
                self._others[name].counts += found.counts
            self._told_names |= telling.queue_names()
            self._pack_if_many()

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
        if names:
            for name in ("participants", "sessions"):
                made[name] = with_names(made[name], names)
            made["conversations"] = with_names_of_conversations(made["conversations"], names)
        return Frames(**made, rejected=build("rejected", self._rejected))

    def _next(self, row: int, conversation_id: str) -> int:
        """Return the number of a telling, which makes an earlier one of the same outdated."""
        number, self._number = self._number, self._number + 1
        earlier = self._newest.get(conversation_id)
        self._newest[conversation_id] = (number, row)
        if earlier is not None:
            self._outdated.append(earlier[0])
            reason = f"The conversation is told again in row {row}, which counts."
            self._rejected.append((earlier[1], conversation_id, reason, None))
        return number

    def _pack_if_many(self) -> None:
        if self._number % _PACK_EVERY == 0:
            self._pack()

    def _pack(self) -> None:
        """Turn what waits into columns."""
        self._read()
        others, fields, numbers, stored = self._others, self._fields, self._numbers, self._stored
        self._clear()
        if others["conversations"].counts or not self._number:
            for name, table in self._tables.items():
                table.add(table.columns_of(others[name].cells), others[name].counts)
        if not fields:
            return
        batch = Batch(joined(fields), self._reader)
        table = self._tables["conversations"]
        table.add(table.columns_of(stored) if stored else batch.conversations(), numbers)
        for name, (columns, counts) in batch.below().items():
            self._tables[name].add(columns, counts)


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "a boolean", list: "a list", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), "no JSON value")


def _conversation_id(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return None
    return read_text(item.get("conversationId")) or read_text(item.get("id"))
