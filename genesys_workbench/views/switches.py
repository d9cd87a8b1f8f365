"""The fault switches of the live panel: their names, the faults behind them, what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import WorkbenchError
from ..simulator.faults import Fault

__all__ = ["ENDPOINTS", "SWITCHES", "fault", "told"]

ENDPOINTS = {"conversation": "conversation calls", "token": "token calls", "*": "calls of any kind"}
SWITCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "401": ("401 token refused", {"status": 401}),
    "403": ("403 permission missing", {"status": 403}),
    "404": ("404 not found", {"status": 404}),
    "429": ("429 rate limit, again after 2 s", {"status": 429, "retry_after": "2"}),
    "500": ("500 internal error", {"status": 500}),
    "503": ("503 service away", {"status": 503}),
    "slow": ("slow, 2 s", {"delay": 2.0}),
    "cut": ("connection cut", {"drop": True}),
}
_COMPARED = ("status", "delay", "drop")


def fault(switch: str, endpoint: str, count: int | None) -> Fault:
    """Return the fault behind a switch.

    Args:
        switch: One of `SWITCHES`.
        endpoint: One of `ENDPOINTS`.
        count: Only the next so many calls; None for every call.

    Raises:
        WorkbenchError: There is no such switch; the fault is not valid.
    """
    if switch not in SWITCHES:
        raise WorkbenchError(f"There is no fault {switch!r}.", fix=f"one of: {', '.join(SWITCHES)}")
    return Fault(endpoint, count=count, **SWITCHES[switch][1])


def told(listed: Mapping[str, Any]) -> str:
    """Say a fault of `Faults.listing` in words."""
    calls = ENDPOINTS.get(listed["endpoint"], f"{listed['endpoint']} calls")
    count = listed.get("count")
    which = f"all {calls}" if count is None else f"the next {count} {calls}"
    knobs = {name: listed[name] for name in _COMPARED if name in listed}
    for name, meant in SWITCHES.values():
        if {key: meant[key] for key in _COMPARED if key in meant} == knobs:
            return f"{which}: {name}"
    return f"{which}: {', '.join(f'{name} {value}' for name, value in knobs.items()) or 'spoilt'}"
