"""Run a notebook by papermill; whatever becomes of it, keep what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .guard import washed
from .kept import Stopped, keep
from .needs import needed
from .plan import Plan
from .record import Run, read_run

if TYPE_CHECKING:
    from .kernel import OnCell

__all__ = ["execute"]


def execute(
    plan: Plan,
    *,
    timeout: float,
    secrets: frozenset[str] = frozenset(),
    on_cell: OnCell = lambda *_: None,
) -> Run:
    """Run the notebook in the current folder, with a kernel of this interpreter.

    Args:
        plan: What to run; its folder exists.
        timeout: Seconds that a cell may take; it is a failure to take longer.
        secrets: What must not be left in errors and logs of the notebook that is kept.
        on_cell: Told of each cell that begins: its number, how many there are, its section.

    Returns:
        The run, also where a cell failed. An interruption is raised on; `read_run` reads what
        was kept.

    Raises:
        WorkbenchError: What runs notebooks is not installed.
    """
    needed("ipykernel")
    papermill = needed("papermill")
    from .kernel import ENGINE

    for old in (plan.output, plan.output.with_suffix(".html")):
        old.unlink(missing_ok=True)
    stopped = None
    try:
        papermill.execute_notebook(
            _literal(plan.source),
            _literal(plan.output),
            parameters=plan.parameters,
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            timeout=timeout,
            on_cell=on_cell,
        )
    except papermill.PapermillExecutionError:
        pass  # the notebook tells what happened
    except TimeoutError:
        stopped = Stopped("failed", "TimeoutError", f"the cell took longer than {timeout:g} s")
    except RuntimeError as exc:  # nbclient's DeadKernelError is one
        stopped = Stopped("failed", "DeadKernelError", str(exc))
    except (KeyboardInterrupt, SystemExit):
        if plan.output.exists():
            _finish(plan, Stopped("interrupted", "KeyboardInterrupt", "by a signal"), secrets)
        raise
    return _finish(plan, stopped, secrets)


def _literal(path: Path) -> str:
    """Return a path that papermill does not take for a template."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _finish(plan: Plan, stopped: Stopped | None, secrets: frozenset[str]) -> Run:
    keep(
        plan.output,
        notebook=plan.source.stem,
        name=plan.name,
        stopped=stopped,
        wash=lambda text: washed(text, secrets),
    )
    run = read_run(plan.output)
    assert run is not None  # noqa: S101 - it was written just now
    return run
