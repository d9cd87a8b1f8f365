from __future__ import annotations

import traceback

import httpx
import pytest

from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import (
    BadRequest,
    BadResponse,
    SettingsError,
)
from genesys_workbench.settings import Settings

from .api_fakes import API, OK, PATH, SECRET, Api, client_and_time


def test_a_conversation_is_fetched_as_its_raw_json():
    client, api, _ = client_and_time(OK)
    assert client.get_conversation("c1") == {"id": "c1"}
    assert str(api.calls[0].url) == f"{API}{PATH}"
    assert api.calls[0].headers["user-agent"].startswith("genesys-workbench/")


@pytest.mark.parametrize(
    "bad", ["", "a/b", "..", ".", "a b", "x" * 129, "ü", "a?b", "a%2fb", "a\n"]
)
def test_an_id_that_is_none_never_reaches_the_platform(bad):
    client, api, _ = client_and_time(OK)
    with pytest.raises(BadRequest, match="not a conversation id"):
        client.get_conversation(bad)
    assert api.calls == []


@pytest.mark.parametrize("other", [{}, {"id": "c2"}, {"conversationId": "c1"}, ["c1"]])
def test_an_answer_that_is_not_the_conversation_that_was_asked_for_is_a_bad_response(other):
    client, _, _ = client_and_time(httpx.Response(200, json=other))
    with pytest.raises(BadResponse, match="not the JSON that was expected"):
        client.get_conversation("c1")


def test_an_id_is_quoted_in_the_path():
    client, api, _ = client_and_time(httpx.Response(200, json={"id": "a:b~c"}))
    client.get_conversation("a:b~c")
    assert api.calls[0].url.raw_path == b"/api/v2/conversations/a%3Ab~c"


@pytest.mark.parametrize("path", ["@evil.example.com/", "api/v2/x", "", "/a\nb", "/ä"])
def test_a_path_that_could_change_the_host_is_refused(path):
    client, api, _ = client_and_time(OK)
    with pytest.raises(BadRequest, match="not a path"):
        client.request("GET", path)
    assert api.calls == []


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_empty_answer_to_a_delete_is_none(status):
    client, _, _ = client_and_time(httpx.Response(status))
    assert client.request("delete", PATH) is None


def test_a_list_is_returned_as_it_is():
    client, _, _ = client_and_time(httpx.Response(200, json=[1, 2]))
    assert client.request("GET", "/api/v2/x") == [1, 2]
    with pytest.raises(BadResponse):
        client.get_conversation("c1")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"id": "c', b"5", b"null", b"[" * 100_000, b'{"a": NaN}', b"\xff{}"]
)
def test_an_answer_that_is_not_json_is_tried_again_and_then_a_bad_response(body):
    client, api, _ = client_and_time(httpx.Response(200, content=body))
    with pytest.raises(BadResponse, match="not the JSON") as caught:
        client.get_conversation("c1")
    assert len(api.calls) == 4
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "api.mypurecloud.com",
        "https://",
        "https://a b",
        "https://x?y=1",
        "https://x:0",
        "https://u:p@api.x/",
        "http://[",
    ],
)
def test_an_api_url_that_is_none_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="GENESYS_CLOUD_API_URL") as caught:
        GenesysClient(url, httpx.Auth())
    printed = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "half made" not in "".join(printed.format())


def test_settings_name_hosts_and_credentials():
    api = Api(OK)
    settings = Settings(
        _env_file=None, client_id="client-id", client_secret=SECRET, region="eu_central_1"
    )
    with GenesysClient.from_settings(settings, transport=api.transport) as client:
        assert client.request("GET", "/api/v2/x") == {"id": "c1"}
    assert api.calls[0].url.host == "api.mypurecloud.de"
    assert repr(client) == "<GenesysClient at https://api.mypurecloud.de>"


def test_a_closed_client_calls_no_more():
    client, _api, _ = client_and_time(OK)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.request("GET", "/api/v2/x")


def test_a_transport_that_was_passed_in_is_left_open():
    closed = []
    api = Api(OK)
    transport = api.transport
    transport.close = lambda: closed.append(1)
    settings = Settings(_env_file=None)
    with GenesysClient.from_settings(settings, transport=transport) as client:
        client.request("GET", "/api/v2/x")
    assert closed == []
