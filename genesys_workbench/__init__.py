"""Genesys Workbench: Genesys Cloud conversation events, from the webhook to a table.

The public names load on first use, so that ``import genesys_workbench`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .auth import ClientCredentials
    from .client import GenesysClient
    from .errors import WorkbenchError
    from .events import ConversationEvent, parse_events
    from .publisher import Publisher
    from .receiver import Receiver
    from .settings import Settings, load_settings
    from .simulator.server import Simulator
    from .store import Store
    from .workbench import Workbench

    __version__: str

__all__ = [
    "ClientCredentials",
    "ConversationEvent",
    "GenesysClient",
    "Publisher",
    "Receiver",
    "Settings",
    "Simulator",
    "Store",
    "Workbench",
    "WorkbenchError",
    "__version__",
    "load_settings",
    "parse_events",
]

_HOMES = {
    "ClientCredentials": "auth",
    "ConversationEvent": "events",
    "GenesysClient": "client",
    "Publisher": "publisher",
    "Receiver": "receiver",
    "Settings": "settings",
    "Simulator": "simulator.server",
    "Store": "store",
    "Workbench": "workbench",
    "WorkbenchError": "errors",
    "load_settings": "settings",
    "parse_events": "events",
}

if not TYPE_CHECKING:  # type checkers would take any name for an attribute

    def __getattr__(name: str) -> object:
        """Load a public name from its module and keep it."""
        if name == "__version__":
            from importlib.metadata import version

            value = version("genesys-workbench")
        elif name in _HOMES:
            from importlib import import_module

            value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, those that are not loaded yet included."""
    return sorted({*globals(), *__all__})
