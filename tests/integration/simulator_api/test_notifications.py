"""The simulator's notification channels: limits, life, rejections, and their sockets."""

from __future__ import annotations

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from genesys_workbench.events import parse_event
from genesys_workbench.simulator.channels import LIFE, MAX_CHANNELS, MAX_TOPICS
from genesys_workbench.simulator.people import QUEUES, USERS
from genesys_workbench.simulator.server import Simulator
from tests.simulator_fakes import authorize

PATH = "/api/v2/notifications"
CHANNELS = f"{PATH}/channels"
QUEUE = f"v2.routing.queues.{QUEUES[0].id}.conversations"
USER = f"v2.users.{USERS[0].id}.conversations"
NOWHERE = "v2.routing.queues.00000000-0000-4000-8000-000000000000.conversations"


@pytest.fixture
def channel(client):
    return client.post(CHANNELS).json()


def subscriptions(channel):
    return f"{CHANNELS}/{channel['id']}/subscriptions"


def topics(client, channel):
    return [one["id"] for one in client.get(subscriptions(channel)).json()["entities"]]


def body(*names):
    return [{"id": name} for name in names]


def test_a_channel_names_its_socket_and_its_end(client, channel):
    assert channel["connectUri"].startswith("ws://")
    assert channel["connectUri"].endswith(channel["id"])
    assert channel["id"] in [one["id"] for one in client.get(CHANNELS).json()["entities"]]
    assert client.head(f"{CHANNELS}/{channel['id']}").status_code == 200


def test_topics_are_added_replaced_and_deleted(client, channel):
    where = subscriptions(channel)
    assert client.post(where, json=body(QUEUE)).json()["entities"][0]["state"] == "Permitted"
    client.post(where, json=body(USER, QUEUE))
    assert topics(client, channel) == [QUEUE, USER]
    client.put(where, json=body(USER))
    assert topics(client, channel) == [USER]
    assert client.delete(where).status_code == 204
    assert topics(client, channel) == []


def test_a_topic_that_there_is_not_is_refused_unless_errors_are_ignored(client, channel):
    where = subscriptions(channel)
    for wrong in (NOWHERE, "v2.nothing", "v2.routing.queues.*.conversations"):
        assert client.put(where, json=body(QUEUE, wrong)).status_code == 400
    assert topics(client, channel) == []
    told = client.put(where, json=body(QUEUE, NOWHERE), params={"ignoreErrors": "true"}).json()
    assert [one["state"] for one in told["entities"]] == ["Permitted", "Rejected"]
    assert topics(client, channel) == [QUEUE]


@pytest.mark.parametrize("wrong", [{}, ["x"], [{"id": 1}], [None]])
def test_a_body_that_is_no_list_of_topics_is_400(client, channel, wrong):
    assert client.put(subscriptions(channel), json=wrong).status_code == 400


def test_a_missing_permission_is_named(client, channel, running):
    running.sim.deny("routing:queue:view")
    answer = client.put(subscriptions(channel), json=body(QUEUE))
    assert (answer.status_code, answer.json()["code"]) == (403, "missing.permissions")
    told = client.put(
        subscriptions(channel), json=body(QUEUE, USER), params={"ignoreErrors": "true"}
    )
    running.sim.deny()
    assert [one.get("missingPermissions") for one in told.json()["entities"]] == [
        ["routing:queue:view"],
        None,
    ]


def test_more_topics_than_a_channel_carries_are_400(client, channel):
    names = [
        f"v2.detail.events.conversation.{number:08x}-0000-4000-8000-000000000000.{what}"
        for number in range(MAX_TOPICS)
        for what in ("acw",)
    ]
    assert client.put(subscriptions(channel), json=body(*names)).status_code == 200
    assert client.post(subscriptions(channel), json=body(QUEUE)).status_code == 400


def test_the_channel_after_the_last_takes_the_place_of_the_oldest_unconnected(client):
    made = [client.post(CHANNELS).json() for _ in range(MAX_CHANNELS)]
    with connect(made[0]["connectUri"]):
        client.post(CHANNELS)
        left = [one["id"] for one in client.get(CHANNELS).json()["entities"]]
        assert made[0]["id"] in left
        assert made[1]["id"] not in left
        assert len(left) == MAX_CHANNELS


def test_a_channel_lives_a_day_and_another_with_each_subscription(client, channel, running):
    running.clock.now += LIFE - 60
    authorize(client)
    client.put(subscriptions(channel), json=body(QUEUE))
    running.clock.now += LIFE - 60
    authorize(client)
    assert client.head(f"{CHANNELS}/{channel['id']}").status_code == 200
    running.clock.now += 61
    authorize(client)
    assert client.head(f"{CHANNELS}/{channel['id']}").status_code == 404


