"""The simulator's list of users."""

from __future__ import annotations

from genesys_workbench.simulator.people import USERS

PATH = "/api/v2/users"


def test_the_users_come_by_name_page_by_page(client):
    first = client.get(PATH, params={"pageSize": 5}).json()
    names = [user["name"] for user in first["entities"]]
    while "nextUri" in first:
        first = client.get(first["nextUri"]).json()
        names += [user["name"] for user in first["entities"]]
    assert names == sorted(user.name for user in USERS)


def test_a_user_has_the_id_that_conversations_name(client):
    found = client.get(PATH, params={"pageSize": 100}).json()["entities"]
    assert {user["id"]: user["email"] for user in found} == {one.id: one.email for one in USERS}
