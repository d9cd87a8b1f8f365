"""What is to be run: checked in full before the first kernel starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ..errors import UsageError

__all__ = ["Plan", "label", "output_path", "prepare_folder", "stem"]

MAX_STEM = 120
_UNSAFE = re.compile(r"[^\w.,=+-]+")


@dataclass(frozen=True)
class Plan:
    """A run that can begin.

    Attributes:
        source: The notebook.
        output: Where the executed one goes; its HTML lies beside it.
        parameters: Values of the types that the notebook asks for.
        name: Which set of a matrix it is.
    """

    source: Path
    output: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    name: str = ""


def label(parameters: Mapping[str, Any]) -> str:
    """Return the name of a set of parameters: ``source=database,hours=4``."""
    return ",".join(f"{name}={_short(value)}" for name, value in parameters.items())


def _short(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def stem(notebook: str, name: str) -> str:
    """Return a file name, without suffix, that every file system takes."""
    text = _UNSAFE.sub("-", f"{notebook}--{name}" if name else notebook).strip("-.")
    if len(text) <= MAX_STEM:
        return text
    return f"{text[:MAX_STEM]}-{sha256(text.encode()).hexdigest()[:8]}"


def output_path(source: Path, folder: Path, name: str = "") -> Path:
    """Return where the executed notebook goes.

    Raises:
        UsageError: There is a notebook that is not the output of a run.
    """
    path = folder / f"{stem(source.stem, name)}.ipynb"
    if path.exists() and not _is_output(path):
        raise UsageError(
            f"{path} is a notebook that no run has made, and would be overwritten.",
            fix="name another folder: --out runs",
        )
    return path


def _is_output(path: Path) -> bool:
    try:
        return "papermill" in json.loads(path.read_text("utf-8"))["metadata"]
    except (OSError, ValueError, LookupError, TypeError):
        return False


def prepare_folder(folder: Path) -> Path:
    """Return the folder, made if need be, and proven.

    Raises:
        UsageError: Nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as exc:
        raise UsageError(
            f"Nothing can be written to {folder}: {(exc.strerror or str(exc)).lower()}.",
            fix="name another folder: --out DIR",
        ) from exc
