"""The figures of a report, derived from frames."""

from __future__ import annotations

import pandas as pd

from ..frames import Frames
from .results import Figures

__all__ = ["figures"]


def figures(frames: Frames) -> Figures:
    """Derive the figures of some conversations; hours are those of the day in UTC."""
    rows = frames.conversations.assign(media_type=_channel(frames.conversations.media_type))
    hours = _hours(rows)
    return Figures(
        conversations=len(rows),
        waited=int(rows.abandoned.notna().sum()),
        abandoned=int(rows.abandoned.sum()),
        transfers=int(rows.transfers.sum()),
        without_contact=int(rows.external_contact_id.isna().sum()),
        rejected=len(frames.rejected),
        channels=_channels(rows, hours),
        queues=_queues(frames.participants),
        agents=_agents(frames.participants),
        hours=hours,
    )


def _channel(media: pd.Series[str]) -> pd.Series[str]:
    return media.astype("str").fillna("unknown")


def _hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Count by hour of the day, 0 to 23, and channel; channels by name."""
    began = rows.started_at.dt.hour.astype("Int64").rename("hour")
    return pd.crosstab(began, rows.media_type).rename_axis(index="hour", columns=None)


def _channels(rows: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    by_channel = rows.groupby("media_type")
    found = pd.DataFrame(
        {
            "conversations": by_channel.size(),
            "busiest_hour": hours.idxmax() if len(hours) else pd.Series(dtype="Int64"),
            "in_that_hour": hours.max(),
            "handle_median_s": by_channel.handle_s.median(),
            "handle_p90_s": by_channel.handle_s.quantile(0.9),
        }
    )
    whole = {"conversations": "int64", "busiest_hour": "Int64", "in_that_hour": "Int64"}
    found = found.astype(whole).rename_axis("channel").reset_index()
    return found.sort_values(["conversations", "channel"], ascending=[False, True]).set_index(
        "channel"
    )


def _queues(participants: pd.DataFrame) -> pd.DataFrame:
    """Measure what was waited in each queue; those whose name nobody told go by their id."""
    waits = participants.dropna(subset="wait_s")
    by_queue = waits.groupby(waits.queue_name.fillna(waits.queue_id).rename("queue"))
    return pd.DataFrame(
        {
            "waits": by_queue.size(),
            "wait_median_s": by_queue.wait_s.median(),
            "wait_p90_s": by_queue.wait_s.quantile(0.9),
            "abandoned": by_queue.abandoned.sum().astype("int64"),
        }
    )


def _agents(participants: pd.DataFrame) -> pd.DataFrame:
    """Count conversations and transfers of each agent who connected, the most transfers first."""
    by_agent = participants[participants.transfers.notna()].groupby("user_id")
    found = pd.DataFrame(
        {
            "conversations": by_agent.conversation_id.nunique(),
            "transfers": by_agent.transfers.sum().astype("int64"),
            "handle_median_s": by_agent.handle_s.median(),
        }
    ).rename_axis("agent")
    found = found.reset_index().sort_values(["transfers", "agent"], ascending=[False, True])
    return found.set_index("agent")
