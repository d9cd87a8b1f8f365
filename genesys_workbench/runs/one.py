"""One notebook with parameters from the command line and from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .guard import refuse_secrets
from .parameters import read_parameters
from .plan import Plan, output_path
from .source import find_notebook, read_notebook
from .values import checked, parsed
from .yamlfile import read_mapping

__all__ = ["read_one"]


def read_one(
    name: str,
    *,
    texts: Mapping[str, str],
    file: Path | None,
    out: Path,
    secrets: frozenset[str],
) -> Plan:
    """Return the run that was asked for, checked.

    Args:
        name: The notebook: a path, or one of ours.
        texts: Parameters as text; they win over the file's.
        file: YAML with parameters.
        out: The folder that keeps it.
        secrets: What no parameter may be.

    Raises:
        UsageError: It cannot be run; nothing has been started.
    """
    values = read_mapping(file) if file else {}
    refuse_secrets({**values, **texts}, secrets)
    refuse_secrets(values, secrets)
    source = find_notebook(name)
    known = read_parameters(read_notebook(source))
    parameters = {**checked(known, values), **parsed(known, texts)}
    return Plan(source, output_path(source, out), parameters)
