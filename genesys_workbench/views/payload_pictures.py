"""The payload browser without JavaScript: its table, and one payload as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .json_trees import json_tree
from .picture import Picture
from .tables import table

__all__ = ["payload_picture"]

State = Mapping[str, Any]

_COLUMNS = {
    "envelope": "envelope",
    "type": "event",
    "media": "media",
    "answer": "answer",
    "state": "state",
    "tries": "tries",
    "bytes": "bytes",
}


def payload_picture(state: State, *, times: bool) -> Picture:
    """Draw a state of the payload browser.

    Args:
        state: As `PayloadBrowser.read` gives it.
        times: Whether to show what differs from run to run: times, ids and masks.
    """
    names = {"at": "received", **_COLUMNS} if times else _COLUMNS
    frame = pd.DataFrame([{names[key]: row[key] for key in names} for row in state["rows"]])
    frame = frame.reindex(columns=list(names.values())).set_index(next(iter(names.values())))
    rows = table(frame, title="Deliveries, the newest first")
    detail = state["detail"]
    if detail is None:
        return rows
    payload = detail["payload"] if times else _lasting(detail["payload"], detail["event"])
    tree = json_tree(payload, title="Payload of one of them", depth=3)
    return Picture(rows.html + tree.html, f"{rows.text}\n{tree.text}")


def _lasting(value: Any, event_id: str | None) -> Any:
    """Return a value without the event's own id, and with all masks alike."""
    if isinstance(value, Mapping):
        return {name: _lasting(item, event_id) for name, item in value.items()}
    if isinstance(value, list):
        return [_lasting(item, event_id) for item in value]
    if isinstance(value, str) and value == event_id:
        return "…"
    return "masked" if isinstance(value, str) and value.startswith("masked-") else value
