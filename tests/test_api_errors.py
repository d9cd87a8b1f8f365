from __future__ import annotations

import httpx
import pytest

from genesys_workbench.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    NoWebhookEndpoint,
    RateLimited,
    ServerError,
    Unreachable,
)

from .api_fakes import PATH, client_and_time, error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (403, Forbidden),
        (404, NotFound),
        (405, BadRequest),
        (408, Unreachable),
        (409, BadRequest),
        (413, BadRequest),
        (429, RateLimited),
        (500, ServerError),
        (501, ServerError),
        (503, ServerError),
    ],
)
def test_each_status_is_one_class_with_status_code_and_context_id(status, kind):
    client, _, _ = client_and_time(error(status, "some.code", "Some words."), attempts=1)
    with pytest.raises(kind) as caught:
        client.request("GET", PATH)
    exc = caught.value
    assert type(exc) is kind
    assert (exc.status, exc.code, exc.context_id) == (status, "some.code", "ctx-1")
    assert f"GET {PATH} answered {status} (some.code): Some words." in exc.what
    assert exc.fix


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty body"),
        (b"<html><h1>Bad gateway", "HTML page"),
        (b"oops", "not the platform's error format"),
        (b"[1]", "not the platform's error format"),
        (b'{"message": ["odd"], "code": 7, "details": {"a": 1}}', "odd"),
        (b"\xff\xfe", "not the platform's error format"),
    ],
)
def test_an_error_body_of_any_kind_still_makes_the_right_error(body, words):
    answer = httpx.Response(400, content=body, headers={"ININ-Correlation-Id": "corr-7"})
    client, _, _ = client_and_time(answer)
    with pytest.raises(BadRequest, match=words) as caught:
        client.request("GET", PATH)
    assert caught.value.context_id == "corr-7"


def test_the_fields_of_a_refused_call_are_named():
    details = [{"errorCode": "REFERENCED_KEY_DOES_NOT_EXIST", "fieldName": "edgeId"}]
    client, _, _ = client_and_time(error(400, "general.bad.request", "No.", details=details))
    with pytest.raises(BadRequest, match="edgeId: REFERENCED_KEY_DOES_NOT_EXIST"):
        client.request("PUT", PATH, json={})


def test_a_long_message_with_control_characters_is_cut_to_one_line():
    client, _, _ = client_and_time(error(400, "x", "a\n\x1b[31mb" + "c" * 5000))
    with pytest.raises(BadRequest) as caught:
        client.request("GET", PATH)
    assert "\n" not in caught.value.what
    assert "\x1b" not in caught.value.what
    assert len(caught.value.what) < 500


def test_no_webhook_endpoint_is_told_from_a_missing_entity():
    client, _, _ = client_and_time(error(404, "not.found"))
    with pytest.raises(NoWebhookEndpoint, match="EventBridge") as caught:
        client.request("GET", "/api/v2/webhooks", params={"pageSize": 1})
    assert not caught.value.transient
