"""``run`` and ``gallery``: options, errors before anything starts, what people and programs see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.runs import execute as execute_module
from genesys_workbench.runs import page as page_module
from genesys_workbench.runs.plan import Plan
from genesys_workbench.runs.record import Run
from genesys_workbench.shipped import shipped_notebooks
from tests.cli_fakes import Run as Command
from tests.cli_fakes import command_runner, restored_logging  # noqa: F401 - fixtures
from tests.runs_fakes import cell, error, kept, left, shown, write

HEAVY = {"papermill", "nbconvert", "nbformat", "nbclient", "jupyter_client", "yaml", "pandas"}


@pytest.fixture(autouse=True)
def executed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Plan]:
    """Take the place of papermill: a run fails if its ``events`` are 13, is stopped if 99."""
    seen: list[Plan] = []

    def execute(plan: Plan, *, on_cell: Any, **_: Any) -> Run:
        seen.append(plan)
        on_cell(1, 2, "Part")
        events = plan.parameters.get("events", 50)
        source = "a = 1\nb = 2\nc = 3\nd = 4\nf(events)"
        bad = {"outputs": [error(evalue="[bold]no such queue")]} if events == 13 else {}
        figures = cell("1", outputs=[shown(application_json={"events": events, "more": [1]})])
        cells = [cell("# A sample"), figures, cell("## Part"), cell(source, **bad)]
        left(plan.output, *cells, **plan.parameters)
        run = kept(plan.output, name=plan.name)
        if events == 99:
            raise KeyboardInterrupt
        return run

    monkeypatch.setattr(execute_module, "execute", execute)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sample.ipynb")
    return seen


def test_help_and_the_commands_themselves_load_no_heavy_library() -> None:
    code = (
        "import sys, genesys_workbench.cli as cli\n"
        "try: cli.main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "--matrix" in done.stdout
    assert HEAVY.isdisjoint(done.stderr.split())


def test_a_run_that_passed_is_told_cell_by_cell(run: Command, executed: list[Plan]) -> None:
    outcome = run(
        "run", "sample.ipynb", "-p", "events", "5", "-p", "source=a=b", "-p", "share", "-1"
    )
    assert outcome.code == 0
    assert executed[0].parameters == {"events": 5, "source": "a=b", "share": -1.0}
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["4", "Part", "completed", "0.25"] in lines
    assert outcome.err == "Passed in 1.5 s. Kept: runs/sample.ipynb\n"


def test_a_failing_run_names_cell_source_error_and_what_is_next(run: Command) -> None:
    outcome = run("run", "sample.ipynb", "-p", "events", "13", "-p", "queue", "a b")
    assert outcome.code == 1
    assert "sample failed in cell In [4], section “Part”: ValueError: [bold]no such" in outcome.err
    assert "    d = 4\n    …\n" in outcome.err
    assert "Fix: look at runs/sample.ipynb" in outcome.err
    assert "sample.ipynb -p events 13 -p queue 'a b' --out runs" in outcome.err


def test_the_command_that_repeats_a_run_of_ours_names_it(run: Command) -> None:
    outcome = run("run", "00", "-p", "events", "13", "--out", "kept here")
    assert "run 00_start_here -p events 13 --out 'kept here'" in outcome.err


def test_with_json_stdout_is_one_object(run: Command) -> None:
    outcome = run("run", "sample.ipynb", "-p", "events", "13", "--json")
    (told,) = outcome.lines
    assert (outcome.code, told["outcome"], told["figures"]) == (
        1,
        "failed",
        {"events": 13, "more": [1]},
    )
    assert told["error"]["message"] == "[bold]no such queue"


def test_with_html_a_page_is_made_also_of_a_failing_run(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        page_module, "write_page", lambda run: run.output.with_suffix(".html").touch()
    )
    outcome = run("run", "sample.ipynb", "-p", "events", "13", "--html")
    assert "look at runs/sample.ipynb, runs/sample.html" in outcome.err


def test_what_an_interrupted_run_came_to_is_told(run: Command) -> None:
    outcome = run("run", "sample.ipynb", "-p", "events", "99", "--json")
    assert (outcome.code, len(outcome.lines)) == (130, 1)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("", "Name one notebook"),
        ("sample.ipynb --matrix m.yaml", "Name one notebook"),
        ("--matrix m.yaml -p events 5", "Name one notebook"),
        ("--matrix m.yaml --help-parameters", "Name one notebook"),
        ("sample.ipynb -p", "requires an argument"),
        ("sample.ipynb -p events", "takes a name and a value, and 'events' has none"),
        ("sample.ipynb -p events abc", "events must be int (how many), not 'abc'"),
        ("sample.ipynb -p evnts 5", "did you mean 'events'?"),
        ("sample.ipynb -p client_secret hunter2", "looks like a secret"),
        ("sample.ipynb -p source hunter2-webhook", "looks like a secret"),
        ("sample.ipynb -f none.yaml", "no such file"),
        ("nope", "There is no notebook 'nope'"),
        ("sample.ipynb --timeout 0", "greater than or equal to 1"),
        ("sample.ipynb --out .", "would be overwritten"),
        ("--matrix none.yaml", "no such file"),
    ],
)
def test_misuse_ends_with_code_2_before_anything_runs(
    run: Command,
    executed: list[Plan],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: str,
    why: str,
) -> None:
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", "hunter2-webhook")
    outcome = run("run", *options.split())
    assert (outcome.code, outcome.out, executed) == (2, "", [])
    assert why in " ".join(outcome.err.split())
    assert "hunter2" not in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["sample.ipynb"]


def test_the_parameters_of_a_notebook_are_listed(run: Command, executed: list[Plan]) -> None:
    outcome = run("run", "sample.ipynb", "--help-parameters")
    lines = [line.split(maxsplit=3) for line in outcome.out.splitlines()]
    assert lines[0] == ["name", "type", "default", "help"]
    assert lines[2] == ["events", "int", "50", "how many"]
    told = run("run", "00", "--help-parameters", "--json").lines
    assert {"events", "broker"} <= {each["name"] for each in told}
    assert executed == []


@pytest.fixture
def matrix(tmp_path: Path) -> None:
    content = "notebook: sample.ipynb\nmatrix: {events: [5, 13, 6]}"
    (tmp_path / "m.yaml").write_text(content)


@pytest.mark.usefixtures("matrix")
def test_a_matrix_goes_on_after_a_failure_and_ends_with_a_summary(
    run: Command, executed: list[Plan], tmp_path: Path
) -> None:
    outcome = run("run", "--matrix", "m.yaml", "--out", "kept")
    assert (outcome.code, len(executed)) == (1, 3)
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[0] == ["run", "outcome", "seconds", "events"]
    assert lines[2] == ["events=13", "failed", "1.5", "13"]
    assert "Passed: 2 of 3. Kept in kept, with junit.xml" in outcome.err
    assert "Next: genesys-workbench gallery kept" in outcome.err
    assert 'failures="1"' in (tmp_path / "kept/junit.xml").read_text()
    assert (tmp_path / "kept/sample--events=6.ipynb").exists()


@pytest.mark.usefixtures("matrix")
def test_a_matrix_as_json_is_a_line_for_each_run(run: Command) -> None:
    lines = run("run", "--matrix", "m.yaml", "--json").lines
    assert [(line["name"], line["outcome"]) for line in lines] == [
        ("events=5", "passed"),
        ("events=13", "failed"),
        ("events=6", "passed"),
    ]


def test_an_interrupted_matrix_tells_what_was_done(run: Command, tmp_path: Path) -> None:
    content = "notebook: sample.ipynb\nmatrix: {events: [5, 99, 6]}"
    (tmp_path / "m.yaml").write_text(content)
    outcome = run("run", "--matrix", "m.yaml")
    assert outcome.code == 130
    assert len(outcome.out.splitlines()) == 3
    assert 'tests="2"' in (tmp_path / "runs/junit.xml").read_text()


def test_on_a_terminal_the_cell_that_runs_is_shown(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    shown_there = run("run", "sample.ipynb").err
    assert "sample" in shown_there
    assert "Part" in shown_there
    assert "\x1b[" not in run("run", "sample.ipynb", "--json").err.replace("\x1b[0m", "")


def test_the_gallery_is_made_of_what_was_run(run: Command, tmp_path: Path) -> None:
    run("run", "sample.ipynb")
    run("run", "00", "-p", "events", "13")
    outcome = run("gallery", "runs")
    assert (outcome.code, outcome.out) == (0, "runs/index.html\n")
    assert "Runs: 2, not passed: 1." in outcome.err
    assert "A sample" in (tmp_path / "runs/index.html").read_text()
    (told,) = run("gallery", "runs", "--out", "g.html", "--json").lines
    assert told == {"gallery": "g.html", "runs": 2, "failed": 1}


def test_a_gallery_of_nothing_is_refused(run: Command) -> None:
    outcome = run("gallery", "nowhere")
    assert outcome.code == 2
    assert "There is no executed run in 'nowhere'." in outcome.err


def test_our_notebooks_can_all_be_asked_for_their_parameters(run: Command) -> None:
    for name in shipped_notebooks():
        assert json.loads(run("run", name, "--help-parameters", "--json").out.splitlines()[0])
