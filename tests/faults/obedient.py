"""A step of one's own that does what an event orders, for workers under test.

The worker runs in the folder of its `Rig`, so files there are the switches: ``fail`` and ``bury``
turn the errors of those orders on, and one for each event lets go of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from genesys_workbench.errors import PermanentError
from genesys_workbench.events import ConversationEvent

__all__ = ["IMPORTABLE", "PROCESSOR", "holders", "let_go", "obey"]

PROCESSOR = "tests.faults.obedient:obey"
IMPORTABLE = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
LONGEST = 60.0


def obey(event: ConversationEvent, _: Any) -> None:
    """Fail for now or for ever while the switch is there, or hold the slot until the release."""
    order = event.source.get("order", "")
    if order == "hold":
        _hold(event.event_id)
    elif order and Path(order).exists():
        raise PermanentError("as ordered", reason="bury") if order == "bury" else ValueError(order)


def _hold(event_id: str) -> None:
    Path(f"held-{event_id}-by-{os.getpid()}").touch()
    deadline = time.monotonic() + LONGEST
    while not Path(f"release-{event_id}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def holders(folder: Path, event_id: str) -> set[int]:
    """Return the ids of the processes that hold an event, or held it."""
    return {int(path.name.rpartition("-")[2]) for path in folder.glob(f"held-{event_id}-by-*")}


def let_go(folder: Path, event_id: str) -> None:
    """Release an event, whoever holds it now or later."""
    (folder / f"release-{event_id}").touch()
