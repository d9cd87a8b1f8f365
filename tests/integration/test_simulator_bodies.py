"""The simulator's bodies are what the models of the official SDK say."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from genesys_workbench.events import DETAIL_EVENTS
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.detail_events import DetailEvent, detail_events
from genesys_workbench.simulator.envelopes import render
from genesys_workbench.simulator.error_bodies import ERROR_BODIES
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.truth import as_of
from genesys_workbench.simulator.world import SimConversation, World

MODELS = {
    "acd.start": "AcdStartDetailEventTopicAcdStartEvent",
    "acd.end": "AcdEndDetailEventTopicAcdEndEvent",
    "acw": "AcwDetailEventTopicAfterCallWorkEvent",
    "attributes": "AttributeDetailEventTopicAttributeUpdateEvent",
    "contact": "ContactDetailEventTopicContactUpdateEvent",
    "customer.start": "CustomerStartDetailEventTopicCustomerStartEvent",
    "customer.end": "CustomerEndDetailEventTopicCustomerEndEvent",
    "flow.start": "FlowStartDetailEventTopicFlowStartEvent",
    "flow.end": "FlowEndDetailEventTopicFlowEndEvent",
    "flow.outcome": "FlowOutcomeDetailEventTopicFlowOutcomeEvent",
    "outbound": "OutboundDetailEventTopicOutboundInitEvent",
    "user.start": "UserStartDetailEventTopicUserStartEvent",
    "user.end": "UserEndDetailEventTopicUserEndEvent",
    "voicemail.start": "VoicemailStartDetailEventTopicVoicemailStartEvent",
    "voicemail.end": "VoicemailEndDetailEventTopicVoicemailEndEvent",
    "wrapup": "WrapupDetailEventTopicWrapupEvent",
}
ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": str}


class Sdk:
    """The official client's models, as a judge of bodies."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import PureCloudPlatformClientV2 as Sdk

            self._client = Sdk.api_client.ApiClient(host="http://127.0.0.1:1")
        self._models = Sdk.models
        self._fields: dict[str, dict[str, str]] = {}

    def complaints(self, body: Any, model: str) -> list[str]:
        """Return what the models object to: unknown keys, wrong types, unknown enum values."""
        read = self._client._ApiClient__deserialize(body, model)
        return [*self._misfits(body, model, model), *self._outdated(read, model)]

    def _fields_of(self, model: str) -> dict[str, str]:
        if model not in self._fields:
            empty = getattr(self._models, model)()
            self._fields[model] = {
                key: empty.swagger_types[name] for name, key in empty.attribute_map.items()
            }
        return self._fields[model]

    def _misfits(self, value: Any, kind: str, where: str) -> Iterator[str]:
        if kind.startswith("list["):
            for item in value:
                yield from self._misfits(item, kind[5:-1], where)
        elif kind.startswith("dict("):
            if not all(isinstance(text, str) for pair in value.items() for text in pair):
                yield f"{where}: {value!r} is no {kind}"
        elif kind in PLAIN:
            fits = isinstance(value, PLAIN[kind]) and (kind == "bool" or value not in (True, False))
            fits = fits or (kind in ("int", "float") and type(value) in (int, float))
            if not fits or (kind == "datetime" and not ISO_MS.fullmatch(value)):
                yield f"{where}: {value!r} is no {kind}"
        else:
            yield from self._misfits_in(value, kind, where)

    def _misfits_in(self, body: dict[str, Any], model: str, where: str) -> Iterator[str]:
        fields = self._fields_of(model)
        for key, value in body.items():
            if key in fields:
                yield from self._misfits(value, fields[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is unknown"

    def _outdated(self, read: Any, where: str) -> Iterator[str]:
        if isinstance(read, list):
            for item in read:
                yield from self._outdated(item, where)
        elif hasattr(read, "swagger_types"):
            for name in read.swagger_types:
                value = getattr(read, name)
                if isinstance(value, str) and value == "outdated_sdk_version":
                    yield f"{where}.{name} holds a value that the SDK does not know"
                yield from self._outdated(value, f"{where}.{name}")


@pytest.fixture(scope="module")
def sdk() -> Sdk:
    return Sdk()


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def one_of_each(world: World) -> list[SimConversation]:
    return list({item.scenario: item for item in world.conversations}.values())


@pytest.fixture(scope="module")
def few(one_of_each: list[SimConversation]) -> list[tuple[SimConversation, DetailEvent]]:
    return [(item, event) for item in one_of_each for event in detail_events(item)]


def test_the_judge_objects_to_unknown_keys_values_and_types(sdk: Sdk) -> None:
    body = {"id": 5, "channel": "x", "recordingState": "maybe", "maxParticipants": True}
    assert len(sdk.complaints(body, "Conversation")) == 4


def test_rest_and_analytics_bodies_fit_the_sdk_at_every_moment(
    sdk: Sdk, few: list[tuple[SimConversation, DetailEvent]]
) -> None:
    for item, event in few[::3]:
        so_far = as_of(item, event.occurred_at)
        assert sdk.complaints(rest_conversation(so_far), "Conversation") == []
        analytics = analytics_conversation(so_far, attributes=True)
        assert sdk.complaints(analytics, "AnalyticsConversation") == []


def test_finished_rest_bodies_fit_the_sdk(sdk: Sdk, one_of_each: list[SimConversation]) -> None:
    for item in one_of_each:
        assert sdk.complaints(rest_conversation(item), "Conversation") == []


def test_analytics_bodies_fit_the_sdk(sdk: Sdk, one_of_each: list[SimConversation]) -> None:
    for item in one_of_each:
        full = analytics_conversation(item, attributes=True)
        assert sdk.complaints(full, "AnalyticsConversation") == []
        plain = analytics_conversation(item)
        assert sdk.complaints(plain, "AnalyticsConversationWithoutAttributes") == []


def test_detail_events_fit_the_sdk(
    sdk: Sdk, few: list[tuple[SimConversation, DetailEvent]]
) -> None:
    for _, event in few:
        assert sdk.complaints(event.body, MODELS[event.what]) == []


def test_notifications_fit_the_sdk(
    sdk: Sdk, few: list[tuple[SimConversation, DetailEvent]]
) -> None:
    for item, event in few[::3]:
        body = render(event, "notification", conversation=item)["eventBody"]
        assert sdk.complaints(body, "QueueConversationEventTopicConversation") == []


def test_all_sixteen_detail_events_occur(world: World) -> None:
    seen = {event.what for item in world.conversations for event in detail_events(item)}
    assert seen == DETAIL_EVENTS == MODELS.keys()


def test_api_error_bodies_fit_the_sdk(sdk: Sdk) -> None:
    bodies = {name: body for name, body in ERROR_BODIES.items() if not name.startswith("oauth")}
    assert len(bodies) > 8
    for name, body in bodies.items():
        assert sdk.complaints(body, "ErrorBody") == []
        assert name.startswith(f"{body['status']}-")
