from __future__ import annotations

import json
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from genesys_workbench.errors import BadRequest, BadResponse, NotFound, NoWebhookEndpoint
from genesys_workbench.webhooks import delete_webhook, ensure_webhook, list_webhooks

from .api_fakes import client_of, error, token

URL = "https://receiver.example.com/webhook/genesys/conversation"


class Registry:
    """``/api/v2/webhooks`` as the simulator has it, one entry a page."""

    def __init__(self, *entries, dated=True):
        self.entries = {entry["id"]: entry for entry in entries}
        self.calls, self.dated, self.made = [], dated, 0
        self.before_create = lambda: None
        self.lock = threading.Lock()

    def __call__(self, request):
        if request.url.path == "/oauth/token":
            return token()
        if request.method == "POST":
            self.before_create()
        with self.lock:
            self.calls.append(request.method)
            return getattr(self, request.method.lower())(request)

    def get(self, request):
        number = int(request.url.params.get("pageNumber", 1))
        entities = list(self.entries.values())
        page = {"entities": entities[number - 1 : number], "pageNumber": number}
        return httpx.Response(200, json=page | {"pageCount": len(entities)})

    def post(self, request):
        self.made += 1
        created = json.loads(request.content) | {"id": f"made-{self.made}"}
        if self.dated:
            created["dateCreated"] = f"2026-01-01T00:00:{self.made:02}Z"
        self.entries[created["id"]] = created
        return httpx.Response(201, json=created)

    def put(self, request):
        known = request.url.path.rpartition("/")[2]
        self.entries[known] = json.loads(request.content)
        return httpx.Response(200, json=self.entries[known])

    def delete(self, request):
        known = self.entries.pop(request.url.path.rpartition("/")[2], None)
        return httpx.Response(204) if known else error(404, "not.found")


def entry(entry_id, address=URL, *, date="2025-05-05T00:00:00Z", **more):
    return {
        "id": entry_id,
        "name": "Genesys Workbench receiver",
        "address": address,
        "enabled": True,
        "method": "POST",
        "eventFilters": [{"event": "conversation:created", "entityType": "conversation"}],
        "deliveryMode": "PUSH",
        "protocolVersion": "v2",
        "dateCreated": date,
    } | more


def test_a_new_webhook_is_created_in_the_shape_of_the_tutorial():
    registry = Registry()
    result = ensure_webhook(client_of(registry), URL, name="Mine")
    assert (result.action, result.removed) == ("created", 0)
    assert result.webhook == registry.entries["made-1"]
    assert {k: v for k, v in result.webhook.items() if k not in ("id", "dateCreated")} == {
        "name": "Mine",
        "address": URL,
        "enabled": True,
        "method": "POST",
        "eventFilters": [{"event": "conversation:created", "entityType": "conversation"}],
        "deliveryMode": "PUSH",
        "protocolVersion": "v2",
    }


def test_a_webhook_that_is_there_is_kept_also_on_a_later_page():
    registry = Registry(entry("a", "https://other.example.org/"), entry("b"))
    client = client_of(registry)
    for _ in range(3):
        result = ensure_webhook(client, URL)
        assert (result.action, result.webhook["id"]) == ("kept", "b")
    assert set(registry.calls) == {"GET"}


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTPS://Receiver.Example.COM/webhook/genesys/conversation",
        "https://receiver.example.com:443/webhook/genesys/conversation/",
        "https://receiver.example.com./webhook/genesys/conversation",
    ],
)
def test_another_spelling_of_the_address_is_the_same_address(spelling):
    registry = Registry(entry("a", spelling))
    assert ensure_webhook(client_of(registry), URL).action == "kept"


@pytest.mark.parametrize(
    "other",
    [
        "http://receiver.example.com/webhook/genesys/conversation",
        "https://receiver.example.com:8443/webhook/genesys/conversation",
        "https://receiver.example.com/Webhook/genesys/conversation",
        "https://receiver.example.com/webhook/genesys/conversation?a=1",
        "not a url",
    ],
)
def test_another_address_is_left_alone(other):
    registry = Registry(entry("a", other))
    assert ensure_webhook(client_of(registry), URL).action == "created"
    assert "a" in registry.entries


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"name": "Old name"},
        {"method": "GET"},
        {"eventFilters": [{"event": "conversation:updated", "entityType": "conversation"}]},
        {"eventFilters": None},
        {"deliveryMode": "PULL"},
        {"protocolVersion": "v1"},
    ],
)
def test_a_webhook_that_differs_is_updated_and_keeps_its_other_fields(change):
    registry = Registry(entry("a", version=7) | change)
    result = ensure_webhook(client_of(registry), URL)
    assert result.action == "updated"
    assert registry.entries == {"a": entry("a", version=7)}


