"""The queue panel without JavaScript: its figures, its tasks, and the one that is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from .json_trees import json_tree
from .picture import Picture
from .svg import el
from .tables import table

__all__ = ["queue_picture"]

State = Mapping[str, Any]

MOST_ROWS = 30


def queue_picture(state: State, *, times: bool) -> Picture:
    """Draw a state of the queue panel.

    Args:
        state: As `QueuePanel.read` gives it.
        times: Whether to show what differs from run to run, such as ids, runtimes and figures
            of the moment.
    """
    told = "; ".join(_told(state, times=times)) + "."
    parts = [table(_tasks(state["rows"], times=times), title="Tasks")]
    if state["detail"] is not None:
        parts += _opened(state["detail"], times=times)
    html = el("p", told) + "".join(part.html for part in parts)
    return Picture(html, "\n".join([told, *(part.text for part in parts)]))


def _told(state: State, *, times: bool) -> Iterator[str]:
    levels, worker = state["levels"], state["worker"]
    if worker is not None:
        yield "Worker running" if worker["running"] else "Worker stopped"
    if levels["away"]:
        yield str(levels["away"]).rstrip(".")
    elif levels["ready"] is not None:
        yield f"in the queue: {levels['ready']}"
        yield f"dead letters: {levels['letters']}"
    yield f"retrying: {levels['retrying']}"
    yield f"processed: {levels['events']}"
    yield f"absorbed repetitions: {levels['duplicates']}"
    if times and levels["unacked"] is not None:
        yield f"in work: {levels['unacked']}"
    if times and levels["rate"] is not None:
        yield f"processed a second: {levels['rate']:.1f}"


def _tasks(rows: list[State], *, times: bool) -> pd.DataFrame:
    columns: dict[str, Callable[[State], Any]] = {
        "event": lambda row: row["type"],
        "media": lambda row: row["media"],
        "conversation": lambda row: (row["conversation"] or "")[:8],
        "state": lambda row: row["status"],
        "tries": lambda row: row["tries"],
        "reason": lambda row: row["reason"],
    }
    if times:
        columns |= {"ms": lambda row: row["runtime"], "last try": lambda row: row["at"]}
    else:  # the order of what happened at the same time differs from run to run
        rows = sorted(rows, key=lambda row: [str(get(row)) for get in columns.values()])
    shown = [[get(row) for get in columns.values()] for row in rows[:MOST_ROWS]]
    return pd.DataFrame(shown, columns=list(columns)).set_index("event")


def _opened(detail: State, *, times: bool) -> Iterator[Picture]:
    columns = ["attempt", "outcome", "reason", "error", *(["ms", "at"] if times else [])]
    names = ["number", "outcome", "reason", "error", "runtime", "at"][: len(columns)]
    tries = [[_first_line(each[name]) for name in names] for each in detail["attempts"]]
    title = f"Attempts of {detail['type'] or 'this message'}"
    yield table(pd.DataFrame(tries, columns=columns).set_index("attempt"), title=title)
    if times:
        told = [each["traceback"] for each in detail["attempts"] if each["traceback"]]
        yield from (Picture(el("pre", text), text) for text in told)
        yield json_tree(detail["arguments"], title="Arguments", depth=3)


def _first_line(value: Any) -> Any:
    return value.partition("\n")[0] if isinstance(value, str) else value
