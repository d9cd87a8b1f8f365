"""What was measured, told: a table for people, an object for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from genesys_workbench.node import find_server

from .trial import Row

__all__ = ["as_object", "machine", "show", "told_result"]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "rabbitmq": find_server() is not None,
        "libraries": {name: version(name) for name in ("pika", "celery", "fastapi", "pandas")},
    }


def as_object(rows: Iterable[Row]) -> dict[str, Any]:
    """Return all as JSON values."""
    return {"machine": machine(), "rows": [_row(row) for row in rows]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.goal.name,
        "ours": row.ours,
        "peer": row.peer,
        "unit": row.goal.unit,
        "ratio": row.ours / row.peer,
        "goal": str(row.goal),
        "met": row.met,
        "lowest": row.lowest,
        "highest": row.highest,
        "work": row.work,
    }


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, and beneath it what the work was."""
    table = Table(title="Ours against peers, medians", title_justify="left")
    for name in ("row", "ours", "peer", "unit", "result", "of the rounds", "goal", ""):
        table.add_column(name, justify="left" if name in ("row", "unit", "goal", "") else "right")
    for row in rows:
        table.add_row(
            row.goal.name,
            _figure(row.ours),
            _figure(row.peer),
            row.goal.unit,
            told_result(row, row.result),
            f"{told_result(row, row.lowest)} to {told_result(row, row.highest)}",
            str(row.goal),
            "[green]met[/]" if row.met else "[red]missed[/]",
        )
    console.print(table)
    for work in dict.fromkeys(row.work for row in rows):
        names = ", ".join(row.goal.name for row in rows if row.work == work)
        console.print(f"[bold]{names}[/]: {work}")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def told_result(row: Row, value: float) -> str:
    """Return a ratio or a difference in short."""
    return f"{value:+.2f}" if row.goal.added else f"{value:.2f}×"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
