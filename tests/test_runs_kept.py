"""What a run leaves: the notebook, its record, JUnit XML, and what stands in for widgets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from genesys_workbench.runs.junit import write_junit
from genesys_workbench.runs.kept import MARKER, Stopped, keep
from genesys_workbench.runs.page import WIDGET, static
from genesys_workbench.runs.record import Run, read_run
from tests.runs_fakes import START, cell, error, kept, left, shown

TIME_IS_UP = Stopped("failed", "TimeoutError", "the cell took longer than 2 s")
KEYS = "notebook name outcome seconds cells output html parameters error figures".split()


def failing(path: Path, **more: Any) -> Path:
    """Leave a notebook whose second cell failed."""
    bad = cell("x = 1\nx / 0", outputs=[error(**more)])
    return left(path, cell("# Title"), cell("1"), cell("## Part"), bad, cell("2"), begun=4)


def texts(run: Run) -> list[str]:
    return ["".join(each["source"]) for each in run.document["cells"]]


def test_a_run_that_passed_is_told_with_the_time_of_each_cell(tmp_path: Path) -> None:
    path = left(
        tmp_path / "a.ipynb", cell("# Title"), cell("1"), cell("## Part"), cell("2"), events=5
    )
    run = kept(path, name="events=5")
    assert (run.outcome, run.title, run.seconds, run.started) == ("passed", "Title", 1.5, START)
    assert [(each.cell, each.section, each.seconds) for each in run.cells] == [
        (2, "Title", 0.25),
        (4, "Part", 0.25),
    ]
    assert {"python", "genesys-workbench", "papermill"} <= run.versions.keys()
    told = run.as_json()
    assert [*told] == KEYS
    assert (told["parameters"], told["error"], told["html"]) == ({"events": 5}, None, None)
    assert json.loads(json.dumps(told)) == told


def test_no_path_of_the_computer_is_kept(tmp_path: Path) -> None:
    path = left(tmp_path / "a.ipynb", cell("1"))
    kept(path)
    assert "/home/" not in path.read_text()
    known = json.loads(path.read_text())["metadata"]["papermill"]
    assert (known["input_path"], known["output_path"]) == ("sample.ipynb", "a.ipynb")


def test_a_failing_cell_is_told_with_its_section_source_and_error(tmp_path: Path) -> None:
    run = kept(failing(tmp_path / "a.ipynb", evalue="no such queue\nand more"))
    assert run.outcome == "failed"
    assert run.failure is not None
    assert (run.failure.cell, run.failure.section) == (4, "Part")
    assert (run.failure.source, run.failure.reason) == (
        "x = 1\nx / 0",
        "ValueError: no such queue",
    )


def test_the_notebook_says_at_its_top_what_failed_and_leads_there(tmp_path: Path) -> None:
    run = kept(failing(tmp_path / "a.ipynb", evalue="<b>"))
    top, *_, anchor, bad, rest = texts(run)
    assert '<a href="#papermill-error-cell">In [4]</a>' in top
    assert "<code>ValueError: &lt;b&gt;</code>" in top
    assert (anchor, bad, rest) == ('<span id="papermill-error-cell"></span>', "x = 1\nx / 0", "2")


def test_papermills_own_marks_are_replaced(tmp_path: Path) -> None:
    mark = cell("# An exception", metadata={"tags": [MARKER]})
    run = kept(left(tmp_path / "a.ipynb", mark, cell("# Title"), cell("x", outputs=[error()])))
    assert run.title == "Title"
    assert "An exception" not in "".join(texts(run))


def test_an_error_that_a_tag_announces_is_no_failure(tmp_path: Path) -> None:
    expected = cell("x", outputs=[error()], metadata={"tags": ["raises-exception"]})
    assert kept(left(tmp_path / "a.ipynb", expected, cell("2"))).outcome == "passed"


def test_cells_that_were_not_reached_are_pending(tmp_path: Path) -> None:
    run = kept(failing(tmp_path / "a.ipynb"))
    assert [(each.status, each.seconds) for each in run.cells][-1] == ("pending", None)


@pytest.mark.parametrize("stopped", [TIME_IS_UP, Stopped("interrupted", "KeyboardInterrupt", "")])
def test_what_stops_a_run_from_outside_is_shown_in_the_cell_that_was_running(
    tmp_path: Path, stopped: Stopped
) -> None:
    path = left(tmp_path / "a.ipynb", cell("1"), cell("wait()"), cell("2"), begun=2)
    run = kept(path, stopped=stopped)
    assert run.outcome == stopped.outcome
    assert run.failure is not None
    assert (run.failure.cell, run.failure.type, run.failure.source) == (2, stopped.type, "wait()")
    assert [each.status for each in run.cells] == ["completed", stopped.outcome, "pending"]
    assert run.document["cells"][-2]["outputs"][-1]["ename"] == stopped.type


def test_a_cell_whose_kernel_died_at_once_has_the_next_number(tmp_path: Path) -> None:
    path = left(tmp_path / "a.ipynb", cell("1"), cell("die()"))
    path.write_text(path.read_text().replace('"execution_count": 2', '"execution_count": null'))
    run = kept(path, stopped=Stopped("failed", "DeadKernelError", "Kernel died"))
    assert [each.cell for each in run.cells] == [1, 2]


def test_a_kernel_that_never_came_up_is_told_too(tmp_path: Path) -> None:
    run = kept(left(tmp_path / "a.ipynb", cell("1"), begun=0), stopped=TIME_IS_UP)
    assert run.failure is not None
    assert (run.outcome, run.failure.cell) == ("failed", None)
    assert "before its first cell" in texts(run)[0]


def test_errors_and_logs_are_washed_and_shown_data_is_not(tmp_path: Path) -> None:
    log = {"output_type": "stream", "name": "stderr", "text": ["a hunter2\n", "b\n"]}
    said = {"output_type": "stream", "name": "stdout", "text": ["c hunter2\n"]}
    bad = cell("f('hunter2')", outputs=[log, said, error(evalue="hunter2")])
    path = left(tmp_path / "a.ipynb", bad)
    keep(
        path,
        notebook="sample",
        name="",
        stopped=None,
        wash=lambda text: text.replace("hunter2", "***"),
    )
    run = read_run(path)
    assert run is not None
    assert run.failure is not None
    assert (run.failure.message, run.failure.source) == ("***", "f('***')")
    outputs = run.document["cells"][-1]["outputs"]
    assert outputs[0]["text"] == ["a ***\n", "b\n"]
    assert outputs[1]["text"] == ["c hunter2\n"]
    assert "hunter2" not in json.dumps(outputs[2])


def test_the_last_json_that_was_shown_is_the_figures(tmp_path: Path) -> None:
    first = cell("1", outputs=[shown(application_json={"a": 1}), shown(text_plain="x")])
    last = cell("2", outputs=[shown(application_json={"events": 50})])
    assert kept(left(tmp_path / "a.ipynb", first, last, cell("3"))).figures == {"events": 50}
    assert kept(left(tmp_path / "b.ipynb", cell("1"))).figures is None


def test_the_page_beside_a_notebook_is_told(tmp_path: Path) -> None:
    run = kept(left(tmp_path / "a.ipynb", cell("1")))
    (tmp_path / "a.html").touch()
    assert run.as_json()["html"] == str(tmp_path / "a.html")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"metadata": {}}', '{"metadata": {"papermill": {}}}']
)
def test_a_file_that_is_no_run_of_ours_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.ipynb").write_text(content)
    assert read_run(tmp_path / "a.ipynb") is None


def test_junit_has_a_suite_for_each_notebook_and_a_case_for_each_set(tmp_path: Path) -> None:
    stopped = Stopped("interrupted", "KeyboardInterrupt", "by a signal")
    runs = [
        kept(left(tmp_path / "a.ipynb", cell("1")), name="events=5"),
        kept(failing(tmp_path / "b.ipynb", evalue="\x1b[31m<no> \x00 such"), name="events=6"),
        kept(left(tmp_path / "c.ipynb", cell("1"), begun=1), stopped=stopped),
    ]
    write_junit(runs, tmp_path / "junit.xml")
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    (suite,) = root
    assert (suite.get("name"), suite.get("timestamp")) == ("sample", "2026-01-05T08:00:00")
    for each in (root, suite):
        counts = {key: each.get(key) for key in ("tests", "failures", "errors", "time")}
        assert counts == {"tests": "3", "failures": "1", "errors": "1", "time": "4.500"}
    assert [case.get("name") for case in suite] == ["events=5", "events=6", "sample"]
    failure = suite[1].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "ValueError",
        "ValueError: [31m<no>  such",
    )
    assert failure.text is not None
    assert "In [4], section “Part”:\nx = 1\nx / 0" in failure.text
    assert suite[2].find("error") is not None


def widget(**more: Any) -> dict[str, Any]:
    bundle = shown(text_plain="Panel()", **more)
    bundle["data"][WIDGET] = {"model_id": "1"}
    return bundle


def test_on_a_page_a_widget_gives_way_to_its_twin(tmp_path: Path) -> None:
    twin, words = shown(text_html="<svg/>"), shown(text_plain="1")
    run = kept(left(tmp_path / "a.ipynb", cell("p", outputs=[widget(), words, twin])))
    (only,) = static(run.document)["cells"]
    assert only["outputs"] == [words, twin]
    assert run.document["cells"][0]["outputs"][0] == widget()


def test_on_a_page_a_widget_without_a_twin_is_told_in_words(tmp_path: Path) -> None:
    run = kept(left(tmp_path / "a.ipynb", cell("p", outputs=[widget()]), cell("q")))
    cells = static(run.document)["cells"]
    assert cells[0]["outputs"] == [shown(text_plain="Panel()")]
    assert cells[1] is run.document["cells"][1]


def test_on_a_page_a_widget_that_carries_its_own_picture_shows_it(tmp_path: Path) -> None:
    run = kept(left(tmp_path / "a.ipynb", cell("p", outputs=[widget(text_html="<b>p</b>")])))
    (only,) = static(run.document)["cells"]
    assert only["outputs"] == [shown(text_plain="Panel()", text_html="<b>p</b>")]
