"""What all tests share: an environment without settings, and data folders of their own."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from genesys_workbench.settings import Settings, load_settings
from tests.canaries import ENVIRONMENT
from tests.log_state import everything_logged

# The same examples each time, and no complaint about a busy machine.
hypothesis_settings.register_profile(
    "workbench", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("workbench")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos", "faults at random (tests/faults/test_chaos.py)")
    group.addoption(
        "--chaos-seconds",
        type=float,
        default=None,
        help="how long to strike; by default until 10,000 events were delivered",
    )
    group.addoption("--chaos-seed", type=int, default=42, help="what is struck in which order")


def pytest_configure() -> None:
    # A shell without job control starts what goes on in the background with these ignored, and so
    # processes under test would ignore them until they have handlers of their own.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("WORKBENCH_", "GENESYS_CLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def settings() -> Settings:
    return load_settings(port=0)


@pytest.fixture
def canary_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with a canary for each secret; no server of theirs is there."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def whole_log() -> Iterator[io.StringIO]:
    """What all loggers say meanwhile, at every level."""
    with everything_logged() as stream:
        yield stream
