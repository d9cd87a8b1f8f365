"""The way of one event as a picture: six steps, and what became of it at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..deliverylog import Delivery
from ..store import Store
from .colours import GREEN, GREY, ORANGE, SKY, VERMILLION
from .figures import WIDTH, label, picture
from .picture import Picture
from .scales import seconds_text
from .steps import State, Step, attempt_texts, steps_of
from .svg import Markup, el, wrap

if TYPE_CHECKING:
    from ..workbench import Workbench

__all__ = ["way"]

_LOOKS: dict[State, tuple[str, str]] = {
    "done": (GREEN, "✓"),
    "again": (ORANGE, "↻"),
    "waiting": (SKY, "…"),
    "failed": (VERMILLION, "×"),
    "none": (GREY, "–"),
}
_BOX, _HIGH = 124.0, 112.0
_GAP = (WIDTH - 2 - 6 * _BOX) / 5
_SMALL = 11


def way(bench: Workbench | Store, event_id: str, *, times: bool = True) -> Picture:
    """Draw what is recorded of an event: delivery, receiver, queue, worker, API, database.

    Args:
        bench: An open workbench, or the store of one.
        event_id: Of the event.
        times: Say when it was received and how long what took; without them the picture is the
            same in every run.
    """
    event = _store_of(bench).event(event_id)
    delivery = _delivery(bench, event_id)
    steps = steps_of(event, delivery)
    clocks = _clocks(event, delivery) if times else [""] * len(steps)
    tries = _tries(event, times=times)
    shapes = [*_boxes(steps, clocks), *_lines(tries, _HIGH + 28)]
    note = _note(event, times=times)
    text = "\n".join([note, *_texts(steps, clocks), *tries])
    height = _HIGH + 2 + (14 + 18 * len(tries) if tries else 0)
    return picture(f"Way of event {event_id}", height, *shapes, text=text, note=note)


def _tries(event: Mapping[str, Any] | None, *, times: bool) -> list[str]:
    """Return a line for each attempt, unless the first one did it: then the steps say all."""
    if event is None or [one["outcome"] for one in event["attempts"]] == ["processed"]:
        return []
    return attempt_texts(event, times=times)


def _store_of(bench: Workbench | Store) -> Store:
    return bench if isinstance(bench, Store) else bench.store


def _delivery(bench: Workbench | Store, event_id: str) -> Delivery | None:
    """Return the event's first delivery, where a receiver of this process noted it."""
    if isinstance(bench, Store):
        return None
    found = bench.deliveries.find(event_id)
    theirs = [one for one in found if any(event.event_id == event_id for event in one.events)]
    return theirs[-1] if theirs else None


def _note(event: Mapping[str, Any] | None, *, times: bool) -> str:
    if event is None:
        return "no record of it yet"
    told = [event["eventType"], event["mediaType"], event["direction"], event["status"]]
    if times and event["receivedAt"]:
        told.append(f"received {event['receivedAt']:%Y-%m-%d %H:%M:%S} UTC")
    return " · ".join(str(one) for one in told if one)


def _clocks(event: Mapping[str, Any] | None, delivery: Delivery | None) -> list[str]:
    """Return what is known of the time at each step; the API's is part of the worker's."""
    answered = f"in {seconds_text(delivery.milliseconds / 1000)}" if delivery else ""
    waited = took = total = ""
    if event is not None:
        first, last = event["attempts"][0], event["attempts"][-1]
        received, done = event["receivedAt"], event["processedAt"]
        if received and done:
            total = f"{_since(received, done)} in all"
        if last["runtimeS"] is not None:
            took = f"took {seconds_text(last['runtimeS'])}"
        if received and first["runtimeS"] is not None:
            begun = first["at"] - timedelta(seconds=first["runtimeS"])
            waited = f"after {_since(received, begun)}"
    return ["", answered, waited, took, "", total]


def _since(start: datetime, end: datetime) -> str:
    return seconds_text(max(0.0, (end - start).total_seconds()))


def _texts(steps: Sequence[Step], clocks: Sequence[str]) -> Iterator[str]:
    for n, (step, clock) in enumerate(zip(steps, clocks, strict=True), 1):
        told = ", ".join(part for part in (step.words, step.detail, clock) if part)
        yield f"{n} {step.name}: {_LOOKS[step.state][1]} {told}"


def _boxes(steps: Sequence[Step], clocks: Sequence[str]) -> Iterator[Markup]:
    for n, (step, clock) in enumerate(zip(steps, clocks, strict=True)):
        x = 1 + n * (_BOX + _GAP)
        if n:
            passed = step.state not in ("waiting", "none")
            yield from _arrow(x - _GAP, x, _HIGH / 2, dashed=not passed)
        yield from _box(step, clock, x)


def _arrow(start: float, end: float, y: float, *, dashed: bool) -> Iterator[Markup]:
    dash = "3 3" if dashed else None
    yield el("path", d=f"M{start + 3:.1f} {y:.0f}H{end - 8:.1f}", class_="m", stroke_dasharray=dash)
    yield el("path", d=f"M{end - 8:.1f} {y - 4:.0f}l6 4l-6 4", class_="m")


def _box(step: Step, clock: str, x: float) -> Iterator[Markup]:
    colour, sign = _LOOKS[step.state]
    told = f"{step.name}: {step.words} {step.detail} {clock}".strip()
    frame = el("rect", x=x, y=1.0, width=_BOX, height=_HIGH, rx=5, class_="b")
    band = el("path", d=f"M{x + 5:.1f} 3h{_BOX - 10:.0f}", stroke=colour, stroke_width=4)
    yield el("g", el("title", told), frame, band)
    yield el("circle", cx=x + 18, cy=24.0, r=9, fill=colour)
    yield label(x + 18, 28, sign, anchor="middle", style="fill:#000", font_weight="700")
    yield label(x + 33, 28.5, step.name, size=13, font_weight="600")
    y = 50.0
    for line in wrap(step.words, 12, _BOX - 18, lines=2):
        yield label(x + 10, y, line)
        y += 15
    for line in wrap(step.detail, _SMALL, _BOX - 18, lines=2) if step.detail else ():
        yield label(x + 10, y, line, size=_SMALL, class_="s")
        y += 14
    if clock:
        yield label(x + 10, _HIGH - 7, clock, size=_SMALL, font_weight="600")


def _lines(texts: Sequence[str], y: float) -> Iterator[Markup]:
    for n, text in enumerate(texts):
        yield label(1, y + 18 * n, text)
