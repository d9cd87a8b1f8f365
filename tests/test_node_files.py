"""The files of a private node: what it is told, and what other processes read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from genesys_workbench.node_files import (
    ERLANG_ARGUMENTS,
    FLUSHES,
    RunningNode,
    has_management,
    remove_state,
    running_node,
    usual_port,
    write_config,
    write_state,
)


def test_the_management_plugin_listens_on_loopback_only(tmp_path: Path) -> None:
    write_config(tmp_path, port=5001, management_port=5002)
    config = (tmp_path / "rabbitmq.conf").read_text()
    assert "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = 5002\n" in config
    assert (tmp_path / "enabled_plugins").read_text() == "[rabbitmq_management].\n"
    assert usual_port(tmp_path) == 5001


def test_without_the_plugin_nothing_of_it_is_configured(tmp_path: Path) -> None:
    write_config(tmp_path, port=5001, management_port=None)
    assert "management" not in (tmp_path / "rabbitmq.conf").read_text()
    assert (tmp_path / "enabled_plugins").read_text() == "[].\n"


def test_a_node_that_never_ran_has_no_usual_port(tmp_path: Path) -> None:
    assert usual_port(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rabbitmq_management-3.10.8", True),
        ("rabbitmq_management-4.1.0.ez", True),
        ("rabbitmq_management_agent-3.10.8", False),
        ("rabbitmq_shovel-3.10.8", False),
    ],
)
def test_the_plugin_is_found_beside_the_script_that_a_link_leads_to(
    tmp_path: Path, name: str, expected: bool
) -> None:
    real = tmp_path / "rabbitmq_server-x" / "sbin" / "rabbitmq-server"
    (real.parent.parent / "plugins" / name).mkdir(parents=True)
    real.parent.mkdir()
    real.touch()
    link = tmp_path / "rabbitmq-server"
    link.symlink_to(real)
    assert has_management(link) is expected


def test_erlang_gets_its_arguments_apart_at_blanks() -> None:
    told = ERLANG_ARGUMENTS.split()
    assert told[::3] == ["-rabbit", "-rabbit", "-eval"]
    assert told[1:3] == ["quorum_tick_interval", "1000"]
    assert told[4:6] == ["server_properties", f'[{{<<"{FLUSHES}">>,long,0}}]']
    assert len(told) == 8


@pytest.mark.parametrize("management", [None, "http://guest:guest@127.0.0.1:5002/"])
def test_other_processes_find_a_node_while_it_answers(
    tmp_path: Path, management: str | None
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        write_state(tmp_path, pid=os.getpid(), port=port, url="amqp://x", management_url=management)
        assert running_node(tmp_path) == RunningNode("amqp://x", management)
        assert (tmp_path / "node.json").stat().st_mode & 0o077 == 0
    assert running_node(tmp_path) is None
    remove_state(tmp_path)
    remove_state(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_node_of_an_older_version_has_no_management(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        state = f'{{"pid": {os.getpid()}, "port": {port}, "url": "amqp://x"}}'
        (tmp_path / "node.json").write_text(state)
        assert running_node(tmp_path) == RunningNode("amqp://x", None)
