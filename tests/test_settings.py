"""Settings, regions, and what must not show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.settings import (
    REGIONS,
    Settings,
    hide_password,
    load_settings,
    region_domain,
)

SECRET = "canary-secret-value"


def test_there_are_18_regions_and_each_is_known_by_name_and_domain() -> None:
    assert len(REGIONS) == 18
    for name, domain in REGIONS.items():
        for spelling in (name, name.replace("_", "-"), name.upper(), domain, f"api.{domain}"):
            assert region_domain(spelling) == domain


def test_an_unknown_region_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"mars_1.*not a Genesys Cloud region") as caught:
        region_domain("mars_1")
    assert all(name in caught.value.fix for name in REGIONS)


def test_without_credentials_everything_is_simulated() -> None:
    settings = load_settings()
    assert not settings.live
    assert settings.api_url == settings.login_url == "http://127.0.0.1:8765"
    assert settings.credentials[0] == "demo"


def test_with_credentials_the_hosts_follow_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_ID", "id")
    monkeypatch.setenv("GENESYS_CLOUD_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("GENESYS_CLOUD_REGION", "eu-west-1")
    settings = load_settings()
    assert settings.live
    assert settings.api_url == "https://api.mypurecloud.ie"
    assert settings.login_url == "https://login.mypurecloud.ie"


def test_both_hosts_can_be_overridden() -> None:
    settings = load_settings(
        client_id="id",
        client_secret=SECRET,
        api_url_override="https://gateway.example.com/api/",
        login_url_override="https://gateway.example.com/login/",
    )
    assert settings.api_url == "https://gateway.example.com/api"
    assert settings.login_url == "https://gateway.example.com/login"


def test_an_id_without_a_secret_is_an_error_and_not_a_simulation() -> None:
    with pytest.raises(SettingsError, match="GENESYS_CLOUD_CLIENT_SECRET must be set together"):
        load_settings(client_id="id")


@pytest.mark.parametrize(
    ("name", "value", "variable"),
    [
        ("WORKBENCH_PORT", "many", "WORKBENCH_PORT"),
        ("WORKBENCH_PORT", "70000", "WORKBENCH_PORT"),
        ("WORKBENCH_ENRICH", "sometimes", "WORKBENCH_ENRICH"),
        ("WORKBENCH_WEBHOOK_AUTH", "header,magic", "WORKBENCH_WEBHOOK_AUTH"),
        ("GENESYS_CLOUD_REGION", "mars", "GENESYS_CLOUD_REGION"),
        ("WORKBENCH_LOG_LEVEL", "loud", "WORKBENCH_LOG_LEVEL"),
    ],
)
def test_a_malformed_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, variable: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=variable):
        load_settings()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_BROKER_URL", "")
    assert load_settings().broker_url is None


def test_secrets_and_passwords_do_not_show() -> None:
    settings = load_settings(
        client_id="id",
        client_secret=SECRET,
        webhook_secret=SECRET,
        broker_url=f"amqp://user:{SECRET}@host/",
        database_url=f"postgresql://user:{SECRET}@host/db",
    )
    assert SECRET not in repr(settings) + str(settings)


def test_a_database_url_shows_no_password_as_a_local_variable() -> None:
    url = load_settings(database_url=f"postgresql://user:{SECRET}@host/db").store_url
    assert SECRET in url
    assert SECRET not in repr(url)


def test_a_malformed_secret_does_not_show_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(port=SECRET)
    assert SECRET not in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://u:p%40ss@h:5672/v", "amqp://u:***@h:5672/v"),
        ("amqp://h/", "amqp://h/"),
        ("amqp://[broken", "<malformed URL>"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert hide_password(url) == shown


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgresql_url_gets_the_installed_driver(scheme: str) -> None:
    settings = load_settings(database_url=f"{scheme}://u:p@h/d")
    assert settings.store_url == "postgresql+psycopg://u:p@h/d"


def test_the_environment_for_a_worker_reads_back_to_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = load_settings(
        client_id="id",
        client_secret=SECRET,
        region="eu_west_1",
        broker_url="amqp://u:p@h/",
        webhook_auth="hub",
        spool_path=tmp_path / "s.db",
        enrich="off",
    )
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == given


def test_every_setting_is_in_the_example_file_and_nothing_else() -> None:
    text = (Path(__file__).resolve().parents[1] / ".env.example").read_text()
    named = set(re.findall(r"^# ((?:WORKBENCH|GENESYS_CLOUD)_[A-Z_]+)=", text, re.MULTILINE))
    fields = Settings.model_fields.items()
    assert named == {str(f.validation_alias or f"WORKBENCH_{n.upper()}") for n, f in fields}
