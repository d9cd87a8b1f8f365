"""Match criteria of triggers: which events start one.

Of JSON paths those are understood that Genesys' own examples use: names, indices, and ``[*]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .bodies import ApiError

__all__ = ["OPERATORS", "check_criteria", "tested"]

_STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+|\*)\]")
_LISTED = ("In", "NotIn", "Contains", "All")
_Test = Callable[[list[Any], Any], bool]


def _each(test: Callable[[Any, Any], bool]) -> _Test:
    return lambda found, wanted: any(_safely(test, one, wanted) for one in found)


def _safely(test: Callable[[Any, Any], bool], one: Any, wanted: Any) -> bool:
    try:
        return test(one, wanted)
    except TypeError:  # of another type: no match
        return False


OPERATORS: dict[str, _Test] = {
    "Equal": _each(lambda one, wanted: bool(one == wanted)),
    "NotEqual": lambda found, wanted: all(one != wanted for one in found),
    "GreaterThan": _each(lambda one, wanted: bool(one > wanted)),
    "GreaterThanOrEqual": _each(lambda one, wanted: bool(one >= wanted)),
    "LessThan": _each(lambda one, wanted: bool(one < wanted)),
    "LessThanOrEqual": _each(lambda one, wanted: bool(one <= wanted)),
    "In": _each(lambda one, wanted: one in wanted),
    "NotIn": lambda found, wanted: all(one not in wanted for one in found),
    "Contains": _each(lambda one, wanted: any(each in one for each in wanted)),
    "All": _each(lambda one, wanted: all(each in one for each in wanted)),
    "Exists": lambda found, wanted: bool(found) == bool(wanted),
    "Size": _each(lambda one, wanted: len(one) == wanted),
}


def check_criteria(value: Any) -> list[dict[str, Any]]:
    """Return criteria as they are kept.

    Raises:
        ApiError: 400, one has no path, no known operator, or not the value that it takes.
    """
    if not isinstance(value, list):
        raise _wrong("must be a list")
    for one in value:
        if not isinstance(one, dict) or _steps(one.get("jsonPath")) is None:
            raise _wrong("must name a jsonPath, such as mediaType")
        if one.get("operator") not in OPERATORS:
            raise _wrong(f"must have an operator of: {', '.join(OPERATORS)}")
        several = one["operator"] in _LISTED
        if several and not isinstance(one.get("values"), list):
            raise _wrong(f"with {one['operator']} must have values")
        if not several and "value" not in one:
            raise _wrong(f"with {one['operator']} must have a value")
    return value


def tested(criterion: dict[str, Any], event: Any) -> dict[str, Any]:
    """Return a criterion with whether an event meets it."""
    found = [event]
    for step in _steps(criterion["jsonPath"]) or []:
        found = [item for one in found for item in _walk(one, step)]
    wanted = criterion.get("values", criterion.get("value"))
    matches = OPERATORS[criterion["operator"]](found, wanted)
    return {"jsonPath": criterion["jsonPath"], "matches": matches, "found": found}


def _steps(path: Any) -> list[str] | None:
    if not isinstance(path, str):
        return None
    rest = path.removeprefix("$")
    steps, at = [], 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            return None
        steps.append(found[1] or found[2])
        at = found.end()
    return steps or None


def _walk(value: Any, step: str) -> list[Any]:
    if isinstance(value, list):
        if step == "*":
            return value
        return value[int(step) : int(step) + 1] if step.isdigit() else []
    return [value[step]] if isinstance(value, dict) and step in value else []


def _wrong(must: str) -> ApiError:
    text = f"Each of matchCriteria {must}."
    return ApiError(400, "invalid.value", text, field="matchCriteria")
