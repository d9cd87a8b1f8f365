"""The conversation detail query: paging, intervals, filters, and what is refused."""

from __future__ import annotations

import pytest

from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.times import iso
from tests.simulator_fakes import QUERY, query, week


def test_a_query_pages_through_all_conversations_of_its_interval(sim, client):
    pages = [query(client, sim, paging={"pageSize": 25, "pageNumber": n}).json() for n in (1, 2, 3)]
    found = [item["conversationId"] for page in pages for item in page["conversations"]]
    assert found == [item.id for item in sim.world.conversations]
    assert {page["totalHits"] for page in pages} == {60}


def test_a_query_answers_25_by_default_and_newest_first_on_request(sim, client):
    answer = query(client, sim, order="desc", orderBy="conversationStart").json()
    found = [item["conversationId"] for item in answer["conversations"]]
    assert found == [item.id for item in list(sim.world.conversations)[:-26:-1]]


def test_a_query_finds_only_what_started_in_its_interval(sim, client):
    second, fourth = sim.world.conversations[1].start, sim.world.conversations[3].start
    answer = query(client, sim, interval=f"{iso(second)}/{iso(fourth)}").json()
    assert answer["totalHits"] == 2


def test_a_segment_filter_finds_exactly_what_the_answers_say(sim, client):
    everything = query(client, sim, paging={"pageSize": 100}).json()["conversations"]
    voice = {
        item["conversationId"]
        for item in everything
        if any(s["mediaType"] == "voice" for p in item["participants"] for s in p["sessions"])
    }
    predicate = {"type": "dimension", "dimension": "mediaType", "value": "voice"}
    found = filtered(client, sim, segmentFilters=[{"type": "and", "predicates": [predicate]}])
    assert found == voice
    assert 0 < len(voice) < len(everything)


def filtered(client, sim, **filters):
    answer = query(client, sim, paging={"pageSize": 100}, **filters)
    assert answer.status_code == 200, answer.text
    return {item["conversationId"] for item in answer.json()["conversations"]}


def test_filters_join_by_and_within_one_segment_and_by_or(sim, client):
    queue = sim.world.queues[0].id
    parts = [
        {"dimension": "queueId", "operator": "matches", "value": queue},
        {"dimension": "direction", "value": "inbound"},
    ]
    both = filtered(client, sim, segmentFilters=[{"type": "and", "predicates": parts}])
    either = filtered(client, sim, segmentFilters=[{"type": "or", "predicates": parts}])
    nested = {"type": "and", "clauses": [{"type": "or", "predicates": parts}]}
    assert both < either
    assert filtered(client, sim, segmentFilters=[nested]) == either
    expected = {
        item["conversationId"]
        for item in map(analytics_conversation, sim.world.conversations)
        for person in item["participants"]
        for session in person["sessions"]
        for segment in session["segments"]
        if segment.get("queueId") == queue and session["direction"] == "inbound"
    }
    assert both == expected != set()


def test_a_conversation_filter_looks_at_the_conversation(sim, client):
    def by(dimension, value):
        predicates = [{"dimension": dimension, "value": value}]
        return filtered(
            client, sim, conversationFilters=[{"type": "and", "predicates": predicates}]
        )

    everything = {item.id for item in sim.world.conversations}
    inbound, outbound = (
        by("originatingDirection", "inbound"),
        by("originatingDirection", "outbound"),
    )
    assert inbound | outbound == everything
    assert not inbound & outbound
    wanted = sim.world.conversations[7].id
    assert by("conversationId", wanted) == {wanted}


PREDICATE = {"dimension": "mediaType", "value": "voice"}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"interval": None}, "start/end"),
        ({"interval": "2026-01-05T00:00:00Z"}, "start/end"),
        ({"interval": "yesterday/today"}, "ISO-8601"),
        ({"interval": "2026-01-06/2026-01-05"}, "end after it starts"),
        ({"interval": "2026-01-01/2026-02-02"}, "31 days"),
        ({"order": "up"}, "asc, desc, unordered"),
        ({"orderBy": "segmentStart"}, "conversationStart"),
        ({"paging": [1]}, "paging"),
        ({"paging": {"pageSize": 101}}, "pageSize must be 1 to 100"),
        ({"paging": {"pageSize": True}}, "pageSize"),
        ({"paging": {"pageNumber": 0}}, "pageNumber"),
        ({"paging": {"pageSize": 100, "pageNumber": 1001}}, "100000"),
        ({"surveyFilters": []}, "surveyFilters is not understood"),
        ({"segmentFilters": {}}, "segmentFilters must be a list"),
        ({"segmentFilters": ["x"]}, "filter must be an object"),
        ({"segmentFilters": [{"type": "and"}]}, "at least one predicate"),
        ({"segmentFilters": [{"type": "not", "predicates": [PREDICATE]}]}, "and, or"),
        ({"segmentFilters": [{"type": "and", "predicates": [{}]}]}, "mediaType, direction"),
        (
            {"segmentFilters": [{"type": "and", "predicates": [PREDICATE | {"value": 1}]}]},
            "value must be a string",
        ),
        (
            {"segmentFilters": [{"type": "and", "predicates": [PREDICATE | {"operator": "gt"}]}]},
            "matches",
        ),
        (
            {"conversationFilters": [{"type": "and", "predicates": [PREDICATE]}]},
            "originatingDirection",
        ),
    ],
)
def test_a_query_that_is_not_understood_is_400_and_says_why(sim, client, fields, says):
    answer = query(client, sim, **fields)
    assert answer.status_code == 400
    assert says in answer.json()["message"]


def test_a_query_over_exactly_31_days_is_fine(sim, client):
    assert query(client, sim, interval=week(sim, days=31)).json()["totalHits"] == 60


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_is_400(client, content):
    answer = client.post(QUERY, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")


def test_a_body_of_another_type_is_415(client):
    answer = client.post(QUERY, data={"interval": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported.media.type")


def test_a_filled_template_travels_with_its_parameters(sim, client):
    body = query(client, sim, order_by="x").json()
    assert body["messageParams"]["name"] == "order_by"
    assert body["messageWithParams"].format_map(body["messageParams"]) == body["message"]
