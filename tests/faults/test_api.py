"""Rows 26 to 30 of the fault table: tokens, refusals, limits and garbage of Genesys Cloud."""

from __future__ import annotations

import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from genesys_workbench.auth import ClientCredentials
from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import Unreachable
from genesys_workbench.queues import states
from genesys_workbench.runtime import API_ATTEMPTS
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from tests.faults.conftest import MakeRig
from tests.faults.hostile_api import KINDS, HostileApi
from tests.faults.processes import Process
from tests.faults.rig import Rig
from tests.integration.shells import free_port
from tests.integration.workers import wait_until

TRIES = 3


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulated Genesys Cloud that does not make tests wait."""
    with Simulator(rate_limit=100_000) as running:
        yield running


@pytest.fixture
def rig(make_rig: MakeRig, simulator: Simulator) -> Rig:
    """An installation that asks the simulator for each conversation; the receiver runs."""
    return asking(make_rig, simulator)


def asking(make_rig: MakeRig, simulator: Simulator) -> Rig:
    ids = [each.id for each in simulator.world.conversations]
    made = make_rig(conversations=ids, enrich="worker", api_url_override=simulator.url)
    made.receiver()
    made.wait_ready()
    return made


def wait_dead(rig: Rig, count: int, *, seconds: float = 60) -> None:
    """Wait until there are so many dead letters."""
    what = f"{count} dead letters"
    wait_until(lambda: states(rig.broker_url)[1].ready == count, seconds=seconds, what=what)


def redrive(rig: Rig) -> None:
    assert rig.command("queue", "redrive", "--all") == 0


@pytest.mark.parametrize(
    ("pool", "concurrency", "processes"), [("prefork", 2, 2), ("threads", 50, 1)]
)
def test_row_26_a_token_is_asked_for_once_an_expiry_in_the_middle_of_a_burst(
    make_rig: MakeRig, pool: str, concurrency: int, processes: int
) -> None:
    with Simulator(rate_limit=100_000, expires_in=2) as simulator:
        rig = asking(make_rig, simulator)
        worker = rig.worker(pool=pool, concurrency=concurrency)
        begun = time.monotonic()
        with rig.sender.stream(rate=60):
            wait_until(lambda: len(rig.sender.ledger) > 250, what="250 deliveries")
        rig.wait_stored()
        # a token of two seconds is used for the first of them
        expiries = time.monotonic() - begun
        rig.settle()
        assert processes * 3 <= simulator.requests["token"] <= processes * (expiries + 1)
        assert "again in" not in worker.log


def test_row_27_one_401_costs_one_token_and_one_more_call(rig: Rig, simulator: Simulator) -> None:
    worker = rig.worker(concurrency=1)
    simulator.faults.add(Fault("conversation", status=401, count=1))
    rig.sender.send(20)
    rig.settle()
    assert simulator.requests == {"token": 2, "conversation": 21}
    assert "again in" not in worker.log


@pytest.mark.parametrize("endpoint", ["conversation", "token"])
def test_row_27_while_each_token_is_refused_no_new_one_is_asked_for_with_each_event(
    rig: Rig, simulator: Simulator, endpoint: str
) -> None:
    worker = rig.worker()
    simulator.faults.add(Fault(endpoint, status=401))
    rig.sender.send(20)
    wait_dead(rig, 20)
    assert Counter(rig.reasons().values()) == {"auth": 20}
    assert simulator.requests["token"] <= 4  # of two processes: one, and once a renewed one
    simulator.faults.clear()
    assert worker.stop() == 0
    worker.start()
    redrive(rig)
    rig.settle()


def test_row_28_what_is_forbidden_dies_at_once_and_what_is_not_visible_yet_is_waited_for(
    rig: Rig, simulator: Simulator
) -> None:
    rig.worker()
    simulator.faults.add(Fault("conversation", status=403))
    rig.sender.send(10)
    wait_dead(rig, 10)
    assert Counter(rig.reasons().values()) == {"forbidden": 10}
    assert simulator.requests["conversation"] == 10
    simulator.faults.clear()
    redrive(rig)
    rig.wait_stored()
    simulator.faults.add(Fault("conversation", status=404, count=10))
    rig.sender.send(10)
    rig.wait_stored()
    before = simulator.requests["conversation"]
    rig.sender.send(5, conversationId="00000000-0000-4000-8000-00000000dead")
    wait_dead(rig, 5)
    assert simulator.requests["conversation"] == before + 5 * TRIES
    rig.settle(dead={"not_found": 5})


def in_two_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


@pytest.mark.parametrize("asked", ["seconds", "date", "garbage"])
def test_row_29_a_storm_of_429_is_waited_out_and_holds_up_nobody_else(
    rig: Rig, simulator: Simulator, asked: str
) -> None:
    worker = rig.worker()
    known = rig.sender.send(8)
    rig.wait_stored()
    storm = {"seconds": "2", "date": in_two_seconds(), "garbage": "soon"}[asked]
    unreadable = {"inin-ratelimit-reset": "soon"}  # as the true header comes as well
    simulator.faults.add(Fault("conversation", status=429, retry_after=storm, headers=unreadable))
    begun, calls = time.monotonic(), simulator.requests["conversation"]
    held_up = rig.sender.send(8)
    wait_until(lambda: worker.log.count("again in") > 8, what="retries")
    conversations = [rig.sender.ledger[each].body["conversationId"] for each in known]
    passing = {
        each
        for conversation in conversations
        for each in rig.sender.send(1, conversationId=conversation)
    }
    wait_until(lambda: rig.store.known(passing) == passing, what="the others' records")
    assert rig.store.known(held_up) == set()
    if asked == "seconds":
        storms = (time.monotonic() - begun) / 2
        assert simulator.requests["conversation"] - calls <= 2 * (storms + 1)
    simulator.faults.clear()
    rig.settle()


def peak(process: Process) -> int:
    """Return the most bytes that a worker and its children have held at once."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in (process.pid, *process.children)]
    return 1024 * sum(int(each.split("VmHWM:")[1].split()[0]) for each in status)


