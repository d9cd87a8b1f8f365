"""How the demonstration looks in a terminal."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError
from .bars import progress_bars
from .brokers import writable_folder
from .output import say, table

if TYPE_CHECKING:
    from ..demo import DemoResult
    from ..settings import Settings

__all__ = ["show_demo"]


def show_demo(
    settings: Settings, *, events: int, rate: float | None, seed: int, quiet: bool
) -> DemoResult:
    """Run the demonstration with progress on stderr; print the table unless quiet.

    Raises:
        SettingsError: An organisation or another API is set, so there is no simulator to ask;
            or the data folder cannot be written to.
    """
    from ..logs import configure

    _refuse_others(settings)
    log = writable_folder(settings.data_dir) / "demo-worker.log"
    configure(settings.model_copy(update={"log_level": "ERROR"}))
    result = _run(settings, events=events, rate=rate, seed=seed, log=log)
    if not quiet:
        _show(result)
    say(_next(result, str(log)))
    return result


def _refuse_others(settings: Settings) -> None:
    if settings.names_an_api:
        raise SettingsError(
            "The demonstration runs on its own simulator, but an organisation or an API is set.",
            fix="unset GENESYS_CLOUD_CLIENT_ID GENESYS_CLOUD_CLIENT_SECRET GENESYS_CLOUD_API_URL "
            "(or move .env away), and run it again",
        )


def _run(
    settings: Settings, *, events: int, rate: float | None, seed: int, log: Path
) -> DemoResult:
    from ..demo import run_demo
    from ..workbench import Workbench

    bench = Workbench(settings, seed=seed, throwaway_node=True, worker_log=log, on_step=say)
    with bench, progress_bars() as progress:
        bars = {name: progress.add_task(name, total=events) for name in ("delivered", "processed")}
        try:
            return run_demo(
                bench,
                events=events,
                rate=rate,
                salt=secrets.token_hex(4),
                on_progress=lambda what, done, total: progress.update(
                    bars[what], completed=min(done, total), total=total
                ),
            )
        except (KeyboardInterrupt, SystemExit):
            say("Stopping: receiver, worker and broker are closed in order.")
            raise


def _show(result: DemoResult) -> None:
    figures = {
        "deliveries sent": result.sent,
        "accepted (2xx)": result.accepted,
        "rejected": result.rejected,
        "distinct events processed": result.processed,
        **{f"- {name}": count for name, count in result.by_channel.items()},
        "duplicates absorbed": result.duplicates,
        "dead letters": result.dead,
        "lost": result.lost,
        "latency p50 (ms)": result.p50_ms,
        "latency p95 (ms)": result.p95_ms,
    }
    table(["", ""], [[name, str(value)] for name, value in figures.items()])


def _next(result: DemoResult, log: str) -> str:
    lines = [f"The rows are in {result.database}"]
    if result.dead or result.lost:
        lines.append(f"What the worker said: {log}")
    lines.append("Next: genesys-workbench events list --limit 10")
    return "\n".join(lines)
