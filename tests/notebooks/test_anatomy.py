"""All notebooks have the same anatomy, and the rules do find what breaks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.anatomy import complaints

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
README = (FOLDER / "README.md").read_text("utf-8")


def by_name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_follows_the_anatomy(path: Path) -> None:
    assert complaints(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_is_named_by_number_and_listed(path: Path) -> None:
    assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name)
    assert f"[{path.name}]({path.name})" in README


@pytest.mark.parametrize("path", [*NOTEBOOKS, FOLDER / "README.md"], ids=by_name)
def test_a_link_leads_to_a_file(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", path.read_text("utf-8"))
    assert links
    assert [link for link in links if "://" not in link and not (FOLDER / link).exists()] == []


def test_the_first_notebook_is_there() -> None:
    assert FOLDER / "00_start_here.ipynb" in NOTEBOOKS


Notebook = dict[str, Any]


def code(notebook: Notebook, number: int) -> dict[str, Any]:
    """Return a code cell, counted from 0."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][number]


def replace(old: str, new: str) -> Callable[[Notebook], None]:
    """Return what replaces a text in all sources and outputs."""

    def spoil(notebook: Notebook) -> None:
        text = json.dumps(notebook["cells"], ensure_ascii=False)
        assert old in text
        notebook["cells"] = json.loads(text.replace(old, new))

    return spoil


def prepend(number: int, line: str) -> Callable[[Notebook], None]:
    """Return what puts a line before a code cell."""
    return lambda notebook: code(notebook, number)["source"].insert(0, line + "\n")


SPOILT: dict[str, tuple[Callable[[Notebook], Any], str]] = {
    "no title": (replace("# Start here", "Start here"), "not a title and one sentence"),
    "two sentences": (replace("that you can look at.", "to see. Now."), "one sentence"),
    "too many bullets": (replace("- fifty", "- a\\n- b\\n- c\\n- fifty"), "two to four things"),
    "no tag": (lambda n: code(n, 0)["metadata"].clear(), "the tag “parameters”"),
    "no help": (prepend(0, "days: int = 3"), "name: type = literal"),
    "no literal": (prepend(0, "days: int = max(1, 2)  # of history"), "is a literal"),
    "a secret": (prepend(0, 'api_token: str = ""  # of the API'), "a secret is no parameter"),
    "a second import": (prepend(4, "import json"), "imports: here [2, 8]"),
    "too few cells": (lambda n: n["cells"].remove(code(n, 8)) or n["cells"].remove(code(n, 7)), ""),
    "too much code": (lambda n: code(n, 1)["source"].extend(["\nx = 1"] * 20), "lines of code"),
    "a long cell": (lambda n: code(n, 3)["source"].extend(["\nx = 1"] * 8), "more than 8 lines"),
    "many words": (replace("A customer calls", "word " * 80), "words, more than 80"),
    "two cells": (lambda n: n["cells"].insert(6, code(n, 2)), "not one text and one code cell"),
    "nothing to see": (lambda n: code(n, 3)["outputs"].clear(), "shows nothing"),
    "few sections": (replace("## Its", "### Its"), "not one text and one code cell"),
    "no result": (replace("## The result", "## Something"), "the last two sections"),
    "unchecked": (replace("assert ", ""), "the result is not checked"),
    "a dead end": (replace("](01_register_webhook.ipynb)", "]"), "has no link"),
    "a function": (prepend(3, "def f(): pass"), "a function or class"),
    "a magic": (prepend(3, "%matplotlib inline"), "a magic"),
    "a sleep": (prepend(3, "time.sleep(1)"), "a sleep"),
    "a path": (prepend(3, "open('../data/x.json')"), "a path in"),
    "not run": (lambda n: code(n, 3).update(execution_count=None), "from top to bottom"),
    "stderr": (replace('"name": "stdout"', '"name": "stderr"'), "an error or a warning"),
    "a port": (replace("50 of 50 events are", "http://127.0.0.1:8123 is"), "a port in an output"),
    "an address": (replace("50 of 50 events are", "<A at 0x7f3f1cdc6e10>"), "a memory address"),
    "metadata": (lambda n: code(n, 3)["metadata"].update(execution={}), "metadata of a run"),
    "a kernel": (lambda n: n["metadata"].pop("kernelspec"), "the kernel is not python3"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_breaks_the_anatomy_is_found(name: str, tmp_path: Path) -> None:
    spoil, expected = SPOILT[name]
    notebook = json.loads((FOLDER / "00_start_here.ipynb").read_text("utf-8"))
    spoil(notebook)
    copy = tmp_path / "copy.ipynb"
    copy.write_text(json.dumps(notebook), "utf-8")
    found = "\n".join(complaints(copy))
    assert found
    assert expected in found
