"""Lists with page numbers, as the platform answers them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from .bodies import ApiError

__all__ = ["page_of"]

_SIZE, _LARGEST = 25, 100


def page_of(entities: Sequence[Mapping[str, Any]], request: Request) -> dict[str, Any]:
    """Return the page of a list that ``pageSize`` and ``pageNumber`` ask for.

    Raises:
        ApiError: 400, one of them is out of range.
    """
    size = _number(request, "pageSize", _SIZE, most=_LARGEST)
    number = _number(request, "pageNumber", 1)
    pages = math.ceil(len(entities) / size)
    uris = {"selfUri": number, "firstUri": 1, "lastUri": max(pages, 1)}
    if number < pages:
        uris["nextUri"] = number + 1
    if number > 1:
        uris["previousUri"] = number - 1
    path = request.url.path
    return {
        "entities": entities[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(entities),
        "pageCount": pages,
        **{name: f"{path}?pageSize={size}&pageNumber={page}" for name, page in uris.items()},
    }


def _number(request: Request, name: str, default: int, *, most: int | None = None) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1 or (most and int(text) > most):
        limit = f"1 to {most}" if most else "at least 1"
        raise ApiError(400, "invalid.value", f"{name} must be {limit}.", field=name)
    return int(text)
