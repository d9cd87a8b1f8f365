"""The progress of long work, on stderr."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .output import err

__all__ = ["progress_bars"]


def progress_bars(*, transient: bool = False) -> Progress:
    """Return a display of bars, each with its counts and the time.

    Args:
        transient: Whether it vanishes at the end.
    """
    return Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err(),
        transient=transient,
    )
