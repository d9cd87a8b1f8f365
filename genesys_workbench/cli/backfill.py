"""``backfill``: the past of an organisation into the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .options import Json, settings_for, time_of
from .output import print_json, say

if TYPE_CHECKING:
    from ..backfill import Progress as Done

__all__ = ["add_to"]

Via = Literal["auto", "jobs", "query"]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backfill)


def backfill(
    since: Annotated[str, typer.Option(help="First moment, ISO-8601, such as 2026-01-01.")],
    until: Annotated[
        str | None, typer.Option(help="First moment after it; default: the last midnight in UTC.")
    ] = None,
    via: Annotated[
        Via, typer.Option(help="Analytics jobs, detail queries, or what fits each day.")
    ] = "auto",
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Days read side by side.")] = 4,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Which days are done; default: a file in the data folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read all conversations of a time from analytics into the store.

    Interrupted, by whatever, the same command goes on where it was.
    """
    from ..backfill import backfill as walk
    from ..checkpoint import Checkpoint
    from ..client import GenesysClient
    from ..gaps import found_event
    from ..store import Store
    from .bars import progress_bars

    settings = settings_for()
    start, end = _span(since, until)
    done = Checkpoint(checkpoint or settings.data_dir / _name(start, end))
    if len(done):
        say(f"Going on: {len(done)} days were done before ({done.path}).")
    store = Store.prepared(settings.store_url)
    count = fresh = 0
    with (
        GenesysClient.from_settings(settings, max_wait=600.0) as client,
        progress_bars(transient=True) as bar,
    ):
        task = bar.add_task("days", total=None)

        def show(progress: Done) -> None:
            bar.update(
                task,
                completed=progress.days_done,
                total=progress.days,
                description=f"{progress.conversations:,} conversations, days",
            )

        for conversation in walk(
            client, start, end, via=via, checkpoint=done, parallel=parallel, on_progress=show
        ):
            event = found_event(conversation)
            if event is None:
                continue
            told = store.record(event, conversation=conversation, fetched_at=datetime.now(UTC))
            count, fresh = count + 1, fresh + told.created
    store.close()
    done.remove()
    result = {"conversations": count, "new": fresh, "days": round((end - start) / _DAY, 2)}
    if as_json:
        print_json(result)
    else:
        say(f"{count:,} conversations of {result['days']:g} days, {fresh:,} of them new.")


def _span(since: str, until: str | None) -> tuple[datetime, datetime]:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = time_of(since, "--since"), time_of(until, "--until") or midnight
    if start is None or start >= end:
        raise typer.BadParameter("it must be a time before --until", param_hint="--since")
    return start, end


_DAY = timedelta(days=1)


def _name(start: datetime, end: datetime) -> str:
    return f"backfill-{start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}.json"
