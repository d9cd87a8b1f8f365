"""YAML as people write it for parameters: dates stay texts, and a key is there once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import UsageError
from .needs import needed

__all__ = ["read_mapping"]

TIMESTAMP = "tag:yaml.org,2002:timestamp"


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; {} if it is empty.

    Raises:
        UsageError: There is no such file, or it holds something else.
    """
    yaml = needed("yaml")
    try:
        value = yaml.load(path.read_text("utf-8"), _loader(yaml))
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{path} cannot be read: {(reason or str(exc)).lower()}.", fix="name another file"
        ) from exc
    except yaml.YAMLError as exc:
        place = getattr(exc, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        problem = getattr(exc, "problem", None) or "characters that cannot be"
        raise UsageError(f"{path} is not YAML: {problem}{line}.", fix="correct the file") from exc
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{path} holds no names with values.", fix="write lines name: value")
    return value


def _loader(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
            first: [(tag, pattern) for tag, pattern in known if tag != TIMESTAMP]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [key.value for key, _ in node.value]
            if twice := [name for name in names if names.count(name) > 1]:
                problem = f"{twice[0]!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            return super().construct_mapping(node, deep)

    return Loader
