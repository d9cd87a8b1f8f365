"""The versions that are installed: exact, complete, each wanted by something, from anywhere."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# What the versions were found with; another Python needs a few of them less.
PYTHON = {"python_version": "3.11", "python_full_version": "3.11.9"}
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9._+!-]*)(?:\s*;.*)?")


def lines() -> list[str]:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def wanted() -> set[str]:
    """Return the names of all that the project and its extras need, however indirectly."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    found: set[tuple[str, str]] = set()
    left = [(Requirement(each), "") for each in [*project["dependencies"], *extras]]
    while left:
        requirement, of = left.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": of, **PYTHON}):
            continue
        name = canonicalize_name(requirement.name)
        fresh = {(name, extra) for extra in ("", *requirement.extras)} - found
        found |= fresh
        left += [(Requirement(each), extra) for _, extra in fresh for each in needs_of(name)]
    return {name for name, _ in found} - {canonicalize_name(project["name"])}


def needs_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def test_every_version_is_exact_and_no_line_names_a_host() -> None:
    assert [line for line in lines() if not PIN.fullmatch(line)] == []
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")


def test_every_pinned_package_is_needed_and_every_needed_one_is_pinned_once() -> None:
    pinned = [canonicalize_name(line.partition("==")[0]) for line in lines()]
    assert sorted(pinned) == sorted(set(pinned))
    assert set(pinned) == wanted()
