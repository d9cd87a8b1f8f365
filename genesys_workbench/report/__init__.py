"""The conversation report: what a contact centre's day was like, in figures.

`read` takes conversations of a period from the simulator, the database, an export file or a real
organisation; `figures` derives the numbers from the frames.
"""

from __future__ import annotations

from .measuring import figures
from .results import Figures
from .sources import SOURCES, Source, read

__all__ = ["SOURCES", "Figures", "Source", "figures", "read"]
