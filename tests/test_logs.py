"""Log entries: one line each, as text or JSON, and never a secret."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from genesys_workbench.correlation import about
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


def test_text_ends_with_the_ids_that_the_message_does_not_name(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings)
    with about(correlation_id="c-1", event_id="e-1", conversation_id="v-1"):
        log.warning("no answer")
        log.warning("event e-1 failed")
    log.warning("no event")
    told = [line.partition(": ")[2] for line in lines(capsys)]
    assert told == [
        "no answer [event e-1, correlation c-1]",
        "event e-1 failed [correlation c-1]",
        "no event",
    ]


def test_json_entries_hold_the_ids_of_where_they_were_written(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    start(settings, log_format="json")
    with about(correlation_id="c-1", event_id="e-1"):
        logging.getLogger("somebody.elses").warning("no answer")
    entry = json.loads(lines(capsys)[0])
    assert (entry["correlation_id"], entry["event_id"]) == ("c-1", "e-1")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_warnings_of_python_are_entries_too_and_scrubbed(
    settings: Settings, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    start(settings, log_format=log_format)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old: {URL}", DeprecationWarning, stacklevel=1)
    said = lines(capsys)
    assert "DeprecationWarning: old: amqp://bench:***@" in said[0]
    assert SECRET not in "".join(said)
    if log_format == "json":
        assert json.loads(said[0])["logger"] == "py.warnings"


def test_with_json_an_exception_that_nobody_caught_is_one_entry(tmp_path: Path) -> None:
    program = (
        "import threading\n"
        "from genesys_workbench.logs import configure\n"
        "from genesys_workbench.settings import load_settings\n"
        "configure(load_settings(log_format='json'))\n"
        f"def fail(): raise OSError('cannot reach {URL}')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert [entry["message"] for entry in entries] == ["uncaught OSError"] * 2
    assert SECRET not in done.stderr


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
