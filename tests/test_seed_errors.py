"""The errors of the tutorial's debugging section: what a user reads, with cause and remedy."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from genesys_workbench.errors import (
    BrokerUnreachable,
    Forbidden,
    NoWebhookEndpoint,
    OAuthError,
    RateLimited,
    Unauthorized,
)
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.publisher import Publisher
from genesys_workbench.receiver import Receiver
from genesys_workbench.settings import load_settings
from genesys_workbench.tasks import _exhausted
from genesys_workbench.webhooks import ensure_webhook

from .api_fakes import PATH, TOKEN, Api, client_and_time, client_of, error, token
from .auth_fakes import auth_of

URL = "https://receiver.example.com/webhook/genesys/conversation"
DETAILS = "/api/v2/analytics/conversations/details"


def message_of(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    "call", [lambda c: c.get_conversation("c1"), lambda c: ensure_webhook(c, URL)]
)
def test_401_on_a_call_names_both_causes_and_the_settings_to_check(call):
    answer = error(401, "bad.credentials", "Invalid login credentials.")
    text = message_of(Unauthorized, lambda: call(client_of(Api(answer))))
    assert "answered 401 (bad.credentials): Invalid login credentials." in text
    assert "the access token expired or the client's credentials are wrong" in text
    for remedy in (
        "GENESYS_CLOUD_CLIENT_ID",
        "GENESYS_CLOUD_CLIENT_SECRET",
        "GENESYS_CLOUD_REGION",
        "genesys-workbench doctor",
    ):
        assert remedy in text


def test_401_of_an_expired_token_needs_no_restart_and_reaches_no_user():
    client, api, _ = client_and_time(
        error(401, "credentials.expired"), httpx.Response(200, json={"id": "c1"})
    )
    assert client.get_conversation("c1") == {"id": "c1"}
    assert api.tokens == 2


def test_401_of_the_token_endpoint_says_that_the_secret_is_wrong():
    body = {"error": "invalid_client", "description": "authentication failed"}
    auth, _, _ = auth_of(httpx.Response(401, json=body))
    text = message_of(OAuthError, auth.token)
    assert "POST /oauth/token answered 401 (invalid_client): authentication failed" in text
    assert "the client secret is wrong" in text
    assert "Admin > Integrations > OAuth" in text
    assert "genesys-workbench doctor" in text


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (PATH, "conversation:communication:view"),
        (DETAILS, "analytics:conversationDetail:view"),
        (f"{DETAILS}/query", "analytics:conversationDetail:view"),
        ("/api/v2/routing/queues", "routing:queue:view"),
    ],
)
def test_403_names_the_permission_of_the_endpoint_and_speaks_of_roles(path, permission):
    client = client_of(Api(error(403, "not.authorized", "You are not authorized.")))
    text = message_of(Forbidden, lambda: client.request("GET", path))
    assert f"the OAuth client lacks the permission {permission}" in text
    assert f"a role that holds {permission}" in text
    assert "Admin > Integrations > OAuth" in text
    assert "roles, not by scopes" in text


@pytest.mark.parametrize(
    "body",
    [
        {"messageParams": {"permissions": "[telephony:plugin:all, routing:queue:edit]"}},
        {"details": [{"errorCode": "telephony:plugin:all"}, {"fieldName": "routing:queue:edit"}]},
        {"message": "Missing any of telephony:plugin:all, routing:queue:edit at 12:00:00"},
    ],
)
def test_403_names_the_permissions_that_the_answer_names(body):
    message = body.pop("message", "Missing permissions.")
    client = client_of(Api(error(403, "missing.any.permissions", message, **body)))
    text = message_of(Forbidden, lambda: client.request("GET", PATH))
    assert "a role that holds telephony:plugin:all or routing:queue:edit (" in text


def test_403_where_no_permission_is_known_still_says_what_to_do():
    client = client_of(Api(httpx.Response(403, text="<html>")))
    text = message_of(Forbidden, lambda: client.request("POST", "/api/v2/webhooks", json={}))
    assert "the OAuth client lacks a permission" in text
    assert "role" in text


def test_429_tells_allowance_and_wait_and_how_to_call_less():
    answer = error(
        429,
        "too.many.requests",
        "Rate limit exceeded the maximum. Retry the request in [38] seconds",
        headers={"Retry-After": "38", "inin-ratelimit-allowed": "180"},
    )
    client = client_of(Api(answer), max_wait=1.0)
    text = message_of(RateLimited, lambda: client.get_conversation("c1"))
    assert "answered 429 (too.many.requests)" in text
    assert "allowance of 180 calls a minute is used up" in text
    assert "wait 38 s" in text
    assert "fewer concurrent workers" in text
    assert "batches" in text


def test_429_without_any_number_says_a_minute():
    client = client_of(Api(httpx.Response(429)), attempts=1)
    text = message_of(RateLimited, lambda: client.get_conversation("c1"))
    assert "the token's allowance is used up" in text
    assert "wait a minute" in text


def test_429_is_waited_out_on_webhook_creation_and_conversation_fetch_alike():
    limited = error(429, headers={"Retry-After": "3"})
    for method in ("GET", "POST"):
        client, _, time = client_and_time(limited, httpx.Response(200, json={}))
        assert client.request(method, "/api/v2/webhooks") == {}
        assert sum(time.slept) == 3.5


def test_the_endpoint_of_the_tutorial_does_not_exist_in_an_organisation_and_the_text_says_so():
    def organisation(request):
        return token(TOKEN) if request.url.path == "/oauth/token" else error(404, "not.found")

    text = message_of(NoWebhookEndpoint, lambda: ensure_webhook(client_of(organisation), URL))
    assert "Genesys Cloud has no endpoint that registers webhooks" in text
    assert "Amazon EventBridge integration" in text


NOBODY = "amqp://guest:canary-password@127.0.0.1:1/"


def an_event():
    return parse_event({"conversationId": "c-1", "eventId": "e-1"})


def test_an_amqp_connection_error_names_the_broker_the_cause_and_the_remedy():
    with Publisher(NOBODY, timeout=0.3) as publisher:
        message = encode(an_event(), received_at=datetime.now(UTC))
        text = message_of(BrokerUnreachable, lambda: publisher.publish(message).result(5))
    assert "RabbitMQ at amqp://guest:***@127.0.0.1:1/ is unreachable" in text
    assert "Connection refused" in text
    assert "rabbitmqctl status" in text
    assert "canary-password" not in text


def test_an_amqp_connection_error_reaches_the_sender_as_503_only_where_nothing_can_be_kept():
    settings = load_settings(broker_url=NOBODY, spool_max_events=0, confirm_timeout=0.3, port=0)
    with Receiver(settings) as receiver:
        answer = httpx.post(receiver.url, json={"conversationId": "c-1"})
    assert answer.status_code == 503
    assert "127.0.0.1:1" in answer.json()["detail"]
    assert "rabbitmqctl status" in answer.json()["fix"]
    assert "canary-password" not in answer.text


def test_exhausted_retries_tell_the_root_cause_the_attempts_and_how_to_send_it_again():
    cause = Unauthorized("GET … answered 401.", fix="check GENESYS_CLOUD_CLIENT_SECRET")
    text = str(_exhausted("e-1", 7, cause))
    assert "Event e-1 failed 7 times, the last time with Unauthorized: GET … answered 401." in text
    assert "check GENESYS_CLOUD_CLIENT_SECRET" in text
    assert "genesys-workbench queue redrive e-1" in text
