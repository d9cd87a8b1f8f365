"""No notebook that was run tells a secret or a person: not in its cells, its page, the
gallery, the report for CI."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.canaries import BROKER_URL, DATABASE_URL, PREVIOUS, WEBHOOK, seen
from tests.integration.shells import BENCH, Shell
from tests.notebooks.personal import revealed

KEPT = "kept"
NOTEBOOKS = ("00_start_here", "02_receive_events", "07_real_org")
SETS = "runs:\n" + "".join(f"- {{name: {each}, notebook: {each}}}\n" for each in NOTEBOOKS)


def written(shell: Shell) -> dict[str, str]:
    files = (path for path in (shell.folder / KEPT).rglob("*") if path.is_file())
    return {path.name: path.read_text("utf-8") for path in files}


def reveals(texts: dict[str, str]) -> dict[str, list[str]]:
    found = {name: [*seen(text), *revealed(text)] for name, text in texts.items()}
    return {name: told for name, told in found.items() if told}


def test_notebooks_in_which_deliveries_prove_themselves(tmp_path: Path) -> None:
    (tmp_path / "sets.yaml").write_text(SETS)
    shell = Shell(
        tmp_path, WORKBENCH_WEBHOOK_SECRET=WEBHOOK, WORKBENCH_WEBHOOK_SECRET_PREVIOUS=PREVIOUS
    )
    done = shell.run(BENCH, "run", "--matrix", "sets.yaml", "--html", "--out", KEPT)
    shell.run(BENCH, "gallery", KEPT)
    texts = written(shell)
    kinds = Counter(Path(name).suffix for name in texts)
    assert kinds == {".ipynb": len(NOTEBOOKS), ".html": len(NOTEBOOKS) + 1, ".xml": 1}
    assert reveals(texts | {"printed": done.stdout + done.stderr}) == {}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("06", "-p", "source", "database"), {"WORKBENCH_DATABASE_URL": DATABASE_URL}),
        (("02", "-p", "broker", "local"), {"WORKBENCH_DATABASE_URL": DATABASE_URL}),
        (("07", "-p", "broker", "null"), {"WORKBENCH_BROKER_URL": BROKER_URL}),
    ],
    ids=["a report", "the receiver", "an organisation"],
)
def test_a_notebook_that_fails_for_a_server_that_is_away(
    arguments: tuple[str, ...], variables: dict[str, str], tmp_path: Path
) -> None:
    shell = Shell(tmp_path, **variables)
    done = shell.run(BENCH, "run", *arguments, "--html", "--out", KEPT, code=1)
    assert "Error" in done.stderr
    assert len(written(shell)) == 2
    assert reveals(written(shell) | {"printed": done.stdout + done.stderr}) == {}
