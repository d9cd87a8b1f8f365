"""Failures on purpose: what was done, what is seen, what mends it, and that nothing was lost.

Each is caused in the real parts of an open workbench, and what is shown is what they say.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import SecretStr

from .auth import ClientCredentials
from .broker import url_of
from .errors import BrokerError, OAuthError, WorkbenchError
from .posting import readiness, send_fixture
from .queues import dead_letters, redrive, states
from .receiver import Receiver
from .simulator.faults import Fault
from .simulator.ledger import Ledger
from .simulator.server import Simulator
from .workbench import Workbench

__all__ = ["Failure", "Failures"]

NOBODY = "amqp://guest:guest@127.0.0.1:1/"
# What differs from event to event, and where things are: not what a reader looks for.
_PARTICULAR = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=amqp://)\S+/|(?<=\[)\d+(?=\])"
)
_CLASS = re.compile(r"^[A-Z]\w+: ")
_LOOK_EVERY = 0.05

E = TypeVar("E", bound=WorkbenchError)
Told = tuple[str, str, str]
"""Sign, what the error says, and its fix."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, from its cause to the proof.

    Attributes:
        name: As the error is called.
        done: What was done to cause it.
        sign: By what it is known: a status, the reason of a retry or of a dead letter.
        said: What the error says.
        fix: What the error says that mends it.
        accepted: Distinct events that the receiver took in.
        processed: Those of them in the store.
        dead: Those of them in the dead letters.
    """

    name: str
    done: str
    sign: str
    said: str
    fix: str
    accepted: int
    processed: int
    dead: int

    @property
    def lost(self) -> int:
        """Accepted events that are in neither."""
        return self.accepted - self.processed - self.dead

    def story(self) -> dict[str, str]:
        """Return cause, sign and fix."""
        return {
            "failure": self.name,
            "done": self.done,
            "known by": self.sign,
            "it says": self.said,
            "mended by": self.fix,
        }

    def proof(self) -> dict[str, Any]:
        """Return the counts."""
        names = ("accepted", "processed", "dead", "lost")
        return {"failure": self.name} | {name: getattr(self, name) for name in names}


class Failures:
    """Cause one failure after the other in a workbench that is open and simulated.

    Args:
        bench: With a simulator; a broker outage needs its throwaway RabbitMQ node as well.
        events: Distinct events in each failure.
        patience: Seconds until what does not happen is an error.
        clock: Monotonic seconds.
        sleep: Waits between two looks.

    Raises:
        WorkbenchError: The workbench has no simulator.
    """

    def __init__(
        self,
        bench: Workbench,
        *,
        events: int = 5,
        patience: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bench = bench
        self._simulator = _simulator_of(bench)
        self._events = events
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._delivered = 0
        self._ids: set[str] = set()

    def wrong_secret(self) -> Failure:
        """Ask for a token with a client secret that is not the client's."""
        settings = self._bench.settings
        wrong = SecretStr("not-the-secret")
        auth = ClientCredentials(settings.credentials[0], wrong, login_url=settings.login_url)
        error = _raised(auth.token, OAuthError)
        told = (f"status {error.status}", error.what, error.fix)
        done = "a client asks for a token with a wrong secret"
        return self._failure("401 Unauthorized, at login", done, told, set())

    def refused_token(self) -> Failure:
        """Let the API refuse every token while the worker fetches conversations."""
        done = "the API refuses each token, a new one as well"
        return self._while("401 Unauthorized, at a call", done, Fault("conversation", status=401))

    def missing_permission(self) -> Failure:
        """Let the API answer that the client lacks a permission."""
        done = "the client's role loses the permission to read conversations"
        return self._while("403 Forbidden", done, Fault("conversation", status=403))

    def rate_limit(self) -> Failure:
        """Use up the token's allowance for two seconds."""
        fault = Fault("conversation", status=429, retry_after="2", count=1)
        return self._while("429 Too Many Requests", "the allowance is used up for 2 s", fault)

    def api_down(self) -> Failure:
        """Let the API fail for longer than the worker tries."""
        done = "the API fails for longer than the worker tries again"
        return self._while("MaxRetriesExceededError", done, Fault("conversation", status=503))

    def no_broker(self) -> Failure:
        """Run a receiver that has no broker and may keep nothing; then mend it.

        The sender gets 503 for each event, and sends them again.
        """
        settings = self._bench.settings.model_copy(
            update={"broker_url": SecretStr(NOBODY), "spool_max_events": 0, "confirm_timeout": 0.1}
        )
        with Receiver(settings) as lonely:
            (answer,) = send_fixture(settings, str(lonely.url), name="chat")
            refused = self._send(str(lonely.url))
        again = self._send(self._bench.address())
        self._settle(_accepted(again))
        done = "a receiver that keeps nothing on disk has no broker; the sender sends again later"
        sign = f"status {answer['httpStatus']}, {refused.accepted} of {refused.sent} accepted"
        told = (sign, answer["detail"], answer["fix"])
        ids = _accepted(refused) | _accepted(again)
        return self._failure("AMQPConnectionError", done, told, ids)

    def outage(self) -> Failure:
        """Kill the broker, deliver, and start it again; the spool bridges the gap.

        A broker that is not a node of the workbench's own is left alone.
        """
        name, node = "Broker outage", self._bench.node
        if node is None:
            done = f"nothing: {self._bench.broker.why}"
            return self._failure(name, done, ("", "", 'set broker to "local"'), set())
        node.kill()
        self._until(lambda: self._state()["broker"] == "away", "the receiver has noticed")
        error = _raised(lambda: states(url_of(self._bench.broker)), BrokerError)
        ids = _accepted(self._deliver())
        spooled = self._state()["spooled"]
        node.restart()
        self._settle(ids)
        self._until(lambda: self._state()["spooled"] == 0, "the spool is empty")
        told = (f"status 202, {spooled} of {len(ids)} kept on disk", error.what, error.fix)
        return self._failure(name, "RabbitMQ is killed, and events come in", told, ids)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Look at the dead letters by reason; they stay where they are."""
        letters = dead_letters(url_of(self._bench.broker))
        counts = Counter((letter.reason, letter.attempts) for letter in letters)
        return [
            {"reason": reason, "attempts of each": attempts, "letters": count}
            for (reason, attempts), count in sorted(counts.items())
        ]

    def redrive(self) -> int:
        """Send all dead letters back, and return how many when they are processed."""
        letters = redrive(url_of(self._bench.broker), self._bench.publisher)
        ids = [letter.event_id for letter in letters if letter.event_id]
        self._bench.wait_for(*ids, timeout=self._patience)
        return len(letters)

    def total(self) -> Failure:
        """Return the counts of all events so far."""
        return self._failure("all together", "", ("", "", ""), self._ids)

    def _while(self, name: str, done: str, fault: Fault) -> Failure:
        """Deliver while a fault is in force, and wait until each event has an end."""
        self._simulator.faults.add(fault)
        try:
            ids = _accepted(self._deliver())
            self._settle(ids)
        finally:
            self._simulator.faults.clear()
        return self._failure(name, done, self._told(ids), ids)

    def _deliver(self) -> Ledger:
        """Send the next conversations' first events by the webhook, each once."""
        self._bench.register()
        ledger = self._simulator.deliver(
            self._events, envelope="eventbridge", skip=self._delivered, redeliver=0
        )
        self._delivered += self._events
        return ledger

    def _send(self, url: str) -> Ledger:
        """Send events of their own to one receiver, the same ones each time."""
        return self._simulator.deliver(
            self._events, targets=[url], envelope="eventbridge", salt="no broker", redeliver=0
        )

    def _settle(self, ids: set[str]) -> None:
        self._until(lambda: ids <= self._known(ids) | self._dead(ids), "each event has its end")

    def _known(self, ids: Iterable[str]) -> set[str]:
        return self._bench.store.known(ids)

    def _dead(self, ids: set[str]) -> set[str]:
        return {row["eventId"] for row in self._bench.store.events(status="dead")} & ids

    def _told(self, ids: set[str]) -> Told:
        """Return what the worker noted of the failed attempts, the last and longest of it."""
        events = filter(None, map(self._bench.store.event, ids))
        notes = [note for event in events for note in event["attempts"] if note["reason"]]
        # of the events that wait for others, the worker notes no answer
        last = max(notes, key=lambda note: ("answered" in note["error"], note["attempt"]))
        what, _, fix = _plain(_CLASS.sub("", last["error"])).partition(" Fix: ")
        way = "dead letter" if last["outcome"] == "dead" else "tried again"
        return f"{way}, {last['reason']}", what, fix

    def _failure(self, name: str, done: str, told: Told, ids: set[str]) -> Failure:
        self._ids |= ids
        processed, dead = self._known(ids), self._dead(ids)
        sign, said, fix = map(_plain, told)
        counts = (len(ids), len(processed), len(dead - processed))
        return Failure(name, done, sign, said, fix, *counts)

    def _state(self) -> dict[str, Any]:
        return readiness(self._bench.settings, self._bench.address())

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = self._clock() + self._patience
        while not condition():
            if self._clock() > deadline:
                raise WorkbenchError(
                    f"After {self._patience:g} s it is still not so that {what}.",
                    fix="see: genesys-workbench events list, and: genesys-workbench queue show",
                )
            self._sleep(_LOOK_EVERY)


def _simulator_of(bench: Workbench) -> Simulator:
    if bench.simulator is None:
        raise WorkbenchError(
            "Failures are caused in the simulator, but credentials of an organisation are set.",
            fix="unset GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_API_URL for this notebook",
        )
    return bench.simulator


def _accepted(ledger: Ledger) -> set[str]:
    return {entry.event_id for entry in ledger if entry.accepted and entry.event_id}


def _raised(call: Callable[[], object], kind: type[E]) -> E:
    try:
        call()
    except kind as exc:
        return exc
    raise WorkbenchError(f"A {kind.__name__} was expected, but all went well.")


def _plain(text: str) -> str:
    return " ".join(_PARTICULAR.sub("…", text).split())
