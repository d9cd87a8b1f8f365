"""Notifications of one medium, such as ``v2.users.{id}.conversations.calls``. No I/O.

There a participant has the fields of its one call; elsewhere it has a list of calls.
"""

from __future__ import annotations

from typing import Any

__all__ = ["with_lists"]

_REFERENCES = ("user", "queue", "externalContact", "externalOrganization")


def with_lists(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return such a body in the form of the topic of all media.

    Args:
        body: Stays as it is; whatever its participants are, this does not fail.
        name: Of the participants' list, such as ``calls``.
    """
    people = body.get("participants")
    if not isinstance(people, list):
        return body
    return body | {"participants": [_with_list(person, name) for person in people]}


def _with_list(person: Any, name: str) -> Any:
    if not isinstance(person, dict):
        return person
    ids = {
        f"{given}Id": person[given].get("id")
        for given in _REFERENCES
        if isinstance(person.get(given), dict)
    }
    item = person | {"disconnectedTime": person.get("endTime"), "peerId": person.get("peer")}
    return person | ids | {name: [item]}
