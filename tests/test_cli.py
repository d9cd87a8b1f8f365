"""The command line as a whole: help, exit codes, streams, settings, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from genesys_workbench import errors
from genesys_workbench.cli import EPILOG, data, stopping
from genesys_workbench.cli.output import exit_code, table
from genesys_workbench.errors import WorkbenchError
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

HEAVY = (
    "celery fastapi httpx kombu numpy pandas pika pydantic_settings sqlalchemy starlette uvicorn"
).split()
COMMANDS = {
    "": (
        "demo simulate receive listen record backfill work lab trigger doctor webhooks outlets "
        "queue events"
    ),
    "webhooks": "list ensure delete",
    "outlets": "list eventbridge trigger",
    "queue": "setup show peek dead redrive",
    "events": "list show replay",
}
ALL = [
    *(f"{group} {name}".strip() for group, names in COMMANDS.items() for name in names.split()),
]


def test_help_lists_each_command_and_the_exit_codes(run: Run) -> None:
    for group, names in COMMANDS.items():
        outcome = run(*group.split(), "--help")
        assert outcome.code == 0
        assert [name for name in names.split() if f" {name} " not in outcome.out] == []
    told = " ".join(run("--help").out.split())
    assert EPILOG in told


def test_the_help_of_every_command_loads_none_of_the_libraries_it_will_need() -> None:
    code = f"""
import contextlib, io, sys
from genesys_workbench.cli import main
for command in {["", *ALL]}:
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        try:
            main([*command.split(), "--help"])
        except SystemExit as ended:
            assert ended.code == 0, command
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "genesys_workbench" in done.stdout.split()
    assert set(done.stdout.split()) & set(HEAVY) == set()


def test_the_version_is_that_of_the_package(run: Run) -> None:
    from genesys_workbench import __version__

    assert run("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        "nonsense",
        "demo --events 0",
        "demo --rate -1",
        "receive --port 99999",
        "work --pool gevents",
        "simulate --envelope letter",
        "simulate --to ftp://example.com/",
        "trigger voice-inbond",
        "trigger voice-inbound --envelope letter",
        "trigger voice-inbound --override mediaType",
        "trigger voice-inbound --override name=x",
        "trigger voice-inbound --to http://[::1",
        "webhooks ensure receiver.example.com",
        "webhooks delete http://user:hunter2@example.com/",
        "queue redrive",
        "queue redrive --all some-id",
        "events list --status done",
        "events show",
    ],
)
def test_wrong_usage_ends_with_code_2_and_a_sentence_on_stderr(run: Run, command: str) -> None:
    outcome = run(*command.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error" in outcome.err
    assert "hunter2" not in outcome.err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("SettingsError", 3),
        ("BrokerError", 4),
        ("Unroutable", 4),
        ("GenesysError", 5),
        ("NoWebhookEndpoint", 5),
        ("StoreError", 6),
        ("SchemaMismatch", 6),
        ("SpoolFull", 6),
        ("ServingError", 1),
        ("WorkbenchError", 1),
    ],
)
def test_each_branch_of_the_error_tree_has_its_exit_code(kind: str, code: int) -> None:
    assert exit_code(getattr(errors, kind)("what")) == code
    assert f"{code} " in EPILOG


