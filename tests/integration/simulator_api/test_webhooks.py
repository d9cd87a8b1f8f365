"""The simulator's webhooks: a registration that the platform does not have."""

from __future__ import annotations

import httpx
import pytest

from genesys_workbench.simulator.server import Simulator
from tests.simulator_fakes import HOOKS

SEED_HOOK = {
    "name": "Conversation Creation Publisher",
    "address": "https://receiver.example.com/webhook/genesys/conversation",
    "enabled": True,
    "method": "POST",
    "eventFilters": [{"event": "conversation:created", "entityType": "conversation"}],
    "deliveryMode": "PUSH",
    "protocolVersion": "v2",
}


@pytest.fixture
def hooks(client):
    yield client
    for hook in client.get(HOOKS, params={"pageSize": 100}).json()["entities"]:
        assert client.delete(hook["selfUri"]).status_code == 204


def test_a_webhook_is_created_read_replaced_and_deleted(hooks):
    made = hooks.post(HOOKS, json=SEED_HOOK)
    assert made.status_code == 201
    where = made.json()["selfUri"]
    assert made.json() == {"id": where.rpartition("/")[2], **SEED_HOOK, "selfUri": where}
    assert hooks.get(where).json() == made.json()
    changed = hooks.put(where, json=made.json() | {"enabled": False})
    assert changed.json() == made.json() | {"enabled": False}
    assert hooks.delete(where).status_code == 204
    assert hooks.get(where).status_code == 404
    assert hooks.put(where, json=SEED_HOOK).status_code == 404
    assert hooks.delete(where).status_code == 404


def test_every_answer_about_webhooks_says_that_they_are_simulated(hooks):
    answers = [hooks.get(HOOKS), hooks.post(HOOKS, json=SEED_HOOK), hooks.post(HOOKS, json={})]
    assert [a.status_code for a in answers] == [200, 201, 400]
    assert {a.headers["x-workbench-simulated"] for a in answers} == {
        "webhooks are not part of Genesys Cloud"
    }


def test_webhooks_are_listed_page_by_page_in_order_of_creation(hooks):
    ids = [hooks.post(HOOKS, json=SEED_HOOK | {"name": f"hook {n}"}).json()["id"] for n in range(5)]
    first = hooks.get(HOOKS, params={"pageSize": 2, "pageNumber": 1}).json()
    assert (first["total"], first["pageCount"]) == (5, 3)
    assert "previousUri" not in first
    found, page = list(first["entities"]), first
    while "nextUri" in page:
        page = hooks.get(page["nextUri"]).json()
        found += page["entities"]
    assert [item["id"] for item in found] == ids
    assert page["selfUri"] == page["lastUri"] == f"{HOOKS}?pageSize=2&pageNumber=3"
    assert hooks.get(page["previousUri"]).json()["pageNumber"] == 2
    assert hooks.get(page["firstUri"]).json() == first


def test_an_empty_list_of_webhooks_has_no_pages(hooks):
    body = hooks.get(HOOKS).json()
    assert (body["entities"], body["total"], body["pageCount"]) == ([], 0, 0)
    assert body["pageSize"] == 25


@pytest.mark.parametrize("paging", ["pageSize=101", "pageSize=0", "pageNumber=x", "pageNumber=²"])
def test_a_page_out_of_range_is_400(client, paging):
    assert client.get(f"{HOOKS}?{paging}").json()["code"] == "invalid.value"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", None),
        ("name", "  "),
        ("address", "receiver"),
        ("address", "ftp://example.com"),
        ("address", "http://"),
        ("address", "http://[::1"),
        ("address", 5),
        ("enabled", "yes"),
        ("method", "PUT"),
        ("deliveryMode", "PULL"),
        ("protocolVersion", "v1"),
        ("eventFilters", []),
        ("eventFilters", [{"event": "conversation:created"}]),
        ("eventFilters", [{"event": "user:created", "entityType": "conversation"}]),
    ],
)
def test_a_wrong_field_of_a_webhook_is_400_and_named(client, name, value):
    answer = client.post(HOOKS, json=SEED_HOOK | {name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid.value")
    assert answer.json()["details"] == [{"errorCode": "INVALID_VALUE", "fieldName": name}]


def test_an_organisation_without_webhooks_answers_404_like_a_real_one():
    with Simulator(conversations=1, webhooks=False) as sim:
        header = {"Authorization": f"Bearer {sim._state.tokens.issue()}"}
        answer = httpx.post(f"{sim.url}{HOOKS}", json=SEED_HOOK, headers=header, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "not.found")
    assert "x-workbench-simulated" not in answer.headers
