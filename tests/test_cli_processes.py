"""``demo``, ``simulate`` and ``doctor``: their options, output and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from genesys_workbench import demo as demo_module
from genesys_workbench import doctor as doctor_module
from genesys_workbench import workbench as workbench_module
from genesys_workbench.cli import stopping
from genesys_workbench.demo import DemoResult
from genesys_workbench.doctor import Check
from genesys_workbench.simulator.server import Simulator
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

KEYS = (
    "broker sent accepted rejected published processed duplicates dead lost p50_ms p95_ms database"
).split()


def result(**changes: Any) -> DemoResult:
    fields: dict[str, Any] = dict.fromkeys(KEYS, 0) | {
        "broker": "memory",
        "database": "sqlite:////data/workbench.db",
        "by_channel": {"voice": 3, "email": 1},
    }
    return DemoResult(**fields | changes)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Take the place of the workbench and of the run itself."""
    seen = SimpleNamespace(options={}, demo={}, closed=False, result=result())

    class Bench:
        def __init__(self, settings: object, **options: Any) -> None:
            seen.options = {"settings": settings, **options}

        def __enter__(self) -> Bench:
            return self

        def __exit__(self, *_: object) -> None:
            seen.closed = True

    def run_demo(_: Bench, *, on_progress: Any, **options: Any) -> DemoResult:
        seen.demo = options
        on_progress("delivered", 5, 3)
        found = seen.result
        return found() if callable(found) else found

    monkeypatch.setattr(workbench_module, "Workbench", Bench)
    monkeypatch.setattr(demo_module, "run_demo", run_demo)
    return seen


def test_the_demonstration_runs_200_events_at_50_a_second(run: Run, bench: SimpleNamespace) -> None:
    outcome = run("demo")
    assert outcome.code == 0
    assert (bench.demo["events"], bench.demo["rate"]) == (200, 50.0)
    assert (bench.options["seed"], bench.options["throwaway_node"]) == (42, True)
    assert bench.options["settings"].port == 0
    assert bench.closed


def test_a_rate_of_0_is_as_fast_as_it_goes(run: Run, bench: SimpleNamespace) -> None:
    run("demo", "--rate", "0", "--events", "7", "--seed", "1")
    assert (bench.demo["events"], bench.demo["rate"], bench.options["seed"]) == (7, None, 1)


def test_with_json_stdout_is_exactly_one_object_with_the_promised_keys(
    run: Run, bench: SimpleNamespace
) -> None:
    (told,) = run("demo", "--json").lines
    assert list(told) == KEYS


def test_for_people_the_figures_come_with_the_channels(run: Run, bench: SimpleNamespace) -> None:
    outcome = run("demo")
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["-", "voice", "3"] in lines
    assert ["lost", "0"] in lines
    assert "Next: genesys-workbench events list --limit 10" in outcome.err
    assert "What the worker said" not in outcome.err


def test_a_lost_event_ends_with_code_1_and_names_the_log(run: Run, bench: SimpleNamespace) -> None:
    bench.result = result(lost=1)
    outcome = run("demo", "--json")
    assert (outcome.code, outcome.lines[0]["lost"]) == (1, 1)
    assert "demo-worker.log" in outcome.err


def test_dead_letters_alone_are_no_loss(run: Run, bench: SimpleNamespace) -> None:
    bench.result = result(dead=1)
    assert run("demo", "--json").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demonstration_is_closed_and_told(
    run: Run, bench: SimpleNamespace, number: int, code: int
) -> None:
    bench.result = lambda: signal.raise_signal(number)
    outcome = run("demo", "--json")
    assert (outcome.code, outcome.out, bench.closed) == (code, "", True)
    assert "Stopping: receiver, worker and broker are closed in order." in outcome.err


