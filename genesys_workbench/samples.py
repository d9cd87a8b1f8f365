"""The sample data by name, from any working directory.

It lies in ``data/`` next to the package in a checkout, in ``_data`` within it when installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from .errors import SettingsError

__all__ = ["event", "load", "names"]

_PACKAGE = Path(__file__).parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parent / "data")
_EVENTS = "events"


def names() -> list[str]:
    """Return the names of the event fixtures."""
    return sorted(path.stem for path in (_folder() / _EVENTS / "eventbridge").glob("*.json"))


def event(
    name: str,
    *,
    envelope: str = "eventbridge",
    fresh: Callable[[], str] | None = None,
    **overrides: Any,
) -> dict[str, Any]:
    """Return an event fixture as a delivery's body; the caller may change it.

    Args:
        name: One of `names`.
        envelope: ``eventbridge``, ``notification``, ``data-action`` or ``seed``.
        fresh: Makes an id that no event has had, so that the event is not taken for a
            redelivery. It becomes the EventBridge ``id``, the flat bodies' ``eventId``, and the
            ``externalTag`` of a notification, which has no id but its content.
        overrides: Keys of the event's own body, wherever it lies, with new values;
            ``conversationId`` changes the topic as well.

    Raises:
        SettingsError: There is no such fixture or envelope; the text lists what there is.
    """
    folder = _folder() / _EVENTS
    envelopes = [path.name for path in folder.iterdir() if path.is_dir()]
    _check(envelope, envelopes, "envelope")
    known = [path.stem for path in (folder / envelope).glob("*.json")]
    _check(name, known, f"{envelope} event")
    item: dict[str, Any] = load(f"{_EVENTS}/{envelope}/{name}.json")
    if "conversationId" in overrides:
        _move(item, overrides.pop("conversationId"))
    _body(item).update(overrides)
    if fresh is not None:
        _stamp(item, fresh())
    return item


def load(path: str) -> Any:
    """Return a sample file's JSON value, such as ``conversations/rest/voice-transfer.json``.

    Raises:
        SettingsError: There is no such file; the text lists those of its kind.
    """
    folder = _folder()
    known = [found.relative_to(folder).as_posix() for found in folder.rglob("*.json")]
    near = [found for found in known if found.rpartition("/")[0] == path.rpartition("/")[0]]
    _check(path, known, "sample file", listed=near or None)
    return json.loads(_read(folder / path))


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _folder() -> Path:
    for place in _PLACES:
        if (place / _EVENTS).is_dir():
            return place
    raise SettingsError(
        "The sample data is not where it was installed.",
        fix="install the package again: pip install --force-reinstall genesys-workbench",
    )


def _check(
    name: str, known: Iterable[str], kind: str, *, listed: Iterable[str] | None = None
) -> None:
    known = sorted(known)
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise SettingsError(
        f"There is no {kind} {name!r}.",
        fix=f"{hint}Known: {', '.join(sorted(listed) if listed else known)}",
    )


def _body(item: dict[str, Any]) -> dict[str, Any]:
    """Return the part that speaks of the event itself."""
    envelope: dict[str, Any] = item.get("detail", item)
    body: dict[str, Any] = envelope.get("eventBody", envelope)
    return body


def _move(item: dict[str, Any], conversation_id: Any) -> None:
    """Make the event one of another conversation."""
    body, envelope = _body(item), item.get("detail", item)
    key = "conversationId" if "conversationId" in body else "id"
    if "topicName" in envelope:
        envelope["topicName"] = envelope["topicName"].replace(body[key], str(conversation_id))
    body[key] = conversation_id


def _stamp(item: dict[str, Any], event_id: str) -> None:
    if "detail" in item:
        item["id"] = event_id
    elif "eventBody" in item:
        item["eventBody"]["externalTag"] = event_id
    else:
        item["eventId"] = event_id
