"""Where events are on their way to the store, and the dead letters, at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .dead import DeadLetter
from .errors import BrokerError
from .management import Management
from .messages import QUEUE
from .queues import dead_letters, delayed, peek, states
from .spool import spooled_ids

__all__ = ["Waiting", "look_around"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is under way, and what has died.

    Attributes:
        spooled: Ids that wait on this machine's disk.
        delayed: Messages that wait for another try.
        ready: Messages that wait for a worker.
        unacked: Messages that workers held some seconds ago, or that the broker cannot put among
            the dead letters; None where nobody tells.
        workers: Connected consumers; None on the embedded broker.
        named: Ids of ready messages, if they were looked at.
        buried: Ids of dead letters, each with how many of them nothing explains: those of a
            replay, and of an id that came with another body, may lie beside the stored event.
    """

    spooled: frozenset[str]
    delayed: int
    ready: int
    unacked: int | None
    workers: int | None
    named: tuple[str, ...]
    buried: dict[str, int]

    @property
    def messages(self) -> int:
        """All messages that are under way."""
        return self.delayed + self.ready + (self.unacked or 0)


def look_around(
    url: str, *, spool: Path, management_url: str | None = None, by_id: bool = False
) -> Waiting:
    """Look at each place, in the direction in which events move, so that none slips through.

    Args:
        url: The broker's.
        spool: The file of the receiver's spool.
        management_url: Of the broker's management plugin, which alone knows of unacked messages.
        by_id: Take the ready messages and put them back, for their ids; before RabbitMQ 4.3
            each such look counts as one delivery of each.

    Raises:
        BrokerError: The broker is unreachable, or a queue does not exist.
        SpoolError: The spool cannot be read.
    """
    spooled = spooled_ids(spool)
    later = delayed(url)
    main, _ = states(url)
    unacked = _unacked(url, management_url)
    peeked = peek(url, limit=main.ready) if by_id else []
    return Waiting(
        spooled=spooled,
        delayed=later,
        ready=main.ready,
        unacked=unacked,
        workers=main.consumers,
        named=tuple(each.message_id for each in peeked if each.message_id),
        buried=_buried(dead_letters(url)),
    )


def _unacked(url: str, management_url: str | None) -> int | None:
    if management_url is None:
        return None
    with Management(management_url, broker_url=url) as management:
        try:
            figures = management.figures()[QUEUE]
            return figures.unacked + figures.stuck
        except (BrokerError, KeyError):  # the plugin need not be there, and begins without queues
            return None


def _buried(letters: Iterable[DeadLetter]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for letter in letters:
        if letter.event_id:
            explained = letter.reason == "id_conflict" or bool(
                letter.message.headers.get("x-workbench-replay")
            )
            counts[letter.event_id] = counts.get(letter.event_id, 0) + (not explained)
    return counts
