"""The benchmarks measure, compare and tell: by their own command, and by figures that are given."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks.chart import draw
from tests.benchmarks.trial import Contestant, Goal, Row, Trial

ROOT = Path(__file__).parents[2]
KEYS = {"name", "ours", "peer", "unit", "ratio", "goal", "met"}


def scripted(*figures: float) -> Contestant:
    left = iter(figures)

    def run() -> Mapping[str, float]:
        return {"x": next(left)}

    return run


def row(goal: Goal, ours: tuple[float, ...], peer: tuple[float, ...]) -> Row:
    contestants = {"ours": scripted(*ours), "peer": scripted(*peer)}
    (found,) = Trial("work", contestants, (goal,)).rows(len(ours))
    return found


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    chart = ["--chart", str(folder / "chart.svg")]
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *arguments, *chart],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_a_row_compares_medians_and_tells_how_far_the_rounds_lie_apart() -> None:
    found = row(Goal("r", "ours", "peer", "x", 2), (30, 10, 20), (10, 10, 10))
    assert (found.ours, found.peer, found.result) == (20, 10, 2)
    assert (found.lowest, found.highest, found.met) == (1, 3, True)


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("r", "ours", "peer", "x", 2), True),
        (Goal("r", "ours", "peer", "x", 2.1), False),
        (Goal("r", "ours", "peer", "x", 2, at_most=True), True),
        (Goal("r", "ours", "peer", "x", 1.9, at_most=True), False),
        (Goal("r", "ours", "peer", "x", 1, at_most=True, added=True), True),
        (Goal("r", "ours", "peer", "x", 0.9, at_most=True, added=True), False),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal, met: bool) -> None:
    assert row(goal, (2,), (1,)).met is met


def test_no_contestant_is_always_the_first() -> None:
    told: list[str] = []
    contestants = {"ours": scripted(1, 1), "peer": scripted(1, 1)}
    list(Trial("work", contestants, ()).rows(2, told.append))
    assert [each.rpartition(" ")[2] for each in told] == ["ours", "peer", "peer", "ours"]


def test_the_chart_names_each_row_with_its_result_and_goal(tmp_path: Path) -> None:
    draw([row(Goal("mine & theirs", "ours", "peer", "x", 4), (2,), (1,))], tmp_path / "c.svg")
    words = " ".join(ElementTree.parse(tmp_path / "c.svg").getroot().itertext())
    assert "mine & theirs" in words
    assert "2.00× (goal ≥ 4×)" in words


def test_one_command_measures_and_prints_one_object(tmp_path: Path) -> None:
    done = command("start", "--quick", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machine"]["cores"] >= 1
    assert len(found["rows"]) == 2
    assert all(each.keys() >= KEYS and each["ours"] > 0 for each in found["rows"])


def test_one_command_prints_the_table_and_draws_the_chart(tmp_path: Path) -> None:
    done = command("start", "--quick", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "import vs import httpx" in done.stdout
    assert ElementTree.parse(tmp_path / "chart.svg").getroot().tag.endswith("svg")


def test_a_name_that_is_no_row_is_refused_with_those_that_are(tmp_path: Path) -> None:
    done = command("speed", folder=tmp_path)
    assert done.returncode == 2
    assert "no such row: speed; there are publisher, receiver" in done.stderr
