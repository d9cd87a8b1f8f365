"""Rows 20 and 21 of the fault table: the database is locked, away, read-only, full or replaced."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from pydantic import SecretStr

from genesys_workbench.errors import StoreUnavailable
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.store import Store
from genesys_workbench.tasks import PATIENT_RETRIES
from tests.faults.conftest import MakeRig
from tests.faults.processes import Process
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig
from tests.faults.sender import Delivery
from tests.integration.postgres import private_postgresql
from tests.integration.workers import wait_until

# root may write to whatever it likes, unless it gives up the right to
WITHOUT_OVERRIDE = (
    ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", "--")
    if os.geteuid() == 0
    else ()
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The file of the store, in a folder of its own."""
    return tmp_path / "database" / "store.db"


@pytest.fixture
def rig(make_rig: MakeRig, place: Path) -> Rig:
    """An installation whose store is prepared, and that tries nothing again without need."""
    made = make_rig(database_url=SecretStr(f"sqlite:///{place}"), max_retries=0)
    assert made.store.counts()["events"] == 0
    return made


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the database as another program's transaction would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def publish_tried(rig: Rig, *, tries: int) -> str:
    """Publish an event as a message that the worker has tried so many times; return its id."""
    body = rig.sender.event()
    message = encode(parse_event(body), received_at=datetime.now(UTC))
    headers = {**message.headers, "retries": tries}
    with Publisher(rig.broker_url) as publisher:
        publisher.publish(replace(message, headers=headers)).result(10)
    rig.sender.ledger[message.event_id] = Delivery(body, [202], ["published"])
    return message.event_id


def again(process: Process, *, reason: str) -> int:
    """Return how many tries a worker has put off, its log says, for a text."""
    return sum(reason in line for line in process.log.split("\n") if "again in" in line)


def limit_files(process: Process, size: int) -> None:
    """Let a process and its children write no file beyond a size, as a full disk would."""
    for pid in (process.pid, *process.children):
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))


def wait_sent(rig: Rig, count: int) -> None:
    wait_until(lambda: len(rig.sender.ledger) >= count, what=f"{count} deliveries")


def test_row_20_a_writer_that_holds_the_database_for_three_seconds_is_waited_for(
    rig: Rig, place: Path
) -> None:
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    with rig.sender.stream(rate=50), locked(place):
        wait_sent(rig, 150)
    rig.settle()
    assert "again in" not in worker.log


def test_row_20_a_database_that_stays_locked_is_tried_again_within_a_bound(
    rig: Rig, place: Path
) -> None:
    rig.receiver()
    worker = rig.worker(concurrency=4)
    rig.wait_ready()
    with locked(place):
        last = publish_tried(rig, tries=PATIENT_RETRIES)
        rig.sender.send(10)
        wait_until(lambda: rig.reasons() == {last: "sink_locked"}, what="the dead letter")
        wait_until(lambda: again(worker, reason="locked by another writer") >= 3, what="retries")
    rig.wait_ready()
    assert rig.command("queue", "redrive", "--all") == 0
    rig.settle()
    assert rig.stored() == rig.sender.accepted


def test_row_20_events_wait_while_postgresql_is_gone_for_ten_seconds_under_load(
    make_rig: MakeRig,
) -> None:
    with private_postgresql() as server:
        rig = make_rig(database_url=SecretStr(server.url), max_retries=0, retry_cap=2.0)
        assert rig.store.counts()["events"] == 0
        server.stop()
        worker = rig.worker()
        assert "Events wait in the queue until it is there." in worker.log
        server.start()
        rig.receiver()
        rig.wait_ready()
        with rig.sender.stream(rate=100):
            wait_sent(rig, 100)
            server.stop()
            wait_sent(rig, 1100)
            server.start()
            wait_sent(rig, 1150)
        rig.settle(seconds=120)
        assert rig.stored() == rig.sender.accepted
        assert again(worker, reason="does not answer") > 0
        assert server.password not in worker.log


def test_row_20_a_postgresql_server_that_says_nothing_is_unreachable_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = Store(f"postgresql://bench:secret@127.0.0.1:{port}/postgres")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught:
            store.counts()
        assert caught.value.reason == "sink_unreachable"
        assert time.monotonic() - started < 30
        store.close()


