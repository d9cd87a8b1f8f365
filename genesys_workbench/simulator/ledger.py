"""The sender's own record of what it sent and what it was answered.

A test compares it with the store: whatever was accepted must be there, once, unchanged.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ledger", "LedgerEntry"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One delivery, with the outcome of its last attempt.

    Attributes:
        event_id: As the receiver named it in its 2xx answer, None where it did not.
        sent_id: As the sent body has it.
        sha256: Hex digest of the body's bytes.
        attempts: How often it was sent.
        status: Last HTTP status, 0 where there was no answer.
        latency_ms: From the last request to its answer.
        sent_at: ISO time of the first attempt.
        duplicate: A repetition of an event that was sent already, on purpose.
        error: What kept the last attempt from an answer, as an exception's name.
    """

    event_id: str | None
    sent_id: str
    conversation_id: str
    sha256: str
    envelope: str
    target: str
    attempts: int
    status: int
    latency_ms: float
    sent_at: str
    duplicate: bool = False
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver took responsibility: a 2xx."""
        return 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        """Return the entry for a line of JSON."""
        return {
            "eventId": self.event_id,
            "sentId": self.sent_id,
            "conversationId": self.conversation_id,
            "sha256": self.sha256,
            "envelope": self.envelope,
            "target": self.target,
            "attempts": self.attempts,
            "status": self.status,
            "latency_ms": round(self.latency_ms, 3),
            "sent_at": self.sent_at,
            "duplicate": self.duplicate,
            "error": self.error,
        }


class Ledger:
    """Deliveries in the order in which they came to an end; safe to read from any thread."""

    def __init__(self) -> None:
        self._entries: list[LedgerEntry] = []
        self._accepted = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Ledger sent={self.sent} accepted={self.accepted} rejected={self.rejected}>"

    def __iter__(self) -> Iterator[LedgerEntry]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: LedgerEntry) -> None:
        """Enter a delivery that came to its end."""
        with self._lock:
            self._entries.append(entry)
            self._accepted += entry.accepted

    @property
    def sent(self) -> int:
        """Deliveries that came to an end."""
        return len(self._entries)

    @property
    def accepted(self) -> int:
        """Deliveries answered with a 2xx."""
        return self._accepted

    @property
    def rejected(self) -> int:
        """Deliveries given up."""
        return self.sent - self.accepted

    @property
    def summary(self) -> dict[str, int]:
        """The three counts."""
        with self._lock:
            sent, accepted = len(self._entries), self._accepted
        return {"sent": sent, "accepted": accepted, "rejected": sent - accepted}

    def lines(self) -> Iterator[str]:
        """Yield each delivery as a line of JSON, line feed included."""
        for entry in self:
            yield json.dumps(entry.as_json()) + "\n"

    def write(self, path: Path) -> None:
        """Write the ledger as JSON Lines."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(self.lines())
