"""The doctor: each check's three states, and a fix wherever something is to be done."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_workbench import doctor
from genesys_workbench.broker import Broker
from genesys_workbench.doctor import Check, check_all
from genesys_workbench.errors import (
    BrokerUnreachable,
    TopologyError,
)
from genesys_workbench.messages import encode
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.spool import Spool
from tests.store_fakes import START, detail


def checks(**changes: Any) -> dict[str, Check]:
    settings = load_settings(**{"port": 0, "broker_url": "memory://"} | changes)
    return {check.name: check for check in check_all(settings, environment={})}


def test_a_finding_is_json_with_four_fields() -> None:
    told = Check("python", "ok", "3.11").as_json()
    assert json.loads(json.dumps(told)) == {
        "name": "python",
        "state": "ok",
        "finding": "3.11",
        "fix": "",
    }


def test_without_enrichment_the_api_is_not_needed() -> None:
    assert checks(enrich="off")["credentials"].state == "ok"


def test_misspelt_settings_are_found_and_guessed() -> None:
    environment = {
        "WORKBENCH_BROKERURL": "amqp://u:hunter2@h/",
        "GENESYS_CLOUD_REGION": "eu_west_1",
        "PATH": "/bin",
    }
    found = {check.name: check for check in check_all(_off(), environment=environment)}
    assert found["settings"] == Check(
        "settings",
        "warn",
        "no setting is called WORKBENCH_BROKERURL",
        "did you mean WORKBENCH_BROKER_URL?",
    )
    assert "hunter2" not in str(found)


def test_a_name_like_no_other_points_to_the_example() -> None:
    environment = {"WORKBENCH_QQQ": "1"}
    found = {check.name: check for check in check_all(_off(), environment=environment)}
    assert ".env.example" in found["settings"].fix


def test_an_env_file_that_is_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"WORKBENCH_PORT": "1", "genesys_cloud_region": "eu_west_1"}
    for text, told in (
        (None, "2 of the environment"),
        ("", "2 of the environment, .env in this folder"),
    ):
        if text is not None:
            (tmp_path / ".env").write_text(text)
        found = {check.name: check for check in check_all(_off(), environment=environment)}
        assert found["settings"] == Check("settings", "ok", told)


def _off() -> Settings:
    return load_settings(port=0, broker_url="memory://", enrich="off")


def broker_check(
    monkeypatch: pytest.MonkeyPatch, check: Callable[..., None], url: str = "amqp://u:hunter2@h/"
) -> Check:
    monkeypatch.setattr(doctor, "check_topology", check)
    return checks(enrich="off", broker_url=url)["broker"]


def raising(error: Exception) -> Callable[..., None]:
    def check(*_: object) -> None:
        raise error

    return check


def test_a_broker_that_takes_and_gives_is_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    check = broker_check(monkeypatch, lambda *_: None)
    assert (check.state, check.finding) == ("ok", "amqp://u:***@h/ takes and gives messages")


def test_a_broker_that_is_away_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    check = broker_check(monkeypatch, raising(BrokerUnreachable("away", fix="start it")))
    assert check == Check("broker", "fail", "away", "start it")


def test_missing_queues_fail_with_the_command_that_makes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = broker_check(monkeypatch, raising(TopologyError("no queue")))
    assert check == Check("broker", "fail", "no queue", "genesys-workbench queue setup")


def test_an_unknown_kind_of_broker_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    check = broker_check(monkeypatch, lambda *_: None, "http://u:hunter2@h/")
    assert check.state == "fail"
    assert "hunter2" not in str(check)


def test_a_private_node_that_does_not_run_yet_is_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "locate", lambda _: Broker("local", None, "a private node"))
    check = broker_check(monkeypatch, raising(AssertionError()), "local")
    assert check.state == "ok"
    assert "it starts with the receiver or the worker" in check.finding


def test_a_database_that_cannot_be_used_fails_without_its_password() -> None:
    found = checks(enrich="off", database_url="postgresql://u:hunter2@127.0.0.1:1/x")
    assert (found["database"].state, bool(found["database"].fix)) == ("fail", True)
    assert "hunter2" not in str(found)


def test_a_database_that_is_there_tells_how_much_it_holds() -> None:
    assert checks(enrich="off")["database"].finding.endswith("workbench.db: 0 events")


def test_a_spool_that_is_off_or_not_empty_is_a_warning() -> None:
    off = checks(enrich="off", spool_max_events=0)["spool"]
    assert (off.state, bool(off.fix)) == ("warn", True)
    assert checks(enrich="off")["spool"].state == "ok"
    settings = load_settings()
    spool = Spool(settings.spool_file, max_events=10)
    message = encode(detail("e1"), received_at=START)
    spool.add([(message, "digest")]).result(10)
    spool.close()
    waiting = checks(enrich="off")["spool"]
    assert (waiting.state, "1 events wait" in waiting.finding) == ("warn", True)
    assert "genesys-workbench receive" in waiting.fix


def test_a_spool_without_a_place_fails(tmp_path: Path) -> None:
    check = checks(enrich="off", spool_path=Path("/dev/null/spool.db"))["spool"]
    assert (check.state, bool(check.fix)) == ("fail", True)


def test_a_free_port_is_ok_and_a_taken_one_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks(enrich="off")["receiver port"].finding == "127.0.0.1:0 is free"

    def silent(*_: object, **__: object) -> None:
        raise httpx.ReadTimeout("no answer")

    monkeypatch.setattr(httpx, "get", silent)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        check = checks(enrich="off", port=port)["receiver port"]
    assert (check.state, check.fix) == (
        "warn",
        "stop what uses it, or set WORKBENCH_PORT to a free one",
    )


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (httpx.Response(503, json={"broker": "away", "spooled": 2}), "ok"),
        (httpx.Response(200, json={"hello": "world"}), "warn"),
        (httpx.Response(200, json=[]), "warn"),
        (httpx.Response(200, text="<html>"), "warn"),
    ],
)
def test_a_receiver_of_ours_on_the_port_is_told_from_another_program(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, state: str
) -> None:
    monkeypatch.setattr(httpx, "get", lambda *_, **__: answer)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        check = checks(enrich="off", port=port)["receiver port"]
    assert check.state == state
    assert ("a receiver runs at" in check.finding) == (state == "ok")


def test_a_secret_is_what_makes_deliveries_authentic() -> None:
    assert checks(enrich="off")["authenticity"].state == "warn"
    assert checks(enrich="off", webhook_secret="hunter2" * 3)["authenticity"].state == "ok"


@pytest.mark.parametrize("short", ["webhook_secret", "webhook_secret_previous"])
def test_a_secret_that_can_be_guessed_is_a_warning_with_the_command_for_a_better_one(
    short: str,
) -> None:
    found = checks(**{"enrich": "off", "webhook_secret": "hunter2" * 3, short: "hunter2"})
    check = found["authenticity"]
    assert (check.state, "token_urlsafe" in check.fix) == ("warn", True)
    assert "hunter2" not in str(found)


def test_missing_notebook_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert checks(enrich="off")["widgets"].fix == "pip install jupyterlab ipywidgets"
    monkeypatch.setattr(doctor, "find_spec", lambda name: name)
    assert checks(enrich="off")["widgets"].state == "ok"
