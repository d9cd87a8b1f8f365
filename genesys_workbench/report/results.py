"""`Figures`: the numbers of a report, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from ..views import Picture, table

__all__ = ["Figures", "JsonOutput"]

_MOST_AGENTS = 5


@dataclass(frozen=True, slots=True)
class JsonOutput:
    """Plain values, shown as ``application/json`` and, in a page, folded."""

    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return json.dumps(self.values, ensure_ascii=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        text = escape(json.dumps(self.values, ensure_ascii=False, indent=1))
        return {
            "text/html": f"<details><summary>As JSON</summary><pre>{text}</pre></details>",
            "text/plain": repr(self),
            "application/json": self.values,
        }


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Figures:
    """Shown as tables; `for_programs` shows them as JSON.

    Attributes:
        waited: Conversations that waited in a queue and are over.
        abandoned: Those of them that the customer left while waiting.
        transfers: How often agents passed a conversation on.
        without_contact: Conversations whose customer is no external contact.
        rejected: Rows of the source that are no conversation.
        channels: By channel: ``conversations``, ``busiest_hour`` (0 to 23, UTC), ``in_that_hour``,
            ``handle_median_s``, ``handle_p90_s``.
        queues: By queue: ``waits``, ``wait_median_s``, ``wait_p90_s``, ``abandoned``.
        agents: By user id: ``conversations``, ``transfers``, ``handle_median_s``.
        hours: Conversations by hour of the day and channel.
    """

    conversations: int
    waited: int
    abandoned: int
    transfers: int
    without_contact: int
    rejected: int
    channels: pd.DataFrame
    queues: pd.DataFrame
    agents: pd.DataFrame
    hours: pd.DataFrame

    @property
    def abandoned_share(self) -> float | None:
        """`abandoned` / `waited`, None where nobody waited."""
        return self.abandoned / self.waited if self.waited else None

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain values, times in seconds, rounded to milliseconds."""
        share = self.abandoned_share
        return {
            "conversations": self.conversations,
            "waited": self.waited,
            "abandoned": self.abandoned,
            "abandoned_share": None if share is None else round(share, 6),
            "transfers": self.transfers,
            "without_contact": self.without_contact,
            "rejected": self.rejected,
            "channels": _by_name(self.channels),
            "queues": _by_name(self.queues),
            "agents": _by_name(self.agents),
        }

    def __repr__(self) -> str:
        return "\n\n".join(picture.text for picture in self._pictures())

    @property
    def for_programs(self) -> JsonOutput:
        """An output that a program can read from the executed notebook.

        It is one of its own, because JupyterLab shows JSON rather than tables if it has both.
        """
        return JsonOutput(self.as_json())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Give a frontend tables and words."""
        html = "".join(picture.html for picture in self._pictures())
        return {"text/html": html, "text/plain": repr(self)}

    def _pictures(self) -> Iterator[Picture]:
        yield table(pd.Series(dict(self._summary())), title="All conversations")
        for title, data in self._tables():
            shown = data.round(1).rename(columns=lambda name: name.replace("_", " "))
            yield table(shown, title=title)

    def _summary(self) -> Iterator[tuple[str, str]]:
        share = self.abandoned_share
        of_all = f"({self.abandoned} of {self.waited} that waited)"
        yield "conversations", str(self.conversations)
        yield "abandoned", "nobody waited" if share is None else f"{share:.1%} {of_all}"
        yield "transfers", str(self.transfers)
        yield "without an external contact", str(self.without_contact)
        if self.rejected:
            yield "rejected rows", str(self.rejected)

    def _tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        yield "By channel, hours in UTC", self.channels
        yield "Waiting by queue", self.queues
        yield f"Agents with the most transfers, {_MOST_AGENTS} at most", self.agents[:_MOST_AGENTS]


def _by_name(frame: pd.DataFrame) -> dict[str, dict[str, float | int | None]]:
    return {
        str(name): {str(column): _plain(value) for column, value in row.items()}
        for name, row in frame.astype(object).iterrows()
    }


def _plain(value: Any) -> float | int | None:
    if pd.isna(value):
        return None
    return round(float(value), 3) if isinstance(value, float) else int(value)
