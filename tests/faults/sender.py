"""The sender of deliveries, as Genesys Cloud would be, and its ledger."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from genesys_workbench.ledgers import Sent

__all__ = ["PERSON", "Delivery", "Sender"]

PERSON = "Canary Person"  # in each event, to be found where it must not be


@dataclass
class Delivery:
    """What was sent of one event, and each answer: a status, or 0 for none."""

    body: dict[str, Any]
    statuses: list[int] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return any(200 <= status < 300 for status in self.statuses)


class Sender:
    """Sends each event of its own, keeps what was answered; any thread may read the ledger.

    Args:
        urls: Of the receivers, used in turn; it may grow.
        salt: Of the ids.
        headers: With each delivery.
        conversations: Ids to take in turn; invented ones by default.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        salt: str,
        headers: dict[str, str],
        conversations: Sequence[str] = (),
    ) -> None:
        self.headers = headers
        self.ledger: dict[str, Delivery] = {}
        self._urls = urls
        self._turns = itertools.count()
        self._salt = salt
        self._numbers = itertools.count()
        self._conversations = conversations
        self._lock = threading.Lock()

    @property
    def accepted(self) -> set[str]:
        """Ids of the events that were answered 2xx."""
        return {key for key, each in list(self.ledger.items()) if each.accepted}

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered; 0 stands for no answer."""
        return Counter(each for entry in list(self.ledger.values()) for each in entry.statuses)

    @property
    def ways(self) -> Counter[str]:
        """How often ``published`` and ``spooled`` were answered."""
        return Counter(each for entry in list(self.ledger.values()) for each in entry.ways)

    @property
    def sent(self) -> Sent:
        """The ledger as the audit takes it."""
        entries = list(self.ledger.items())
        accepted = frozenset(key for key, each in entries if each.accepted)
        refused = frozenset(key for key, each in entries if not each.accepted)
        return Sent(accepted, refused, len(refused))

    def event(self, **more: Any) -> dict[str, Any]:
        """Make the next event; `more` is put into its body."""
        number = next(self._numbers)
        known = self._conversations
        given = known[number % len(known)] if known else None
        name = f"{self._salt}-{number}"
        return {
            "conversationId": given or str(uuid5(NAMESPACE_URL, name)),
            "eventId": name,
            "timestamp": "2026-01-05T08:00:00.000Z",
            "participant": {"name": PERSON, "number": number},
            **more,
        }

    def deliver(
        self, body: dict[str, Any], *, client: httpx.Client | None = None, timeout: float = 15
    ) -> int:
        """Deliver one event, first or again; return the status, 0 for no answer."""
        entry = self.ledger.setdefault(body["eventId"], Delivery(body))
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        post = client.post if client else httpx.post
        url = self._urls[next(self._turns) % len(self._urls)]
        try:
            answer = post(url, content=content, headers=headers, timeout=timeout)
        except httpx.TransportError:
            entry.statuses.append(0)
            return 0
        if answer.status_code == 202:
            entry.ways.append(answer.json()["status"])
        entry.statuses.append(answer.status_code)
        return answer.status_code

    def send(self, count: int, *, threads: int = 8, timeout: float = 15, **more: Any) -> set[str]:
        """Deliver new events as fast as it goes; return their ids."""
        bodies = [self.event(**more) for _ in range(count)]
        with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda body: self.deliver(body, client=client, timeout=timeout), bodies))
        return {body["eventId"] for body in bodies}

    def again(self, ids: Iterable[str] | None = None) -> None:
        """Deliver events once more, as the platform does: those not accepted, or these."""
        wanted = [k for k, each in self.ledger.items() if not each.accepted] if ids is None else ids
        with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(8) as pool:
            bodies = [self.ledger[key].body for key in wanted]
            list(pool.map(lambda body: self.deliver(body, client=client), bodies))

    @contextmanager
    def stream(self, *, rate: float, threads: int = 8, retries: int = 0) -> Iterator[Sender]:
        """Deliver new events all the while, so many a second.

        Args:
            rate: Events per second.
            threads: Deliveries under way at once.
            retries: Deliveries of the same event after one that was not accepted, 0.5 s apart.
        """
        stop = threading.Event()
        begun = time.monotonic()
        turns = itertools.count()

        def run() -> None:
            with httpx.Client(trust_env=False) as client:
                while not stop.is_set():
                    with self._lock:
                        due = begun + next(turns) / rate
                    if stop.wait(max(0.0, due - time.monotonic())):
                        return
                    self._persist(self.event(), client, retries, stop)

        workers = [threading.Thread(target=run, name="sender", daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield self
        finally:
            stop.set()
            for worker in workers:
                worker.join()

    def _persist(
        self, body: dict[str, Any], client: httpx.Client, retries: int, stop: threading.Event
    ) -> None:
        for _ in range(1 + retries):
            if 200 <= self.deliver(body, client=client) < 300 or stop.wait(0.5):
                return
