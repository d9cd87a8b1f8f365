"""The live panel: events as they arrive, what becomes of them, and the levers of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import samples
from ..errors import StoreError, WorkbenchError
from ..workbench import Workbench
from .again import send_again
from .beats import Beat
from .depths import UNKNOWN, Depths
from .event_states import STATES, event_row, ids_of, log_rows, percentile, spans_ms
from .event_steps import steps
from .levers import Levers
from .live_pictures import live_picture
from .matches import Matches
from .panel import Action, Panel, assets
from .picture import Picture
from .switches import ENDPOINTS, SWITCHES

__all__ = ["LivePanel", "live_panel"]

ROWS = 100
# Newest deliveries among which those of one state are sought.
AMONG = 500
# Of the newest records, for the latency.
TIMED, TIMED_FOR = 200, timedelta(seconds=60)
ENVELOPES = ("eventbridge", "notification", "data-action", "seed")
_STORED = ("processed", "retrying", "dead")
_NO_COUNTS: dict[str, Any] = {"p50": None, "p95": None}
_CHOICES: dict[str, Any] = {
    "envelopes": ENVELOPES,
    "states": STATES,
    "switches": {name: words for name, (words, _) in SWITCHES.items()},
    "endpoints": ENDPOINTS,
}


def live_panel(bench: Workbench, **options: Any) -> LivePanel:
    """Return a panel that shows events as they arrive, and drives the bench.

    Args:
        bench: Open.
        options: Of `Panel`.
    """
    return LivePanel(bench, **options)


class LivePanel(Panel):
    """See `live_panel`."""

    _esm = assets("panel.js", "live.js")
    _css = assets("panel.css", "live.css")
    label = "live panel"

    def __init__(self, bench: Workbench, **options: Any) -> None:
        self._bench = bench
        self._levers = Levers(bench)
        self._depths = Depths(bench)
        self._queue = Beat(self._depths.read, first=UNKNOWN, name="depths")
        self._counts = Beat(self._read_counts, first=_NO_COUNTS, name="counts")
        self._matches = Matches(bench.deliveries, limit=ROWS)
        self._filter = {"text": "", "state": "all"}
        self._opened: str | None = None
        super().__init__(**options)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be clicked."""
        return {
            **self._levers.actions,
            "filter": self._set_filter,
            "open": self._open,
            "replay": self._replay,
        }

    def read(self) -> dict[str, Any]:
        """Return the state: what is on screen, and the figures."""
        log = self._bench.deliveries
        return {
            "receiver": self._receiver(),
            "rows": self._rows(),
            "kept": len(log),
            "filter": dict(self._filter),
            "figures": self._figures(),
            "rates": log.rates(),
            "queue": self._queue.latest(),
            "choices": _CHOICES | {"names": samples.names()},
            "simulator": self._levers.simulator(),
            "detail": steps(self._bench.store, log, self._opened) if self._opened else None,
        }

    def picture(self, state: Mapping[str, Any], *, times: bool) -> Picture:
        """Draw the state without JavaScript."""
        return live_picture(state, times=times)

    def snapshot(self, *, times: bool = False) -> Picture:
        """Return the panel as a still picture; its counts are those of this moment."""
        self._queue.now()
        self._counts.now()
        return super().snapshot(times=times)

    def close(self) -> None:
        """Stop what the panel runs, and take it out of the notebook."""
        self._levers.end_deliveries()
        super().close()
        self._queue.close()
        self._counts.close()
        self._depths.close()

    def _receiver(self) -> dict[str, Any]:
        receiver = self._bench.receiver
        return {
            "running": receiver.url is not None,
            "url": receiver.url,
            "note": receiver.note,
            "secret": self._bench.settings.webhook_secret is not None,
        }

    def _rows(self) -> list[dict[str, Any]]:
        text, state = self._filter["text"], self._filter["state"]
        store = self._bench.store
        if state in _STORED and not text:  # those of earlier runs as well
            found = list(store.events(status=state, limit=ROWS))  # type: ignore[arg-type]
            known = store.events_by_id(event["eventId"] for event in found)
            return [event_row(known.get(event["eventId"], event)) for event in found]
        matches = self._matches.latest()
        rows = log_rows(matches, store.events_by_id(ids_of(matches)), limit=AMONG)
        return [row for row in rows if state in ("all", row["status"])][:ROWS]

    def _figures(self) -> dict[str, Any]:
        log, outcomes = self._bench.deliveries, self._bench.deliveries.outcomes()
        return {
            "rate": sum(log.rates()[-5:]) / 5,
            "accepted": outcomes["published"] + outcomes["spooled"],
            "refused": outcomes["refused"],
            "spooled": outcomes["spooled"],
            **self._counts.latest(),
        }

    def _read_counts(self) -> dict[str, Any]:
        store, since = self._bench.store, datetime.now(UTC) - TIMED_FOR
        try:
            spans = spans_ms(store.events(status="processed", since=since, limit=TIMED))
            counts = store.counts()
        except StoreError:
            return _NO_COUNTS  # `read` meets the same error, and shows it
        return counts | {"p50": percentile(spans, 0.5), "p95": percentile(spans, 0.95)}

    def _set_filter(self, text: str = "", state: str = "all") -> str:
        if state not in STATES:
            raise WorkbenchError(f"There is no state {state!r}.", fix=f"one of {', '.join(STATES)}")
        outcome = state if state in ("refused", "spooled") else None
        self._matches = Matches(
            self._bench.deliveries,
            text=text,
            outcome=outcome,  # type: ignore[arg-type]
            limit=ROWS if state == "all" else AMONG,
        )
        self._filter = {"text": text, "state": state}
        return ""

    def _open(self, key: str | None = None) -> str:
        self._opened = key
        return ""

    def _replay(self, event: str) -> str:
        return send_again(self._bench, event)
