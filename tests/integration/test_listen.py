"""`genesys-workbench listen` as a person runs it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesys_workbench.simulator.people import QUEUES, USERS
from genesys_workbench.simulator.server import Simulator
from tests.integration.shells import BENCH, Shell


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(live=True, speed=60, gap=2, conversations=300, rate_limit=10_000) as sim:
        yield sim


@pytest.fixture
def shell(tmp_path: Path, sim: Simulator) -> Iterator[Shell]:
    shell = Shell(
        tmp_path,
        GENESYS_CLOUD_API_URL=sim.url,
        WORKBENCH_BROKER_URL="memory://",
        WORKBENCH_ENRICH="off",
    )
    yield shell
    shell.close()


def test_it_tells_each_new_conversation_and_ends_well_at_ctrl_c(shell: Shell) -> None:
    queues = [part for queue in QUEUES for part in ("--queue", queue.name)]
    shell.start("listen", BENCH, "listen", *queues, "--user", USERS[0].email)
    shell.wait_for("listen", f"Listening to {len(QUEUES) + 1} topics.")
    shell.wait_for("listen", "published ")
    assert shell.stop("listen", signal.SIGINT)[0] == 0
    assert shell.said("listen").rstrip().endswith("The bridge has stopped.")
    assert shell.rows("events", "list")


def test_terminated_it_stops_in_order_too(shell: Shell) -> None:
    shell.start("listen", BENCH, "listen", "--queue", QUEUES[0].id)
    shell.wait_for("listen", "Listening to 1 topics.")
    assert shell.stop("listen", signal.SIGTERM)[0] == 0


def test_a_queue_that_there_is_not_is_wrong_usage(shell: Shell) -> None:
    done = shell.run(BENCH, "listen", "--queue", "Biling", code=2)
    assert "There is no queue called 'Biling'." in done.stderr
    assert "Billing" in done.stderr


def test_without_anything_to_listen_to_it_says_what_to_name(shell: Shell) -> None:
    assert "--queue NAME" in shell.run(BENCH, "listen", code=2).stderr


def test_missing_permissions_are_named(shell: Shell, sim: Simulator) -> None:
    sim.deny("conversation:communication:view")
    done = shell.run(BENCH, "listen", "--queue", "Billing", code=2)
    assert "conversation:communication:view" in done.stderr


def test_an_organisation_that_cannot_be_reached_is_the_apis_error(shell: Shell) -> None:
    shell.environment["GENESYS_CLOUD_API_URL"] = "http://127.0.0.1:9"
    shell.run(BENCH, "listen", "--queue", "Billing", code=5)
