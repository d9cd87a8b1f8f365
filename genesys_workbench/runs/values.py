"""Values for a notebook's parameters, checked against their types before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ..errors import UsageError
from .parameters import Kind, Parameter

__all__ = ["checked", "parsed"]

NONE = ("none", "null")
BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_INT = re.compile(r"\s*[+-]?\d+(?:_\d+)*\s*")
_FLOAT = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_LIST = "write a list: [first, second]"


def parsed(known: Mapping[str, Parameter], given: Mapping[str, str]) -> dict[str, Any]:
    """Return values that were given as text, such as by ``-p events 50``.

    Raises:
        UsageError: A name is unknown, or a value is not of the parameter's type.
    """
    return _converted(known, given, _from_text)


def checked(known: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that were read from YAML and have a type already.

    Raises:
        UsageError: A name is unknown, or a value is not of the parameter's type.
    """
    return _converted(known, given, _from_value)


def _converted(
    known: Mapping[str, Parameter],
    given: Mapping[str, Any],
    convert: Callable[[Kind, Any], Any],
) -> dict[str, Any]:
    values = {}
    for name, value in given.items():
        if name not in known:
            raise _unknown(known, name)
        try:
            values[name] = convert(known[name].kind, value)
        except ValueError as exc:
            raise _ill_typed(known, name, value, str(exc)) from exc
    return values


def _from_text(kind: Kind, text: str) -> Any:
    if kind.optional and text.lower() in NONE:
        return None
    if not kind.many:
        return _scalar(kind.base, text)
    if text.startswith("["):
        return _from_value(kind, _json(text))
    return [_scalar(kind.base, item.strip()) for item in text.split(",") if item.strip()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise ValueError(f"{_LIST}, texts in double quotes") from exc


def _scalar(base: str, text: str) -> Any:
    if base == "str":
        return text
    if base == "int" and _INT.fullmatch(text):
        return int(text)
    if base == "float" and _FLOAT.fullmatch(text):
        return float(text)
    if base == "bool" and text.strip().lower() in BOOLEANS:
        return BOOLEANS[text.strip().lower()]
    raise ValueError(_hint(base))


def _from_value(kind: Kind, value: Any) -> Any:
    if value is None and kind.optional:
        return None
    if not kind.many:
        return _of_type(kind.base, value)
    if not isinstance(value, list):
        raise ValueError(_LIST)
    return [_of_type(kind.base, item) for item in value]


def _of_type(base: str, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if base == "float" and number:
        return float(value)
    if base == type(value).__name__ and base in ("str", "int", "bool"):
        return value
    if base == "str" and (number or isinstance(value, bool)):
        raise ValueError("quote it, so that YAML takes it for a text")
    raise ValueError(_hint(base))


def _hint(base: str) -> str:
    if base == "bool":
        return "say true or false"
    known = base in ("str", "int", "float")
    return "" if known else "only str, int, float, bool and lists of them can be set from here"


def _unknown(known: Mapping[str, Parameter], name: str) -> UsageError:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"The notebook has no parameter {name!r}.", fix=f"{hint}{_listed(known)}")


def _ill_typed(known: Mapping[str, Parameter], name: str, value: Any, why: str) -> UsageError:
    parameter = known[name]
    about = f" ({parameter.help})" if parameter.help else ""
    hint = f"{why}. " if why else ""
    return UsageError(
        f"{name} must be {parameter.kind.name}{about}, not {value!r}.",
        fix=f"{hint}{_listed(known)}",
    )


def _listed(known: Mapping[str, Parameter]) -> str:
    if not known:
        return "it has no cell tagged “parameters”, so nothing can be set."
    return "\n    ".join(["Known parameters:", *map(str, known.values())])
