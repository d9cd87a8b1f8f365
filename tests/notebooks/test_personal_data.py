"""No committed notebook shows personal data that is not masked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genesys_workbench import samples
from tests.notebooks.personal import personal_values, revealed

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_reveals_nobody(path: Path) -> None:
    assert revealed(path.read_text("utf-8")) == []


def test_the_search_finds_who_is_in_a_conversation() -> None:
    body = json.dumps(samples.load("conversations/rest/voice-transfer.json"))
    found = revealed(body)
    assert len([each for each in found if " " in each]) >= 2, "customer and agent by name"
    assert any("+" in each for each in found), "the customer's number"


def test_the_search_knows_names_numbers_addresses_and_attributes() -> None:
    values = personal_values()
    assert {"Ada Applethorn", "ada.applethorn@example.org"} <= values
    assert any(value.startswith("+44") for value in values)
    assert len(values) > 400
