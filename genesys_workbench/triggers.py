"""Process Automation triggers: list, ensure, delete, test. The platform's own registration.

A trigger starts an Architect workflow, never a URL; the workflow posts to the receiver by a Web
Services data action. https://developer.genesys.cloud/routing/process-automation/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from .client import GenesysClient
from .errors import GenesysError, UsageError
from .paging import object_of
from .topics import topic_of

__all__ = [
    "EnsuredTrigger",
    "delete_trigger",
    "ensure_trigger",
    "list_triggers",
    "trigger_body",
    "try_trigger",
]

PATH = "/api/v2/processautomation/triggers"
NAME = "Genesys Workbench"
TTL_SECONDS = 300
_KEPT = ("name", "topicName", "enabled", "target", "matchCriteria", "eventTTLSeconds")
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class EnsuredTrigger:
    """What `ensure_trigger` did.

    Attributes:
        action: ``created``, ``updated`` or ``kept``.
        trigger: As the platform has it.
    """

    action: Literal["created", "updated", "kept"]
    trigger: dict[str, Any] = field(repr=False)


def trigger_body(
    workflow_id: str,
    *,
    event: str = "customer.start",
    name: str = NAME,
    media_types: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what creates a trigger.

    Args:
        workflow_id: Of the published Architect workflow.
        event: The detail event that starts it.
        name: Of the trigger, which is known by it and by its topic.
        media_types: Which ones only, such as ``VOICE``; none for all.
    """
    wanted = [medium.upper() for medium in media_types]
    criteria = [{"jsonPath": "mediaType", "operator": "In", "values": wanted}] if wanted else []
    return {
        "name": name,
        "topicName": topic_of(event),
        "enabled": True,
        "target": {
            "type": "Workflow",
            "id": workflow_id,
            "workflowTargetSettings": {"dataFormat": "TopLevelPrimitives"},
        },
        "matchCriteria": criteria,
        "eventTTLSeconds": TTL_SECONDS,
    }


def list_triggers(client: GenesysClient, *, event: str | None = None) -> list[dict[str, Any]]:
    """Return all triggers, of all pages, or those of one detail event."""
    params: dict[str, Any] = {"pageSize": 200}
    if event is not None:
        params["topicName"] = topic_of(event)
    return list(client.pages(PATH, params=params))


def ensure_trigger(client: GenesysClient, body: Mapping[str, Any]) -> EnsuredTrigger:
    """See to it that one trigger of this name and topic is as wanted; again, nothing changes.

    Args:
        client: Of an organisation, or the simulator.
        body: As of `trigger_body`.

    Raises:
        GenesysError: Forbidden: the permission processautomation:trigger:add or :edit is missing.
    """
    for last in (False, True):
        found = _of_same_name(client, body)
        if found is None:
            return EnsuredTrigger(
                "created", object_of(client.request("POST", PATH, json=dict(body)), PATH)
            )
        if all(found.get(name) == body.get(name) for name in _KEPT):
            return EnsuredTrigger("kept", found)
        try:
            wanted = {**body, "version": found.get("version")}
            answer = client.request("PUT", _path(found["id"]), json=wanted)
            return EnsuredTrigger("updated", object_of(answer, PATH))
        except GenesysError as exc:
            if exc.status != _CONFLICT or last:  # somebody was a moment quicker: look again
                raise
    raise AssertionError("unreachable: the second try returns or raises")


def delete_trigger(client: GenesysClient, trigger_id: str) -> None:
    """Delete a trigger.

    Raises:
        NotFound: There is none with this id.
    """
    client.request("DELETE", _path(trigger_id))


def try_trigger(
    client: GenesysClient, trigger_id: str, event_body: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask the platform whether an event would start a trigger; nothing is started.

    Args:
        client: Of an organisation, or the simulator.
        trigger_id: Of the trigger.
        event_body: The ``eventBody`` of a detail event.

    Returns:
        ``triggerMatches``, and the steps that led to it.
    """
    return object_of(
        client.request("POST", f"{_path(trigger_id)}/test", json=json.dumps(event_body)), PATH
    )


def _of_same_name(client: GenesysClient, body: Mapping[str, Any]) -> dict[str, Any] | None:
    topic = str(body["topicName"]).partition("{id}.")[2]
    known = list_triggers(client, event=topic)
    return next((one for one in known if one.get("name") == body["name"]), None)


def _path(trigger_id: object) -> str:
    text = str(trigger_id)
    if text in ("", ".", "..", "None"):
        raise UsageError("The trigger's id is none.", fix="take one of: genesys-workbench triggers")
    return f"{PATH}/{quote(text, safe='')}"
