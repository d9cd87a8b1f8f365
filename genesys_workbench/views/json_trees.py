"""JSON as a tree that opens and closes, without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .figures import plain_picture
from .picture import Picture
from .svg import Markup, el

__all__ = ["json_tree"]

_LONGEST = 120
_MOST_CHILDREN = 100
_MOST_NODES = 2000
_DEEPEST = 40
_TEXT_LINES = 40


def json_tree(value: Any, *, title: str = "", depth: int = 2) -> Picture:
    """Show a JSON value as a tree; it is shown as it is, so mask what is personal before.

    Args:
        value: Anything that JSON can hold; what it cannot is shown as text.
        title: Above the tree.
        depth: How many levels are open at first.
    """
    tree = el("div", _Tree(depth).node(None, value, 0), class_="t")
    return plain_picture(title, tree, text="\n".join(_text(value)))


class _Tree:
    """The nodes of one tree, of which there are not more than a page can bear."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._left = _MOST_NODES

    def node(self, key: str | None, value: Any, level: int) -> Markup:
        self._left -= 1
        name = [el("b", key), ": "] if key is not None else []
        if not _is_branch(value) or not value or level >= _DEEPEST:
            return el("div", name, _leaf(value), class_="l")
        head = el("summary", name, el("small", _size(value)))
        return el("details", head, *self._children(value, level), open=level < self._depth)

    def _children(self, value: Any, level: int) -> Iterator[Markup]:
        shown = 0
        for key, item in islice(_items(value), _MOST_CHILDREN):
            if self._left <= 0:
                break
            shown += 1
            yield self.node(key, item, level + 1)
        if shown < len(value):
            yield el("div", el("small", f"… {len(value) - shown:,} more"), class_="l")


def _is_branch(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _items(value: Mapping[Any, Any] | Sequence[Any]) -> Iterator[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    return ((str(key), item) for key, item in pairs)


def _size(value: Any) -> str:
    number = len(value)
    word = ("key" if isinstance(value, Mapping) else "item") + "s" * (number != 1)
    return f"{{{number:,} {word}}}" if isinstance(value, Mapping) else f"[{number:,} {word}]"


def _leaf(value: Any) -> Markup:
    """Show a value: texts in quotes, the words of JSON leaning, all with the name of their type."""
    kind, text = _kind(value)
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    told = kind if cut == text else f"{kind} of {len(text):,} characters: {text}"
    shown = f"“{cut}”" if kind == "text" else cut
    return el("span", shown, class_=kind.split()[0], title=told)


def _kind(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return "text", value
    if value is None or isinstance(value, bool):
        return "word", json.dumps(value)
    if isinstance(value, int | float):
        return "number", str(value)
    if _is_branch(value):
        return "value", json.dumps(value, default=str)[:_LONGEST] if value else _size(value)
    return "text", str(value)


def _text(value: Any) -> Iterator[str]:
    lines = json.dumps(value, indent=1, ensure_ascii=False, default=str).splitlines()
    yield from lines[:_TEXT_LINES]
    if len(lines) > _TEXT_LINES:
        yield f"… {len(lines) - _TEXT_LINES:,} more lines"
