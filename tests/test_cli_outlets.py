"""`outlets`: what is printed can be pasted, and no secret is in it."""

from __future__ import annotations

import json

import pytest

from genesys_workbench.simulator.server import Simulator
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

URL = "https://receiver.example.com/webhook/genesys/conversation"
WORKFLOW = "5b7d7b4e-6a0f-4f4e-9a54-2f4b1c3a9d10"
SECRET = "a-secret-of-24-characters"


def test_the_outlets_are_told_for_people_and_as_json_lines(run: Run) -> None:
    assert "genesys-workbench listen --queue NAME" in run("outlets", "list").out
    told = run("outlets", "list", "--json").lines
    assert [one["you have"] for one in told] == ["aws", "architect", "laptop"]
    assert all(one["steps"] for one in told)


def test_eventbridge_is_json_and_holds_no_secret(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET_HEADER", "X-Own")
    done = run("outlets", "eventbridge", "--url", URL)
    told = json.loads(done.out)
    assert len(told["eventPattern"]["detail-type"]) == 16
    assert "X-Own" in done.out
    assert SECRET not in done.out + done.err
    assert "WARNING" not in done.err
    module = run("outlets", "eventbridge", "--url", URL, "--event", "acw", "--terraform").out
    assert 'resource "aws_cloudwatch_event_rule"' in module
    assert SECRET not in module


def test_without_a_secret_a_warning_says_so(run: Run) -> None:
    assert "WORKBENCH_WEBHOOK_SECRET" in run("outlets", "eventbridge", "--url", URL).err


@pytest.mark.parametrize("url", ["http://receiver.example.com/", "ftp://x/", "x"])
def test_only_an_https_url_can_be_reached_from_outside(run: Run, url: str) -> None:
    assert run("outlets", "eventbridge", "--url", url).code == 2


def test_an_event_that_there_is_not_is_wrong_usage(run: Run) -> None:
    done = run("outlets", "eventbridge", "--url", URL, "--event", "created")
    assert (done.code, "customer.start" in done.err) == (2, True)


def test_a_trigger_is_printed_with_the_action_that_its_workflow_calls(run: Run) -> None:
    done = run("outlets", "trigger", "--url", URL, "--workflow", WORKFLOW, "--media", "voice")
    told = json.loads(done.out)
    assert told["trigger"]["matchCriteria"][0]["values"] == ["VOICE"]
    assert told["dataAction"]["config"]["request"]["requestUrlTemplate"] == URL


def test_ensured_twice_the_trigger_is_made_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(conversations=1) as sim:
        monkeypatch.setenv("GENESYS_CLOUD_API_URL", sim.url)
        command = ["outlets", "trigger", "--url", URL, "--workflow", WORKFLOW, "--ensure"]
        first, second = run(*command), run(*command)
    assert "created: trigger " in first.err
    assert "kept: trigger " in second.err
