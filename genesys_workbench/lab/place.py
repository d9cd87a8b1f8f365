"""The folder that JupyterLab opens: the checkout's, or a copy that is the person's own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import SettingsError

__all__ = ["Place", "copy_files", "place_for"]

# The hash of what was copied last, by file name: so that a file which only an older version
# brought can be told from one that its owner changed.
RECORD = ".shipped.json"
USUAL = "genesys-workbench"

Done = Literal["added", "renewed", "beside"]


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with notebooks, and what was done to it.

    Attributes:
        folder: Absolute.
        checkout: Whether it is the checkout's own: to save a notebook changes a committed file.
        added: Names of files that were not there.
        renewed: Names of files of an older version that nobody had changed.
        beside: Names under which new versions lie beside files that somebody had changed.
    """

    folder: Path
    checkout: bool = False
    added: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def place_for(source: Path, folder: Path | None, *, home: Path, version: str) -> Place:
    """Return the folder to open; what is shipped is copied to any but the checkout's own.

    Args:
        source: The folder of the shipped notebooks.
        folder: Where the person wants them; None for the checkout's own, or the usual place.
        home: Where the usual place lies.
        version: Of what is shipped.

    Raises:
        SettingsError: Nothing can be written there.
    """
    if folder is None and not source.name.startswith("_"):
        return Place(source.resolve(), checkout=True)
    wanted = (folder or home / USUAL).expanduser().absolute()
    try:
        return copy_files(source, wanted, version=version)
    except OSError as exc:
        raise SettingsError(
            f"The notebooks cannot be copied to {wanted}: {(exc.strerror or str(exc)).lower()}.",
            fix="name a folder that you may write to: genesys-workbench lab --folder DIR",
        ) from exc


def copy_files(source: Path, folder: Path, *, version: str) -> Place:
    """Copy a folder's files into another, and overwrite none that somebody changed."""
    folder.mkdir(parents=True, exist_ok=True)
    record = _read(folder / RECORD)
    done: dict[Done, list[str]] = {"added": [], "renewed": [], "beside": []}
    for path in _visible(source):
        what = _to_do(path, folder / path.name, record.get(path.name))
        if what is not None:
            name = f"{path.stem}.v{version}{path.suffix}" if what == "beside" else path.name
            shutil.copyfile(path, folder / name)
            done[what].append(name)
        record[path.name] = _hash(path)
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    added, renewed, beside = (tuple(names) for names in done.values())
    return Place(folder, added=added, renewed=renewed, beside=beside)


def _to_do(path: Path, target: Path, last: str | None) -> Done | None:
    """Tell what becomes of a shipped file; `last` is the hash of the one copied before."""
    if not target.exists():
        return "added"
    if (found := _hash(target)) == (shipped := _hash(path)):
        return None
    if found == last:
        return "renewed"
    return None if shipped == last else "beside"


def _visible(folder: Path) -> Iterable[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> dict[str, str]:
    """Return the record; an unreadable one knows nothing, so all files count as changed."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
