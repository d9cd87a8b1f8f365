"""How runs of notebooks look in a terminal, and what programs read of them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import WorkbenchError
from .output import err, fail, print_json, print_rows, say

if TYPE_CHECKING:
    from ..runs.kernel import OnCell
    from ..runs.plan import Plan
    from ..runs.record import Run

__all__ = ["Runner", "show_parameters"]

SHOWN_LINES = 4


@dataclass(frozen=True)
class Runner:
    """Runs plans and tells of each what came of it, also of one that is interrupted."""

    timeout: float
    html: bool
    as_json: bool
    secrets: frozenset[str]

    def run_one(self, plan: Plan) -> bool:
        """Run it and tell its cells; return whether it passed."""
        run = self._run(plan)
        if run.outcome == "passed":
            say(f"Passed in {run.seconds:.1f} s. Kept: {_kept(run)}")
        return run.outcome == "passed"

    def run_all(self, plans: Sequence[Plan], report: Path) -> bool:
        """Run each, tell the whole and write JUnit XML; return whether all passed."""
        from ..runs.junit import write_junit
        from ..runs.record import read_run

        begun: list[Plan] = []
        try:
            for number, plan in enumerate(plans, 1):
                begun.append(plan)
                self._run(plan, of=f"{number} of {len(plans)}: ")
        finally:
            runs = [run for run in (read_run(plan.output) for plan in begun) if run]
            write_junit(runs, report)
            if not self.as_json:
                _show_summary(runs)
            passed = sum(run.outcome == "passed" for run in runs)
            say(f"Passed: {passed} of {len(plans)}. Kept in {report.parent}, with {report.name}")
            say(f"Next: genesys-workbench gallery {shlex.quote(str(report.parent))}")
        return passed == len(plans)

    def _run(self, plan: Plan, *, of: str = "") -> Run:
        from ..runs.execute import execute
        from ..runs.record import read_run

        title = f"{of}{plan.name or plan.source.stem}"
        try:
            with _progress(title, quiet=self.as_json) as on_cell:
                run = execute(plan, timeout=self.timeout, secrets=self.secrets, on_cell=on_cell)
        except (KeyboardInterrupt, SystemExit):
            if begun := read_run(plan.output):
                self._tell(begun, plan, cells=not of)
            raise
        self._tell(run, plan, cells=not of)
        return run

    def _tell(self, run: Run, plan: Plan, *, cells: bool) -> None:
        from ..runs.page import write_page

        if self.html:
            write_page(run)
        if self.as_json:
            print_json(run.as_json())
        elif cells:
            _show_cells(run)
        if run.failure:
            fail(WorkbenchError(_what(run), fix=f"look at {_kept(run)}\n  Then: {_again(plan)}"))


def show_parameters(notebook: str, *, as_json: bool) -> None:
    """List what can be set in a notebook."""
    from ..runs.parameters import read_parameters
    from ..runs.source import find_notebook, read_notebook

    known = read_parameters(read_notebook(find_notebook(notebook)))
    rows = [
        {"name": each.name, "type": each.kind.name, "default": each.default, "help": each.help}
        for each in known.values()
    ]
    columns = ("name", "type", "default", "help")
    print_rows(rows, columns, as_json=as_json, empty="It has no parameters.", flexible="help")


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[OnCell]:
    """Show which cell runs, where somebody watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[section]}", markup=False),
    )
    with Progress(*columns, console=err(), transient=True) as progress:
        bar = progress.add_task(title, total=None, section="the kernel starts")

        def on_cell(number: int, of: int, section: str) -> None:
            progress.update(bar, completed=number, total=of, section=section)

        yield on_cell


def _show_cells(run: Run) -> None:
    rows = [cell.as_json() for cell in run.cells]
    columns = ("cell", "section", "status", "seconds")
    print_rows(rows, columns, as_json=False, empty="It has no code.", flexible="section")


def _show_summary(runs: Sequence[Run]) -> None:
    rows = [
        {
            "run": run.name or run.notebook,
            "outcome": run.outcome,
            "seconds": f"{run.seconds:.1f}",
            **_figures(run),
        }
        for run in runs
    ]
    columns = dict.fromkeys(name for row in rows for name in row)
    print_rows(rows, [*columns], as_json=False, empty="Nothing was run.", flexible="run")


def _figures(run: Run) -> dict[str, Any]:
    """Return what fits into a table of what the notebook says of itself."""
    figures = run.figures if isinstance(run.figures, dict) else {}
    taken = ("run", "outcome", "seconds")
    return {
        name: value
        for name, value in figures.items()
        if name not in taken and isinstance(value, str | int | float)
    }


def _kept(run: Run) -> str:
    return f"{run.output}, {run.html}" if run.html else str(run.output)


def _what(run: Run) -> str:
    """Return where and why a run ended early, in words."""
    failure = run.failure
    assert failure is not None  # noqa: S101 - only asked of such runs
    name = f"{run.notebook} ({run.name})" if run.name else run.notebook
    if failure.cell is None:
        return f"{name} {run.outcome} before a cell was done: {failure.reason}"
    lines = failure.source.splitlines()
    shown = lines[:SHOWN_LINES] + ["…"] * (len(lines) > SHOWN_LINES)
    source = "".join(f"\n    {line}" for line in shown)
    where = f"in cell In [{failure.cell}], section “{failure.section}”"
    return f"{name} {run.outcome} {where}: {failure.reason}{source}"


def _again(plan: Plan) -> str:
    """Return the command that runs it alone."""
    from ..shipped import shipped_notebooks

    ours = shipped_notebooks().get(plan.source.stem) == plan.source
    words = ["genesys-workbench", "run", plan.source.stem if ours else str(plan.source)]
    for name, value in plan.parameters.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words += ["-p", name, text]
    return shlex.join([*words, "--out", str(plan.output.parent)])
