"""The notebooks that come with the package are found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesys_workbench import shipped
from genesys_workbench.errors import SettingsError

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def test_a_checkout_has_its_own_notebooks_by_name() -> None:
    found = shipped.shipped_notebooks()
    assert found["00_start_here"] == NOTEBOOKS / "00_start_here.ipynb"
    assert set(found.values()) == set(NOTEBOOKS.glob("*.ipynb"))
    assert list(found) == sorted(found)


def test_those_of_an_installed_wheel_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only.ipynb").write_text("{}")
    monkeypatch.setattr(shipped, "_PLACES", (tmp_path, NOTEBOOKS))
    assert shipped.shipped_notebooks() == {"only": tmp_path / "only.ipynb"}


def test_missing_notebooks_are_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_PLACES", (tmp_path,))
    with pytest.raises(SettingsError, match="pip install"):
        shipped.shipped_notebooks()
