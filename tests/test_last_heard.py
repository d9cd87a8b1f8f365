"""The file that tells a restarted bridge what it missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from genesys_workbench.last_heard import LastHeard

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_the_next_run_knows_the_time_for_the_same_topics_in_any_order(tmp_path: Path) -> None:
    LastHeard(tmp_path / "data", ["a", "b"]).note(NOON)
    assert LastHeard(tmp_path / "data", ["b", "a"]).read() == NOON
    assert LastHeard(tmp_path / "data", ["a"]).read() is None


def test_it_is_written_every_few_seconds_only(tmp_path: Path) -> None:
    heard = LastHeard(tmp_path, ["a"])
    heard.note(NOON)
    heard.note(NOON + timedelta(seconds=4))
    assert heard.read() == NOON
    heard.note(NOON + timedelta(seconds=5))
    assert heard.read() == NOON + timedelta(seconds=5)


@pytest.mark.parametrize("text", ["", "[]", '{"heard": 1}', '{"heard": "2026-01-05T12:00:00"}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    heard = LastHeard(tmp_path, ["a"])
    heard.path.write_text(text)
    assert heard.read() is None


def test_a_place_that_cannot_be_written_to_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    LastHeard(tmp_path / "file", ["a"]).note(NOON)
    assert "cannot be written" in caplog.text