def test_available_topics_tell_what_they_require_when_asked(client):
    plain = client.get(f"{PATH}/availabletopics").json()["entities"]
    assert {"id": "v2.routing.queues.{id}.conversations"} in plain
    asked = {"expand": "requiresPermissions,transports"}
    more = client.get(f"{PATH}/availabletopics", params=asked).json()["entities"]
    told = {one["id"]: one for one in more}
    assert "routing:queue:view" in told[plain[0]["id"]]["requiresPermissions"]
    assert told[plain[0]["id"]]["transports"] == ["All"]


def test_a_ping_is_answered_and_a_subscription_taken(client, channel):
    with connect(channel["connectUri"]) as socket:
        socket.send("no JSON")
        socket.send(json.dumps({"message": "subscribe", "topics": [QUEUE], "correlationId": "1"}))
        socket.send(json.dumps({"message": "ping"}))
        said = json.loads(socket.recv(5))
    assert said == {"topicName": "channel.metadata", "eventBody": {"message": "pong"}}
    assert topics(client, channel) == [QUEUE]


def test_a_second_socket_of_a_channel_drops_the_first(channel):
    with connect(channel["connectUri"]) as first, connect(channel["connectUri"]) as second:
        with pytest.raises(ConnectionClosed):
            first.recv(5)
        second.send(json.dumps({"message": "ping"}))
        assert json.loads(second.recv(5))["eventBody"]["message"] == "pong"


def test_a_socket_of_no_channel_is_refused(channel):
    with pytest.raises(InvalidStatus), connect(channel["connectUri"] + "x"):
        pass


def test_a_closing_socket_says_so_before(client, channel, running):
    with connect(channel["connectUri"]) as socket:
        running.sim.close_sockets()
        assert json.loads(socket.recv(5))["topicName"] == "v2.system.socket_closing"
        with pytest.raises(ConnectionClosed):
            socket.recv(5)


def test_what_is_told_agrees_with_rest_and_analytics_and_is_not_told_again():
    with (
        Simulator(live=True, speed=600, gap=2, conversations=60, rate_limit=1000) as sim,
        httpx.Client(base_url=sim.url, trust_env=False) as client,
    ):
        authorize(client)
        channel = client.post(CHANNELS).json()
        names = [f"v2.routing.queues.{queue.id}.conversations" for queue in QUEUES]
        client.put(subscriptions(channel), json=body(*names))
        with connect(channel["connectUri"]) as socket:
            last = {}
            while len(last) < 20:
                frame = json.loads(socket.recv(10))
                if frame["topicName"] in names:
                    last[frame["eventBody"]["id"]] = frame["eventBody"]
        for conversation_id, told in last.items():
            rest = client.get(f"/api/v2/conversations/{conversation_id}").json()
            analytics = client.get(
                f"/api/v2/analytics/conversations/{conversation_id}/details"
            ).json()
            people = [one["id"] for one in told["participants"]]
            assert people == [one["id"] for one in rest["participants"]][: len(people)]
            found = [one["participantId"] for one in analytics["participants"]]
            assert people == found[: len(people)]
        with connect(channel["connectUri"]) as socket:
            newer = json.loads(socket.recv(10))["eventBody"].get("participants")
        assert newer not in [told["participants"] for told in last.values()]


def test_the_topics_of_one_medium_tell_of_it_only_and_can_be_delivered():
    with (
        Simulator(live=True, speed=600, gap=2, conversations=60, rate_limit=1000) as sim,
        httpx.Client(base_url=sim.url, trust_env=False) as client,
    ):
        authorize(client)
        channel = client.post(CHANNELS).json()
        for ending, medium in (("calls", "voice"), ("emails", "email")):
            names = [f"v2.routing.queues.{queue.id}.conversations.{ending}" for queue in QUEUES]
            client.put(subscriptions(channel), json=body(*names))
            with connect(channel["connectUri"]) as socket:
                while (frame := json.loads(socket.recv(10)))["topicName"] not in names:
                    continue
            event = parse_event(frame)
            assert (event.event_type, event.media_type) == ("updated", medium)
            assert client.get(f"/api/v2/conversations/{event.conversation_id}").status_code == 200


def test_what_is_to_come_is_known_to_nobody(client):
    with (
        Simulator(live=True, speed=1, gap=3600, conversations=50) as sim,
        httpx.Client(base_url=sim.url, trust_env=False) as client,
    ):
        authorize(client)
        later = sim.world.conversations[-1].id
        assert client.get(f"/api/v2/conversations/{later}").status_code == 404
