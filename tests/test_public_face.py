"""The package's public names: complete, sorted, and loaded only when they are asked for."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import genesys_workbench

HEAVY = ("celery", "fastapi", "sqlalchemy", "httpx", "pandas", "ipywidgets", "pika", "pydantic")


def python(code: str) -> str:
    """Run code in an interpreter of its own and return what it printed."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_all_public_names_are_listed_once_and_in_order() -> None:
    assert genesys_workbench.__all__ == sorted(set(genesys_workbench.__all__))


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(genesys_workbench))
    (checked,) = [node for node in tree.body if ast.unparse(node).startswith("if TYPE_CHECKING")]
    imported = {
        alias.name: node.module
        for node in ast.walk(checked)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == genesys_workbench._HOMES
    assert {*imported, "__version__"} == set(genesys_workbench.__all__)


@pytest.mark.parametrize("name", [name for name in genesys_workbench.__all__ if name[0] != "_"])
def test_each_public_name_is_what_its_module_defines(name: str) -> None:
    found = getattr(genesys_workbench, name)
    assert (found.__name__, found.__module__.split(".")[0]) == (name, "genesys_workbench")
    assert found.__doc__
    assert name in dir(genesys_workbench)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert genesys_workbench.__version__ == version("genesys-workbench")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = genesys_workbench.Nothing  # type: ignore[attr-defined]


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, genesys_workbench; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = set(python(code).split())
    assert "genesys_workbench" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_name_loads_only_what_it_needs() -> None:
    code = (
        "import sys; from genesys_workbench import parse_events;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = set(python(code).split())
    assert "genesys_workbench" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_import_takes_a_fraction_of_that_of_httpx() -> None:
    code = (
        "import time; start = time.perf_counter(); import {0}; print(time.perf_counter() - start)"
    )
    seconds = {
        name: min(float(python(code.format(name))) for _ in range(2))
        for name in ("genesys_workbench", "httpx")
    }
    assert seconds["genesys_workbench"] < seconds["httpx"] / 4
