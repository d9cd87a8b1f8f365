"""Tracebacks short enough to be kept and shown. No I/O but the lines of source files."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

__all__ = ["short_traceback"]

_OURS = Path(__file__).parents[1]
# The nearest first: site-packages lies within the folder of the standard library.
_KNOWN = tuple(
    Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib", "platstdlib")
)


def short_traceback(error: BaseException) -> str:
    """Return where an error and its causes were raised, the cause first; no local variables.

    Frames of this package, of installed ones and of Python's own are one line, ``module:line
    function``; those of anybody else, such as a processor of your own, show their source line.
    """
    parts = ["\n".join(_lines(each)) for each in reversed(list(_chain(error)))]
    return "\n\nand then\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        context = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or context


def _lines(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__):
        module, is_known = _module(Path(frame.filename))
        yield f"{module}:{frame.lineno} {frame.name}"
        if frame.line and not is_known:
            yield f"    {frame.line}"
    text = str(error)
    yield f"{type(error).__name__}: {text}" if text else type(error).__name__


def _module(path: Path) -> tuple[str, bool]:
    """Return the dotted name of a module in a known place; else the file's name, and False."""
    if Path(__file__).parent in path.parents:
        return _dotted(path, _OURS), True
    known = next((place for place in _KNOWN if place in path.parents), None)
    return (_dotted(path, known), True) if known else (path.stem, False)


def _dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)
