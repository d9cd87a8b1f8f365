"""The doctor on credentials, hosts and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from genesys_workbench.auth import ClientCredentials
from genesys_workbench.client import GenesysClient
from genesys_workbench.doctor import Check
from genesys_workbench.errors import (
    Forbidden,
    NotFound,
    OAuthError,
    RateLimited,
    ServerError,
    Unreachable,
)
from tests.test_doctor import checks

LIVE = {"client_id": "id", "client_secret": "hunter2", "region": "eu_west_1"}
NOT_FOUND = NotFound("404", status=404, code="not.found")


class Platform:
    """What the token endpoint and the API answer."""

    def __init__(self) -> None:
        self.token: Exception | None = None
        self.calls: list[Exception] = [NOT_FOUND, NOT_FOUND]

    def request(self, method: str, path: str) -> Any:
        if self.calls:
            raise self.calls.pop(0)
        return {"entities": []}


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    answering = Platform()

    def token(_: ClientCredentials) -> None:
        if answering.token is not None:
            raise answering.token

    monkeypatch.setattr(ClientCredentials, "token", token)
    monkeypatch.setattr(
        GenesysClient, "request", lambda _, method, path: answering.request(method, path)
    )
    return answering


def test_on_a_fresh_computer_nothing_fails_and_each_warning_has_a_fix(platform: Platform) -> None:
    found = checks()
    assert {check.state for check in found.values()} <= {"ok", "warn"}
    assert all(check.fix for check in found.values() if check.state == "warn")
    assert list(found)[:3] == ["python", "settings", "organisation"]
    assert "a simulator is used, at http://127.0.0.1:8765" in found["organisation"].finding


def test_with_credentials_region_hosts_and_permissions_are_told(platform: Platform) -> None:
    found = checks(**LIVE)
    assert found["organisation"].finding == "live: region eu_west_1 (mypurecloud.ie)"
    assert found["credentials"].finding == "accepted by https://login.mypurecloud.ie"
    granted = [name for name, check in found.items() if check.finding == "granted"]
    assert granted == [
        "permission conversation:communication:view",
        "permission analytics:conversationDetail:view",
    ]


def test_refused_credentials_fail_and_nothing_more_is_asked(platform: Platform) -> None:
    platform.token = OAuthError("refused", fix="check id and secret", status=401)
    found = checks(**LIVE)
    assert found["credentials"] == Check("credentials", "fail", "refused", "check id and secret")
    assert len(platform.calls) == 2
    assert "hunter2" not in str(found)


def test_a_login_host_that_is_away_fails_with_its_name(platform: Platform) -> None:
    platform.token = Unreachable("no answer", fix="check the network")
    check = checks(**LIVE)["login host"]
    assert (check.state, check.fix) == ("fail", "check the network")
    assert check.finding == "https://login.mypurecloud.ie: no answer"


def test_a_simulator_that_does_not_run_is_only_a_warning(platform: Platform) -> None:
    platform.token = Unreachable("no answer")
    check = checks()["login host"]
    assert (check.state, check.finding) == (
        "warn",
        "no simulator answers at http://127.0.0.1:8765",
    )
    assert check.fix.startswith("start it: genesys-workbench simulate")


def test_a_missing_permission_fails_and_the_next_is_asked_all_the_same(platform: Platform) -> None:
    fix = "add conversation:communication:view to a role of the client"
    platform.calls = [Forbidden("403", fix=fix, status=403), NOT_FOUND]
    found = checks(**LIVE)
    missing = found["permission conversation:communication:view"]
    assert (missing.state, missing.fix) == ("fail", fix)
    assert found["permission analytics:conversationDetail:view"].state == "ok"


def test_the_outlets_that_are_open_name_the_next_command(platform: Platform) -> None:
    found = checks(**LIVE)
    assert found["outlet laptop"] == Check(
        "outlet laptop", "ok", "genesys-workbench listen --queue NAME"
    )
    assert "outlets trigger" in found["outlet architect"].finding
    assert "outlets eventbridge" in found["outlet aws"].finding


def test_an_outlet_whose_permission_is_missing_is_a_warning_with_the_fix(
    platform: Platform,
) -> None:
    fix = "add routing:queue:view to a role of the client"
    platform.calls += [Forbidden("403", fix=fix, status=403)]
    found = checks(**LIVE)
    assert (found["outlet laptop"].state, found["outlet laptop"].fix) == ("warn", fix)
    assert found["outlet architect"].state == "ok"


@pytest.mark.parametrize("error", [ServerError("503", status=503), RateLimited("429", status=429)])
def test_an_api_that_does_not_answer_well_fails_once(platform: Platform, error: Exception) -> None:
    platform.calls = [error]
    check = checks(**LIVE)["api host"]
    assert check.state == "fail"
    assert check.finding.startswith("https://api.mypurecloud.ie: ")


def test_a_host_that_is_not_genesys_cloud_is_recognised(platform: Platform) -> None:
    platform.calls = [NotFound("404", status=404)]
    check = checks(api_url_override="http://127.0.0.1:9", login_url_override="http://127.0.0.1:9")
    assert check["api host"].state == "fail"
    assert check["api host"].fix == "check GENESYS_CLOUD_API_URL"


def test_a_malformed_api_url_is_a_check_that_fails() -> None:
    check = checks(api_url_override="nonsense")["login host"]
    assert (check.state, bool(check.fix)) == ("fail", True)
