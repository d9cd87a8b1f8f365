"""The notebooks that come with the package, by name, from any working directory.

They lie in ``notebooks/`` next to the package in a checkout, in ``_notebooks`` within it when
installed.
"""

from __future__ import annotations

from pathlib import Path

from .errors import SettingsError

__all__ = ["shipped_notebooks"]

_PACKAGE = Path(__file__).parent
_PLACES = (_PACKAGE / "_notebooks", _PACKAGE.parent / "notebooks")


def shipped_notebooks() -> dict[str, Path]:
    """Return the notebooks by name (without the suffix), sorted.

    Raises:
        SettingsError: They are not where they were installed.
    """
    for place in _PLACES:
        if found := sorted(place.glob("*.ipynb")):
            return {path.stem: path for path in found}
    raise SettingsError(
        "The notebooks are not where they were installed.",
        fix="install the package again: pip install --force-reinstall genesys-workbench",
    )
