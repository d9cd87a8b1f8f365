"""``trigger`` and ``webhooks``: what is sent over HTTP, and what is told of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from genesys_workbench import client as client_module
from genesys_workbench import samples
from genesys_workbench.authenticity import Verifier
from genesys_workbench.errors import Unreachable
from genesys_workbench.posting import signer_of
from genesys_workbench.settings import load_settings
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

HOOK = "http://127.0.0.1:8000/webhook/genesys/conversation"


class Receiving:
    """A receiver that answers each delivery as the test says, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(
            202, json={"status": "published", "conversationId": "c1", "eventId": "e1"}
        )

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiving:
    receiving = Receiving()
    real = httpx.Client

    def client(**options: Any) -> httpx.Client:
        return real(**options, transport=httpx.MockTransport(receiving))

    monkeypatch.setattr(httpx, "Client", client)
    return receiving


def test_the_fixtures_are_listed_by_name(run: Run) -> None:
    outcome = run("trigger")
    assert outcome.out.splitlines() == samples.names()
    assert outcome.err == "Next: genesys-workbench trigger voice-inbound\n"
    assert [row["name"] for row in run("trigger", "--json").lines] == samples.names()


def test_a_mistyped_fixture_is_guessed(run: Run) -> None:
    assert "did you mean 'voice-inbound'?" in run("trigger", "voice-inbond").err


def test_each_of_several_events_has_an_id_of_its_own(run: Run, receiver: Receiving) -> None:
    outcome = run("trigger", "voice-inbound", "-n", "3", "--json")
    assert outcome.code == 0
    assert outcome.lines == 3 * [
        {"httpStatus": 202, "status": "published", "conversationId": "c1", "eventId": "e1"}
    ]
    assert [str(request.url) for request in receiver.requests] == [HOOK] * 3
    assert len({body["id"] for body in receiver.bodies}) == 3
    assert receiver.requests[0].headers["content-type"] == "application/json"


def test_the_same_id_makes_a_redelivery(run: Run, receiver: Receiving) -> None:
    run("trigger", "voice-inbound", "-n", "2", "--same-id")
    assert receiver.bodies == [samples.event("voice-inbound")] * 2


def test_fields_can_be_overridden_by_text_and_by_json(run: Run, receiver: Receiving) -> None:
    run(*"trigger email --override subject=a=b --override mediaType=null".split())
    (body,) = receiver.bodies
    event = body["detail"]["eventBody"]
    assert (event["subject"], event["mediaType"]) == ("a=b", None)


def test_the_envelope_and_the_address_can_be_chosen(run: Run, receiver: Receiving) -> None:
    other = "http://127.0.0.1:9000/hook"
    run("trigger", "chat", "--envelope", "seed", "--to", other)
    assert str(receiver.requests[0].url) == other
    assert {"conversationId", "timestamp"} <= receiver.bodies[0].keys()


def test_a_person_is_told_the_answer_and_the_next_command(run: Run, receiver: Receiving) -> None:
    outcome = run("trigger", "voice-inbound")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == (
        "202 published event e1 of conversation c1\nNext: genesys-workbench events list\n"
    )


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            httpx.Response(401, json={"detail": "No proof.", "fix": "send one"}),
            "401 refused: No proof.\nFix: send one\n",
        ),
        (httpx.Response(502, text="<html>gateway"), "502 refused: <html>gateway\n"),
        (httpx.Response(500, json=["odd"]), '500 refused: ["odd"]\n'),
        (httpx.Response(503, json={}), "503 refused: no reason given\n"),
    ],
)
def test_a_refused_event_ends_with_code_1(
    run: Run, receiver: Receiving, response: httpx.Response, told: str
) -> None:
    receiver.answer = lambda: response
    outcome = run("trigger", "voice-inbound")
    assert (outcome.code, outcome.err) == (1, told)


