"""What commands print: data to stdout as JSON or tables, words for people to stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..errors import WorkbenchError

log = logging.getLogger("genesys_workbench.cli")

__all__ = [
    "Voice",
    "err",
    "exit_code",
    "fail",
    "print_json",
    "print_line",
    "print_rows",
    "say",
    "table",
]

# By the place in the tree of errors.py; whatever is not named here is 1.
CODES = (
    ("UsageError", 2),
    ("SettingsError", 3),
    ("BrokerError", 4),
    ("GenesysError", 5),
    ("StoreError", 6),
    ("SpoolError", 6),
)
GAP = 2
# A column that may be folded or cut gets at least so much room, or is left out.
MIN_FLEXIBLE = 20
MAX_PIPED_CELL = 200


def err() -> Console:
    """Return the console for people: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


class Voice:
    """Who is spoken to: people, unless a program reads the log of this process."""

    logs = False


def say(text: str) -> None:
    """Print a line for people."""
    if Voice.logs:
        log.info("%s", text)
        return
    err().print(text, markup=False)


def exit_code(exc: WorkbenchError) -> int:
    """Return the exit code of an error, by its place in the tree."""
    names = {kind.__name__ for kind in type(exc).__mro__}
    return next((code for name, code in CODES if name in names), 1)


def fail(exc: WorkbenchError) -> None:
    """Print an expected error: what happened, then the fix."""
    if Voice.logs:
        log.error("%s Fix: %s", exc.what, exc.fix or "none known", extra={"reason": exc.reason})
        return
    from rich.markup import escape

    console = err()
    console.print(f"[bold red]Error:[/] {escape(exc.what)}")
    if exc.fix:
        console.print(f"[bold]Fix:[/] {escape(exc.fix)}")


def print_line(text: str) -> None:
    """Write a line to stdout at once; a reader that has seen enough ends the command well."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as exc:
        # Else the interpreter would complain when it flushes at its end
        # (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from exc


def print_json(value: Mapping[str, Any]) -> None:
    """Write one object, on one line."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print_line(json.dumps(value, ensure_ascii=not unicode, default=_plain))


def print_rows(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    as_json: bool,
    empty: str,
    flexible: str = "",
) -> None:
    """Write rows as JSON Lines with all keys, or as a table with these columns.

    Args:
        rows: Any number.
        columns: The most important first: the last ones give way on a narrow terminal.
        as_json: Whether a program reads it.
        empty: What to tell a person where there is no row.
        flexible: The column that takes what room is left, and folds.
    """
    if as_json:
        for row in rows:
            print_json(row)
        return
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    if cells:
        table(columns, cells, flexible=flexible)
    else:
        say(empty)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: str = "") -> None:
    """Print a table to stdout: as wide as the terminal, or one line a row when piped."""
    if not sys.stdout.isatty():
        widths = _widths(columns, rows)
        for row in (columns, *rows) if any(columns) else rows:
            print_line(_aligned(row, widths))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = Console(highlight=False)
    shown = _that_fit(columns, rows, out.width, flexible)
    drawn = Table(
        box=None,
        header_style="bold",
        pad_edge=False,
        padding=(0, GAP, 0, 0),
        show_header=any(columns),
    )
    for name in columns[:shown]:
        drawn.add_column(name, overflow="fold", no_wrap=False)
    for row in rows:
        drawn.add_row(*[Text(cell) for cell in row[:shown]])
    out.print(drawn)
    if shown < len(columns):
        say(f"(not shown: {', '.join(columns[shown:])}; widen the terminal, or use --json)")


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [_one_line(cell).ljust(width) for cell, width in zip(row, widths, strict=True)]
    return (" " * GAP).join(cells).rstrip()


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(len(name), *(len(_one_line(row[index])) for row in rows))
        for index, name in enumerate(columns)
    ]


def _one_line(cell: str) -> str:
    text = " ".join(cell.split())
    return text if len(text) <= MAX_PIPED_CELL else text[: MAX_PIPED_CELL - 1] + "…"


def _that_fit(
    columns: Sequence[str], rows: Sequence[Sequence[str]], room: int, flexible: str
) -> int:
    """Return how many columns, from the left, find room; at least two."""
    widths = _widths(columns, rows)
    needed = [
        min(width, MIN_FLEXIBLE) if name == flexible else width
        for name, width in zip(columns, widths, strict=True)
    ]
    fitting = len(columns)
    while fitting > 2 and sum(needed[:fitting]) + GAP * (fitting - 1) > room:
        fitting -= 1
    return fitting


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    raise TypeError(f"{type(value).__name__} is not JSON")
