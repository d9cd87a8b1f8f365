"""What a cassette asks the API for, each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.details import ConversationDetails
from genesys_workbench.errors import GenesysError, NotFound, ServerError
from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.tape import Kept, Tape


class Client:
    """Analytics knows a, REST told b as well, and c could not be had."""

    def __init__(self, error: GenesysError) -> None:
        self.fetched: list[str] = []
        self._error = error

    def conversation_details(self, _: Iterable[str]) -> ConversationDetails:
        found = ConversationDetails()
        found |= {"a": {"conversationId": "a"}, "b": {"id": "b"}}
        found.missing["c"] = self._error
        return found

    def get_conversation(self, conversation_id: str) -> dict[str, Any]:
        self.fetched.append(conversation_id)
        return {"id": conversation_id}

    def pages(self, *_: Any, **__: Any) -> Iterator[dict[str, Any]]:
        return iter([{"id": "q", "name": "Billing"}, {"id": "nameless"}])


def finished(folder: Path, client: Client) -> Kept:
    tape = Tape(folder / "tape")
    for name in "abc":
        event = parse_event({"conversationId": name})
        tape.publish(encode(event, received_at=datetime.now(UTC))).result(0)
    return tape.finish(client, on_progress=lambda _, __: None)  # type: ignore[arg-type]


def test_what_rest_has_told_already_is_not_asked_again(tmp_path: Path) -> None:
    client = Client(NotFound("gone", fix="", status=404))
    kept = finished(tmp_path, client)
    assert client.fetched == ["a"]
    assert (kept.conversations, kept.rest, kept.analytics) == (3, 2, 1)


def test_what_may_be_had_later_is_told_as_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServerError):
        finished(tmp_path, Client(ServerError("away", fix="", status=503)))
