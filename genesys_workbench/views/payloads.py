"""The payload browser: search what came in, look into it, send it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import StoreError, WorkbenchError
from ..workbench import Workbench
from .again import send_again
from .beats import Beat
from .event_states import event_row, ids_of, log_rows
from .matches import Matches
from .panel import Action, Panel, assets
from .payload_details import Details
from .payload_pictures import payload_picture
from .picture import Picture

__all__ = ["PayloadBrowser", "payload_browser"]

PAGE = 100
SOURCES = {"session": "deliveries of this session", "store": "events in the store"}
# The store is searched in its rows, which may take a moment.
STORE_EVERY = 3.0


def payload_browser(
    bench: Workbench, *, show_personal: bool = False, **options: Any
) -> PayloadBrowser:
    """Return a browser of what came in, lately or in earlier runs.

    Args:
        bench: Open.
        show_personal: Show names, numbers and addresses, which are masked by default.
        options: Of `Panel`.
    """
    return PayloadBrowser(bench, show_personal=show_personal, **options)


class PayloadBrowser(Panel):
    """See `payload_browser`."""

    _esm = assets("panel.js", "payloads.js")
    _css = assets("panel.css", "payloads.css")
    label = "payload browser"

    def __init__(self, bench: Workbench, *, show_personal: bool = False, **options: Any) -> None:
        self._bench = bench
        self._personal = show_personal
        self._query: dict[str, Any] = {"text": "", "source": "session", "page": 0}
        self._matches = self._matching()
        self._stored: Beat[list[dict[str, Any]]] = Beat(
            self._read_store, first=[], name="search", every=STORE_EVERY
        )
        self._details: Details | None = None
        super().__init__(**options)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be clicked."""
        return {"search": self._search, "open": self._open, "replay": self._replay}

    def read(self) -> dict[str, Any]:
        """Return the state: the page of rows, and the details of the one that is open."""
        rows = self._session_rows() if self._query["source"] == "session" else self._stored.latest()
        start = self._query["page"] * PAGE
        return {
            "query": dict(self._query),
            "sources": SOURCES,
            "rows": rows[start : start + PAGE],
            "more": len(rows) > start + PAGE,
            "personal": self._personal,
            "detail": self._details.state() if self._details else None,
        }

    def picture(self, state: Mapping[str, Any], *, times: bool) -> Picture:
        """Draw the state without JavaScript."""
        return payload_picture(state, times=times)

    def snapshot(self, *, times: bool = False) -> Picture:
        """Return the table and the payload of a row: of the open one, else of the newest event."""
        self.refresh()
        state = dict(self.state)
        accepted = [row["key"] for row in state["rows"] if row["event"]]
        if state["detail"] is None and accepted:
            newest = Details(self._bench, accepted[0], show_personal=self._personal)
            state["detail"] = newest.state()
        return self.picture(state, times=times)

    def close(self) -> None:
        """Stop reading, and take the widget out of the notebook."""
        super().close()
        self._stored.close()

    def _matching(self) -> Matches:
        wanted = (self._query["page"] + 1) * PAGE + 1
        return Matches(self._bench.deliveries, text=self._query["text"], limit=wanted)

    def _session_rows(self) -> list[dict[str, Any]]:
        matches = self._matches.latest()
        wanted = (self._query["page"] + 1) * PAGE + 1
        return log_rows(matches, self._bench.store.events_by_id(ids_of(matches)), limit=wanted)

    def _read_store(self) -> list[dict[str, Any]]:
        wanted = (self._query["page"] + 1) * PAGE + 1
        try:
            found = self._bench.store.events(text=self._query["text"], limit=wanted)
            return [event_row(event) for event in found]
        except StoreError:
            return []  # the next reading of the details meets the same error, and shows it

    def _search(self, text: str = "", source: str = "session", page: int = 0) -> str:
        if source not in SOURCES:
            raise WorkbenchError(f"There is no source {source!r}.", fix=f"one of {list(SOURCES)}")
        self._query = {"text": text, "source": source, "page": max(0, int(page))}
        self._matches = self._matching()
        if source == "store":
            self._stored.now()
        return ""

    def _open(self, key: str) -> str:
        self._details = Details(self._bench, key, show_personal=self._personal)
        return ""

    def _replay(self, event: str) -> str:
        return send_again(self._bench, event)
