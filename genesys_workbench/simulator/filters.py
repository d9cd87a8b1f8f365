"""Filters of the conversation detail query: predicates on a few dimensions, joined by and/or.

Form of a filter in the official SDK (SegmentDetailQueryFilter, ConversationDetailQueryFilter):
``{"type": "and", "clauses": [{"type": "or", "predicates": […]}], "predicates": [{"type":
"dimension", "dimension": "mediaType", "operator": "matches", "value": "voice"}]}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .bodies import ApiError

__all__ = ["Filter", "parse_filters"]

Scope = Literal["segment", "conversation"]
_Row = Mapping[str, Any]
_Test = Callable[[_Row], bool]
_DIMENSIONS = {
    "segment": ("mediaType", "direction", "queueId", "userId"),
    "conversation": ("conversationId", "originatingDirection"),
}
_INVALID = "Value [{value}] is not valid for field type [{name}]. Allowable values are: {allowed}"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: a segment filter fits when one and the same segment passes its test."""

    scope: Scope
    test: _Test

    def fits(self, conversation: dict[str, Any]) -> bool:
        """Tell whether a conversation in the analytics form passes."""
        rows = _segments(conversation) if self.scope == "segment" else iter([conversation])
        return any(self.test(row) for row in rows)


def parse_filters(scope: Scope, value: Any) -> list[Filter]:
    """Read ``segmentFilters`` or ``conversationFilters``.

    Raises:
        ApiError: 400; malformed, or a dimension or operator that the simulator does not know.
    """
    return [Filter(scope, _group(scope, item)) for item in _list(value, f"{scope}Filters")]


def _segments(conversation: dict[str, Any]) -> Iterator[_Row]:
    for participant in conversation["participants"]:
        for session in participant["sessions"]:
            for segment in session.get("segments") or [{}]:
                yield {
                    "mediaType": session.get("mediaType"),
                    "direction": session.get("direction"),
                    "queueId": segment.get("queueId"),
                    "userId": participant.get("userId"),
                }


def _group(scope: Scope, value: Any) -> _Test:
    value = _object(value, "filter")
    kind = _allowed(value.get("type"), "type", ("and", "or"))
    predicates = _list(value.get("predicates"), "predicates")
    clauses = _list(value.get("clauses"), "clauses")
    tests = [_predicate(scope, item) for item in predicates]
    tests += [_group(scope, item) for item in clauses]
    if not tests:
        raise ApiError(400, message="A filter needs at least one predicate.", field="predicates")
    join = all if kind == "and" else any
    return lambda row: join(test(row) for test in tests)


def _predicate(scope: Scope, value: Any) -> _Test:
    value = _object(value, "predicate")
    _allowed(value.get("type", "dimension"), "type", ("dimension",))
    _allowed(value.get("operator", "matches"), "operator", ("matches",))
    name = _allowed(value.get("dimension"), "dimension", _DIMENSIONS[scope])
    wanted = value.get("value")
    if not isinstance(wanted, str):
        raise ApiError(400, "invalid.value", "value must be a string.", field="value")
    return lambda row: row.get(name) == wanted


def _allowed(value: Any, name: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        params = {"value": str(value), "name": name, "allowed": ", ".join(allowed)}
        raise ApiError(400, "invalid.value", template=_INVALID, params=params, field=name)
    return value


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ApiError(400, "invalid.value", f"{name} must be a list.", field=name)
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ApiError(400, "invalid.value", f"A {name} must be an object.", field=name)
    return value