def test_row_30_whatever_the_api_answers_is_tried_again_within_a_bound_then_a_dead_letter(
    make_rig: MakeRig,
) -> None:
    with HostileApi() as elsewhere, HostileApi(elsewhere=elsewhere.url) as api:
        rig = make_rig(
            conversations=[f"{kind}_{number}" for number in range(2) for kind in KINDS],
            enrich="worker",
            api_url_override=api.url,
            api_timeout=1.0,
        )
        rig.receiver()
        rig.wait_ready()
        worker = rig.worker(concurrency=4)
        api.behaves = True
        rig.sender.send(20, conversationId="warm-up_0")
        rig.wait_stored()
        api.behaves = False
        before = peak(worker)
        ids = rig.sender.send(2 * len(KINDS))
        wait_dead(rig, len(ids))
        kinds = {each: rig.sender.ledger[each].body["conversationId"][:-2] for each in ids}
        assert rig.reasons() == {each: KINDS[kind][0] for each, kind in kinds.items()}
        calls = {kind: api.calls[kind] for kind in KINDS}
        assert max(calls.values()) <= 2 * TRIES * API_ATTEMPTS, calls
        assert min(calls.values()) >= 2 * TRIES, calls
        assert elsewhere.heads == []
        assert peak(worker) - before < 200_000_000
        api.behaves = True
        redrive(rig)
        rig.settle()
        assert rig.stored() == rig.sender.accepted


def test_row_30_an_api_that_cannot_be_reached_or_trusted_gets_no_credentials(
    make_rig: MakeRig, simulator: Simulator
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with HostileApi(tls=tls) as stranger:
        rig = asking(make_rig, simulator)
        nobody = f"http://127.0.0.1:{free_port()}"
        no_tls = simulator.url.replace("http:", "https:")
        workers = [
            rig.worker(pool="solo", wait=False, GENESYS_CLOUD_API_URL=url)
            for url in (nobody, no_tls, stranger.url)
        ]
        rig.wait_consuming()
        rig.sender.send(12)
        wait_dead(rig, 12)
        assert set(rig.reasons().values()) == {"upstream_unreachable"}
        assert stranger.heads == []
        assert simulator.requests.total() == 0
        assert [worker.stop() for worker in workers] == [0, 0, 0]
    rig.worker()
    redrive(rig)
    rig.settle()
    assert rig.stored() == rig.sender.accepted


def test_row_30_a_name_that_does_not_resolve_is_an_api_that_is_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    auth = ClientCredentials("id", SecretStr("secret"), login_url="https://login.example")
    with (
        GenesysClient("https://api.example", auth, attempts=1) as client,
        pytest.raises(Unreachable, match="name resolution"),
    ):
        client.get_conversation("c1")
