"""Record a live session as a cassette, which the simulator plays back.

A `Tape` takes the place of the publisher in receiver and bridge. What it writes has passed
`StandIns` before: no real id and no personal data reaches the disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from .client import GenesysClient
from .errors import BrokerError, GenesysError, NotFound, UsageError
from .messages import Message, decode
from .queue_names import queue_names
from .stand_ins import StandIns

__all__ = ["Kept", "Tape"]

FORMAT = "genesys-workbench-cassette"
DELIVERIES = "deliveries.jsonl"
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """What is on a cassette.

    Attributes:
        deliveries: Events, as they came.
        conversations: Distinct ones among them.
        rest: Conversations whose REST body is there.
        analytics: The same of analytics, which learns of conversations minutes later.
        leaks: Fields in which something stands all the same that is personal elsewhere.
    """

    deliveries: int
    conversations: int
    rest: int
    analytics: int
    leaks: tuple[str, ...]


class Tape:
    """A cassette that is being recorded, in place of a publisher.

    Args:
        folder: New or empty.
        stand_ins: Made anew for each cassette.
        clock: Aware UTC now.
        monotonic: Monotonic seconds.

    Raises:
        UsageError: There is something in the folder, or it cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        stand_ins: StandIns | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._stand_ins = stand_ins or StandIns()
        self._monotonic = monotonic
        self._begun = monotonic()
        self._start = clock()
        self._lock = Lock()
        self._deliveries = 0
        self._ids: dict[str, None] = {}
        self._file: TextIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = any(folder.iterdir())
        except OSError as exc:
            what = f"{folder} cannot be written to: {exc.strerror or exc}."
            raise UsageError(what, fix="name another folder") from exc
        if taken:
            raise UsageError(f"{folder} is not empty.", fix="name a new folder")

    @property
    def ready(self) -> bool:
        """Always."""
        return True

    def publish(self, message: Message) -> Future[None]:
        """Keep the event of a message; the future has ended already."""
        future: Future[None] = Future()
        try:
            self._keep(message)
        except OSError as exc:
            what = f"The cassette cannot be written: {exc.strerror or exc}."
            future.set_exception(BrokerError(what, fix=f"make room for {self.folder}"))
        else:
            future.set_result(None)
        return future

    def close(self) -> None:
        """Stop taking events. Idempotent."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def finish(
        self, client: GenesysClient | None, *, on_progress: Callable[[int, int], None]
    ) -> Kept:
        """Add what the API answers of each conversation, and look for what must not be there.

        Where nothing came, the folder stays empty.

        Args:
            client: Of the organisation; None adds nothing.
            on_progress: Called with how many conversations are done, and of how many.

        Raises:
            GenesysError: The organisation cannot be asked; the deliveries are kept.
        """
        self.close()
        if not self._deliveries:
            return Kept(0, 0, 0, 0, ())
        rest = analytics = 0
        try:
            if client is not None:
                self._write("queues.json", self._queues(client))
                for done, (bodies, details) in enumerate(self._answers(client), start=1):
                    rest += self._write_bodies("rest", "id", bodies)
                    analytics += self._write_bodies("analytics", "conversationId", details)
                    on_progress(min(done * _AT_ONCE, len(self._ids)), len(self._ids))
        finally:
            kept = Kept(
                self._deliveries, len(self._ids), rest, analytics, tuple(self._stand_ins.leaks())
            )
            self._write_manifest(kept)
        return kept

    def _keep(self, message: Message) -> None:
        event = decode(json.loads(message.body)[0][0]).event
        line = {
            "at": round(self._monotonic() - self._begun, 3),
            "event": self._stand_ins.event(event.source),
        }
        text = json.dumps(line, separators=(",", ":")) + "\n"
        with self._lock:
            file = self._opened()
            file.write(text)
            file.flush()
            self._deliveries += 1
            self._ids[event.conversation_id] = None

    def _opened(self) -> TextIO:
        """Return the file of deliveries; with the first of them the folder becomes a cassette."""
        if self._file is None:
            self._write_manifest()
            self._write("queues.json", {})
            self._file = (self.folder / DELIVERIES).open("a", encoding="utf-8")
        return self._file

    def _answers(
        self, client: GenesysClient
    ) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """Yield (REST bodies, analytics bodies) of some conversations at a time."""
        ids = iter(self._ids)
        while some := list(islice(ids, _AT_ONCE)):
            found = client.conversation_details(some)  # what analytics lacks REST has told
            details = {one: body for one, body in found.items() if "conversationId" in body}
            _raise_outages(found.missing.values())
            rest = [body for one, body in found.items() if one not in details]
            yield [*rest, *_each(client, details)], list(details.values())

    def _queues(self, client: GenesysClient) -> dict[str, str]:
        """Return names by id; whoever may not list queues has ids only."""
        named = queue_names(client).items()
        return {self._stand_ins.id(one): self._stand_ins.thing(name) for one, name in named}

    def _write_bodies(self, kind: str, name: str, bodies: Iterable[dict[str, Any]]) -> int:
        count = 0
        for body in map(self._stand_ins.conversation, bodies):
            self._write(f"conversations/{kind}/{body[name]}.json", body)
            count += 1
        return count

    def _write_manifest(self, kept: Kept | None = None) -> None:
        told = {
            "format": FORMAT,
            "version": 1,
            "start": self._start.isoformat(timespec="milliseconds"),
            "seconds": round(self._monotonic() - self._begun, 3),
        }
        self._write("manifest.json", told if kept is None else told | asdict(kept))

    def _write(self, name: str, body: dict[str, Any]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def _raise_outages(errors: Iterable[GenesysError]) -> None:
    """Raise what asking again may mend; a conversation that is gone, or forbidden, is left out."""
    for error in errors:
        if error.transient and not isinstance(error, NotFound):
            raise error


def _each(client: GenesysClient, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    for conversation_id in ids:
        try:
            yield client.get_conversation(conversation_id)
        except GenesysError as exc:
            _raise_outages([exc])
