"""Where the package speaks to: hosts of the settings only, by no proxy and no redirect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import genesys_workbench
from genesys_workbench import samples
from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import BadRequest, InvalidDelivery
from genesys_workbench.events import parse_events
from genesys_workbench.settings import load_settings

PACKAGE = Path(genesys_workbench.__file__).parent
# What opens a connection of httpx by itself
OPENERS = {"Client", "AsyncClient", "get", "post", "put", "delete", "request", "stream"}
HOSTILE = (
    "../../v2/users/me",
    "c-1/../../login",
    "c-1?x=1",
    "c-1#x",
    "c-1%2f..",
    "@evil.example/",
    "..",
)


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def test_no_connection_takes_a_proxy_from_the_environment_or_follows_a_redirect() -> None:
    opened = {
        place: {each.arg: ast.unparse(each.value) for each in call.keywords}
        for place, call in calls()
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "httpx"
        and call.func.attr in OPENERS
    }
    assert len(opened) >= 8
    assert [place for place, how in opened.items() if how.get("trust_env") != "False"] == []
    assert [p for p, how in opened.items() if how.get("follow_redirects", "False") != "False"] == []


def test_nothing_else_opens_http_connections() -> None:
    found = {ast.unparse(call.func) for _, call in calls()}
    assert found & {"urlopen", "urllib.request.urlopen", "requests.get", "requests.post"} == set()
    assert [name for name in found if name.startswith(("http.client.", "requests."))] == []


@pytest.mark.parametrize("conversation_id", HOSTILE)
def test_an_id_of_the_payload_never_becomes_another_path(conversation_id: str) -> None:
    asked: list[httpx.URL] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})

    client = GenesysClient.from_settings(load_settings(), transport=httpx.MockTransport(api))
    with client, pytest.raises(BadRequest):
        client.get_conversation(conversation_id)
    assert asked == []


@pytest.mark.parametrize("envelope", ["eventbridge", "notification", "data-action", "seed"])
@pytest.mark.parametrize("conversation_id", HOSTILE[:-1])
def test_the_receiver_refuses_such_an_id_in_every_envelope(
    envelope: str, conversation_id: str
) -> None:
    event = samples.event("voice-inbound", envelope=envelope, conversationId="c-1")
    with pytest.raises(InvalidDelivery, match="must be a string of 1 to 128"):
        parse_events(with_id(event, conversation_id))


def with_id(value: Any, conversation_id: str) -> Any:
    """Return the event with another id of its conversation, wherever the envelope has it."""
    if not isinstance(value, dict):
        return conversation_id if value == "c-1" else value
    return {name: with_id(item, conversation_id) for name, item in value.items()}


def test_a_url_in_a_delivery_is_asked_of_nobody() -> None:
    asked: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host} {request.url.path}")
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "id": "c-1"})

    hostile = {"conversationId": "c-1", "selfUri": "http://169.254.169.254/", "host": "evil"}
    (event,) = parse_events(hostile)
    settings = load_settings()
    with GenesysClient.from_settings(settings, transport=httpx.MockTransport(api)) as client:
        client.get_conversation(event.conversation_id)
    assert asked == ["127.0.0.1 /oauth/token", "127.0.0.1 /api/v2/conversations/c-1"]
