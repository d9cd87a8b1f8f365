"""What people look at: pictures that stand still, and panels that live.

The names load on first use: a picture needs no widgets, and most programs need no picture. Each
module has another name than what it gives, or importing it would hide the function behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bar_charts import bars
    from .json_trees import json_tree
    from .line_charts import lines
    from .live import live_panel
    from .payloads import payload_browser
    from .picture import Picture
    from .queues import queue_panel
    from .tables import checks, table
    from .timelines import timeline
    from .ways import way
    from .wires import wire

__all__ = [
    "Picture",
    "bars",
    "checks",
    "json_tree",
    "lines",
    "live_panel",
    "payload_browser",
    "queue_panel",
    "table",
    "timeline",
    "way",
    "wire",
]

_HOMES = {
    "Picture": "picture",
    "bars": "bar_charts",
    "checks": "tables",
    "json_tree": "json_trees",
    "lines": "line_charts",
    "live_panel": "live",
    "payload_browser": "payloads",
    "queue_panel": "queues",
    "table": "tables",
    "timeline": "timelines",
    "way": "ways",
    "wire": "wires",
}

if not TYPE_CHECKING:  # type checkers would take any name for an attribute

    def __getattr__(name: str) -> object:
        """Load a public name from its module and keep it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, those that are not loaded yet included."""
    return sorted({*globals(), *__all__})
