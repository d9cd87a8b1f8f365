"""Run notebooks from top to bottom and keep their outputs, without traces of the run.

python -m tests.notebooks.renew            # all
python -m tests.notebooks.renew 00 03      # those whose names begin so
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def renew(path: Path) -> None:
    """Execute a notebook in its folder and write it back."""
    notebook: Any = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": FOLDER}}
    )
    client.execute()
    _clean(notebook)
    nbformat.write(notebook, path)


def _clean(notebook: Any) -> None:
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
            # the model is gone with its kernel; JupyterLab would complain of it
            output.get("data", {}).pop(WIDGET, None)


def main(names: Sequence[str]) -> None:
    """Renew the notebooks whose names begin with one of these, or all."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.name.startswith(tuple(names)):
            print(path.name, flush=True)
            renew(path)


if __name__ == "__main__":
    main(sys.argv[1:])
