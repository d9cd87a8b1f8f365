"""What the management plugin tells, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from genesys_workbench.broker import locate
from genesys_workbench.errors import BrokerError, BrokerRefused, BrokerUnreachable, SettingsError
from genesys_workbench.management import Management, QueueFigures
from genesys_workbench.settings import load_settings

BROKER = "amqp://bench:p%40ss@rabbit.example:5672/team%2Fone"
TOTALS = {"name": "q", "messages_ready": 4, "messages_unacknowledged": 2}
STATISTICS = {
    "publish_details": {"rate": 5.0},
    "deliver_get_details": {"rate": 4.5},
    "ack_details": {"rate": 4.0},
}

Answer = Callable[[httpx.Request], httpx.Response]


def asked(answer: Answer | httpx.Response, url: str = "http://rabbit.example:15672/") -> Management:
    handler = answer if callable(answer) else lambda _: answer
    return Management(url, broker_url=BROKER, transport=httpx.MockTransport(handler))


def test_the_figures_of_all_queues_come_by_name() -> None:
    with asked(httpx.Response(200, json=[TOTALS | {"message_stats": STATISTICS}])) as management:
        assert management.figures() == {"q": QueueFigures("q", 4, 2, 5.0, 4.5, 4.0)}


def test_without_statistics_the_rates_are_unknown() -> None:
    with asked(httpx.Response(200, json=[TOTALS])) as management:
        assert management.figures() == {"q": QueueFigures("q", 4, 2, None, None, None)}


def test_a_queue_whose_totals_are_not_known_yet_has_none() -> None:
    with asked(httpx.Response(200, json=[{"name": "q"}])) as management:
        assert management.figures()["q"] == QueueFigures("q", 0, 0, None, None, None)


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("http://rabbit.example:15672/", ("bench", "p@ss")),
        ("https://rabbit.example/mgmt", ("bench", "p@ss")),
        ("http://other:s%2Fcret@rabbit.example:15672", ("other", "s/cret")),
        ("http://other@rabbit.example:15672", ("other", "")),
    ],
)
def test_it_asks_for_the_brokers_virtual_host_as_its_user_or_another(
    url: str, user: tuple[str, str]
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[])

    with asked(answer, url) as management:
        assert management.figures() == {}
        assert management.user == user[0]
        assert "cret" not in f"{management!r}{management.url}"
    (request,) = seen
    assert request.url.raw_path.partition(b"?")[0].endswith(b"/api/queues/team%2Fone")
    proof = httpx.BasicAuth(*user)
    expected = next(proof.auth_flow(httpx.Request("GET", url))).headers["Authorization"]
    assert request.headers["Authorization"] == expected


def refuse(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refuse, BrokerUnreachable, "does not answer"),
        (httpx.Response(401), BrokerRefused, "refused the user"),
        (httpx.Response(404, json={"error": "Object Not Found"}), BrokerError, "status 404"),
        (httpx.Response(200, text="<html>"), BrokerError, "is not RabbitMQ's"),
        (httpx.Response(200, json={"a": 1}), BrokerError, "is not RabbitMQ's"),
        (httpx.Response(200, json=[{"x": 1}]), BrokerError, "is not RabbitMQ's"),
        (
            httpx.Response(200, json=[TOTALS | {"messages_ready": "many"}]),
            BrokerError,
            "is not RabbitMQ's",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_fix_and_without_the_password(
    answer: Any, kind: type[BrokerError], words: str
) -> None:
    with (
        asked(answer, "http://other:hunter2@rabbit.example/") as management,
        pytest.raises(kind, match=words) as caught,
    ):
        management.figures()
    assert caught.value.fix
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["rabbit.example:15672", "ftp://x/", "http://", "http://[::1"])
def test_a_url_that_is_none_is_a_setting_that_is_wrong(url: str) -> None:
    with pytest.raises(SettingsError, match="WORKBENCH_MANAGEMENT_URL"):
        Management(url, broker_url=BROKER)


def test_the_setting_belongs_to_a_broker_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_MANAGEMENT_URL", "http://u:hunter2@rabbit.example:15672/")
    settings = load_settings(broker_url=BROKER)
    assert locate(settings).management_url == "http://u:hunter2@rabbit.example:15672/"
    assert "hunter2" not in f"{settings!r}{locate(settings)!r}"
    assert locate(load_settings(broker_url="memory://")).management_url is None
