"""The conversation detail query: its body checked, then answered from the world.

What the simulator does not understand is refused with a sentence, never ignored: a filter that
silently filters nothing would make a test pass that fails in a real organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .bodies import ApiError
from .filters import Filter, parse_filters
from .present import Present

__all__ = ["DetailQuery", "found_places", "parse_job", "parse_query", "run_query"]

_LONGEST = timedelta(days=31)
_LAST_RESULT = 100_000
_PAGE_SIZE, _LARGEST_PAGE = 25, 100
_KNOWN = {"interval", "order", "orderBy", "paging", "segmentFilters", "conversationFilters"}
_UNKNOWN_FIELD = "{name} is not understood by the simulator; it knows: {known}"


@dataclass(frozen=True, slots=True)
class DetailQuery:
    """A checked query; `start` inclusive, `end` exclusive, page numbers from 1."""

    start: datetime
    end: datetime
    descending: bool
    page_size: int
    page_number: int
    filters: tuple[Filter, ...]


def parse_query(body: dict[str, Any]) -> DetailQuery:
    """Check a query's body.

    Raises:
        ApiError: 400, with a sentence that names the field.
    """
    size, number = _paging(body.get("paging"))
    return _parsed(body, size, number)


def parse_job(body: dict[str, Any]) -> DetailQuery:
    """Check the body of an asynchronous query, which has no paging.

    Raises:
        ApiError: 400, with a sentence that names the field.
    """
    if body.get("paging") is not None:
        raise ApiError(400, message="A job takes no paging.", field="paging")
    return _parsed(body, _LARGEST_PAGE, 1)


def _parsed(body: dict[str, Any], size: int, number: int) -> DetailQuery:
    unknown = sorted(name for name in body.keys() - _KNOWN if body[name] is not None)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise ApiError(400, template=_UNKNOWN_FIELD, params={"name": unknown[0], "known": known})
    start, end = _interval(body.get("interval"))
    order = _choice(body, "order", ("asc", "desc", "unordered"))
    _choice(body, "orderBy", ("conversationStart",))
    filters = (
        *parse_filters("segment", body.get("segmentFilters")),
        *parse_filters("conversation", body.get("conversationFilters")),
    )
    return DetailQuery(start, end, order == "desc", size, number, filters)


def run_query(query: DetailQuery, present: Present) -> dict[str, Any]:
    """Return the page of a query."""
    found: Sequence[int] = found_places(query, present)
    first = (query.page_number - 1) * query.page_size
    page = found[first : first + query.page_size]
    return {"conversations": present.bodies(page), "totalHits": len(found)}


def found_places(query: DetailQuery, present: Present) -> Sequence[int]:
    """Return the places in the world of what a query finds, in its order."""
    found: Sequence[int] = present.between(query.start, query.end)
    if query.filters:
        found = [place for place in found if _fits(place, query.filters, present)]
    return found[::-1] if query.descending else found


def _fits(place: int, filters: tuple[Filter, ...], present: Present) -> bool:
    (body,) = present.bodies([place])
    return all(wanted.fits(body) for wanted in filters)


def _interval(value: Any) -> tuple[datetime, datetime]:
    if not isinstance(value, str) or value.count("/") != 1:
        raise ApiError(400, message="interval must be given as start/end.", field="interval")
    start, end = (_time(text) for text in value.split("/"))
    if not start < end:
        raise ApiError(400, message="interval must end after it starts.", field="interval")
    if end - start > _LONGEST:
        raise ApiError(400, message="interval must not be longer than 31 days.", field="interval")
    return start, end


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        message = (
            "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ"
        )
        raise ApiError(400, "invalid.date", message, field="interval") from exc


def _choice(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise ApiError(
            400,
            "invalid.value",
            f"Value [{value}] is not valid for field type [{name}]. "
            f"Allowable values are: {', '.join(allowed)}",
            field=name,
        )
    return str(value)


def _paging(value: Any) -> tuple[int, int]:
    if value is not None and not isinstance(value, dict):
        raise ApiError(400, message="paging must be an object.", field="paging")
    paging = value or {}
    size = _whole(paging, "pageSize", _PAGE_SIZE, _LARGEST_PAGE)
    number = _whole(paging, "pageNumber", 1, _LAST_RESULT)
    if size * number > _LAST_RESULT:
        message = f"Results past {_LAST_RESULT} cannot be read by paging; shorten the interval."
        raise ApiError(400, message=message, field="paging")
    return size, number


def _whole(paging: dict[str, Any], name: str, default: int, most: int) -> int:
    value = paging.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ApiError(400, "invalid.value", f"{name} must be 1 to {most}.", field=name)
    return value
