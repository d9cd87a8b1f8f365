"""Cassettes of ``genesys-workbench record``: folders with a file for each conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .gathering import Gathering

__all__ = ["gather_cassette", "is_cassette", "queue_names_in"]

FORMAT = "genesys-workbench-cassette"


def is_cassette(folder: Path) -> bool:
    """Tell whether a folder is one."""
    told = _read(folder / "manifest.json")
    return isinstance(told, dict) and told.get("format") == FORMAT


def queue_names_in(folder: Path) -> dict[str, str]:
    """Return the names of a cassette's queues by id."""
    told = _read(folder / "queues.json")
    return {str(one): str(name) for one, name in told.items()} if isinstance(told, dict) else {}


def gather_cassette(folder: Path, gathering: Gathering) -> None:
    """Add its conversations in the order of their start, as analytics tells them, else REST."""
    rest, analytics = (
        sorted((folder / "conversations" / kind).glob("*.json")) for kind in ("rest", "analytics")
    )
    known = {path.name for path in analytics}
    paths = [*analytics, *(path for path in rest if path.name not in known)]
    told = [(path, _read(path)) for path in paths]
    for row, (path, body) in enumerate(sorted(told, key=lambda pair: _start(pair[1]))):
        if body is None:
            gathering.reject(row, f"{path.relative_to(folder)} is no JSON.", None)
        else:
            gathering.add(row, body)


def _read(path: Path) -> Any:
    """Return a file's JSON value, None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None


def _start(body: Any) -> str:
    told: Iterator[Any] = (
        body.get(name) for name in ("conversationStart", "startTime") if isinstance(body, dict)
    )
    return next((text for text in told if isinstance(text, str)), "")
