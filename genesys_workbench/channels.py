"""Notification channels of an organisation: topics for queues and users, subscribing, rejections.

https://developer.genesys.cloud/notificationsalerts/notifications/notifications-apis
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from .client import GenesysClient
from .errors import BadResponse, NotFound, UsageError

__all__ = [
    "MAX_CHANNELS",
    "MAX_TOPICS",
    "Channel",
    "Rejection",
    "Subject",
    "exists",
    "find_subjects",
    "open_channel",
    "spread",
    "subscribe",
]

PATH = "/api/v2/notifications/channels"
MAX_CHANNELS, MAX_TOPICS = 20, 1000
MAX_NAMES = 8
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Subject:
    """A queue or a user whose conversations are listened to.

    Attributes:
        kind: ``queue`` or ``user``.
        name: As people know it; the id where only that was given.
    """

    kind: str
    id: str
    name: str

    @property
    def topic(self) -> str:
        """The topic of its conversations."""
        place = "routing.queues" if self.kind == "queue" else "users"
        return f"v2.{place}.{self.id}.conversations"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as the platform tells of it.

    Attributes:
        uri: Of its socket; it carries its own authority, so it is a secret.
        expires: Aware time; subscribing again puts it off.
    """

    id: str
    uri: str
    expires: datetime

    def __repr__(self) -> str:
        return f"Channel({self.id[:14]}…)"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A topic that was not permitted, and the permissions that it takes."""

    topic: str
    reason: str
    missing: tuple[str, ...]


def find_subjects(
    client: GenesysClient, *, queues: Iterable[str] = (), users: Iterable[str] = ()
) -> list[Subject]:
    """Return queues and users by id or name (users by e-mail address too), each once.

    Raises:
        UsageError: None was named; there is no such queue or user, or there are several.
        GenesysError: They cannot be listed.
    """
    found = [
        *_named(client, "queue", list(queues), "/api/v2/routing/queues"),
        *_named(client, "user", list(users), "/api/v2/users"),
    ]
    if not found:
        raise UsageError(
            "Nothing to listen to was named.", fix="name a queue: --queue NAME, or a user: --user"
        )
    return list(dict.fromkeys(found))


def spread(subjects: Sequence[Subject]) -> list[Sequence[Subject]]:
    """Divide subjects over as few channels as they need.

    Raises:
        UsageError: They are more than all channels of a client can carry.
    """
    if len(subjects) > MAX_CHANNELS * MAX_TOPICS:
        raise UsageError(
            f"{len(subjects)} topics are more than {MAX_CHANNELS} channels of {MAX_TOPICS} carry.",
            fix="listen to fewer queues and users, or take the EventBridge outlet",
        )
    return [subjects[at : at + MAX_TOPICS] for at in range(0, len(subjects), MAX_TOPICS)]


def open_channel(client: GenesysClient) -> Channel:
    """Create a channel.

    Raises:
        GenesysError: It was refused, or the answer is none.
    """
    body: Any = client.request("POST", PATH, json={})
    try:
        expires = datetime.fromisoformat(body["expires"])
        return Channel(str(body["id"]), str(body["connectUri"]), expires)
    except (KeyError, TypeError, ValueError) as exc:
        raise BadResponse(
            f"POST {PATH} answered something that is no channel",
            fix="check GENESYS_CLOUD_API_URL",
            status=200,
        ) from exc


def exists(client: GenesysClient, channel: Channel) -> bool:
    """Tell whether a channel is still there."""
    try:
        client.request("HEAD", f"{PATH}/{channel.id}")
    except NotFound:
        return False
    return True


def subscribe(
    client: GenesysClient, channel: Channel, subjects: Sequence[Subject]
) -> list[Rejection]:
    """Subscribe a channel to these topics and no others; it lives another day then.

    Returns:
        What was not permitted.

    Raises:
        NotFound: The channel is gone.
    """
    answer = client.request(
        "PUT",
        f"{PATH}/{channel.id}/subscriptions",
        params={"ignoreErrors": "true"},
        json=[{"id": subject.topic} for subject in subjects],
    )
    return [_rejection(one) for one in _entities(answer) if one.get("state") == "Rejected"]


def _entities(answer: Any) -> list[Mapping[str, Any]]:
    entities = answer.get("entities") if isinstance(answer, dict) else None
    return [one for one in entities or () if isinstance(one, dict)]


def _rejection(entity: Mapping[str, Any]) -> Rejection:
    missing = entity.get("missingPermissions")
    return Rejection(
        topic=str(entity.get("id", "?")),
        reason=str(entity.get("rejectionReason") or "not permitted"),
        missing=tuple(map(str, missing)) if isinstance(missing, list) else (),
    )


def _named(client: GenesysClient, kind: str, wanted: list[str], path: str) -> Iterator[Subject]:
    if not wanted:
        return
    known = _known(client, path) if any(not _UUID.fullmatch(text) for text in wanted) else {}
    for text in wanted:
        if _UUID.fullmatch(text):
            yield Subject(kind, text.lower(), text.lower())
        else:
            yield Subject(kind, _only(kind, text, known), text)


def _known(client: GenesysClient, path: str) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for one in client.pages(path, params={"pageSize": 100}):
        for name in (one.get("name"), one.get("email")):
            if isinstance(name, str) and isinstance(one.get("id"), str):
                known.setdefault(name, set()).add(one["id"])
    return known


def _only(kind: str, text: str, known: Mapping[str, set[str]]) -> str:
    ids = {one for name in known if name.casefold() == text.casefold() for one in known[name]}
    if len(ids) == 1:
        return next(iter(ids))
    if ids:
        raise UsageError(f"{len(ids)} {kind}s are called {text!r}.", fix="name it by its id")
    near = get_close_matches(text, known, n=MAX_NAMES) or sorted(known)
    more = " …" if len(near) > MAX_NAMES else ""
    fix = f"take one of: {', '.join(near[:MAX_NAMES])}{more}" if near else "name it by its id"
    raise UsageError(f"There is no {kind} called {text!r}.", fix=fix)
