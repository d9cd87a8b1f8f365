from __future__ import annotations

import json

import httpx
import pytest

from genesys_workbench.errors import (
    BadRequest,
    BadResponse,
)

from .api_fakes import OK, client_and_time, client_of, token


def answers_by_query(*pages):
    """Answer with the pages in turn, and note the queries."""
    queries = []

    def handle(request):
        if request.url.path == "/oauth/token":
            return token()
        queries.append(f"{request.url.host}{request.url.path}?{request.url.query.decode()}")
        return httpx.Response(200, json=pages[min(len(queries), len(pages)) - 1])

    return handle, queries


def test_a_numbered_list_is_walked_to_its_last_page():
    handle, queries = answers_by_query(
        {"entities": [{"id": 1}], "pageNumber": 1, "pageCount": 2},
        {"entities": [{"id": 2}], "pageNumber": 2, "pageCount": 2},
    )
    found = list(client_of(handle).pages("/api/v2/x", params={"pageSize": 1}))
    assert found == [{"id": 1}, {"id": 2}]
    assert [query.partition("?")[2] for query in queries] == [
        "pageSize=1",
        "pageSize=1&pageNumber=2",
    ]


def test_a_cursor_list_is_walked_by_its_next_uri_also_past_an_empty_page():
    handle, queries = answers_by_query(
        {"entities": [{"id": 1}], "nextUri": "/api/v2/x?after=a%2Fb"},
        {"entities": [], "nextUri": "https://evil.example.com/platform/api/v2/x?after=c"},
        {"entities": [{"id": 2}]},
    )
    assert [item["id"] for item in client_of(handle).pages("/api/v2/x")] == [1, 2]
    assert queries == [
        "api.mypurecloud.com/api/v2/x?",
        "api.mypurecloud.com/api/v2/x?after=a%2Fb",
        "api.mypurecloud.com/api/v2/x?after=c",
    ]


def test_pages_that_lead_in_a_circle_end_in_an_error():
    handle, queries = answers_by_query(
        {"entities": [{"id": 1}], "nextUri": "/api/v2/x?after=a"},
    )
    with pytest.raises(BadResponse, match="again and again"):
        list(client_of(handle).pages("/api/v2/x"))
    assert len(queries) == 2


def test_a_page_count_without_end_stops_at_the_first_empty_page():
    handle, queries = answers_by_query(
        {"entities": [{"id": 1}], "pageNumber": 1, "pageCount": 10**9},
        {"entities": [], "pageNumber": 2, "pageCount": 10**9},
    )
    assert len(list(client_of(handle).pages("/api/v2/x"))) == 1
    assert len(queries) == 2


@pytest.mark.parametrize("uri", ["https://evil.example.com/", "//[", 5, ["a"]])
def test_a_next_uri_that_is_no_address_of_the_api_is_an_error(uri):
    handle, _ = answers_by_query({"entities": [], "nextUri": uri})
    with pytest.raises(BadResponse, match="no address of the API"):
        list(client_of(handle).pages("/api/v2/x"))


@pytest.mark.parametrize("page", [[], {"entities": "x"}, {"entities": [1]}])
def test_a_page_of_another_shape_is_an_error(page):
    handle, _ = answers_by_query(page)
    with pytest.raises(BadResponse, match="a page that is not"):
        list(client_of(handle).pages("/api/v2/x"))


class Analytics:
    """Serve the pages of a query; new conversations push the others back."""

    def __init__(self, total, *, shift=0, stuck=False):
        self.items = [f"c{n}" for n in range(total)]
        self.shift, self.stuck = shift, stuck
        self.bodies = []

    def __call__(self, request):
        if request.url.path == "/oauth/token":
            return token()
        body = json.loads(request.content)
        self.bodies.append(body)
        size = body["paging"]["pageSize"]
        start = 0 if self.stuck else (body["paging"]["pageNumber"] - 1) * size
        page = [{"conversationId": item} for item in self.items[start : start + size]]
        self.items[:0] = [f"new{len(self.bodies)}-{n}" for n in range(self.shift)]
        return httpx.Response(200, json={"conversations": page} if page else {"totalHits": 0})


def test_a_query_yields_all_pages_with_its_filters():
    analytics = Analytics(25)
    found = list(
        client_of(analytics).query_details("a/b", page_size=10, segmentFilters=[], order="desc")
    )
    assert len(found) == 25
    first = analytics.bodies[0]
    assert (first["interval"], first["segmentFilters"], first["order"]) == ("a/b", [], "desc")
    assert [body["paging"]["pageNumber"] for body in analytics.bodies] == [1, 2, 3]


def test_pages_that_shift_give_each_conversation_once():
    found = list(client_of(Analytics(35, shift=3)).query_details("a/b", page_size=10))
    ids = [item["conversationId"] for item in found]
    assert len(ids) == len(set(ids))
    assert {f"c{n}" for n in range(35)} <= set(ids)


def test_a_query_that_answers_the_same_page_forever_ends_in_an_error():
    analytics = Analytics(10, stuck=True)
    with pytest.raises(BadResponse, match="again and again"):
        list(client_of(analytics).query_details("a/b", page_size=10))
    assert len(analytics.bodies) == 4


def test_a_query_asks_for_no_more_than_the_platform_gives():
    analytics = Analytics(300)
    analytics.items = [f"c{n}" for n in range(100_050)]
    found = sum(1 for _ in client_of(analytics, limiter=Free()).query_details("a/b"))
    assert found == 100_000


class Free:
    def acquire(self, max_wait):
        return 0.0

    def release(self, headers=None):
        pass


@pytest.mark.parametrize("size", [0, 101, -1])
def test_a_page_size_that_the_platform_refuses_is_refused_before(size):
    client, api, _ = client_and_time(OK)
    with pytest.raises(BadRequest, match="page_size"):
        list(client.query_details("a/b", page_size=size))
    assert api.calls == []
