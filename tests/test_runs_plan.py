"""Before a run begins: secrets, names of files, the notebook itself, sets of parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.errors import UsageError, WorkbenchError
from genesys_workbench.runs import source as source_module
from genesys_workbench.runs.needs import needed
from genesys_workbench.runs.one import read_one
from genesys_workbench.runs.plan import Plan, label, output_path, prepare_folder, stem
from genesys_workbench.runs.source import find_notebook, read_notebook
from genesys_workbench.shipped import shipped_notebooks
from tests.runs_fakes import cell, left, write

NONE: frozenset[str] = frozenset()


def test_a_set_is_named_by_its_values() -> None:
    assert label({"source": "database", "media": ["voice", "chat"], "queue": None}) == (
        "source=database,media=voice+chat,queue=None"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "06_report"),
        ("source=database", "06_report--source=database"),
        ("../a b/ü:*?", "06_report--..-a-b-ü"),
        ("x" * 300, None),
    ],
)
def test_file_names_are_safe_and_not_too_long(name: str, expected: str | None) -> None:
    found = stem("06_report", name)
    assert found == expected or (expected is None and len(found) < 140)
    assert not set(found) & set('/\\:*?"<>| ')


def test_long_names_that_differ_stay_different() -> None:
    assert stem("a", "x" * 300) != stem("a", "x" * 299)


def test_what_no_run_has_made_is_not_overwritten(tmp_path: Path) -> None:
    mine = write(tmp_path / "sample.ipynb")
    with pytest.raises(UsageError, match="would be overwritten"):
        output_path(mine, tmp_path)
    made = left(tmp_path / "runs/sample.ipynb", cell("1"))
    assert output_path(mine, tmp_path / "runs") == made


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"Nothing can be written to .*not a directory") as caught:
        prepare_folder(tmp_path / "file/runs")
    assert "--out DIR" in caught.value.fix
    assert prepare_folder(tmp_path / "a/b").is_dir()


@pytest.mark.parametrize("name", ["00_start_here", "00", "0"])
def test_our_notebooks_are_found_by_name_and_number_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_notebook(name) == shipped_notebooks()["00_start_here"]


def test_a_path_is_found_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "my/own.ipynb")
    monkeypatch.chdir(tmp_path)
    assert find_notebook("my/own.ipynb") == path
    assert find_notebook("own.ipynb", folder=tmp_path / "my") == path


@pytest.mark.parametrize("name", ["00_strt_here", "00_start_hre.ipynb"])
def test_an_unknown_notebook_is_refused_with_the_nearest(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_notebook(name)
    assert "did you mean 00_start_here" in caught.value.fix
    assert all(known in caught.value.fix for known in shipped_notebooks())


def test_a_number_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(UsageError, match="no notebook '77'"):
        find_notebook("77")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("# no notebook", "not a notebook, or a broken one"),
        ("[]", "not a notebook, or a broken one"),
        ('{"nbformat": 4, "cells": []}', "is empty"),
        ('{"nbformat": 3, "cells": [1]}', "a format of long ago"),
        (
            '{"nbformat": 4, "cells": [1], "metadata": {"kernelspec": {"language": "R"}}}',
            "a notebook for R",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_text(content)
    with pytest.raises(UsageError, match=why):
        read_notebook(path)


def test_a_missing_library_is_an_error_that_names_the_extra() -> None:
    with pytest.raises(WorkbenchError) as caught:
        needed("no_such_library")
    assert "no_such_library is not installed" in caught.value.what
    assert caught.value.fix == 'pip install "genesys-workbench[lab]"'


@pytest.fixture(name="one")
def read_one_of(tmp_path: Path) -> Any:
    """Give a function that plans a run of a sample notebook."""
    write(tmp_path / "sample.ipynb")

    def plan(content: str | None = None, **texts: str) -> Plan:
        file = None
        if content is not None:
            file = tmp_path / "parameters.yaml"
            file.write_text(content)
        name = str(tmp_path / "sample.ipynb")
        return read_one(name, texts=texts, file=file, out=tmp_path / "runs", secrets=NONE)

    return plan


def test_parameters_of_a_file_and_of_the_command_line_come_together(one: Any) -> None:
    plan = one("events: 5\nsource: 2026-01-05\nqueue:\nmedia: [chat, email]", events="7")
    assert plan.parameters == {
        "events": 7,
        "source": "2026-01-05",
        "queue": None,
        "media": ["chat", "email"],
    }
    assert one("").parameters == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("events: [", r"is not YAML: .*line 1"),
        ("- events", "holds no names with values"),
        ("5: events", "holds no names with values"),
        ("events: 5\nevents: 6", r"'events' is there twice, line 1"),
        ("source: 0012", "quote it"),
        ("client_secret: hunter2", "looks like a secret"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused(one: Any, content: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        one(content)
    assert "hunter2" not in str(caught.value)


def test_a_secret_in_the_file_is_no_better_for_being_overridden(one: Any) -> None:
    with pytest.raises(UsageError, match="The value of the parameter 'source'"):
        one("source: amqp://me:pw@host", source="simulator")


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path, one: Any) -> None:
    write(tmp_path / "sample.ipynb")
    (tmp_path / "latin.yaml").write_bytes(b"source: \xe9")
    for name, why in {"none.yaml": "no such file", "latin.yaml": "it is not utf-8"}.items():
        with pytest.raises(UsageError, match=why):
            read_one(
                str(tmp_path / "sample.ipynb"),
                texts={},
                file=tmp_path / name,
                out=tmp_path,
                secrets=NONE,
            )


def test_shipped_notebooks_are_taken_from_where_they_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "09_mine.ipynb")
    monkeypatch.setattr(source_module, "shipped_notebooks", lambda: {"09_mine": path})
    assert find_notebook("9") == path
    assert json.loads(path.read_text())["cells"] == read_notebook(path)["cells"]
