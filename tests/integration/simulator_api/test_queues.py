"""The simulator's list of queues: pages, order, and the official SDK."""

from __future__ import annotations

import pytest

from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.people import QUEUES

PATH = "/api/v2/routing/queues"


def test_the_queues_come_by_name_page_by_page(client):
    first = client.get(PATH, params={"pageSize": 5}).json()
    second = client.get(first["nextUri"]).json()
    names = [queue["name"] for queue in first["entities"] + second["entities"]]
    assert names == sorted(queue.name for queue in QUEUES)
    assert (first["total"], first["pageCount"], second["pageNumber"]) == (len(QUEUES), 2, 2)
    assert "nextUri" not in second


def test_a_queue_has_the_id_that_conversations_name(client):
    found = {queue["id"]: queue["name"] for queue in client.get(PATH).json()["entities"]}
    assert found == {queue.id: queue.name for queue in QUEUES}


@pytest.mark.parametrize("wrong", [{"pageSize": 101}, {"pageSize": 0}, {"pageNumber": "x"}])
def test_a_page_out_of_range_is_400(client, wrong):
    answer = client.get(PATH, params=wrong)
    assert answer.status_code == 400
    assert answer.json()["details"][0]["fieldName"] in wrong


def test_without_a_token_it_is_401(running):
    assert running.client.get(PATH).status_code == 401


def test_a_fault_can_hit_the_queues_alone(running, client):
    running.sim.faults.add(Fault("queues", status=403, count=1))
    assert client.get(PATH).status_code == 403
    assert client.get(PATH).status_code == 200
    assert running.sim.requests["queues"] >= 2