@pytest.mark.parametrize(
    "variables",
    [
        {"GENESYS_CLOUD_CLIENT_ID": "id", "GENESYS_CLOUD_CLIENT_SECRET": "hunter2"},
        {"GENESYS_CLOUD_API_URL": "http://127.0.0.1:1"},
    ],
)
def test_the_demonstration_never_touches_an_organisation(
    run: Run, bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    outcome = run("demo")
    assert (outcome.code, bench.options) == (3, {})
    assert "Fix: unset GENESYS_CLOUD_CLIENT_ID" in outcome.err


def test_a_data_folder_that_cannot_be_written_ends_with_code_3(
    run: Run, bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_DATA_DIR", "/dev/null/data")
    outcome = run("demo")
    assert (outcome.code, bench.options) == (3, {})
    assert "Error: The folder /dev/null/data cannot be used: not a directory." in outcome.err


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "until_stopped", lambda: None)


def test_simulate_tells_url_credentials_and_the_next_command(run: Run, at_once: None) -> None:
    outcome = run("simulate", "--port", "0", "--conversations", "5")
    assert outcome.code == 0
    url = outcome.out.splitlines()[0].removeprefix("Simulated Genesys Cloud: ")
    assert "client id demo, client secret demo" in outcome.out
    assert f"export GENESYS_CLOUD_API_URL={url}\n" in outcome.err
    assert "Ready. Next: genesys-workbench receive" in outcome.err
    assert outcome.err.endswith("The simulator has stopped.\n")


def test_simulate_delivers_to_the_urls_it_is_given(
    run: Run, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def deliver(simulator: Simulator, events: int, **options: Any) -> SimpleNamespace:
        seen.update(options, events=events, signer=simulator._signer)
        return SimpleNamespace(summary={"sent": 6, "accepted": 5, "rejected": 1})

    monkeypatch.setattr(Simulator, "deliver", deliver)
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", "a secret for this test alone")
    urls = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"]
    options = "--conversations 5 --events 3 --rate 9 --envelope seed"
    outcome = run("simulate", "--port", "0", "--to", urls[0], "--to", urls[1], *options.split())
    assert "Deliveries: sent 6, accepted 5, rejected 1\n" in outcome.err
    assert seen["targets"] == urls
    assert (seen["events"], seen["rate"], seen["envelope"]) == (3, 9.0, "seed")
    assert seen["signer"].secret == "a secret for this test alone"


def test_until_stopped_returns_at_either_signal() -> None:
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    for number in stopping.SIGNALS:
        timer = threading.Timer(0.05, os.kill, [os.getpid(), number])
        timer.start()
        stopping.until_stopped()
        timer.join()
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before


CHECKS = [
    Check("python", "ok", "3.11"),
    Check("broker", "warn", "memory [only]", "install one"),
    Check("database", "fail", "is away", "start it"),
]


@pytest.mark.parametrize(("checks", "code"), [(CHECKS, 1), (CHECKS[:2], 0)])
def test_doctor_tells_each_check_with_its_fix(
    run: Run, monkeypatch: pytest.MonkeyPatch, checks: list[Check], code: int
) -> None:
    monkeypatch.setattr(doctor_module, "check_all", lambda _: iter(checks))
    outcome = run("doctor")
    assert outcome.code == code
    assert outcome.out.startswith(
        "ok    python         3.11\nwarn  broker         memory [only]\n      Fix: install one\n"
    )
    assert outcome.err == f"Checks: {len(checks)}, failed: {code}, warned: 1.\n"
    assert run("doctor", "--json").lines == [check.as_json() for check in checks]


def test_on_a_terminal_doctor_says_the_same_in_colour(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_module, "check_all", lambda _: iter(CHECKS))
    piped = run("doctor").out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert run("doctor").out == piped
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mfail " in run("doctor").out


def test_doctor_reports_malformed_settings_as_a_check(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_PORT", "many")
    outcome = run("doctor", "--json")
    (check,) = outcome.lines
    assert outcome.code == 1
    assert (check["name"], check["state"]) == ("settings", "fail")
    assert "WORKBENCH_PORT" in check["finding"]
    assert check["fix"]
