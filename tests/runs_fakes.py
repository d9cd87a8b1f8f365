"""Small notebooks, and what papermill leaves of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genesys_workbench.runs.kept import Stopped, keep
from genesys_workbench.runs.record import Run, read_run

START = "2026-01-05T08:00:00.250000+00:00"
PARAMETERS = "\n".join(
    [
        'source: str = "simulator"  # simulator or database',
        "events: int = 50  # how many",
        "share: float = 0.5",
        "live: bool = False  # ask a real organisation",
        "queue: str | None = None  # only this one",
        'media: list[str] = ["voice"]  # channels',
    ]
)


def cell(source: str, **more: Any) -> dict[str, Any]:
    """Return a markdown cell if the source is a heading, else a code cell."""
    if source.startswith("#"):
        return {"cell_type": "markdown", "metadata": {}, "source": [source]} | more
    code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return {**code, "source": source.splitlines(keepends=True)} | more


def document(*sources: str, parameters: str = PARAMETERS) -> dict[str, Any]:
    """Return a notebook with a cell of parameters and these cells behind it."""
    tagged = cell(parameters, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    cells = [cell("# A sample"), tagged, *map(cell, sources)]
    for number, each in enumerate(cells):
        each["id"] = f"cell-{number}"
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(path: Path, *sources: str, parameters: str = PARAMETERS) -> Path:
    """Write a notebook that nobody has run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(*sources, parameters=parameters)), "utf-8")
    return path


def left(path: Path, *cells: dict[str, Any], begun: int | None = None, **given: Any) -> Path:
    """Write what papermill leaves: all cells up to ``begun`` have a time, and all a status."""
    begun = len(cells) if begun is None else begun
    for number, each in enumerate(cells, 1):
        done = number <= begun
        times = {"start_time": START if done else None, "duration": 0.25 if done else None}
        known = {"status": "completed", **times}
        metadata = {"papermill": known, **each["metadata"]}
        each.update(metadata=metadata, id=f"cell-{number}")
        if each["cell_type"] == "code" and done:
            each["execution_count"] = number
    run = {
        "input_path": "/home/somebody/notebooks/sample.ipynb",
        "output_path": f"/home/somebody/runs/{path.name}",
        "parameters": given,
        "start_time": START,
        "duration": 1.5,
    }
    content = {"cells": [*cells], "metadata": {"papermill": run}, "nbformat": 4}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def shown(**data: Any) -> dict[str, Any]:
    """Return an output; the names of its types have underscores for slashes."""
    kinds = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": kinds}


def error(ename: str = "ValueError", evalue: str = "no such queue") -> dict[str, Any]:
    """Return the output of a cell that failed."""
    trace = [f"\x1b[31m{ename}\x1b[0m: {evalue}"]
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": trace}


def kept(path: Path, name: str = "", stopped: Stopped | None = None) -> Run:
    """Keep what papermill left, and read it back."""
    keep(path, notebook="sample", name=name, stopped=stopped, wash=lambda text: text)
    run = read_run(path)
    assert run is not None
    return run
