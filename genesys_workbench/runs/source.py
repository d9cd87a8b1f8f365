"""Find a notebook by path or by name, and read it."""

from __future__ import annotations

import json
import shlex
from difflib import get_close_matches
from pathlib import Path

from ..errors import UsageError
from ..shipped import shipped_notebooks
from .record import Document

__all__ = ["find_notebook", "read_notebook"]


def find_notebook(name: str, *, folder: Path | None = None) -> Path:
    """Return the path of a notebook.

    Args:
        name: A path that ends with ``.ipynb``; or one of ours: ``06_conversation_report``, ``06``.
        folder: What a path is relative to; the current folder by default.

    Raises:
        UsageError: There is none; the text tells what is near.
    """
    if name.endswith(".ipynb"):
        path = (folder or Path.cwd()) / Path(name).expanduser()
        if path.is_file():
            return path.resolve()
        raise _unknown(f"There is no file {path}.", path.stem)
    shipped = shipped_notebooks()
    starts = [path for stem, path in shipped.items() if stem.startswith(f"{name.zfill(2)}_")]
    if name in shipped or len(starts) == 1:
        return shipped.get(name) or starts[0]
    raise _unknown(f"There is no notebook {name!r}.", name)


def _unknown(what: str, name: str) -> UsageError:
    shipped = shipped_notebooks()
    near = get_close_matches(name, shipped, n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    listed = ", ".join(shipped)
    return UsageError(what, fix=f"{hint}Ours: {listed}. Your own: a path that ends with .ipynb")


def read_notebook(path: Path) -> Document:
    """Return a notebook for Python, in the current format, as JSON.

    It is not validated: the library that could, nbformat, takes two seconds to load.

    Raises:
        UsageError: The file is not one.
    """
    try:
        notebook: Document = json.loads(path.read_text("utf-8"))
        current = notebook["nbformat"] == 4 and bool(notebook["cells"])
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise UsageError(
            f"{path.name} is not a notebook, or a broken one: {type(exc).__name__}.",
            fix="name another file",
        ) from exc
    if not current:
        raise UsageError(
            f"{path.name} is empty, or in a format of long ago.",
            fix=f"open it in JupyterLab and save it again: jupyter lab {shlex.quote(str(path))}",
        )
    language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    if language.lower() != "python":
        raise UsageError(f"{path.name} is a notebook for {language}.", fix="name a Python notebook")
    return notebook
