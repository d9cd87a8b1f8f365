"""Sets of parameters from a file, each of them a run.

.. code-block:: yaml

    notebook: 06                      # one of ours, or a path relative to this file
    base: {hours: 24}                 # for all sets
    runs:                             # sets with names of their own
      - name: chats
        parameters: {media_types: [chat]}
    matrix:                           # and each combination of these
      source: [simulator, database]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .guard import refuse_secrets
from .parameters import read_parameters
from .plan import Plan, label, output_path
from .source import find_notebook, read_notebook
from .values import checked
from .yamlfile import read_mapping

__all__ = ["read_matrix"]

KEYS = {"notebook": str | int, "base": dict, "runs": list, "matrix": dict}
RUN_KEYS = {"name": str, "notebook": str | int, "parameters": dict}
EXAMPLE = "write, for example:\n    notebook: 00\n    matrix:\n      events: [10, 50]"


def read_matrix(path: Path, *, out: Path, secrets: frozenset[str]) -> list[Plan]:
    """Return the runs that a file asks for, all of them checked.

    Raises:
        UsageError: Something in it cannot be run; nothing has been started.
    """
    content = read_mapping(path)
    _check_keys(content, KEYS, path.name)
    sets = [*_named(content, path.name), *_combined(content, path.name)]
    if not sets:
        raise UsageError(f"{path.name} names no set of parameters.", fix=EXAMPLE)
    plans = [_plan({**content, **entry}, path, out, secrets) for entry in sets]
    _refuse_twins(plans)
    return plans


def _named(content: dict[str, Any], file: str) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(content.get("runs", []), 1):
        where = f"run {number} of {file}"
        if not isinstance(entry, dict):
            raise UsageError(f"{where[0].upper()}{where[1:]} is not a mapping.", fix=EXAMPLE)
        _check_keys(entry, RUN_KEYS, where)
        yield {"name": label(entry.get("parameters", {})) or f"run-{number}", **entry}


def _combined(content: dict[str, Any], file: str) -> Iterator[dict[str, Any]]:
    axes = content.get("matrix", {})
    for name, values in axes.items():
        if not isinstance(values, list) or not values:
            raise UsageError(
                f"matrix: {name} of {file} is not a list of values.",
                fix=f"write {name}: [first, second]",
            )
    if axes:
        for values in product(*axes.values()):
            parameters = dict(zip(axes, values, strict=True))
            yield {"name": label(parameters), "parameters": parameters}


def _plan(entry: dict[str, Any], path: Path, out: Path, secrets: frozenset[str]) -> Plan:
    given = {**entry.get("base", {}), **entry.get("parameters", {})}
    refuse_secrets(given, secrets)
    if "notebook" not in entry:
        raise UsageError(f"{path.name} names no notebook.", fix=EXAMPLE)
    source = find_notebook(str(entry["notebook"]), folder=path.resolve().parent)
    name = entry["name"]
    try:
        parameters = checked(read_parameters(read_notebook(source)), given)
    except UsageError as exc:
        raise UsageError(f"{name}: {exc.what}", fix=exc.fix) from exc
    return Plan(source, output_path(source, out, name), parameters, name)


def _check_keys(content: dict[str, Any], known: dict[str, Any], where: str) -> None:
    for name, value in content.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"{name!r} of {where} means nothing here.", fix=f"{hint}Known: {', '.join(known)}"
            )
        if not isinstance(value, known[name]):
            raise UsageError(f"{name!r} of {where} is not what it must be.", fix=EXAMPLE)


def _refuse_twins(plans: list[Plan]) -> None:
    """Check that each set has a file of its own, also where case does not count."""
    counted = Counter(plan.output.name.lower() for plan in plans)
    twins = [plan.name for plan in plans if counted[plan.output.name.lower()] > 1]
    if twins:
        raise UsageError(
            f"Two sets of parameters have the same name: {', '.join(twins)}.",
            fix="give each of them a name of its own: runs: [{name: …, parameters: {…}}]",
        )
