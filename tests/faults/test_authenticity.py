"""Rows 40 and 42 of the fault table: who may deliver, and when."""

from __future__ import annotations

import base64
import re
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.receiver import PATH
from genesys_workbench.simulator.server import Simulator
from tests.faults.clock import WallClock
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig
from tests.faults.signed import NEW, OLD, Signed, post, sign
from tests.integration.workers import wait_until

GUESS = "whsec_bm90LXRoZS1rZXktb2YtYW55Ym9keS1oZXJlLi4="
MINUTE = 60
FLOOD = 10_000


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


@pytest.fixture
def rig(make_rig: MakeRig, clock: WallClock) -> Rig:
    """A receiver and a worker whose wall clock jumps; senders sign with the old secret."""
    rig = make_rig(webhook_secret=SecretStr(OLD))
    rig.sender.headers = {"X-Webhook-Secret": OLD}
    rig.receiver(**clock.variables)
    rig.worker(concurrency=1, **clock.variables)
    rig.wait_ready()
    return rig


def settle(rig: Rig) -> None:
    """Check all invariants, and that no log tells a secret."""
    rig.settle()
    logs = "".join(process.log for process in rig.processes)
    assert [secret for secret in (OLD, NEW, GUESS) if secret[6:] in logs] == []


def deliveries(rig: Rig, now: int) -> dict[str, tuple[Signed, int]]:
    """Return deliveries by what is special about them, each with the status that it must get."""

    def made(secret: str = OLD, *, at: int = now, **more: Any) -> Signed:
        return sign(rig.sender.event(**more), secret, at=at)

    good, other = made(), made()
    ed25519 = f"v1a,{base64.b64encode(b'an ed25519 signature has 64 bytes').decode()}"
    several = f"{ed25519} {good.signature} {other.signature}"
    return {
        "a good one": (good, 202),
        "another's signature": (made(GUESS), 401),
        "no proof": (Signed(made().body, {}), 401),
        "no signature": (made().but(signature=""), 401),
        "no id": (made().but(id=""), 401),
        "six minutes old": (made(at=now - 6 * MINUTE), 401),
        "six minutes ahead": (made(at=now + 6 * MINUTE), 401),
        "four minutes old": (made(at=now - 4 * MINUTE), 202),
        "four minutes ahead": (made(at=now + 4 * MINUTE), 202),
        "another body": (good.but(body=made().body), 401),
        "a blank more": (made().but(body=made().body + b" "), 401),
        "another id": (made().but(id="msg_other"), 401),
        "another time": (made().but(timestamp=str(now + 1)), 401),
        "a time that is none": (made().but(timestamp="now"), 401),
        "several signatures": (other.but(signature=several), 202),
        "an ed25519 signature only": (made().but(signature=ed25519), 401),
    }


def test_row_40_only_what_is_signed_in_time_is_let_in(rig: Rig, clock: WallClock) -> None:
    cases = deliveries(rig, clock.now())
    answered = {name: post(rig, delivery) for name, (delivery, _) in cases.items()}
    assert answered == {name: status for name, (_, status) in cases.items()}
    rig.wait_stored()
    assert len(rig.stored()) == 4
    settle(rig)


def test_row_40_no_delivery_is_refused_while_the_secret_is_rotated(
    rig: Rig, clock: WallClock
) -> None:
    receiver, *_ = rig.processes
    overlap = {"WORKBENCH_WEBHOOK_SECRET": NEW, "WORKBENCH_WEBHOOK_SECRET_PREVIOUS": OLD}
    with rig.sender.stream(rate=50, retries=20):
        assert receiver.stop() == 0
        receiver.start(**clock.variables, **overlap)
        rig.wait_answering()
        accepted = len(rig.sender.accepted)
        wait_until(lambda: len(rig.sender.accepted) > accepted + 20, what="20 more deliveries")
    assert rig.sender.statuses.keys() <= {202, 0}
    signed = [sign(rig.sender.event(), secret, at=clock.now()) for secret in (OLD, NEW)]
    assert [post(rig, each) for each in signed] == [202, 202]
    assert receiver.stop() == 0
    receiver.start(**clock.variables, WORKBENCH_WEBHOOK_SECRET=NEW)
    rig.wait_answering()
    late = [sign(rig.sender.event(), secret, at=clock.now()) for secret in (OLD, NEW)]
    assert [post(rig, each) for each in late] == [401, 202]
    assert rig.sender.deliver(rig.sender.event()) == 401
    settle(rig)


