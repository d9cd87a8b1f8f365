"""The health checks of compose.yaml, against parts that run and against parts that do not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import services
from tests.integration.shells import BENCH, Shell, free_port
from tests.integration.workers import wait_until

COMMANDS = {
    "simulator": ("simulate", "--port"),
    "receiver": ("receive", "--port"),
    "lab": ("lab", "--no-browser", "--port"),
}
PORTS = {"simulator": "8765", "receiver": "8000", "lab": "8888"}


def check_of(service: str, *, port: str = "") -> list[str]:
    """Return the check as a command, with another port than in the container."""
    kind, *command = services()[service]["healthcheck"]["test"]
    if service in PORTS:
        changed = [part.replace(PORTS[service], port) for part in command]
        assert changed != command
        command = changed
    return ["sh", "-c", *command] if kind == "CMD-SHELL" else command


@pytest.fixture
def shell(tmp_path: Path, broker_url: str) -> Iterator[Shell]:
    opened = Shell(tmp_path, HOME=str(tmp_path), WORKBENCH_BROKER_URL=broker_url)
    yield opened
    opened.close()


@pytest.mark.parametrize("service", sorted(COMMANDS))
def test_a_part_that_serves_is_healthy_and_one_that_does_not_is_not(
    service: str, shell: Shell
) -> None:
    port = free_port()
    check = check_of(service, port=port)
    assert healthy(shell, check) is False
    shell.start(service, BENCH, *COMMANDS[service], port)
    shell.wait_for(service, "Ready")
    assert healthy(shell, check) is True


def test_a_worker_is_healthy_when_it_consumes(shell: Shell) -> None:
    shell.run(BENCH, "queue", "setup")
    check = check_of("worker")
    assert healthy(shell, check) is False
    shell.start("worker", BENCH, "work")
    wait_until(lambda: healthy(shell, check), seconds=60, what="the worker's health")


def healthy(shell: Shell, check: list[str]) -> bool:
    """Run a check in the environment of the parts; its end is all that counts."""
    done = subprocess.run(
        check, env=shell.environment, cwd=shell.folder, capture_output=True, timeout=30, check=False
    )
    return done.returncode == 0
