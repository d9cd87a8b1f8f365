"""compose.yaml as data, with its variables filled in as Compose would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

__all__ = ["ROOT", "SECRETS", "compose", "filled", "services"]

ROOT = Path(__file__).parents[1]
SECRETS = {"RABBITMQ_PASSWORD": "rabbit5", "POSTGRES_PASSWORD": "post6"}
# https://docs.docker.com/reference/compose-file/interpolation
_VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])?([^}]*)\}")


def compose() -> dict[str, Any]:
    """Return the file, merged, with its variables as they are written."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def services(**variables: str) -> dict[str, dict[str, Any]]:
    """Return the services, with these variables set."""
    found: dict[str, dict[str, Any]] = filled(compose()["services"], SECRETS | variables)
    return found


def filled(value: Any, variables: dict[str, str]) -> Any:
    """Return a value with all variables within it filled in.

    Raises:
        KeyError: One is required and not set.
    """
    if isinstance(value, dict):
        return {key: filled(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, variables) for each in value]
    return _VARIABLE.sub(lambda found: _one(found, variables), value) if _text(value) else value


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _one(found: re.Match[str], variables: dict[str, str]) -> str:
    name, operator, rest = found.groups()
    given = variables.get(name)
    if given or (given is not None and operator == "-"):
        return given
    if operator is None or operator.endswith("?"):
        raise KeyError(name)
    return rest