def test_a_missing_receiver_ends_with_code_1_and_names_the_command(run: Run) -> None:
    outcome = run("trigger", "voice-inbound", "--to", "http://127.0.0.1:1/")
    assert (outcome.code, outcome.out) == (1, "")
    assert "No receiver answers at http://127.0.0.1:1/ (ConnectError)." in outcome.err
    assert "Fix: start one: genesys-workbench receive" in outcome.err


@pytest.mark.parametrize("scheme", ["header", "standard", "hub"])
def test_the_secret_of_the_settings_proves_the_delivery(
    run: Run, receiver: Receiving, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", "a secret for this test alone")
    monkeypatch.setenv("WORKBENCH_WEBHOOK_AUTH", scheme)
    assert run("trigger", "voice-inbound").code == 0
    (request,) = receiver.requests
    Verifier.from_settings(load_settings()).check(request.headers, request.content)
    assert signer_of(load_settings()) is not None


def test_without_a_secret_nothing_is_signed() -> None:
    assert signer_of(load_settings()) is None


class Registry:
    """The simulator's endpoint of registrations, without HTTP."""

    api_url = "http://127.0.0.1:8765"

    def __init__(self) -> None:
        self.hooks: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None: ...

    def pages(self, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        if self.error is not None:
            raise self.error
        return iter(list(self.hooks))

    def request(self, method: str, path: str, *, json: Any = None) -> Any:
        if method == "POST":
            self.hooks.append({"id": f"hook-{len(self.hooks)}", **json})
            return self.hooks[-1]
        self.hooks = [hook for hook in self.hooks if not path.endswith(hook["id"])]
        return None


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()

    class Client:
        from_settings = staticmethod(lambda *_, **__: registry)

    monkeypatch.setattr(client_module, "GenesysClient", Client)
    return registry


def test_ensure_registers_the_local_receiver_once(run: Run, registry: Registry) -> None:
    (first,) = run("webhooks", "ensure", "--json").lines
    (second,) = run("webhooks", "ensure", "--json").lines
    assert (first["action"], second["action"], second["removed"]) == ("created", "kept", 0)
    assert first["address"] == second["address"] == HOOK
    assert run("webhooks", "ensure").err == f"kept: hook-0 {HOOK}\n"


def test_the_registered_webhooks_are_listed(run: Run, registry: Registry) -> None:
    empty = run("webhooks", "list")
    assert (empty.out, "webhooks ensure" in empty.err) == ("", True)
    run("webhooks", "ensure", "http://receiver.example.com/hook")
    (row,) = run("webhooks", "list", "--json").lines
    assert (row["id"], row["address"]) == ("hook-0", "http://receiver.example.com/hook")
    assert run("webhooks", "list").out.splitlines()[1].split()[:2] == ["hook-0", "yes"]


def test_delete_takes_an_id_or_an_address(run: Run, registry: Registry) -> None:
    run("webhooks", "ensure")
    assert run("webhooks", "delete", HOOK).err == "deleted: 1\n"
    run("webhooks", "ensure")
    assert run("webhooks", "delete", "hook-0", "--json").lines == [{"deleted": 1}]
    gone = run("webhooks", "delete", HOOK)
    assert (gone.code, gone.err) == (1, "No webhook has this address.\n")


def test_a_simulator_that_is_away_is_told_by_its_name(run: Run, registry: Registry) -> None:
    registry.error = Unreachable("POST /oauth/token got no answer")
    outcome = run("webhooks", "list")
    assert outcome.code == 5
    assert "No simulator answers at http://127.0.0.1:8765." in outcome.err
    assert "Fix: start it: genesys-workbench simulate" in outcome.err


def test_an_organisation_that_is_away_is_told_as_it_is(
    run: Run, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_ID", "id")
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_SECRET", "hunter2")
    registry.error = Unreachable("POST /oauth/token got no answer", fix="check the network")
    outcome = run("webhooks", "list")
    assert outcome.err == ("Error: POST /oauth/token got no answer\nFix: check the network\n")
