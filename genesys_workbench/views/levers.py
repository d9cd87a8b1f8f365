"""What the live panel can do to a bench: the receiver, the senders, the faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import WorkbenchError
from ..workbench import Workbench
from .delivering import Delivering
from .switches import fault, told

__all__ = ["Levers"]

MAX_TRIGGER, MAX_DELIVER, MAX_RATE = 100, 100_000, 500


class Levers:
    """Each does one thing and returns the sentence that says so; numbers may come as text."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._delivering = Delivering(bench)

    @property
    def actions(self) -> Mapping[str, Callable[..., str]]:
        """All of them, by name."""
        return {
            "start": self.start,
            "stop": self.stop,
            "trigger": self.trigger,
            "deliver": self.deliver,
            "end_deliveries": self.end_deliveries,
            "fault": self.fault,
            "clear_faults": self.clear_faults,
        }

    def simulator(self) -> dict[str, Any] | None:
        """Return what the simulator is about to do, None where there is none."""
        simulator = self._bench.simulator
        if simulator is None:
            return None
        faults = [told(each) for each in simulator.faults.listing()]
        return {"faults": faults, "delivering": self._delivering.state()}

    def start(self) -> str:
        """Start the receiver."""
        self._bench.receiver.start()
        return "The receiver runs."

    def stop(self) -> str:
        """Stop the receiver."""
        self._bench.receiver.stop()
        return "The receiver is stopped: senders get no answer, and send again later."

    def trigger(self, name: str, count: Any = 1, envelope: str = "eventbridge") -> str:
        """Post a sample event.

        Raises:
            WorkbenchError: One was refused, or the receiver does not run.
        """
        number = _whole(count, "count", MAX_TRIGGER)
        answers = self._bench.trigger(name, envelope=envelope, count=number)
        refused = [answer for answer in answers if answer["httpStatus"] >= 300]
        if refused:
            raise WorkbenchError(
                f"{len(refused)} of {number} refused, {refused[0]['httpStatus']}: "
                f"{refused[0].get('detail', 'no reason given')}"
            )
        return f"{name}: {number} sent and accepted."

    def deliver(self, count: Any, rate: Any) -> str:
        """Let the simulator deliver."""
        events, per_second = _whole(count, "count", MAX_DELIVER), _whole(rate, "rate", MAX_RATE)
        self._delivering.start(events, per_second)
        return f"{events} events are on their way, {per_second} a second."

    def end_deliveries(self) -> str:
        """Let the simulator deliver no more."""
        self._delivering.stop()
        return "No more deliveries."

    def fault(self, switch: str, endpoint: str = "conversation", count: Any = None) -> str:
        """Put a fault in force: for the next calls, or for all where there is no count."""
        calls = None if count in (None, "") else _whole(count, "count", MAX_DELIVER)
        added = fault(switch, endpoint, calls)
        if self._bench.simulator is None:
            raise WorkbenchError("There is no simulator that could fail.")
        self._bench.simulator.faults.add(added)
        return f"In force for {told(added.summary())}."

    def clear_faults(self) -> str:
        """Take all faults away."""
        if self._bench.simulator is not None:
            self._bench.simulator.faults.clear()
        return "No fault is in force."


def _whole(value: Any, name: str, most: int) -> int:
    """Read a number that was typed.

    Raises:
        WorkbenchError: It is none, or out of range.
    """
    try:
        number = int(value)
    except (TypeError, ValueError) as exc:
        raise WorkbenchError(f"The {name} is not a whole number.") from exc
    if not 1 <= number <= most:
        raise WorkbenchError(f"The {name} must be 1 to {most}.")
    return number
