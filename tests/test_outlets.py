"""What a real organisation offers instead of webhooks."""

from __future__ import annotations

import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.outlets import OUTLETS, outlet_for


@pytest.mark.parametrize(
    ("have", "name"),
    [
        ("aws", "Amazon EventBridge integration"),
        ("architect", "Process Automation trigger"),
        ("laptop", "Notifications WebSocket"),
    ],
)
def test_an_outlet_is_found_by_what_one_has(have: str, name: str) -> None:
    assert outlet_for(have).name == name


def test_an_unknown_possession_lists_the_known() -> None:
    with pytest.raises(SettingsError, match="'azure'") as caught:
        outlet_for("azure")
    assert caught.value.fix == "one of: aws, architect, laptop"


def test_steps_are_numbered_from_one() -> None:
    rows = outlet_for("aws").todo()
    assert [row["step"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert "WORKBENCH_WEBHOOK_SECRET" in rows[-1]["what to do"]


def test_a_row_tells_what_is_needed_and_what_happens_to_missed_events() -> None:
    assert {tuple(outlet.row()) for outlet in OUTLETS} == {
        ("you have", "outlet", "needs", "while the receiver is away", "in this workbench")
    }
    assert all(all(outlet.row().values()) for outlet in OUTLETS)


def test_the_laptops_outlet_names_the_command() -> None:
    assert any("genesys-workbench listen --queue" in step for step in outlet_for("laptop").steps)
