"""Sets of parameters from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.errors import UsageError
from genesys_workbench.runs.matrix import read_matrix
from genesys_workbench.runs.plan import Plan
from tests.runs_fakes import write

NONE: frozenset[str] = frozenset()


@pytest.fixture(name="matrix")
def read_matrix_of(tmp_path: Path) -> Any:
    """Give a function that reads a matrix file beside two notebooks."""
    write(tmp_path / "sample.ipynb")
    write(tmp_path / "other.ipynb", parameters="rate: float = 1.0")

    def plans(content: str) -> list[Plan]:
        path = tmp_path / "matrix.yaml"
        path.write_text(content)
        return read_matrix(path, out=tmp_path / "runs", secrets=NONE)

    return plans


def test_a_matrix_is_its_named_sets_and_all_combinations(matrix: Any) -> None:
    plans = matrix(
        """
        notebook: sample.ipynb
        base: {events: 5}
        runs:
          - {name: chats only, parameters: {media: [chat], events: 6}}
          - {parameters: {queue: Sales}}
          - {}
        matrix: {source: [simulator, database], live: [true, false]}
        """
    )
    assert {plan.name: plan.parameters for plan in plans} == {
        "chats only": {"events": 6, "media": ["chat"]},
        "queue=Sales": {"events": 5, "queue": "Sales"},
        "run-3": {"events": 5},
        "source=simulator,live=True": {"events": 5, "source": "simulator", "live": True},
        "source=simulator,live=False": {"events": 5, "source": "simulator", "live": False},
        "source=database,live=True": {"events": 5, "source": "database", "live": True},
        "source=database,live=False": {"events": 5, "source": "database", "live": False},
    }
    assert plans[0].output.name == "sample--chats-only.ipynb"


def test_a_set_may_be_of_another_notebook_also_by_number(matrix: Any) -> None:
    plans = matrix("runs: [{notebook: other.ipynb}, {notebook: 00, parameters: {events: 5}}]")
    assert [plan.source.name for plan in plans] == ["other.ipynb", "00_start_here.ipynb"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("notebook: sample.ipynb", "names no set of parameters"),
        ("matrix: {events: [1]}", "names no notebook"),
        ("notebok: 00", "did you mean 'notebook'"),
        ("notebook: sample.ipynb\nruns: [{parameter: {}}]", "did you mean 'parameters'"),
        ("notebook: sample.ipynb\nruns: [5]", "Run 1 of matrix.yaml is not a mapping"),
        ("notebook: [a]\nmatrix: {events: [1]}", "'notebook' of matrix.yaml is not what"),
        ("notebook: sample.ipynb\nmatrix: {events: 5}", r"matrix: events of .* list of values"),
        ("notebook: sample.ipynb\nmatrix: {events: []}", r"matrix: events of .* list of values"),
        ("notebook: sample.ipynb\nmatrix: {evnts: [5]}", "evnts=5: The notebook has no parameter"),
        ("notebook: sample.ipynb\nmatrix: {events: [5, x]}", "events=x: events must be int"),
        ("notebook: sample.ipynb\nruns: [{name: a}, {name: A}]", "have the same name: a, A"),
        ("notebook: none.ipynb\nmatrix: {events: [5]}", "There is no file"),
        ("notebook: sample.ipynb\nbase: {token: hunter2}\nruns: [{}]", "looks like a secret"),
        ("notebook: sample.ipynb\nmatrix: {token: [hunter2]}", "looks like a secret"),
    ],
)
def test_a_matrix_that_cannot_be_run_is_refused_as_a_whole(
    matrix: Any, tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        matrix(content)
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "runs").exists()
