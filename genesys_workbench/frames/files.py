"""Export files: conversations as JSON, a line each or all in one, packed or not, or in parquet."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from ..errors import WorkbenchError
from ..privacy import Key
from .cassettes import gather_cassette, is_cassette, queue_names_in
from .frameset import Frames
from .gathering import Gathering
from .writing import needs_pyarrow

__all__ = ["from_file"]

_LISTS = ("conversations", "entities")
_DECODER = msgspec.json.Decoder()
_BUFFER = 2**20
_TEXT_ENDINGS = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")


def from_file(
    path: Path | str,
    *,
    queue_names: Mapping[str, str] | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Make frames of an export file or a cassette, or read back what `Frames.write` has written.

    Understood are JSON Lines, one JSON array, one answer of a details query (also many, a line
    each), all of these as ``.gz``, and parquet with a row for each conversation or with its JSON
    in a column ``raw``. What cannot be read is in `Frames.rejected`, with the number of its line.
    A folder is a cassette of ``genesys-workbench record``, or one that `Frames.write` has filled.

    Args:
        path: File or folder.
        queue_names: See `from_conversations`; not for a folder of `Frames.write`, nor are the
            others. A cassette knows those of its own queues.
        show_personal: See there.
        key: See there.

    Raises:
        WorkbenchError: There is no such file, or it is of another kind.
    """
    path = Path(path)
    cassette = path.is_dir() and is_cassette(path)
    if path.is_dir() and not cassette:
        return Frames.read(path)
    names = {**queue_names_in(path), **(queue_names or {})} if cassette else queue_names
    gathering = Gathering(names, show_personal=show_personal, key=key)
    try:
        if cassette:
            gather_cassette(path, gathering)
        elif path.suffix == ".parquet":
            _gather_parquet(path, gathering)
        elif path.name.lower().endswith(_TEXT_ENDINGS):
            _gather_text(path, gathering)
        else:
            raise _other_kind(path)
    except OSError as exc:
        raise WorkbenchError(
            f"{path} cannot be read: {exc.strerror or exc}.", fix="check the path of the export"
        ) from exc
    return gathering.frames()


def _other_kind(path: Path) -> WorkbenchError:
    return WorkbenchError(
        f"{path.name} is no export that can be read.",
        fix=f"give a file that ends in .parquet, {', '.join(_TEXT_ENDINGS)}",
    )


def _gather_text(path: Path, gathering: Gathering) -> None:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb", _BUFFER) as file:
        if not path.name.lower().endswith((".json", ".json.gz")):
            _gather_lines(file, gathering)
            return
        body = file.read()
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):  # many files that are called JSON hold lines of it
        _gather_lines(iter(body.splitlines(keepends=True)), gathering)
        return
    for place, item in enumerate(_conversations(whole)):
        gathering.add(place, item)


def _gather_lines(lines: IO[bytes] | Iterator[bytes], gathering: Gathering) -> None:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            _gather_line(number, line, gathering)
    except (EOFError, zlib.error) as exc:
        reason = f"The file is damaged or cut off after this line: {type(exc).__name__}."
        gathering.reject(number, reason, None)


def _gather_line(number: int, line: bytes, gathering: Gathering) -> None:
    if gathering.add_json(number, line):
        return
    try:
        items = _conversations(_DECODER.decode(line))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        _gather_odd_line(number, line, gathering)
    else:
        for item in items:
            gathering.add(number, item)


def _gather_odd_line(number: int, line: bytes, gathering: Gathering) -> None:
    """Read what only `json` takes (NaN, half surrogate pairs), or say what is wrong."""
    try:
        text = line.decode("utf-8-sig").strip()
        items = _conversations(json.loads(text)) if text else []
    except UnicodeDecodeError as exc:
        gathering.reject(number, f"The line is not UTF-8 (byte {exc.start}).", None)
    except json.JSONDecodeError as exc:
        reason = f"The line is not JSON: {exc.msg} (character {exc.pos})."
        gathering.reject(number, reason, text)
    except (ValueError, RecursionError):
        gathering.reject(number, "The line's JSON is nested too deep or too long.", text)
    else:
        for item in items:
            gathering.add(number, item)


def _conversations(value: Any) -> list[Any]:
    """Return the items of a list, of an answer of the API, or the value itself."""
    if isinstance(value, dict) and not {"id", "conversationId"} & value.keys():
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), value)
    return value if isinstance(value, list) else [value]


def _gather_parquet(path: Path, gathering: Gathering) -> None:
    with needs_pyarrow():
        import pyarrow as pa
        from pyarrow import parquet
    try:
        with parquet.ParquetFile(path) as file:
            batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=1000))
            rows = (row for batch in batches for row in batch)
            for place, row in enumerate(rows):
                gathering.add(place, _of_parquet(row))
    except pa.ArrowException as exc:
        raise WorkbenchError(f"{path.name} is not a parquet file.", fix="export it again") from exc


def _of_parquet(row: dict[str, Any]) -> Any:
    """Return a row as JSON would have it: columns may hold times, or the whole as text."""
    raw = row.get("raw")
    if not isinstance(raw, str):
        return _plain(row)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
