"""Triggers beside the simulator's Process Automation: one of a name, whoever ensures it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import BadRequest, GenesysError, NotFound, UsageError
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.detail_events import detail_events
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.topics import topic_of
from genesys_workbench.triggers import (
    PATH,
    delete_trigger,
    ensure_trigger,
    list_triggers,
    trigger_body,
    try_trigger,
)

WORKFLOW = "5b7d7b4e-6a0f-4f4e-9a54-2f4b1c3a9d10"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(conversations=20, rate_limit=100_000) as sim:
        yield sim


@pytest.fixture
def client(sim: Simulator) -> Iterator[GenesysClient]:
    settings = load_settings(genesys_cloud_api_url=sim.url, genesys_cloud_login_url=sim.url)
    with GenesysClient.from_settings(settings, attempts=1) as client:
        yield client


def body(**options: Any) -> dict[str, Any]:
    return trigger_body(WORKFLOW, **options)


def test_ensured_twice_there_is_one_and_nothing_changes(client: GenesysClient) -> None:
    first, second = ensure_trigger(client, body()), ensure_trigger(client, body())
    assert (first.action, second.action) == ("created", "kept")
    assert first.trigger == second.trigger == list_triggers(client)[0]


def test_what_is_wanted_otherwise_is_updated_by_version(client: GenesysClient) -> None:
    ensure_trigger(client, body())
    done = ensure_trigger(client, body(media_types=["voice"]))
    assert (done.action, done.trigger["version"]) == ("updated", 2)
    assert done.trigger["matchCriteria"][0]["values"] == ["VOICE"]


def test_another_topic_is_another_trigger(client: GenesysClient) -> None:
    ensure_trigger(client, body())
    assert ensure_trigger(client, body(event="customer.end")).action == "created"
    assert len(list_triggers(client)) == 2
    assert len(list_triggers(client, event="customer.end")) == 1


def test_an_update_that_came_between_is_seen_and_repeated(
    client: GenesysClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_trigger(client, body())
    ask, between = client.request, iter([body(media_types=["email"])])

    def request(method: str, path: str, **options: Any) -> Any:
        other = next(between, None) if method == "PUT" else None
        if other is not None:
            ask("PUT", path, json={**other, "version": 1})
        return ask(method, path, **options)

    monkeypatch.setattr(client, "request", request)
    done = ensure_trigger(client, body(media_types=["chat"]))
    assert (done.action, done.trigger["version"]) == ("updated", 3)
    assert done.trigger["matchCriteria"][0]["values"] == ["CHAT"]


def test_an_old_version_is_refused(client: GenesysClient) -> None:
    made = ensure_trigger(client, body()).trigger
    with pytest.raises(GenesysError) as caught:
        client.request("PUT", f"{PATH}/{made['id']}", json={**body(), "version": 7})
    assert caught.value.status == 409


def test_all_pages_are_listed(client: GenesysClient) -> None:
    for number in range(30):
        ensure_trigger(client, body(name=f"t-{number}"))
    page = client.request("GET", PATH, params={"pageSize": 7})
    assert len(page["entities"]) == 7  # type: ignore[index,call-overload]
    every = list(client.pages(PATH, params={"pageSize": 7}))
    assert [one["name"] for one in every] == [f"t-{number}" for number in range(30)]


def test_a_trigger_tells_which_events_it_would_start_for(
    client: GenesysClient, sim: Simulator
) -> None:
    made = ensure_trigger(client, body(media_types=["voice"])).trigger
    events = [
        event.body
        for conversation in sim.world.conversations
        for event in detail_events(conversation)
        if event.what == "customer.start"
    ]
    told = {event["mediaType"]: try_trigger(client, made["id"], event) for event in events}
    assert {media for media, one in told.items() if one["triggerMatches"]} == {"VOICE"}
    assert len(told) > 1


def test_deleted_it_is_gone(client: GenesysClient) -> None:
    made = ensure_trigger(client, body()).trigger
    delete_trigger(client, made["id"])
    assert list_triggers(client) == []
    with pytest.raises(NotFound):
        delete_trigger(client, made["id"])


def test_an_event_that_there_is_not_and_an_id_that_is_none_are_told(client: GenesysClient) -> None:
    with pytest.raises(UsageError, match="no detail event 'x'"):
        topic_of("x")
    with pytest.raises(UsageError, match="id is none"):
        delete_trigger(client, "..")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topicName", "v2.detail.events.conversation.5b7d.acw"),
        ("target", {"type": "Url", "id": WORKFLOW}),
        ("target", {"type": "Workflow", "id": "x"}),
        ("matchCriteria", [{"jsonPath": "mediaType", "operator": "Like", "value": "x"}]),
        ("matchCriteria", [{"jsonPath": "mediaType", "operator": "In", "value": "x"}]),
        ("matchCriteria", [{"jsonPath": "a..b", "operator": "Equal", "value": "x"}]),
        ("eventTTLSeconds", 9),
        ("name", ""),
        ("description", "x" * 513),
    ],
)
def test_the_simulator_refuses_what_the_platform_refuses(
    client: GenesysClient, field: str, value: Any
) -> None:
    with pytest.raises(BadRequest):
        client.request("POST", PATH, json={**body(), field: value})


def test_a_delay_and_a_time_to_live_exclude_each_other(client: GenesysClient) -> None:
    with pytest.raises(BadRequest):
        client.request("POST", PATH, json={**body(), "delayBySeconds": 60})
