from __future__ import annotations

import httpx
import pytest

from genesys_workbench.errors import (
    BadRequest,
    NotFound,
    RateLimited,
)

from .api_fakes import client_of, error, token

UUID = "5c1f0a52-0b4e-4c58-9d53-2f1d7a3e0001"


class Org:
    """Conversations: some in analytics, some only in the conversations API."""

    def __init__(self, analytics=(), live=(), batch=None):
        self.analytics, self.live, self.batch = set(analytics), set(live), batch
        self.batches, self.singles = [], []

    def __call__(self, request):
        if request.url.path == "/oauth/token":
            return token()
        if request.url.path.endswith("/details"):
            return self.details(request)
        conversation_id = request.url.path.rpartition("/")[2]
        self.singles.append(conversation_id)
        if conversation_id in self.live:
            return httpx.Response(200, json={"id": conversation_id})
        return error(404, "not.found")

    def details(self, request):
        ids = request.url.params["id"].split(",")
        self.batches.append(ids)
        assert len(request.url.query) < 2100
        if self.batch is not None:
            return self.batch
        found = [{"conversationId": known} for known in ids if known in self.analytics]
        return httpx.Response(200, json={"conversations": found} if found else {})


def test_fifty_conversations_cost_one_call():
    ids = [f"{UUID[:-2]}{n:02}" for n in range(50)]
    org = Org(analytics=ids)
    result = client_of(org).conversation_details(iter(ids))
    assert result == {known: {"conversationId": known} for known in ids}
    assert ([len(batch) for batch in org.batches], org.singles) == ([50], [])


def test_a_hundred_and_twenty_conversations_cost_three_calls_and_twice_the_same_id_none():
    ids = [f"{UUID[:-3]}{n:03}" for n in range(120)]
    org = Org(analytics=ids)
    assert client_of(org).conversation_details(ids + ids).keys() == set(ids)
    assert [len(batch) for batch in org.batches] == [50, 50, 20]


def test_long_ids_make_shorter_batches():
    ids = [f"{n:03}" + ":" * 125 for n in range(12)]
    org = Org(analytics=ids)
    assert client_of(org).conversation_details(ids).keys() == set(ids)
    assert len(org.batches) == 3


def test_what_the_batch_lacks_is_fetched_alone_and_what_is_nowhere_is_missing():
    org = Org(analytics=["a"], live=["b"])
    result = client_of(org).conversation_details(["a", "b", "c", "d/../e"])
    assert result == {"a": {"conversationId": "a"}, "b": {"id": "b"}}
    assert {key: type(exc) for key, exc in result.missing.items()} == {
        "c": NotFound,
        "d/../e": BadRequest,
    }
    assert org.singles == ["b", "c"]


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_refused_batch_is_fetched_one_by_one(status):
    org = Org(live=["a", "b"], batch=error(status))
    assert client_of(org).conversation_details(["a", "b"]).keys() == {"a", "b"}


def test_without_the_permission_for_batches_no_second_batch_is_tried():
    ids = [f"c{n}" for n in range(60)]
    org = Org(live=ids, batch=error(403, "missing.permissions"))
    assert client_of(org).conversation_details(ids).keys() == set(ids)
    assert len(org.batches) == 1


def test_a_batch_of_another_shape_is_not_believed():
    body = {"conversations": ["x", {"conversationId": "other"}, {"conversationId": ["a"]}, {}]}
    org = Org(live=["a"], batch=httpx.Response(200, json=body))
    assert client_of(org).conversation_details(["a"]) == {"a": {"id": "a"}}


def test_a_rate_limit_ends_the_batch():
    org = Org(batch=error(429, headers={"Retry-After": "100"}))
    with pytest.raises(RateLimited):
        client_of(org).conversation_details(["a"])
    assert org.singles == []
