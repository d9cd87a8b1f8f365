"""A port that was lent is nobody else's until it is let go of, or its process is gone."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from genesys_workbench import ports
from genesys_workbench.errors import ServingError

LEND = "from genesys_workbench.ports import free_port; print(free_port(), flush=True); input()"
HOLD = "import sys; from genesys_workbench import ports; print(ports.hold_port(int(sys.argv[1])))"


@pytest.fixture
def port() -> int:
    return ports.free_port()


def ask(port: int) -> bool:
    """Whether another process can hold the port."""
    done = subprocess.run(
        [sys.executable, "-c", HOLD, str(port)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "True"


def test_a_lent_port_can_be_listened_at_and_is_held_from_this_and_other_processes(
    port: int,
) -> None:
    with socket.create_server(("127.0.0.1", port)):
        assert not ports.hold_port(port)
    assert not ports.hold_port(port)
    assert not ask(port)


def test_a_port_that_was_let_go_of_is_to_be_had(port: int) -> None:
    ports.let_go_of_port(port)
    ports.let_go_of_port(port)
    assert ask(port)
    assert ports.hold_port(port)
    ports.let_go_of_port(port)


def test_a_port_that_is_listened_at_is_not_held(port: int) -> None:
    ports.let_go_of_port(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not ports.hold_port(port)
    assert ask(port)


def test_a_process_that_is_killed_lets_go(port: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        lent = int(other.stdout.readline())
        assert lent != port
        assert not ports.hold_port(lent)
        other.kill()
    assert ports.hold_port(lent)
    ports.let_go_of_port(lent)


def test_no_port_that_systems_lend_to_clients_is_chosen() -> None:
    assert ports.free_port() in ports.PORTS


def test_when_all_are_taken_the_error_says_where_was_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "hold_port", lambda _: False)
    with pytest.raises(ServingError, match="between 20000 and 29999"):
        ports.free_port()
