"""What is pasted into AWS lets each of our events pass, and holds no secret."""

from __future__ import annotations

import json

import pytest

from genesys_workbench.errors import UsageError
from genesys_workbench.eventbridge import api_destination, rule_pattern, terraform
from genesys_workbench.events import DETAIL_EVENTS, parse_event
from genesys_workbench.simulator.drawing import timeline
from genesys_workbench.simulator.envelopes import render
from genesys_workbench.simulator.world import World

URL = "https://receiver.example.com/webhook/genesys/conversation"


def fits(pattern: dict[str, list[object]], event: dict[str, object]) -> bool:
    """As EventBridge compares: exact values, or a prefix."""
    return all(
        any(
            str(event[name]).startswith(one["prefix"])
            if isinstance(one, dict)
            else event[name] == one
            for one in wanted
        )
        for name, wanted in pattern.items()
    )


def test_all_sixteen_topics_pass_the_rule_and_are_events_of_their_own_type() -> None:
    pattern = rule_pattern(sorted(DETAIL_EVENTS))
    seen = set()
    for moment in timeline(World(conversations=200).conversations):
        envelope = render(moment.event, "eventbridge", conversation=moment.conversation)
        assert fits(pattern, envelope)
        assert parse_event(envelope).event_type == moment.event.what
        seen.add(moment.event.what)
    assert seen == DETAIL_EVENTS


def test_what_was_not_asked_for_does_not_pass() -> None:
    pattern = rule_pattern(["customer.start"])
    moments = timeline(World(conversations=5).conversations)
    for moment in moments:
        envelope = render(moment.event, "eventbridge", conversation=moment.conversation)
        assert fits(pattern, envelope) == (moment.event.what == "customer.start")


def test_an_unknown_event_is_told_with_the_known() -> None:
    with pytest.raises(UsageError, match="no detail event 'created'") as caught:
        rule_pattern(["created"])
    assert "customer.start" in str(caught.value.fix)


def test_the_secret_goes_into_the_receivers_header_and_is_not_written() -> None:
    told = api_destination(URL, header="X-Own")
    parameters = told["connection"]["AuthParameters"]["ApiKeyAuthParameters"]
    assert parameters["ApiKeyName"] == "X-Own"
    assert "WORKBENCH_WEBHOOK_SECRET" in parameters["ApiKeyValue"]
    assert told["apiDestination"]["InvocationEndpoint"] == URL


def test_terraform_holds_the_same_and_takes_the_secret_as_a_variable() -> None:
    text = terraform(URL, ["acw", "wrapup"], header="X-Own")
    pattern = text.partition("event_pattern  = jsonencode(")[2].partition(")\n}")[0]
    assert json.loads(pattern) == rule_pattern(["acw", "wrapup"])
    assert f'invocation_endpoint              = "{URL}"' in text
    assert "value = var.webhook_secret" in text
    assert text.count("{") == text.count("}")
