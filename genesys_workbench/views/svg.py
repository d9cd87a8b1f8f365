"""SVG and HTML from values, safely: what is not markup already is escaped. No library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from unicodedata import east_asian_width

__all__ = ["Markup", "clip", "el", "hatch", "number", "text_width", "wrap"]

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"br", "col"})
_WIDTHS = {**dict.fromkeys("ijltfrI.,:;'|!()[]-/ ", 0.32), **dict.fromkeys("mwMW@%—", 0.88)}
"""In parts of the font size; browsers differ, so places are a little generous."""

Child = object


class Markup(str):
    """Text that is markup: it goes into an element as it is."""

    __slots__ = ()


def el(name: str, *children: Child, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Of the tag.
        children: `Markup` stays, lists are laid flat, None is left out, all else is escaped.
        attributes: ``stroke_width`` becomes ``stroke-width``, ``class_`` ``class``; None is left
            out, and True stands for an attribute without a value.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{''.join(_content(children))}</{name}>")


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f' {name}="{_plain("" if value is True else value)}"'


def _content(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, list | tuple):
            yield from _content(child)
        elif child is not None:
            yield _plain(child)


def _plain(value: object) -> str:
    text = number(value) if isinstance(value, float) else str(value)
    return escape(_NOT_XML.sub("\ufffd", text))


def number(value: float) -> str:
    """Return a coordinate: two decimals at most, never ``-0``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, in pixels."""
    return size * sum(_width(letter) for letter in text)


def _width(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if east_asian_width(letter) in "WF":
        return 1.0
    return 0.74 if letter.isupper() else 0.62


def clip(text: str, size: float, width: float) -> str:
    """Return the text, or as much of it as fits with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    end = len(text)
    while end and text_width(text[:end] + "…", size) > width:
        end -= 1
    return text[:end].rstrip() + "…"


def wrap(text: str, size: float, width: float, *, lines: int) -> list[str]:
    """Break a text at its blanks into at most so many lines, the last one clipped."""
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and text_width(longer, size) > width and len(found) < lines:
            found.append(word)
        else:
            found[-1] = longer
    return [clip(line, size, width) for line in found]


def hatch(x: float, y: float, width: float, height: float, style: int) -> Markup | None:
    """Return lines over a rectangle, so that series differ by more than colour.

    They are drawn, not a ``pattern``, which would need an id, unique on the whole page.

    Args:
        x: Left edge.
        y: Upper edge.
        width: Of the rectangle.
        height: Of the rectangle.
        style: 0 none, 1 rising, 2 falling, 3 across, 4 both; then again from 0.
    """
    parts = []
    if style % 5 in (1, 4):
        parts += _diagonals(x, y, width, height, rising=True)
    if style % 5 in (2, 4):
        parts += _diagonals(x, y, width, height, rising=False)
    if style % 5 == 3:
        rows = range(1, int(height / 5) + 1)
        parts += [f"M{number(x)} {number(y + 5 * row - 2)}h{number(width)}" for row in rows]
    return el("path", class_="h", d="".join(parts)) if parts else None


def _diagonals(x: float, y: float, width: float, height: float, *, rising: bool) -> list[str]:
    """Clip the lines of 45 degrees, 7 pixels apart, to the rectangle."""
    found = []
    for step in range(1, int((width + height) / 7) + 1):
        reach = 7.0 * step
        left, right = max(0.0, reach - height), min(width, reach)
        ends = [(left, reach - left), (right, reach - right)]
        if not rising:
            ends = [(across, height - down) for across, down in ends]
        (x1, y1), (x2, y2) = [(x + across, y + down) for across, down in ends]
        found.append(f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}")
    return found
