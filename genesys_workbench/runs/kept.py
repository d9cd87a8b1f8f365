"""The notebook that a run leaves: what papermill wrote, made fit to be kept and passed on."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path

from .record import KEY, Cell, Document, Failure, Outcome, headings, source_of

__all__ = ["Stopped", "keep"]

MARKER = "papermill-error-cell-tag"  # papermill takes such cells away when it runs the file again
ANCHOR = "papermill-error-cell"
TOLERATED = "raises-exception"
WORDS = {"failed": "failed", "interrupted": "was interrupted"}


@dataclass(frozen=True)
class Stopped:
    """What ended a run from outside of its cells: the kernel is gone, time is up, a signal."""

    outcome: Outcome
    type: str
    message: str


def keep(
    path: Path,
    *,
    notebook: str,
    name: str,
    stopped: Stopped | None,
    wash: Callable[[str], str],
) -> None:
    """Write down in the notebook what came of its run.

    Args:
        path: What papermill wrote, the part of it that was reached.
        notebook: The name of its source.
        name: Which set of a matrix it is.
        stopped: Why it ended, where no cell tells it.
        wash: Takes secrets and addresses out of what errors and logs say.
    """
    document = json.loads(path.read_text("utf-8"))
    document["cells"] = [cell for cell in document["cells"] if not _is_marker(cell)]
    reached = _set_statuses(document["cells"])
    if stopped and reached:
        _add_error(reached, stopped, number=_next_number(document["cells"]))
    _wash(document["cells"], wash)
    failure = _failure(document, wash)
    if stopped and not failure:  # no cell was reached
        failure = Failure(None, "", "", stopped.type, stopped.message)
    outcome: Outcome = stopped.outcome if stopped else "failed" if failure else "passed"
    if failure:
        _mark(document["cells"], failure, WORDS[outcome])
    metadata = document["metadata"]
    metadata["papermill"].update(input_path=f"{notebook}.ipynb", output_path=path.name)
    metadata[KEY] = {
        "notebook": notebook,
        "name": name,
        "outcome": outcome,
        "failure": failure.as_json() if failure else None,
        "versions": _versions(),
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _is_marker(cell: Cell) -> bool:
    return MARKER in cell["metadata"].get("tags", [])


def _set_statuses(cells: list[Cell]) -> Cell | None:
    """Correct what papermill takes for completed; return the last cell that was begun."""
    reached = None
    for known, cell in ((cell["metadata"]["papermill"], cell) for cell in cells):
        if known["start_time"]:
            reached = cell
        else:
            known["status"] = "pending"
    return reached


def _next_number(cells: list[Cell]) -> int:
    return 1 + max((cell.get("execution_count") or 0 for cell in cells), default=0)


def _add_error(cell: Cell, stopped: Stopped, *, number: int) -> None:
    """Show in a cell what ended it, as its kernel cannot; it may not even have told the number."""
    cell["metadata"]["papermill"]["status"] = stopped.outcome
    if cell["cell_type"] == "code":
        cell["execution_count"] = cell["execution_count"] or number
        error = {
            "output_type": "error",
            "ename": stopped.type,
            "evalue": stopped.message,
            "traceback": [f"{stopped.type}: {stopped.message}"],
        }
        cell["outputs"].append(error)


def _wash(cells: list[Cell], wash: Callable[[str], str]) -> None:
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        if output.get("name") == "stderr":
            output["text"] = wash("".join(output["text"])).splitlines(keepends=True)
        elif output["output_type"] == "error":
            output["evalue"] = wash(output["evalue"])
            output["traceback"] = [wash(line) for line in output["traceback"]]


def _failure(document: Document, wash: Callable[[str], str]) -> Failure | None:
    """Return the last error that the notebook did not announce by a tag."""
    found = None
    for cell, section in headings(document):
        errors = [o for o in cell.get("outputs", ()) if o["output_type"] == "error"]
        if errors and TOLERATED not in cell["metadata"].get("tags", []):
            error = errors[-1]
            found = Failure(
                cell=cell["execution_count"],
                section=section,
                source=wash(source_of(cell)),
                type=error["ename"],
                message=error["evalue"],
            )
    return found


def _mark(cells: list[Cell], failure: Failure, what: str) -> None:
    """Say it at the top, with a link to the cell, as papermill does."""
    place = next((n for n, cell in enumerate(cells) if _is_place(cell, failure)), None)
    where = "before its first cell"
    if place is not None:
        cells.insert(place, _marker("anchor", f'<span id="{ANCHOR}"></span>'))
        where = f'in <a href="#{ANCHOR}">In [{failure.cell or " "}]</a>'
    text = (
        '<p style="border-left: 4px solid #D55E00; padding: 0.4em 0.8em">'
        f"<b>This run {what}</b> {where}: <code>{escape(failure.reason)}</code></p>"
    )
    cells.insert(0, _marker("outcome", text))


def _is_place(cell: Cell, failure: Failure) -> bool:
    return any(
        (output.get("ename"), output.get("evalue")) == (failure.type, failure.message)
        for output in cell.get("outputs", ())
    )


def _marker(name: str, source: str) -> Cell:
    metadata = {"tags": [MARKER], "papermill": {"status": "completed"}}
    return {"cell_type": "markdown", "id": name, "metadata": metadata, "source": [source]}


def _versions() -> dict[str, str]:
    packages = ("genesys-workbench", "papermill", "ipykernel")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