def test_row_40_a_captured_delivery_is_stored_once_and_refused_when_its_time_is_over(
    rig: Rig, clock: WallClock
) -> None:
    captured = sign(rig.sender.event(), OLD, at=clock.now())
    assert [post(rig, captured) for _ in range(5)] == [202] * 5
    (event_id,) = rig.sender.ledger
    wait_until(lambda: deliveries_of(rig, event_id) == 5, what="the fifth delivery")
    clock.jump(4 * MINUTE)
    assert post(rig, captured) == 202
    clock.jump(6 * MINUTE)
    assert post(rig, captured) == 401
    wait_until(lambda: deliveries_of(rig, event_id) == 6, what="the sixth delivery")
    settle(rig)


def deliveries_of(rig: Rig, event_id: str) -> int:
    event = rig.store.event(event_id)
    return int(event["deliveries"]) if event else 0


def test_row_40_a_flood_of_bad_signatures_writes_a_few_lines_and_lets_good_ones_in(
    rig: Rig, clock: WallClock
) -> None:
    receiver, *_ = rig.processes
    begun = time.monotonic()
    bad = sign(rig.sender.event(), GUESS, at=clock.now())
    assert flood(rig.settings.port, bad, FLOOD) == FLOOD
    assert post(rig, sign(rig.sender.event(), OLD, at=clock.now())) == 202
    seconds = time.monotonic() - begun
    metrics = httpx.get(rig.url.replace(PATH, "/metrics"), trust_env=False).text
    assert f'workbench_deliveries_total{{status="401"}} {float(FLOOD)}' in metrics
    assert receiver.log.count("delivery answered 401 to 127.0.0.0/24") <= 1 + seconds / 10
    assert len(receiver.log.splitlines()) < 20 + seconds / 10
    assert bad.signature[3:] not in receiver.log
    rig.wait_stored()
    settle(rig)


def flood(port: int, delivery: Signed, count: int) -> int:
    """Send one delivery many times down one connection; return how many were answered 401."""
    lines = {"Host": "x", "Content-Length": str(len(delivery.body)), **delivery.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + delivery.body
    refused, rest = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        for _ in range(count // 100):
            link.sendall(request * 100)
            wanted = refused + 100
            while refused < wanted:
                data = rest + link.recv(65536)
                found = re.findall(rb"HTTP/1\.1 401 ", data)
                refused += len(found)
                rest = data[data.rfind(b"HTTP/1.1 401 ") + 13 :][-13:] if found else data[-13:]
    return refused


def test_row_42_a_wall_clock_that_jumps_an_hour_moves_the_window_and_no_token(
    make_rig: MakeRig, clock: WallClock
) -> None:
    with Simulator(rate_limit=100_000, expires_in=1800) as platform:
        ids = [each.id for each in platform.world.conversations[:30]]
        rig = make_rig(
            webhook_secret=SecretStr(OLD), enrich="worker", api_url_override=platform.url
        )
        rig.receiver(**clock.variables)
        rig.worker(pool="solo", **clock.variables)
        rig.wait_ready()
        for jump in (0, 3600, -3600):
            clock.jump(jump)
            for skew, status in ((0, 202), (240, 202), (-240, 202), (360, 401), (-360, 401)):
                event = rig.sender.event(conversationId=ids.pop())
                assert post(rig, sign(event, OLD, at=clock.now() + skew)) == status
            rig.wait_stored()
        assert platform.requests["token"] == 1
        settle(rig)
