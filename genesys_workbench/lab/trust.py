"""Pictures show before the first run only in notebooks that Jupyter trusts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["trust_shipped"]


def trust_shipped(shipped: Iterable[Path], folder: Path) -> None:
    """Sign the notebooks of a folder that are as they were shipped, as ``jupyter trust`` does.

    JupyterLab takes style and SVG out of the outputs of all others
    (https://jupyter-server.readthedocs.io/en/latest/operators/security.html#notebook-security).
    """
    from nbformat import read
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    for path in shipped:
        opened = folder / path.name
        if opened.is_file() and opened.read_bytes() == path.read_bytes():
            notary.sign(read(opened, as_version=4))
    notary.store.close()
