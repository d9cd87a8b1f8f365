"""Notebooks run by the command, with real kernels, from a folder that is not the notebook's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.shells import BENCH, Shell, children_of
from tests.integration.workers import wait_until
from tests.runs_fakes import write

SECRET = "a-secret-of-this-test-alone"
HOSTILE = "'\"\\ {x} \t ü # $(ls) "
TELL = """
import os, sys
from IPython.display import JSON, display
given = [source, events, live, media]
display(JSON({"python": sys.executable, "cwd": os.getcwd(), "given": given}))
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A terminal in an empty folder; a kernel of the usual name would not start."""
    spec = tmp_path / "jupyter/kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/bin/false"], "display_name": "Another", "language": "python"}')
    (tmp_path / "here").mkdir()
    shell = Shell(tmp_path, JUPYTER_PATH=str(tmp_path / "jupyter"), WORKBENCH_WEBHOOK_SECRET=SECRET)
    shell.folder = tmp_path / "here"
    return shell


def sample(shell: Shell, *cells: str, name: str = "sample") -> str:
    """Write a notebook beside the terminal's folder."""
    return str(write(shell.folder.parent / f"notebooks {{1}}/{name}.ipynb", *cells))


def code_of(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def everything(folder: Path, *printed: str) -> str:
    """Return all that was printed and written."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return "\n".join([*printed, *(path.read_text("utf-8") for path in files)])


def test_a_notebook_runs_with_this_interpreter_in_this_folder_and_typed_parameters(
    shell: Shell,
) -> None:
    given = ("-p", "source", HOSTILE, "-p", "events", "7", "-p", "live", "no", "-p", "media", "a,b")
    path = sample(shell, "## Part", TELL, "import os; os.system('echo native')")
    (told,) = shell.rows("run", path, *given)
    assert told["figures"] == {
        "python": sys.executable,
        "cwd": str(shell.folder),
        "given": [HOSTILE, 7, False, ["a", "b"]],
    }
    assert (told["outcome"], told["parameters"]["source"]) == ("passed", HOSTILE)
    assert [cell["status"] for cell in told["cells"]] == ["completed"] * 4
    assert children_of(shell.folder.parent) == []
    kept = shell.folder / told["output"]
    assert str(Path.home()) not in kept.read_text()
    assert str(shell.folder.parent / "notebooks") not in kept.read_text()


def test_a_failing_cell_keeps_what_was_reached_also_as_a_page(shell: Shell) -> None:
    path = sample(shell, "print('reached')", "## The part", "x = 0\n1 / x", "print('not')")
    done = shell.run(BENCH, "run", path, "--html", "--out", "kept", code=1)
    assert (
        "sample failed in cell In [3], section “The part”: ZeroDivisionError: division by zero\n"
        "    x = 0\n    1 / x\n" in done.stderr
    )
    assert "Fix: look at kept/sample.ipynb, kept/sample.html" in done.stderr
    *_, reached, failed, rest = code_of(shell.folder / "kept/sample.ipynb")
    assert reached["outputs"][0]["text"] == ["reached\n"]
    assert failed["outputs"][0]["ename"] == "ZeroDivisionError"
    assert (rest["outputs"], rest["execution_count"]) == ([], None)
    assert "This run failed" in (shell.folder / "kept/sample.html").read_text()


@pytest.mark.parametrize(
    ("cell", "options", "why"),
    [
        ("import os; os._exit(3)", (), "DeadKernelError: Kernel died"),
        ("import time; time.sleep(60)", ("--timeout", "1"), "TimeoutError: the cell took longer"),
    ],
)
def test_a_kernel_that_dies_or_takes_too_long_is_a_failure_of_its_cell(
    shell: Shell, cell: str, options: tuple[str, ...], why: str
) -> None:
    done = shell.run(BENCH, "run", sample(shell, cell), *options, code=1)
    assert f"in cell In [2], section “A sample”: {why}" in done.stderr
    assert children_of(shell.folder.parent) == []


def test_ctrl_c_ends_the_kernel_and_keeps_what_was_reached(shell: Shell) -> None:
    waits = "open('waits', 'w').close()\nimport time; time.sleep(60)"
    shell.start("run", BENCH, "run", sample(shell, waits, "2"))
    try:
        wait_until((shell.folder / "waits").exists, seconds=60, what="the cell that waits")
        code, seconds = shell.stop("run")
        assert (code, seconds < 20) == (130, True)
    finally:
        shell.close()
    assert children_of(shell.folder.parent) == []
    assert "sample interrupted in cell In [2]" in shell.said("run")
    kept = json.loads((shell.folder / "runs/sample.ipynb").read_text())
    assert kept["metadata"]["genesys_workbench"]["outcome"] == "interrupted"


def test_wrong_parameters_start_no_kernel(shell: Shell) -> None:
    path = sample(shell, "open('started', 'w').close()")
    for given in (("events", "many"), ("evnts", "5"), ("token", "x")):
        shell.run(BENCH, "run", path, "-p", *given, code=2)
    assert list(shell.folder.iterdir()) == []


def test_a_matrix_runs_each_set_and_the_gallery_shows_them(shell: Shell) -> None:
    path = sample(shell, TELL, "assert events != 2, 'two is too few'")
    content = f"notebook: {json.dumps(path)}\nmatrix: {{events: [1, 2, 3]}}"
    (shell.folder / "matrix.yaml").write_text(content)
    rows = shell.rows("run", "--matrix", "matrix.yaml", code=1)
    assert [row["outcome"] for row in rows] == ["passed", "failed", "passed"]
    assert [row["figures"]["given"][1] for row in rows] == [1, 2, 3]
    suite = ElementTree.parse(shell.folder / "runs/junit.xml").getroot()[0]
    assert [len(case) for case in suite] == [0, 1, 0]
    assert "two is too few" in str(suite[1][0].get("message"))
    (told,) = shell.rows("gallery", "runs")
    assert told == {"gallery": "runs/index.html", "runs": 3, "failed": 1}
    page = (shell.folder / "runs/index.html").read_text()
    assert 'href="sample--events%3D1.ipynb"' in page


def test_a_secret_is_refused_and_appears_nowhere(shell: Shell) -> None:
    path = sample(shell, "import os\nraise KeyError(os.environ['WORKBENCH_WEBHOOK_SECRET'])")
    refused = shell.run(BENCH, "run", path, "-p", "source", SECRET, code=2)
    assert SECRET not in refused.stderr
    (shell.folder / "matrix.yaml").write_text(f"runs: [{{notebook: {json.dumps(path)}}}]")
    done = shell.run(BENCH, "run", "--matrix", "matrix.yaml", "--html", "--json", code=1)
    shell.run(BENCH, "gallery", "runs")
    found = everything(shell.folder, done.stdout, done.stderr)
    assert "KeyError" in found
    assert SECRET not in found


def test_a_page_shows_the_twin_of_a_widget_and_loads_nothing(shell: Shell) -> None:
    cell = "from IPython.display import HTML, display\nimport ipywidgets\n"
    cell += "display(ipywidgets.IntSlider())\nHTML('<b>the twin</b>')"
    (told,) = shell.rows("run", sample(shell, cell), "--html")
    page = (shell.folder / told["html"]).read_text()
    assert "<b>the twin</b>" in page
    assert "IntSlider(value" not in page
    assert "<script" not in page
    assert "@import" not in page
    assert 'media="(prefers-color-scheme: dark)"' in page
    assert "<title>A sample</title>" in page
    assert "widgets" not in json.loads((shell.folder / told["output"]).read_text())["metadata"]
