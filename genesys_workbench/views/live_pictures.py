"""The live panel without JavaScript: its counts, and its rows by type, medium and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .picture import Picture
from .svg import el
from .tables import table

__all__ = ["live_picture"]

State = Mapping[str, Any]

_COUNTS = (
    ("accepted", "accepted"),
    ("refused", "refused"),
    ("events", "in the store"),
    ("retrying", "retrying"),
    ("dead", "dead-lettered"),
)
_COLUMNS = ("event", "media", "state", "why")


def live_picture(state: State, *, times: bool) -> Picture:
    """Draw a state of the live panel.

    Args:
        state: As `LivePanel.read` gives it.
        times: Whether to show what differs from run to run.
    """
    counted = "; ".join(_counted(state, times=times)) + "."
    shown = table(_grouped(state["rows"]), title="Events that came in")
    return Picture(el("p", counted) + shown.html, f"{counted}\n{shown.text}")


def _grouped(rows: Sequence[State]) -> pd.DataFrame:
    """Count the rows that are alike: their ids and times differ from run to run."""
    groups = Counter((row["type"], row["media"], row["state"], row["note"]) for row in rows)
    found = [(*group, count) for group, count in sorted(groups.items())]
    return pd.DataFrame(found, columns=[*_COLUMNS, "count"]).set_index("event")


def _counted(state: State, *, times: bool) -> list[str]:
    figures, queue = state["figures"], state["queue"]
    told = ["Receiver running" if state["receiver"]["running"] else "Receiver stopped"]
    told += [f"{figures[name]} {words}" for name, words in _COUNTS if name in figures]
    told += [queue["away"].rstrip(".")] if queue["away"] else [f"{queue['ready']} in the queue"]
    if state["simulator"] is not None:
        told += [f"fault in force for {fault}" for fault in state["simulator"]["faults"]]
    return told + (_timed(figures) if times else [])


def _timed(figures: State) -> list[str]:
    spans = [(name, figures[name]) for name in ("p50", "p95") if figures[name] is not None]
    return [
        f"{figures['rate']:.1f} events a second",
        *(f"{name} {span:.1f} ms from receipt to record" for name, span in spans),
    ]
