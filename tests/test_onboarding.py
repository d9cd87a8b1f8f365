"""From credentials to the first event: settings, region, token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesys_workbench.errors import OAuthError
from genesys_workbench.onboarding import first_settings, found_settings, organisation
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.server import Simulator


@pytest.fixture
def elsewhere() -> Iterator[Simulator]:
    """An organisation, as far as the settings know."""
    with Simulator(conversations=5, credentials=("canary-id", "canary-secret")) as running:
        yield running


def live(api_url: str, monkeypatch: pytest.MonkeyPatch, secret: str = "canary-secret") -> Settings:
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_ID", "canary-id")
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_SECRET", secret)
    monkeypatch.setenv("GENESYS_CLOUD_REGION", "eu_west_1")
    monkeypatch.setenv("GENESYS_CLOUD_API_URL", api_url)
    return load_settings()


def test_settings_are_told_by_name_never_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", "canary-hook")
    rows = found_settings(live("https://canary.example", monkeypatch))
    found = {row["setting"]: row["found"] for row in rows}
    assert found["GENESYS_CLOUD_CLIENT_SECRET"] == found["WORKBENCH_WEBHOOK_SECRET"] == "set"
    assert found["WORKBENCH_DATABASE_URL"] == "not set"
    assert "canary" not in str(rows)


def test_without_credentials_nothing_of_the_user_is_touched(tmp_path: Path) -> None:
    settings = first_settings(str(tmp_path), broker="memory://")
    assert (settings.data_dir, settings.port) == (tmp_path, 0)
    assert settings.webhook_secret is not None
    assert settings.webhook_secret != first_settings(str(tmp_path)).webhook_secret


def test_with_credentials_the_settings_are_those_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = live("https://gateway.example", monkeypatch)
    settings = first_settings(str(tmp_path / "unused"))
    assert settings == own
    assert settings.webhook_secret is None


def test_a_token_is_told_by_its_life_never_by_its_text(
    elsewhere: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = organisation(live(elsewhere.url, monkeypatch))
    assert facts == {
        "organisation": "live",
        "region": "eu_west_1",
        "its API host": "api.mypurecloud.ie",
        "its login host": "login.mypurecloud.ie",
        "asked now": "the host of GENESYS_CLOUD_API_URL",
        "token": "**********",
        "valid for": "24.0 hours",
    }


def test_a_wrong_secret_stops_with_the_fix(
    elsewhere: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OAuthError, match="the client secret is wrong") as caught:
        organisation(live(elsewhere.url, monkeypatch, secret="another"))
    assert "genesys-workbench doctor" in caught.value.fix
