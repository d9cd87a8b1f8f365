"""Frames in files, one file a frame."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import WorkbenchError
from .building import conform

__all__ = ["FORMATS", "needs_pyarrow", "read_frame", "write_frame"]

FORMATS = ("parquet", "jsonl", "jsonl.gz", "csv")
# A spreadsheet takes texts that begin so for formulas
# (https://owasp.org/www-community/attacks/CSV_Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_frame(frame: pd.DataFrame, path: Path, format: str) -> None:  # noqa: A002
    """Write one frame.

    Raises:
        WorkbenchError: The format is unknown, pyarrow is missing, or the disk refuses.
    """
    if format not in FORMATS:
        raise WorkbenchError(
            f"Frames cannot be written as {format!r}.", fix=f"use one of: {', '.join(FORMATS)}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(frame, path, format)
    except OSError as exc:
        raise WorkbenchError(
            f"{path} cannot be written: {exc.strerror or exc}.", fix="choose another folder"
        ) from exc


def _write(frame: pd.DataFrame, path: Path, format: str) -> None:  # noqa: A002
    if format == "parquet":
        with needs_pyarrow():
            frame.to_parquet(path, engine="pyarrow", index=False)
    elif format == "csv":
        _for_spreadsheets(frame).to_csv(path, index=False)
    else:
        frame.to_json(
            path,
            orient="records",
            lines=True,
            date_format="iso",
            date_unit="us",
            double_precision=15,
            force_ascii=False,
        )


def read_frame(folder: Path, name: str) -> pd.DataFrame:
    """Read one frame from its file in a folder, whichever format it has.

    Raises:
        WorkbenchError: There is no such file, or it is damaged.
    """
    paths = [folder / f"{name}.{ending}" for ending in FORMATS if ending != "csv"]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise WorkbenchError(
            f"There is no {name}.parquet, .jsonl or .jsonl.gz in {folder}.",
            fix='write the frames first: frames.write(folder, format="parquet")',
        )
    try:
        return conform(_read(path), name)
    except (OSError, EOFError, ValueError, TypeError) as exc:
        raise WorkbenchError(
            f"{path} does not hold the frame {name!r}: {type(exc).__name__}.",
            fix='write the frames again: frames.write(folder, format="parquet")',
        ) from exc


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        with needs_pyarrow():
            return pd.read_parquet(path, engine="pyarrow")
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return pd.DataFrame([json.loads(line) for line in lines if line.strip()])


@contextmanager
def needs_pyarrow() -> Iterator[None]:
    """Say in words that pyarrow is missing.

    Raises:
        WorkbenchError: It is.
    """
    try:
        yield
    except ImportError as exc:
        raise WorkbenchError(
            "Parquet files need pyarrow, which is not installed.",
            fix='pip install "genesys-workbench[lab]"',
        ) from exc


def _for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose lists are texts, and whose texts are no formulas."""
    texts = [name for name in frame if frame[name].dtype in ("str", "object", "category")]
    return frame.assign(**{name: frame[name].astype(object).map(_cell) for name in texts})


def _cell(value: Any) -> Any:
    text = "; ".join(value) if isinstance(value, tuple) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text
