"""Fetch many conversations with few calls: in batches, what a batch lacks one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol
from urllib.parse import quote

from .errors import BadRequest, Forbidden, GenesysError, NotFound

__all__ = ["ConversationDetails", "Fetcher", "conversation_path", "fetch_details"]

BATCH = "/api/v2/analytics/conversations/details"
MAX_IDS = 50
MAX_QUERY = 2000
_ID = re.compile(r"[A-Za-z0-9._:~-]{1,128}")


class Fetcher(Protocol):
    """What is needed of `GenesysClient`."""

    def request(
        self, method: str, path: str, *, params: dict[str, Any] | None = None
    ) -> dict[str, Any] | list[Any] | None:
        """Call the API."""

    def get_conversation(self, conversation_id: str) -> dict[str, Any]:
        """Fetch one conversation."""


class ConversationDetails(dict[str, dict[str, Any]]):
    """Raw conversation JSON by id: an analytics conversation, or one of the conversations API.

    Attributes:
        missing: For each id that could not be had, the error that says why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.missing: dict[str, GenesysError] = {}


def conversation_path(conversation_id: str) -> str:
    """Return the path of a conversation.

    Raises:
        BadRequest: The id has characters that no conversation id has.
    """
    if not _ID.fullmatch(conversation_id) or conversation_id in (".", ".."):
        raise BadRequest(
            f"{conversation_id[:60]!r} is not a conversation id",
            fix="use 1 to 128 letters, digits and . _ : ~ -",
        )
    return f"/api/v2/conversations/{quote(conversation_id, safe='')}"


def fetch_details(client: Fetcher, ids: Iterable[str]) -> ConversationDetails:
    """Fetch conversations, 50 a call; see `GenesysClient.conversation_details`."""
    result = ConversationDetails()
    batches = True
    for chunk in _chunks(_valid(ids, result)):
        if batches:
            batches = _fetch_batch(client, chunk, result)
        for conversation_id in chunk:
            if conversation_id not in result:
                _fetch_one(client, conversation_id, result)
    return result


def _valid(ids: Iterable[str], result: ConversationDetails) -> Iterator[str]:
    for conversation_id in dict.fromkeys(ids):
        try:
            conversation_path(conversation_id)
        except BadRequest as exc:
            result.missing[conversation_id] = _bare(exc)
        else:
            yield conversation_id


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Cut the ids into chunks of at most 50, and short enough for a URL."""
    chunk: list[str] = []
    size = 0
    for conversation_id in ids:
        length = len(quote(conversation_id + ",", safe=""))
        if chunk and (len(chunk) == MAX_IDS or size + length > MAX_QUERY):
            yield chunk
            chunk, size = [], 0
        chunk.append(conversation_id)
        size += length
    if chunk:
        yield chunk


def _fetch_batch(client: Fetcher, chunk: list[str], result: ConversationDetails) -> bool:
    """Add what one call gives; return whether batches are worth another try."""
    try:
        answer = client.request("GET", BATCH, params={"id": ",".join(chunk)})
    except Forbidden:
        return False
    except (BadRequest, NotFound):
        return True
    found = answer.get("conversations") if isinstance(answer, dict) else None
    for conversation in found if isinstance(found, list) else []:
        given = conversation.get("conversationId") if isinstance(conversation, dict) else None
        if given in chunk:
            result[given] = conversation
    return True


def _fetch_one(client: Fetcher, conversation_id: str, result: ConversationDetails) -> None:
    try:
        result[conversation_id] = client.get_conversation(conversation_id)
    except (NotFound, BadRequest, Forbidden) as exc:
        result.missing[conversation_id] = _bare(exc)


def _bare(exc: GenesysError) -> GenesysError:
    return exc.with_traceback(None)
