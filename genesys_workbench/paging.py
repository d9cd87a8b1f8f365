"""Walk through the platform's lists, page by page; every walk comes to an end. No I/O of its own.

Three styles: numbered lists (``pageCount``), cursor lists (``nextUri``) and analytics queries,
whose paging stands in the body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .errors import BadRequest, BadResponse

__all__ = ["interval_of", "list_pages", "object_of", "objects_in", "query_pages"]

QUERY = "/api/v2/analytics/conversations/details/query"
MAX_PAGES = 10_000
# the platform answers 400 past this number, so no query has more
MAX_RESULTS = 100_000
MAX_PAGE_SIZE = 100
_STALE_PAGES = 3

Call = Callable[..., Any]
"""`GenesysClient.request`: method, path, ``params=``, ``json=``."""
_Place = tuple[str, dict[str, Any]]


def list_pages(
    call: Call, path: str, params: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the entities of a numbered or cursor list.

    Raises:
        BadResponse: A page is no list, or the pages lead in a circle.
    """
    place: _Place = (path, dict(params or {}))
    seen: set[str] = set()
    while str(place) not in seen and len(seen) < MAX_PAGES:
        seen.add(str(place))
        page = object_of(call("GET", place[0], params=place[1]), path)
        entities = objects_in(page, "entities", path)
        yield from entities
        following = _following(page, place, path)
        if following is None or not (entities or page.get("nextUri")):
            return
        place = following
    raise _endless(path)


def _following(page: dict[str, Any], place: _Place, path: str) -> _Place | None:
    """Return path and parameters of the next page, or None on the last one."""
    if uri := page.get("nextUri"):
        return _local(uri, path)
    number, count = page.get("pageNumber"), page.get("pageCount")
    if isinstance(number, int) and isinstance(count, int) and number < count:
        return place[0], {**place[1], "pageNumber": number + 1}
    return None


def _local(uri: Any, path: str) -> _Place:
    """Take path and query of a URI only: the token must not follow it to another host."""
    try:
        parts = urlsplit(uri if isinstance(uri, str) else "")
    except ValueError:
        parts = urlsplit("")
    start = parts.path.find("/api/v2/")
    if start < 0:
        raise BadResponse(
            f"GET {path} named a next page that is no address of the API",
            fix="check GENESYS_CLOUD_API_URL",
            status=200,
        )
    return parts.path[start:], dict(parse_qsl(parts.query, keep_blank_values=True))


def interval_of(start: datetime, end: datetime) -> str:
    """Return the interval of an analytics query, of aware times in UTC."""
    return "/".join(
        one.isoformat(timespec="milliseconds").replace("+00:00", "Z") for one in (start, end)
    )


def query_pages(
    call: Call, interval: str, *, page_size: int = MAX_PAGE_SIZE, **filters: Any
) -> Iterator[dict[str, Any]]:
    """Yield the conversations of an analytics query, each once.

    New conversations shift the pages while they are read, so the same one may come twice.

    Args:
        call: `GenesysClient.request`.
        interval: ISO-8601 ``start/end``, at most 31 days.
        page_size: 1 to 100.
        **filters: More of the body: ``conversationFilters``, ``segmentFilters``, ``order``, ….

    Raises:
        BadRequest: The page size is out of range.
        BadResponse: A page holds no conversations list, or the same pages come again and again.
    """
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        raise BadRequest(f"page_size is {page_size}", fix=f"use 1 to {MAX_PAGE_SIZE}")
    body: dict[str, Any] = {"interval": interval, "order": "asc", "orderBy": "conversationStart"}
    body |= filters
    seen: set[str] = set()
    stale = 0
    for number in range(1, MAX_RESULTS // page_size + 1):
        paging = {"pageSize": page_size, "pageNumber": number}
        page = object_of(call("POST", QUERY, json={**body, "paging": paging}), QUERY)
        found = objects_in(page, "conversations", QUERY)
        fresh = _unseen(found, seen)
        yield from fresh
        stale = 0 if fresh else stale + 1
        if len(found) < page_size:
            return
        if stale >= _STALE_PAGES:
            raise _endless(QUERY)


def _unseen(found: list[dict[str, Any]], seen: set[str]) -> list[dict[str, Any]]:
    fresh = []
    for conversation in found:
        key = str(conversation.get("conversationId"))
        if key not in seen:
            seen.add(key)
            fresh.append(conversation)
    return fresh


def object_of(value: Any, path: str) -> dict[str, Any]:
    """Return an answer that must be an object.

    Raises:
        BadResponse: It is something else.
    """
    if isinstance(value, dict):
        return value
    raise _shapeless(path, "an object")


def objects_in(page: dict[str, Any], name: str, path: str) -> list[dict[str, Any]]:
    """Return the objects that a page lists under a name; none where the name is absent.

    Raises:
        BadResponse: It is no list of objects.
    """
    # an analytics query without a hit answers without the list
    items = page.get(name, [])
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    raise _shapeless(path, f"a list of objects in {name!r}")


def _shapeless(path: str, expected: str) -> BadResponse:
    return BadResponse(
        f"{path} answered a page that is not {expected}",
        fix="check GENESYS_CLOUD_API_URL",
        status=200,
    )


def _endless(path: str) -> BadResponse:
    return BadResponse(
        f"{path} answers the same pages again and again — the walk was ended",
        fix="ask for a narrower selection, and report it to Genesys support",
        status=200,
    )
