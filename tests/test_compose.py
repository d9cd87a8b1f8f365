"""compose.yaml, as far as it can be proven without an engine."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import pytest
import typer.main

from genesys_workbench.cli import app
from genesys_workbench.settings import Settings
from tests.compose import ROOT, SECRETS, compose, filled, services

OURS = {"simulator", "receiver", "worker", "lab", "flower"}
NAMES = sorted(compose()["services"])
DOCKERFILE: str = compose()["x-workbench"]["build"]["dockerfile_inline"]


def settings_of(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in service["environment"].items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


def test_there_is_a_service_for_each_part() -> None:
    assert set(NAMES) == {"rabbitmq", "postgres", *OURS}
    assert [name for name in NAMES if "profiles" in compose()["services"][name]] == ["flower"]


@pytest.mark.parametrize("name", NAMES)
def test_only_this_computer_reaches_a_published_port(name: str) -> None:
    ports = services()[name].get("ports", [])
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_without_a_password_nothing_starts(name: str) -> None:
    given = {other: value for other, value in SECRETS.items() if other != name}
    with pytest.raises(KeyError, match=name):
        filled(compose()["services"], given)
    assert f"# {name}=\n" in (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_written_in_the_file(name: str) -> None:
    for key, value in compose()["services"][name]["environment"].items():
        if re.search(r"PASS|SECRET|TOKEN", key):
            assert re.fullmatch(r"\$\{\w+:(\?set it in \.env|-)\}", value), key
        for password in re.findall(r"\w+:([^@/]*)@", value):
            assert re.fullmatch(r"\$\{\w+:\?set it in \.env\}", password), key


@pytest.mark.parametrize("name", NAMES)
def test_each_service_is_watched_restarted_and_given_time_to_end(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert "stop_grace_period" in service
    assert re.search(r":(?!latest)\S+$", service["image"])


def test_each_service_waits_until_those_it_needs_are_healthy() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in services().items()}
    assert {name: sorted(needed) for name, needed in needs.items() if needed} == {
        "receiver": ["rabbitmq"],
        "worker": ["postgres", "rabbitmq", "simulator"],
        "lab": ["receiver", "worker"],
        "flower": ["rabbitmq"],
    }
    conditions = {each["condition"] for needed in needs.values() for each in needed.values()}
    assert conditions == {"service_healthy"}


def test_each_volume_is_declared() -> None:
    named = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    }
    assert named == set(compose()["volumes"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_may_do_little(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(OURS - {"flower"}))
def test_our_commands_are_those_that_there_are(name: str) -> None:
    command, *options = services()[name]["command"]
    group: Any = typer.main.get_command(app)
    assert command in group.commands
    group.commands[command].make_context(command, list(options))


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_settings_are_those_that_there_are(name: str) -> None:
    known = {str(f.validation_alias or f"WORKBENCH_{n.upper()}") for n, f in _fields()}
    given = {
        key
        for key in services()[name]["environment"]
        if key.startswith(("WORKBENCH_", "GENESYS_CLOUD_"))
    }
    assert given - known == set()


def _fields() -> Any:
    return Settings.model_fields.items()


def test_the_parts_find_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(services()["worker"], monkeypatch)
    assert settings.broker_url is not None
    assert settings.broker_url.get_secret_value() == "amqp://workbench:rabbit5@rabbitmq:5672/"
    assert settings.store_url == "postgresql+psycopg://workbench:post6@postgres/workbench"
    assert settings.api_url == "http://simulator:8765"
    assert not settings.live
    assert settings.webhook_secret is None


def test_an_organisation_needs_only_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = services(
        GENESYS_CLOUD_CLIENT_ID="id",
        GENESYS_CLOUD_CLIENT_SECRET="secret",
        GENESYS_CLOUD_REGION="eu_west_1",
        GENESYS_CLOUD_API_URL="",
    )["worker"]
    settings = settings_of(worker, monkeypatch)
    assert settings.live
    assert settings.api_url == "https://api.mypurecloud.ie"


def test_the_image_is_made_of_what_there_is_and_does_not_run_as_root() -> None:
    lines = [line.split() for line in DOCKERFILE.splitlines()]
    copied = [path for line in lines if line[0] == "COPY" for path in line[1:-1]]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert {"genesys_workbench", "data", "notebooks"} <= set(copied)
    assert [line[1] for line in lines if line[0] == "USER"] == ["bench"]
    extras = re.search(r"\"\.\[(.*?)\]\"", DOCKERFILE)
    assert extras is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras[1].split(",")) <= project["optional-dependencies"].keys()


def test_the_commands_in_its_head_are_those_that_there_are() -> None:
    head = (ROOT / "compose.yaml").read_text().partition("\nname:")[0]
    inside = re.findall(r"exec receiver genesys-workbench (.*)", head)
    group: Any = typer.main.get_command(app)
    for command, *options in map(shlex.split, inside):
        group.commands[command].make_context(command, options)
    assert len(inside) == 2
