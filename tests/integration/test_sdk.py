"""The vendor's official SDK as a client of the simulator: what it accepts, we may call a stand-in.

The SDK takes about 5 seconds to import, so it is imported once, in a fixture.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from datetime import timedelta
from itertools import islice
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from genesys_workbench.events import DETAIL_EVENTS
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.detail_events import detail_events
from genesys_workbench.simulator.drawing import timeline
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.notification import (
    MEDIA,
    media_conversation,
    notification_conversation,
)
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.times import iso
from genesys_workbench.triggers import trigger_body

UNKNOWN = "00000000-0000-4000-8000-000000000000"
# What the SDK makes of an enumeration's value that it does not know.
OUTDATED = "outdated_sdk_version"


@pytest.fixture(scope="module")
def sdk():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the SDK's own generated code
        return importlib.import_module("PureCloudPlatformClientV2")


@pytest.fixture(scope="module")
def sim():
    with Simulator(conversations=120, rate_limit=100_000) as sim:
        yield sim


@pytest.fixture
def make_client(sdk):
    """Make API clients, and close the connections that the SDK never closes."""
    made = []

    def make(host):
        client = sdk.api_client.ApiClient(host=host)
        made.append(client)
        return client

    yield make
    for client in made:
        client.get_http_client().rest_client.pool_manager.clear()


@pytest.fixture
def client(make_client, sim):
    yield make_client(sim.url).get_client_credentials_token("demo", "demo")
    sim.faults.clear()


@pytest.fixture
def conversations(sdk, client):
    return sdk.ConversationsApi(client)


@pytest.fixture
def analytics(sdk, client):
    return sdk.AnalyticsApi(client)


def failure(sdk, call, *args, **kwargs):
    with pytest.raises(sdk.rest.ApiException) as caught:
        call(*args, **kwargs)
    return SimpleNamespace(status=caught.value.status, body=json.loads(caught.value.body))


def test_the_sdk_gets_a_token_by_client_credentials(client):
    assert len(client.access_token) > 40


def test_the_sdk_reads_every_conversation_and_knows_every_value(client, conversations, sim):
    for conversation in sim.world.conversations:
        model = conversations.get_conversation(conversation.id)
        assert model.id == conversation.id
        assert json.loads(client.last_response.data) == rest_conversation(conversation)
        assert [p.purpose for p in model.participants] == [
            p.purpose for p in conversation.participants
        ]
        assert OUTDATED not in str(model.to_dict())


def test_the_sdk_reads_the_details_of_one_conversation(client, analytics, sim):
    for conversation in list(sim.world.conversations)[:30]:
        model = analytics.get_analytics_conversation_details(conversation.id)
        assert model.conversation_id == conversation.id
        assert json.loads(client.last_response.data) == analytics_conversation(conversation)
        assert OUTDATED not in str(model.to_dict())


def test_the_sdk_reads_the_details_of_several_conversations(analytics, sim):
    wanted = [item.id for item in sim.world.conversations[:3]]
    answer = analytics.get_analytics_conversations_details(id=[*wanted, UNKNOWN])
    assert [item.conversation_id for item in answer.conversations] == wanted


def test_the_sdk_lists_the_queues(sdk, client, sim):
    answer = sdk.RoutingApi(client).get_routing_queues(page_size=100)
    assert {one.id: one.name for one in answer.entities} == {
        queue.id: queue.name for queue in sim.world.queues
    }


def test_the_sdk_pages_through_a_detail_query(sdk, analytics, sim):
    start = sim.world.start
    found = []
    for number in (1, 2, 3):
        query = sdk.ConversationQuery()
        query.interval = f"{iso(start)}/{iso(start + timedelta(days=7))}"
        query.order, query.order_by = "asc", "conversationStart"
        query.paging = sdk.PagingSpec()
        query.paging.page_size, query.paging.page_number = 50, number
        answer = analytics.post_analytics_conversations_details_query(query)
        assert answer.total_hits == 120
        found += [item.conversation_id for item in answer.conversations]
    assert found == [item.id for item in sim.world.conversations]


def test_the_sdk_filters_a_detail_query(sdk, analytics, sim):
    start = sim.world.start
    predicate = sdk.SegmentDetailQueryPredicate()
    predicate.type, predicate.operator = "dimension", "matches"
    predicate.dimension, predicate.value = "mediaType", "email"
    wanted = sdk.SegmentDetailQueryFilter()
    wanted.type, wanted.predicates = "and", [predicate]
    query = sdk.ConversationQuery()
    query.interval = f"{iso(start)}/{iso(start + timedelta(days=7))}"
    query.segment_filters = [wanted]
    answer = analytics.post_analytics_conversations_details_query(query)
    emails = [
        item.id
        for item in sim.world.conversations
        if any(s.media == "email" for p in item.participants for s in p.sessions)
    ]
    assert [item.conversation_id for item in answer.conversations] == emails[:25]
    assert 0 < answer.total_hits == len(emails) < 120


def test_the_sdk_listens_by_a_channel_and_its_socket(sdk, client, sim):
    api = sdk.NotificationsApi(client)
    channel = api.post_notifications_channels()
    topics = [sdk.ChannelTopic(), sdk.ChannelTopic()]
    topics[0].id = f"v2.routing.queues.{sim.world.queues[0].id}.conversations"
    topics[1].id = f"v2.users.{sim.world.users[0].id}.conversations"
    told = api.put_notifications_channel_subscriptions(channel.id, topics).entities
    assert [(one.id, one.state) for one in told] == [(one.id, "Permitted") for one in topics]
    assert channel.id in [one.id for one in api.get_notifications_channels().entities]
    assert len(api.get_notifications_channel_subscriptions(channel.id).entities) == 2
    api.head_notifications_channel(channel.id)
    with connect(channel.connect_uri) as socket:
        socket.send(json.dumps({"message": "ping"}))
        assert json.loads(socket.recv(5))["eventBody"]["message"] == "pong"
    api.delete_notifications_channel_subscriptions(channel.id)
    assert not api.get_notifications_channel_subscriptions(channel.id).entities


def test_the_sdk_creates_updates_tests_and_deletes_a_trigger(sdk, client, sim):
    api = sdk.ProcessAutomationApi(client)
    wanted = trigger_body("5b7d7b4e-6a0f-4f4e-9a54-2f4b1c3a9d10", media_types=["voice"])
    made = api.post_processautomation_triggers(wanted)
    assert (made.version, made.match_criteria[0].operator) == (1, "In")
    changed = api.put_processautomation_trigger(made.id, {**wanted, "version": 1, "enabled": False})
    assert (changed.version, changed.enabled) == (2, False)
    assert api.get_processautomation_trigger(made.id).version == 2
    listed = api.get_processautomation_triggers(page_size="1", topic_name=wanted["topicName"])
    assert [one.id for one in listed.entities] == [made.id]
    event = detail_events(sim.world.conversations[0])[0]
    assert (
        api.post_processautomation_trigger_test(made.id, body=event.body).trigger_matches is False
    )
    assert len(api.get_processautomation_triggers_topics(page_size="200").entities) == 16
    api.delete_processautomation_trigger(made.id)
    assert not api.get_processautomation_triggers().entities


def test_the_sdk_reads_the_topics_that_there_are(sdk, client):
    api = sdk.NotificationsApi(client)
    entities = api.get_notifications_availabletopics(expand=["requiresPermissions"]).entities
    told = {one.id: one.requires_permissions for one in entities}
    assert len(told) == 2 * (1 + len(MEDIA)) + len(DETAIL_EVENTS)
    assert "routing:queue:view" in told["v2.routing.queues.{id}.conversations"]


def test_the_sdk_reads_every_notification_of_a_conversation_and_knows_every_value(sdk, client, sim):
    model = "QueueConversationEventTopicConversation"
    for moment in islice(timeline(sim.world.conversations), 300):
        body = notification_conversation(moment.conversation, moment.event.occurred_at)
        read = client._ApiClient__deserialize(body, model)
        assert (read.id, OUTDATED in str(read)) == (body["id"], False)


@pytest.mark.parametrize("medium", MEDIA)
def test_the_sdk_knows_each_field_of_the_topics_of_one_medium(sdk, client, sim, medium):
    name = medium.removesuffix("s").title()
    model = f"QueueConversation{name}EventTopic{name}Conversation"
    person = getattr(sdk, f"QueueConversation{name}EventTopic{name}MediaParticipant")()
    known = set(person.attribute_map.values())
    seen = 0
    for moment in islice(timeline(sim.world.conversations), 1500):
        whole = notification_conversation(moment.conversation, moment.event.occurred_at)
        body = media_conversation(whole, medium)
        if body is None:
            continue
        seen += 1
        assert [set(one) - known for one in body["participants"] if set(one) - known] == []
        read = client._ApiClient__deserialize(body, model)
        assert (read.id, OUTDATED in str(read)) == (body["id"], False)
    assert seen > 10


def test_an_unknown_conversation_is_the_sdks_404(sdk, conversations):
    error = failure(sdk, conversations.get_conversation, UNKNOWN)
    assert (error.status, error.body["code"]) == (404, "not.found")


def test_a_bad_uuid_is_the_sdks_400(sdk, conversations):
    error = failure(sdk, conversations.get_conversation, "xyz")
    assert error.status == 400
    assert error.body["message"] == "conversationId xyz is not a valid UUID."


def test_a_query_without_a_body_is_the_sdks_400(sdk, analytics):
    error = failure(sdk, analytics.post_analytics_conversations_details_query, {})
    assert (error.status, error.body["details"][0]["fieldName"]) == (400, "interval")


@pytest.mark.parametrize(
    ("client_id", "secret", "status", "says"),
    [("demo", "wrong", 401, "authentication failed"), ("nobody", "x", 400, "client not found")],
)
def test_refused_credentials_are_the_sdks_exception(
    sdk, make_client, sim, client_id, secret, status, says
):
    client = make_client(sim.url)
    error = failure(sdk, client.get_client_credentials_token, client_id, secret)
    assert (error.status, error.body["error"]) == (status, "invalid_client")
    assert error.body["description"].startswith(says)


def test_a_wrong_token_is_the_sdks_401(sdk, make_client, sim):
    client = make_client(sim.url)
    client.access_token = "invented"
    error = failure(sdk, sdk.ConversationsApi(client).get_conversation, UNKNOWN)
    assert (error.status, error.body["code"]) == (401, "bad.credentials")


def test_a_429_with_retry_after_is_tried_again_by_the_sdk_in_silence(conversations, sim):
    sim.faults.add(Fault("conversation", status=429, retry_after="1", count=1))
    sim.requests.clear()
    start = time.monotonic()
    conversation = sim.world.conversations[0]
    assert conversations.get_conversation(conversation.id).id == conversation.id
    assert time.monotonic() - start >= 1
    assert sim.requests["conversation"] == 2


def test_a_429_without_retry_after_is_the_sdks_exception_at_once(sdk, conversations, sim):
    sim.faults.add(Fault("conversation", status=429))
    sim.requests.clear()
    error = failure(sdk, conversations.get_conversation, UNKNOWN)
    assert (error.status, error.body["code"]) == (429, "too.many.requests")
    assert sim.requests["conversation"] == 1


def test_the_sdk_works_through_a_gateway_with_paths_of_its_own(sdk, make_client, sim):
    place = urlsplit(sim.url)
    client = make_client("https://api.example.com")
    client.set_gateway(place.hostname, "http", place.port, "login", "platform")
    client.get_client_credentials_token("demo", "demo")
    conversation = sim.world.conversations[1]
    model = sdk.ConversationsApi(client).get_conversation(conversation.id)
    assert model.id == conversation.id
    details = sdk.AnalyticsApi(client).get_analytics_conversation_details(conversation.id)
    assert details.conversation_id == conversation.id