def test_row_20_a_file_that_is_moved_away_is_missed_and_put_back_all_is_stored(
    rig: Rig, place: Path
) -> None:
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    rig.sender.send(20)
    rig.wait_stored()
    away = place.parent.rename(place.parent.with_name("away"))
    place.parent.mkdir()
    rig.sender.send(20)
    wait_until(lambda: again(worker, reason="moved or deleted") > 20, what="retries")
    assert list(place.parent.iterdir()) == []
    place.parent.rmdir()
    away.rename(place.parent)
    rig.settle()
    assert rig.stored() == rig.sender.accepted


def test_row_20_what_comes_after_a_backup_was_put_back_is_in_that_file(
    rig: Rig, place: Path
) -> None:
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    rig.sender.send(20)
    rig.wait_stored()
    backup = place.with_name("backup.db")
    with closing(sqlite3.connect(place)) as now, closing(sqlite3.connect(backup)) as copy:
        now.backup(copy)
    for old in place.parent.glob("store.db*"):
        old.unlink()
    backup.rename(place)
    rig.sender.send(20)
    rig.settle()
    with closing(sqlite3.connect(place)) as seen:
        assert seen.execute("SELECT count(*) FROM events").fetchone() == (40,)


def test_row_20_events_wait_until_a_read_only_database_may_be_written(
    rig: Rig, place: Path
) -> None:
    folder = place.parent
    for each in (*folder.iterdir(), folder):
        each.chmod(0o555)
    rig.receiver()
    worker = rig.worker(through=WITHOUT_OVERRIDE)
    rig.wait_ready()
    rig.sender.send(20)
    wait_until(lambda: again(worker, reason="refuses to be written") > 20, what="retries")
    assert rig.stored() == set()
    for each in (folder, *folder.iterdir()):
        each.chmod(0o755)
    rig.settle()
    assert rig.stored() == rig.sender.accepted


def test_row_21_events_wait_while_the_disk_of_the_database_is_full(rig: Rig) -> None:
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    limit_files(worker, 400_000)
    rig.sender.send(40, note="x" * 20_000)
    wait_until(lambda: again(worker, reason="cannot grow") > 40, what="retries")
    assert 0 < len(rig.stored()) < 40
    limit_files(worker, psutil.RLIM_INFINITY)
    rig.settle()
    assert rig.stored() == rig.sender.accepted


def test_row_21_a_receiver_whose_disk_is_full_asks_for_patience_and_recovers_by_itself(
    make_rig: MakeRig, node: PrivateNode
) -> None:
    port = urlsplit(node.url).port or 0
    with FaultProxy(port) as proxy:
        broker = node.url.replace(str(port), str(proxy.port))
        rig = make_rig(broker_url=SecretStr(broker), spool_max_events=1000)
        receiver = rig.receiver()
        rig.wait_ready()
        proxy.refuse = True
        proxy.cut()
        rig.wait_ready(503)
        rig.sender.send(5)
        limit_files(receiver, 500_000)
        rig.sender.send(60, threads=4, note="x" * 20_000)
        assert rig.sender.statuses.keys() == {202, 503}
        assert 5 < len(rig.sender.accepted) < 40
        answer = httpx.post(
            rig.url, json=rig.sender.event(note="x" * 20_000), headers=rig.sender.headers
        )
        assert (answer.status_code, answer.headers["Retry-After"].isdecimal()) == (503, True)
        limit_files(receiver, psutil.RLIM_INFINITY)
        rig.sender.again()
        assert len(rig.sender.accepted) == 65
        proxy.refuse = False
        rig.worker()
        rig.settle()
        assert rig.stored() == rig.sender.accepted


@pytest.mark.parametrize(
    ("harm", "words"),
    [("newer", "The database is newer (schema 99)"), ("damaged", "The file is damaged")],
)
def test_row_21_a_worker_refuses_a_database_that_no_waiting_mends(
    rig: Rig, place: Path, harm: str, words: str
) -> None:
    rig.store.close()
    if harm == "newer":
        with closing(sqlite3.connect(place)) as other, other:
            other.execute("UPDATE meta SET value = 99")
    else:
        shutil.copyfile(__file__, place)
    worker = rig.worker(wait=False)
    assert worker.wait() != 0
    assert words in worker.log
    assert "Fix:" in worker.log
    assert "Traceback" not in worker.log
