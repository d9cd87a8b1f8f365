"""What is known of an executed notebook, read back from the file that the run kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "KEY",
    "Cell",
    "CellRun",
    "Document",
    "Failure",
    "Outcome",
    "Run",
    "headings",
    "read_run",
    "source_of",
]

KEY = "genesys_workbench"
"""Where the notebook's metadata keep what papermill's do not tell."""

Cell = dict[str, Any]
Document = dict[str, Any]
Outcome = Literal["passed", "failed", "interrupted"]


@dataclass(frozen=True)
class CellRun:
    """A code cell: its number in brackets, its section, and how long it took."""

    cell: int | None
    section: str
    status: str
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Failure:
    """Where and why a run ended early."""

    cell: int | None
    section: str
    source: str
    type: str
    message: str

    @property
    def reason(self) -> str:
        """The error in one line."""
        first = self.message.strip().partition("\n")[0]
        return f"{self.type}: {first}" if first else self.type

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Run:
    """An executed notebook.

    Attributes:
        notebook: Its name; ``name`` tells the sets of a matrix apart.
        title: Its first heading.
        started: ISO 8601, UTC.
        parameters: Those that were given.
        figures: The last JSON that the notebook showed.
        document: All that was kept.
    """

    notebook: str
    name: str
    title: str
    outcome: Outcome
    started: str
    seconds: float
    cells: tuple[CellRun, ...]
    parameters: dict[str, Any]
    failure: Failure | None
    versions: dict[str, str]
    output: Path
    document: Document

    @property
    def html(self) -> Path | None:
        """The page beside it, if one was made."""
        page = self.output.with_suffix(".html")
        return page if page.is_file() else None

    @property
    def figures(self) -> Any:
        """What the notebook says of itself to programs; None if nothing."""
        found = [output.get("data", {}) for output in _outputs(self.document)]
        shown = [data["application/json"] for data in found if "application/json" in data]
        return shown[-1] if shown else None

    def as_json(self) -> dict[str, Any]:
        """Return what programs are told."""
        return {
            "notebook": self.notebook,
            "name": self.name,
            "outcome": self.outcome,
            "seconds": self.seconds,
            "cells": [cell.as_json() for cell in self.cells],
            "output": str(self.output),
            "html": str(self.html) if self.html else None,
            "parameters": self.parameters,
            "error": self.failure.as_json() if self.failure else None,
            "figures": self.figures,
        }


def read_run(path: Path) -> Run | None:
    """Return the run that a notebook file keeps, None if it keeps none."""
    try:
        document = json.loads(path.read_text("utf-8"))
        kept = document["metadata"][KEY]
        known = document["metadata"]["papermill"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    failure = kept["failure"]
    return Run(
        notebook=kept["notebook"],
        name=kept["name"],
        title=title_of(document) or kept["notebook"],
        outcome=kept["outcome"],
        started=known["start_time"],
        seconds=round(known["duration"], 3),
        cells=tuple(_cells(document)),
        parameters=known["parameters"],
        failure=Failure(**failure) if failure else None,
        versions=kept["versions"],
        output=path,
        document=document,
    )


def headings(document: Document) -> Iterator[tuple[Cell, str]]:
    """Yield each cell with the heading that it stands under."""
    heading = ""
    for cell in document["cells"]:
        if cell["cell_type"] == "markdown":
            heading = _heading(cell) or heading
        yield cell, heading


def title_of(document: Document) -> str:
    """Return the notebook's first heading."""
    return next((heading for _, heading in headings(document) if heading), "")


def source_of(cell: Cell) -> str:
    """Return a cell's source; files keep it in lines."""
    return "".join(cell["source"])


def _heading(cell: Cell) -> str:
    lines = (line for line in source_of(cell).splitlines() if line.startswith("#"))
    return next(lines, "").lstrip("#").strip()


def _cells(document: Document) -> Iterator[CellRun]:
    for cell, heading in headings(document):
        if cell["cell_type"] == "code":
            known = cell["metadata"]["papermill"]
            seconds = known.get("duration")
            yield CellRun(
                cell=cell["execution_count"],
                section=heading,
                status=known["status"],
                seconds=None if seconds is None else round(seconds, 3),
            )


def _outputs(document: Document) -> Iterator[dict[str, Any]]:
    return chain.from_iterable(cell.get("outputs", ()) for cell in document["cells"])