def test_the_events_are_what_is_asked_for_in_any_order():
    registry = Registry()
    client = client_of(registry)
    events = ("conversation:created", "conversation:updated")
    assert ensure_webhook(client, URL, events=events).action == "created"
    assert ensure_webhook(client, URL, events=events[::-1]).action == "kept"
    assert ensure_webhook(client, URL).action == "updated"


def test_of_several_registrations_the_oldest_is_kept_and_the_others_are_deleted():
    registry = Registry(
        entry("b", date="2025-01-02T00:00:00Z"),
        entry("c", date="2025-01-01T00:00:00Z"),
        entry("a", URL + "/", date="2025-01-01T00:00:00Z"),
    )
    result = ensure_webhook(client_of(registry), URL)
    assert (result.webhook["id"], result.removed) == ("a", 2)
    assert list(registry.entries) == ["a"]


def test_without_dates_the_first_listed_is_kept():
    registry = Registry(entry("b", date=None), entry("a", date=None))
    assert ensure_webhook(client_of(registry), URL).webhook["id"] == "b"


def test_twenty_threads_at_once_make_one_registration():
    registry = Registry()
    client = client_of(registry)
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: ensure_webhook(client, URL), range(20)))
    assert sorted(result.action for result in results) == ["created"] + ["kept"] * 19
    assert registry.made == len(registry.entries) == 1


@pytest.mark.parametrize("dated", [True, False])
def test_another_process_that_creates_at_the_same_moment_leaves_one_registration(dated):
    registry = Registry(dated=dated)

    def faster():
        registry.before_create = lambda: None
        address = "https://RECEIVER.example.com/webhook/genesys/conversation"
        registry.entries["theirs"] = entry("theirs", address, date="2025-01-01" if dated else None)

    registry.before_create = faster
    result = ensure_webhook(client_of(registry), URL)
    assert (result.action, result.webhook["id"], result.removed) == ("kept", "theirs", 1)
    assert list(registry.entries) == ["theirs"]


def test_a_duplicate_that_another_process_deletes_first_is_no_error():
    registry = Registry(entry("a"), entry("b"))
    listing = registry.get

    def get(request):
        answer = listing(request)
        if request.url.params.get("pageNumber") == "2":
            del registry.entries["b"]
        return answer

    registry.get = get
    result = ensure_webhook(client_of(registry), URL)
    assert (result.action, result.removed) == ("kept", 0)


def test_a_registration_that_is_not_listed_is_an_error():
    registry = Registry()
    registry.post = lambda request: httpx.Response(201)
    with pytest.raises(BadResponse, match="not listed"):
        ensure_webhook(client_of(registry), URL)


def test_a_real_organisation_is_told_by_clear_words():
    def organisation(request):
        return token() if request.url.path == "/oauth/token" else error(404, "not.found")

    for call in (list_webhooks, lambda client: ensure_webhook(client, URL)):
        with pytest.raises(NoWebhookEndpoint) as caught:
            call(client_of(organisation))
        text = str(caught.value)
        for words in (
            "Genesys Cloud has no endpoint that registers webhooks",
            "Amazon EventBridge",
            "Process Automation trigger",
            "Web Services data action",
            "Notifications WebSocket",
        ):
            assert words in text


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "receiver.example.com/x",
        "ftp://example.com/",
        "https:///x",
        "https://user:hunter2@example.com/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://example.com/#x",
        "https://[::1/",
        "https://user:hunter2℀@example.com/",
    ],
)
def test_a_url_that_no_webhook_can_reach_is_refused_before_any_call(bad):
    registry = Registry()
    with pytest.raises(BadRequest, match="not an http or https URL") as caught:
        ensure_webhook(client_of(registry), bad)
    assert registry.calls == []
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_webhook_is_deleted_by_id_or_by_any_spelling_of_its_address():
    registry = Registry(entry("a"), entry("b"), entry("c", "https://other.example.org/"))
    client = client_of(registry)
    assert delete_webhook(client, "HTTPS://receiver.example.com:443" + URL[28:] + "/") == 2
    assert delete_webhook(client, URL) == 0
    assert delete_webhook(client, "c") == 1
    with pytest.raises(NotFound):
        delete_webhook(client, "c")


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_an_empty_id_never_deletes_the_whole_list(bad):
    registry = Registry(entry("a"))
    with pytest.raises(BadRequest):
        delete_webhook(client_of(registry), bad)
    assert registry.calls == []