def test_an_expected_error_tells_what_happened_and_the_fix(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> None:
        raise WorkbenchError("It [broke].", fix="mend [it]")

    monkeypatch.setattr(data, "settings_for", failing)
    outcome = run("events", "list")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "Error: It [broke].\nFix: mend [it]\n"


def test_an_unexpected_error_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from genesys_workbench.cli import main

    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(data, "settings_for", failing)
    with pytest.raises(ZeroDivisionError):
        main(["events", "list"])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WORKBENCH_PORT", "many", "WORKBENCH_PORT"),
        ("WORKBENCH_LOG_LEVEL", "loud", "WORKBENCH_LOG_LEVEL: Value error, must be"),
        ("GENESYS_CLOUD_CLIENT_ID", "only-half", "must be set together"),
        ("WORKBENCH_DATABASE_URL", "mysql://u:hunter2@h/x", "cannot live in mysql"),
    ],
)
def test_a_malformed_setting_ends_with_code_3(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    outcome = run("events", "list")
    assert (outcome.code, outcome.out) == (3, "")
    assert told in outcome.err
    assert "Fix: " in outcome.err
    assert "hunter2" not in outcome.err


def test_an_env_file_that_is_no_text_ends_with_code_3(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    outcome = run("events", "list")
    assert (outcome.code, outcome.out) == (3, "")
    assert ".env in this folder cannot be read" in outcome.err


def command(*arguments: str, **options: object) -> subprocess.Popen[str]:
    code = "from genesys_workbench.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True, **options
    )


def test_a_reader_that_has_seen_enough_ends_the_command_in_silence() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with command("trigger", stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


def test_json_on_a_terminal_without_unicode_is_still_json(tmp_path: Path) -> None:
    code = (
        "from genesys_workbench.cli import output; import sys;"
        "sys.stdout.reconfigure(encoding='ascii', errors='backslashreplace');"
        "output.print_json({'name': 'Zoë \\ud800', 'raw': b'\\xff'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == '{"name": "Zo\\u00eb \\ud800", "raw": "\\\\xff"}\n'


class Terminal:
    """A stdout of so many columns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")


ROW = ["e" * 36, "created", "voice", "processed", "c" * 36]
NAMES = ["eventId", "eventType", "mediaType", "status", "conversationId"]


def plain(text: str) -> str:
    return text.replace("\x1b[1m", "").replace("\x1b[0m", "")


def test_a_piped_table_has_one_line_a_row_however_wide(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table([*NAMES, "error"], [[*ROW, "two\nlines " + "x" * 300]])
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == [*NAMES, "error"]
    assert row.split()[:5] == ROW
    assert row.endswith("x…")


@pytest.mark.parametrize(("columns", "shown"), [(200, 5), (80, 4), (40, 2)])
def test_on_a_narrow_terminal_the_last_columns_give_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, shown: int
) -> None:
    Terminal(monkeypatch, columns)
    table(NAMES, [ROW])
    out, err = capsys.readouterr()
    assert plain(out).splitlines()[0].split() == NAMES[:shown]
    assert max(map(len, plain(out).splitlines())) <= columns
    hidden = NAMES[shown:]
    assert err.startswith(f"(not shown: {', '.join(hidden)};" if hidden else "")
    assert bool(err) == bool(hidden)
    # the id stays whole, so that it can be copied
    assert plain(out).count("e" * 20) >= 1
    assert sum(line.count("e") for line in plain(out).splitlines()[1:]) >= 36


def test_a_flexible_column_folds_instead_of_pushing_others_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Terminal(monkeypatch, 80)
    table(["eventId", "error", "attempts"], [["e" * 36, "word " * 30, "7"]], flexible="error")
    out, err = capsys.readouterr()
    assert plain(out).splitlines()[0].split() == ["eventId", "error", "attempts"]
    assert (out.count("word"), err) == (30, "")


def test_the_first_interrupt_raises_and_later_ones_let_the_clean_up_go_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    cleaned = []

    def clean_up() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        cleaned.append("all")

    with ExitStack() as stack:
        stack.enter_context(pytest.raises(KeyboardInterrupt))
        stack.enter_context(stopping.orderly_stop())
        stack.callback(clean_up)
        signal.raise_signal(signal.SIGINT)
    assert cleaned == ["all"]
    assert capfd.readouterr().err.count("Still stopping") == 2


def test_sigterm_ends_with_143_after_the_clean_up() -> None:
    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, stopping.orderly_stop():
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == stopping.TERMINATED == 143
    assert signal.getsignal(signal.SIGTERM) is former


def test_an_interrupted_command_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "settings_for", lambda: signal.raise_signal(signal.SIGINT))
    assert run("events", "list").code == stopping.INTERRUPTED == 130
