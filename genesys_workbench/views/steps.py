"""What became of one event at each of the six steps of its way, in words. No drawing here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ..deliverylog import Delivery
from .scales import seconds_text

__all__ = ["State", "Step", "attempt_texts", "steps_of"]

State = Literal["done", "again", "waiting", "failed", "none"]
_FAILED = ("retry", "dead")
_API = ("auth", "forbidden", "not_found", "rate_limited", "upstream")
_DATABASE = ("sink",)
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, its state, and one or two short lines about it."""

    name: str
    state: State
    words: str
    detail: str = ""


def steps_of(event: Mapping[str, Any] | None, delivery: Delivery | None) -> tuple[Step, ...]:
    """Return the six steps of an event.

    Args:
        event: As `Store.event` tells it, None while it tells nothing.
        delivery: The first one that the receiver noted, if it did.
    """
    if event is None:
        return (*_arrival(delivery), *_NOT_YET)
    told = _Told(event, delivery)
    return (
        told.delivery(),
        _receipt(delivery),
        told.queue(),
        told.worker(),
        told.api(),
        told.database(),
    )


_NOT_YET = (
    Step("worker", "waiting", "not yet"),
    Step("API", "waiting", "not yet"),
    Step("database", "waiting", "no row yet"),
)


def _arrival(delivery: Delivery | None) -> tuple[Step, Step, Step]:
    """Return the first steps of an event that no attempt is known of."""
    if delivery is None:
        unknown = "nothing is known"
        return (
            Step("delivery", "none", unknown),
            Step("receiver", "none", unknown),
            Step("queue", "waiting", "waits here, or never came"),
        )
    return (
        Step("delivery", "done", "came in", delivery.envelope or ""),
        _receipt(delivery),
        Step("queue", "waiting", "waits", "for the worker"),
    )


def _receipt(delivery: Delivery | None) -> Step:
    if delivery is not None and delivery.outcome == "spooled":
        return Step("receiver", "again", "kept on disk", "the broker was away")
    return Step("receiver", "done", "made safe", "answered 202")


class _Told:
    """An event's row and attempts, read for the steps."""

    def __init__(self, event: Mapping[str, Any], delivery: Delivery | None) -> None:
        self.event = event
        self.envelope = event["envelope"] or (delivery.envelope if delivery else None) or ""
        self.status = event["status"]
        self.failed = [one for one in event["attempts"] if one["outcome"] in _FAILED]
        self.replays = sum(one["outcome"] == "replayed" for one in event["attempts"])

    def delivery(self) -> Step:
        times = self.event["deliveries"]
        if times > 1:
            return Step("delivery", "again", f"came {times} times", "duplicates: kept once")
        return Step("delivery", "done", "came in", self.envelope)

    def queue(self) -> Step:
        if self.status == "dead":
            return Step("queue", "failed", "dead letter", "kept with its reason")
        if self.status == "retrying":
            return Step("queue", "waiting", "waits", f"for attempt {len(self.failed) + 1}")
        if self.failed or self.replays:
            return Step("queue", "again", "taken", _times(len(self.failed) + self.replays + 1))
        return Step("queue", "done", "taken", "once")

    def worker(self) -> Step:
        tries = len(self.failed)
        if self.status == "dead":
            return Step("worker", "failed", f"failed {_times(tries)}", "gave up")
        if self.status == "retrying":
            return Step("worker", "again", f"failed {_times(tries)}", "tries again")
        if tries:
            return Step("worker", "again", "done", f"retried {_times(tries)}")
        if self.replays:
            return Step("worker", "again", "done", f"replayed {_times(self.replays)}")
        return Step("worker", "done", "done", "at the first attempt")

    def api(self) -> Step:
        reason = self._reason(_API)
        if self.event["enriched"]:
            if reason:
                return Step("API", "again", "conversation fetched", f"before: {reason}")
            return Step("API", "done", "conversation fetched")
        if reason and self.status != "processed":
            return Step("API", "failed", reason)
        if self.status == "processed":
            return Step("API", "none", "not asked", "enough was known")
        return Step("API", "none", "nothing recorded")

    def database(self) -> Step:
        reason = self._reason(_DATABASE)
        if self.status == "processed":
            known = "new conversation" if self.event["created"] else "known conversation"
            return Step("database", "again" if reason else "done", "row written", known)
        if reason:
            return Step("database", "failed", reason)
        if self.status == "dead":
            return Step("database", "none", "no row")
        return Step("database", "waiting", "no row yet")

    def _reason(self, kinds: Sequence[str]) -> str:
        """Return in words the last failure of one of these kinds."""
        found = [str(one["reason"]) for one in self.failed]
        theirs = [reason for reason in found if reason.startswith(tuple(kinds))]
        return _reason_words(theirs[-1]) if theirs else ""


def _reason_words(reason: str) -> str:
    words = reason.replace("_", " ")
    return re.sub("^sink", "database", re.sub("^upstream", "API", words))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def attempt_texts(event: Mapping[str, Any], *, times: bool) -> list[str]:
    """Return a line for each attempt; of many the first and the last ones.

    Args:
        event: As `Store.event` tells it.
        times: Say how long after the receipt each ended, and how long it took if that is known.
    """
    tries = event["attempts"]
    told = [_attempt_text(one, event["receivedAt"], times) for one in tries]
    if len(told) <= _SHOWN:
        return told
    half = _SHOWN // 2
    return [*told[:half], f"… {len(told) - 2 * half} more", *told[-half:]]


def _attempt_text(attempt: Mapping[str, Any], received: datetime | None, times: bool) -> str:
    why = f" ({_reason_words(attempt['reason'])})" if attempt["reason"] else ""
    words = {"retry": f"failed{why}, tried again", "dead": f"failed{why}, dead letter"}
    parts = [f"attempt {attempt['attempt']}: {words.get(attempt['outcome'], attempt['outcome'])}"]
    if times and received is not None:
        after = (attempt["at"] - received).total_seconds()
        parts.append(f"{seconds_text(max(0.0, after))} after the receipt")
    if times and attempt.get("runtimeS") is not None:
        parts.append(f"took {seconds_text(attempt['runtimeS'])}")
    return ", ".join(parts)
