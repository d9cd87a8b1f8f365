"""Events on local disk: durable, unique, bounded, in order."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from genesys_workbench.errors import SpoolError, SpoolFull
from genesys_workbench.events import digest, parse_event
from genesys_workbench.messages import Message, encode
from genesys_workbench.spool import Spool

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def item(name: str, text: str = "ä\u2028") -> tuple[Message, str]:
    event = parse_event({"conversationId": name, "eventId": name, "text": text})
    return encode(event, received_at=NOW), digest(event.source)


def ids(spool: Spool, limit: int = 256) -> list[str]:
    return [message.event_id for _, message in spool.oldest(limit).result()]


def test_a_message_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=10)
    kept = item("e1")
    spool.add([kept]).result()
    assert [message for _, message in spool.oldest().result()] == [kept[0]]
    spool.close()


def test_what_was_added_is_there_after_a_restart_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "deep" / "er" / "s.db", max_events=10)
    spool.add([item("e1"), item("e2")]).result()
    spool.add([item("e3")]).result()
    spool.close()
    again = Spool(tmp_path / "deep" / "er" / "s.db", max_events=10)
    assert (len(again), ids(again)) == (3, ["e1", "e2", "e3"])
    again.close()


def test_the_same_event_is_kept_once_and_another_body_of_the_same_id_beside_it(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path / "s.db", max_events=10)
    spool.add([item("e1"), item("e1")]).result()
    spool.add([item("e1", "other")]).result()
    assert (len(spool), ids(spool)) == (2, ["e1", "e1"])
    spool.close()


def test_what_is_removed_is_gone_and_makes_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=2)
    spool.add([item("e1"), item("e2")]).result()
    assert spool.full
    with pytest.raises(SpoolFull, match="bound is 2"):
        spool.add([item("e3")]).result()
    (position, _), _ = spool.oldest().result()
    spool.remove([position]).result()
    spool.add([item("e3")]).result()
    assert ids(spool) == ["e2", "e3"]
    spool.close()


def test_a_batch_that_does_not_fit_is_refused_whole(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=2)
    with pytest.raises(SpoolFull):
        spool.add([item("e1"), item("e2"), item("e3")]).result()
    assert (len(spool), ids(spool)) == (0, [])
    spool.close()


def test_many_senders_share_commits_and_none_is_missing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=5000)
    futures = [spool.add([item(f"e{number}")]) for number in range(2000)]
    for future in futures:
        future.result()
    assert len(spool) == 2000
    assert len(set(ids(spool, 5000))) == 2000
    spool.close()


def test_an_added_event_survives_sigkill_of_the_process(tmp_path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from tests.test_spool import item\n"
        "from genesys_workbench.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), max_events=10)\n"
        "spool.add([item('e1')]).result()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s.db"), str(root)], check=False
    )
    assert done.returncode == -9
    spool = Spool(tmp_path / "s.db", max_events=10)
    assert ids(spool) == ["e1"]
    spool.close()


def test_a_disk_error_is_told_and_the_spool_goes_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=10)
    blocker = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    blocker.execute("ALTER TABLE spool RENAME TO elsewhere")
    with pytest.raises(SpoolError, match="cannot be used"):
        spool.add([item("e1")]).result()
    blocker.execute("ALTER TABLE elsewhere RENAME TO spool")
    blocker.close()
    spool.add([item("e1")]).result()
    assert len(spool) == 1
    spool.close()


def test_a_file_that_is_no_database_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(SpoolError, match="WORKBENCH_SPOOL_PATH"):
        Spool(tmp_path / "s.db", max_events=10)


def test_a_caller_that_gives_up_does_not_stop_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=1000)
    for number in range(200):
        spool.add([item(f"e{number}")]).cancel()
    spool.add([item("last")]).result()
    assert len(spool) == 201
    spool.close()


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    Spool(tmp_path / "s.db", max_events=10).close()
    assert (tmp_path / "s.db").stat().st_mode & 0o077 == 0


def test_spools_that_share_a_file_agree_on_how_much_it_holds(tmp_path: Path) -> None:
    one = Spool(tmp_path / "s.db", max_events=3)
    other = Spool(tmp_path / "s.db", max_events=3)
    one.add([item("e1"), item("e2")]).result()
    other.remove([position for position, _ in other.oldest().result()]).result()
    other.add([item("e3"), item("e4")]).result()
    with pytest.raises(SpoolFull, match="holds 2 events"):
        one.add([item("e5"), item("e6")]).result()
    one.add([item("e5")]).result()
    other.remove([position for position, _ in other.oldest().result()]).result()
    assert (one.oldest().result(), len(one), len(other)) == ([], 0, 0)
    one.close()
    other.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_kept_in_a_file_that_was_deleted_or_replaced(
    tmp_path: Path, replaced: bool
) -> None:
    path = tmp_path / "s.db"
    spool = Spool(path, max_events=10)
    spool.add([item("e1")]).result()
    path.rename(tmp_path / "away.db")
    if replaced:
        path.touch()
    with pytest.raises(SpoolError, match="deleted or replaced"):
        spool.add([item("e2")]).result()
    assert ids(spool) == ["e1"]
    spool.close()


def test_an_event_of_another_version_is_told_and_the_spool_goes_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_events=10)
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("INSERT INTO spool (event_id, fingerprint, message) VALUES ('e', 'f', '{}')")
    other.close()
    with pytest.raises(SpoolError, match="cannot read"):
        spool.oldest().result()
    spool.add([item("e1")]).result()
    assert len(spool) == 2
    spool.close()
