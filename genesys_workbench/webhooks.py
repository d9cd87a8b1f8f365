"""Webhook registrations: list, ensure, delete.

``/api/v2/webhooks`` is an endpoint of the simulator. Genesys Cloud has none; against an
organisation each function raises `NoWebhookEndpoint`, whose text names the outlets there are.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, quote, urlsplit

from .client import GenesysClient
from .errors import BadRequest, BadResponse, NotFound

__all__ = ["EnsureResult", "delete_webhook", "ensure_webhook", "list_webhooks"]

PATH = "/api/v2/webhooks"
NAME = "Genesys Workbench receiver"
_PORTS = {"http": 80, "https": 443}
_LOCKS: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
_LOCKS_GUARD = threading.Lock()


@dataclass(frozen=True, slots=True)
class EnsureResult:
    """What `ensure_webhook` did.

    Attributes:
        action: ``created``, ``updated`` or ``kept``.
        webhook: The registration as the server has it.
        removed: How many further registrations of the same address were deleted.
    """

    action: Literal["created", "updated", "kept"]
    webhook: dict[str, Any] = field(repr=False)
    removed: int


def list_webhooks(client: GenesysClient) -> list[dict[str, Any]]:
    """Return all registrations, of all pages.

    Raises:
        NoWebhookEndpoint: The server is a real organisation.
    """
    return list(client.pages(PATH, params={"pageSize": 100}))


def ensure_webhook(
    client: GenesysClient,
    url: str,
    *,
    name: str = NAME,
    events: Sequence[str] = ("conversation:created",),
) -> EnsureResult:
    """See to it that exactly one registration sends the events to this URL.

    Two processes that create at the same time end with one: each lists once more after it has
    created, and the older one stays.

    Args:
        client: Of the simulator.
        url: Address of the receiver.
        name: Name of the registration.
        events: Such as ``conversation:created``.

    Raises:
        BadRequest: The URL is not one that a webhook can be sent to.
        NoWebhookEndpoint: The server is a real organisation.
    """
    address = _normal(url)
    wanted = _body(url, name, events)
    with _lock(client.api_url, address):
        created_id = None
        matches = _matches(client, address)
        if not matches:
            created_id = _create(client, wanted)
            matches = _matches(client, address)
        if not matches:
            raise BadResponse("The webhook was created, but is not listed", fix="try again")
        keep, *extra = _oldest_first(matches)
        removed = sum(_remove(client, webhook) for webhook in extra)
        if keep.get("id") == created_id:
            return EnsureResult("created", keep, removed)
        if _fits(keep, wanted):
            return EnsureResult("kept", keep, removed)
        return EnsureResult("updated", _update(client, keep, wanted), removed)


def delete_webhook(client: GenesysClient, id_or_url: str) -> int:
    """Delete one registration by id, or all of one address; return how many there were.

    Raises:
        NotFound: There is none with this id.
    """
    if "://" not in id_or_url:
        client.request("DELETE", _path(id_or_url))
        return 1
    address = _normal(id_or_url)
    with _lock(client.api_url, address):
        return sum(_remove(client, webhook) for webhook in _matches(client, address))


def _body(url: str, name: str, events: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "address": url,
        "enabled": True,
        "method": "POST",
        "eventFilters": [
            {"event": event, "entityType": event.partition(":")[0]} for event in events
        ],
        "deliveryMode": "PUSH",
        "protocolVersion": "v2",
    }


def _normal(url: str) -> str:
    """Return the address in the form that is compared: case, default port, trailing slash.

    Raises:
        BadRequest: Not http or https, no host, credentials or a fragment in it.
    """
    parts = _split(url)
    if parts is None:
        raise _unusable()
    port = parts.port or _PORTS[parts.scheme]
    query = f"?{parts.query}" if parts.query else ""
    host = (parts.hostname or "").rstrip(".")
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}{query}"


def _split(url: str) -> SplitResult | None:
    """Return the parts of a usable URL, else None: urllib's errors would quote a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    strange = "@" in parts.netloc or parts.fragment or re.search(r"[\s\x00-\x20\x7f\\]", url)
    return parts if good and not strange else None


def _unusable() -> BadRequest:
    # the URL itself is left out: it may carry a password or a key
    return BadRequest(
        "The webhook's URL is not an http or https URL with a host, or it carries credentials",
        fix="give it like https://receiver.example.com/webhook/genesys/conversation; "
        "a secret belongs into a header (WORKBENCH_WEBHOOK_SECRET)",
    )


def _lock(api_url: str, address: str) -> threading.Lock:
    with _LOCKS_GUARD:
        return _LOCKS[api_url, address]


def _matches(client: GenesysClient, address: str) -> list[dict[str, Any]]:
    return [hook for hook in list_webhooks(client) if _has_address(hook, address)]


def _has_address(webhook: dict[str, Any], address: str) -> bool:
    try:
        return _normal(str(webhook.get("address"))) == address
    except BadRequest:
        return False


def _oldest_first(webhooks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort by age: by date and id, or as listed where the server tells no date."""
    if all(webhook.get("dateCreated") for webhook in webhooks):
        return sorted(webhooks, key=lambda hook: (str(hook["dateCreated"]), str(hook.get("id"))))
    return webhooks


def _fits(webhook: dict[str, Any], wanted: dict[str, Any]) -> bool:
    same = all(
        webhook.get(key) == value
        for key, value in wanted.items()
        if key not in ("address", "eventFilters")
    )
    return same and _filters(webhook) == _filters(wanted)


def _filters(webhook: dict[str, Any]) -> set[tuple[str, str]]:
    given = webhook.get("eventFilters")
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return {(str(item.get("event")), str(item.get("entityType"))) for item in items}


def _path(webhook_id: object) -> str:
    text = str(webhook_id)
    if text in ("", ".", "..", "None"):
        raise BadRequest(
            "The webhook's id is empty or not an id", fix="take an id of list_webhooks(client)"
        )
    return f"{PATH}/{quote(text, safe='')}"


def _create(client: GenesysClient, wanted: dict[str, Any]) -> Any:
    answer = client.request("POST", PATH, json=wanted)
    return answer.get("id") if isinstance(answer, dict) else None


def _update(client: GenesysClient, keep: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    answer = client.request("PUT", _path(keep.get("id")), json={**keep, **wanted})
    return answer if isinstance(answer, dict) else {**keep, **wanted}


def _remove(client: GenesysClient, webhook: dict[str, Any]) -> int:
    try:
        client.request("DELETE", _path(webhook.get("id")))
    except NotFound:
        return 0  # another process was faster
    return 1
