"""Crashes on purpose: at the named point, at the wanted hit, and nowhere else."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from genesys_workbench.crash import POINTS
from genesys_workbench.errors import SettingsError
from genesys_workbench.settings import load_settings

PASS_TWICE = """
from genesys_workbench.crash import crash_at
for hit in (1, 2):
    crash_at("task-start")
    print(hit, flush=True)
"""


@pytest.mark.parametrize(
    ("wanted", "hits", "code"),
    [
        ("", "1\n2\n", 0),
        ("after-verify", "1\n2\n", 0),
        ("task-start", "", -signal.SIGKILL),
        ("task-start:2", "1\n", -signal.SIGKILL),
        ("task-start:3", "1\n2\n", 0),
    ],
)
def test_a_process_dies_at_the_wanted_hit_of_the_wanted_point(
    wanted: str, hits: str, code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PASS_TWICE],
        env={"WORKBENCH_CRASH_AT": wanted},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.returncode) == (hits, code)


@pytest.mark.parametrize("value", ["nowhere", "task-start:", "task-start:0", "task-start:x"])
def test_a_point_that_does_not_exist_is_refused_with_those_that_do(value: str) -> None:
    with pytest.raises(SettingsError, match=r"WORKBENCH_CRASH_AT: .*after-verify"):
        load_settings(crash_at=value)


@pytest.mark.parametrize("value", POINTS)
def test_every_point_can_be_asked_for(value: str) -> None:
    assert load_settings(crash_at=f"{value}:2").crash_at == f"{value}:2"
