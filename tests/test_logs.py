"""Log entries: one line each, as text or JSON, and never a secret."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from genesys_workbench.logs import QUIET, configure
from genesys_workbench.settings import Settings
from tests.log_state import own_logging

SECRET = "canary-5d1f"
URL = f"amqp://bench:{SECRET}@broker.example.com:5672/"

log = logging.getLogger("genesys_workbench.somewhere")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    with own_logging():
        yield


def start(settings: Settings, **changes: str) -> None:
    configure(settings.model_copy(update=changes))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def fail_with_password() -> None:
    try:
        raise OSError(f"cannot reach {URL}")
    except OSError:
        log.exception("no connection")


def test_text_entries_tell_time_level_logger_and_message(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings)
    log.warning("%d events wait", 3)
    (line,) = lines(capsys)
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING genesys_workbench\.somewhere: 3 events wait", line)


def test_json_entries_are_one_object_a_line_with_the_fields_of_the_event(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings, log_format="json")
    extra = {"event_id": "e-1", "attempt": 2, "outcome": "processed", "other": "left out"}
    log.info("line one\nline two – ü", extra=extra)
    (line,) = lines(capsys)
    entry = json.loads(line)
    assert datetime.now(UTC) >= datetime.fromisoformat(entry.pop("time"))
    assert entry == {
        "level": "INFO",
        "logger": "genesys_workbench.somewhere",
        "message": "line one\nline two – ü",
        "event_id": "e-1",
        "attempt": 2,
        "outcome": "processed",
    }


def test_the_level_of_the_settings_counts_in_any_case(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings, log_level="warning")
    log.info("not said")
    log.error("said")
    assert [line.rpartition(": ")[2] for line in lines(capsys)] == ["said"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_and_personal_data_are_scrubbed_from_message_and_traceback(
    settings: Settings, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    start(settings, log_format=log_format)
    log.warning("calling +1 202 555 0134 with Authorization: Bearer %s via %s", SECRET, URL)
    fail_with_password()
    said = "\n".join(lines(capsys))
    assert SECRET not in said
    assert "555" not in said
    assert "OSError: cannot reach amqp://bench:***@broker.example.com:5672/" in said
    assert "Traceback" in said


def test_the_chatter_of_libraries_is_kept_out_even_when_debugging(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings, log_level="debug")
    for name in QUIET:
        logging.getLogger(f"{name}.deeper").info("chatter")
    log.debug("said")
    assert [line.rpartition(": ")[2] for line in lines(capsys)] == ["said"]


def test_configuring_again_replaces_the_handler(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings)
    start(settings, log_format="json")
    log.warning("once")
    (line,) = lines(capsys)
    assert json.loads(line)["message"] == "once"


def test_a_message_whose_arguments_do_not_fit_is_still_said(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings)
    log.warning("%d events", "many")
    assert lines(capsys)[0].endswith("%d events (arguments do not fit)")
