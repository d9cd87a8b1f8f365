"""The libraries of the extra ``lab``, loaded when a run needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import WorkbenchError

__all__ = ["needed"]


def needed(module: str) -> Any:
    """Return a module that only the extra brings.

    Raises:
        WorkbenchError: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as exc:
        raise WorkbenchError(
            f"Notebooks cannot be run: {exc.name or module} is not installed.",
            fix='pip install "genesys-workbench[lab]"',
        ) from exc
