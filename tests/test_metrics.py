"""What receiver and worker count of each step, and what a scrape costs."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from genesys_workbench.errors import BrokerUnreachable, Forbidden, ServingError, SpoolFull
from genesys_workbench.metrics import Metrics
from genesys_workbench.metrics_port import FOLDER, MetricsPort
from genesys_workbench.receiver import PATH, create_app
from genesys_workbench.settings import Settings
from genesys_workbench.worker_metrics import WorkerMetrics
from tests.publishers import ScriptedPublisher

SEED = {"conversationId": "c-1", "timestamp": "2026-01-05T08:00:00Z"}
AWAY = BrokerUnreachable("away")

Samples = dict[tuple[str, str], float]


def read(text: str) -> Samples:
    """Return the samples by name and by the values of their labels."""
    return {
        (sample.name.removeprefix("workbench_"), ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(
    settings: Settings, publisher: ScriptedPublisher, *bodies: bytes, until: str = ""
) -> str:
    """Return what a receiver tells after it was sent these bodies, when it tells of `until`."""

    async def run() -> str:
        app = create_app(settings, publisher=publisher)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
                for body in bodies:
                    await client.post(PATH, content=body)
                async with asyncio.timeout(10):
                    while until not in (text := (await client.get("/metrics")).text):
                        await asyncio.sleep(0.01)
                return text

    return asyncio.run(run())


def seed(number: int) -> bytes:
    return b'{"conversationId":"c-%d"}' % number


def test_a_published_event_is_counted_at_each_step(settings: Settings) -> None:
    found = read(scraped(settings, ScriptedPublisher(), seed(1), seed(2)))
    assert found["deliveries_total", "202"] == 2
    assert found["events_total", "published"] == 2
    assert found["delivery_seconds_count", ""] == 2
    assert found["confirm_seconds_count", ""] == 2
    assert found["delivery_body_bytes_sum", ""] == 2 * len(seed(1))
    assert found["delivery_body_bytes_bucket", "256.0"] == 2
    assert (found["broker_ready", ""], found["spool_open", ""]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "malformed"),
        (b"{}", "no_event"),
        (b"x" * 2000, "too_large"),
    ],
)
def test_a_refused_delivery_is_counted_under_its_reason(
    settings: Settings, body: bytes, reason: str
) -> None:
    own = settings.model_copy(update={"max_body_bytes": 1000})
    found = read(scraped(own, ScriptedPublisher(), body))
    refused = {labels: n for (name, labels), n in found.items() if name == "refused_total"}
    assert refused == {reason: 1}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SpoolFull("x"), "spool_full"),
        (AWAY, "broker"),
        (Forbidden("x", status=403), "forbidden"),
        (ZeroDivisionError(), "unexpected"),
    ],
)
def test_a_delivery_that_was_good_is_counted_under_what_failed(
    error: Exception, reason: str
) -> None:
    metrics = Metrics()
    metrics.refuse(error)
    assert read(metrics.render().decode())["refused_total", reason] == 1


def test_a_full_spool_is_seen_before_and_when_it_refuses(settings: Settings) -> None:
    own = settings.model_copy(update={"spool_max_events": 1})
    publisher = ScriptedPublisher()
    publisher.error = AWAY
    found = read(scraped(own, publisher, seed(1), seed(2)))
    assert (found["spool_events", ""], found["spool_open", ""]) == (1, 0)
    assert found["events_total", "spooled"] == 1
    assert found["refused_total", "spool_full"] == 1
    assert found["deliveries_total", "503"] == 1


def test_a_spool_that_cannot_be_drained_is_counted(settings: Settings) -> None:
    publisher = ScriptedPublisher()
    publisher.error = AWAY
    found = read(scraped(settings, publisher, seed(1), until="spool_drain_failures_total{"))
    assert found["spool_drain_failures_total", "broker"] >= 1


def busy() -> Metrics:
    """Metrics with every series that there can be."""
    metrics = Metrics()
    metrics.watch(spooled=lambda: 1, spool_open=lambda: 1, ready=lambda: 1)
    for status in (202, 400, 401, 403, 404, 408, 413, 415, 422, 429, 431, 500, 503):
        metrics.deliveries.labels(status).inc()
    for reason in "malformed not_authentic slow too_large content_type no_event broker".split():
        metrics.refused.labels(reason).inc()
        metrics.drain_failures.labels(reason).inc()
    for way in ("published", "spooled"):
        getattr(metrics, way).inc()
    for each in (metrics.seconds, metrics.confirm_seconds, metrics.body_bytes):
        each.observe(1)
    return metrics


def test_a_scrape_with_all_series_takes_less_than_50_ms() -> None:
    metrics = busy()
    times = []
    for _ in range(20):
        started = time.perf_counter()
        metrics.render()
        times.append(time.perf_counter() - started)
    assert min(times) < 0.05


def test_each_name_has_our_prefix_and_a_help_text() -> None:
    families = list(text_string_to_metric_families(busy().render().decode()))
    assert len(families) >= 12
    assert all(each.name.startswith("workbench_") and each.documentation for each in families)


def test_two_workers_of_one_process_count_without_meeting(settings: Settings) -> None:
    before = list(REGISTRY.collect())
    for _ in range(2):
        metrics = WorkerMetrics()
        metrics.task("dead", "schema", 0.1)
        metrics.call(0, 0.1)
        metrics.record(0.1, 5.0)
        assert metrics._tasks.labels("dead", "schema")._value.get() == 1
    assert len(list(REGISTRY.collect())) == len(before)


def test_a_full_disk_costs_a_figure_and_not_the_task(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    metrics = WorkerMetrics()
    monkeypatch.setattr("genesys_workbench.worker_metrics._histogram", full)
    metrics.record(0.1, None)
    assert "No space left" in caplog.text


@pytest.fixture
def no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "")  # so that it is put back
    monkeypatch.delenv(FOLDER)


@pytest.mark.usefixtures("no_folder")
def test_a_port_that_is_taken_is_refused_with_the_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=f"127.0.0.1:{port}") as caught:
            MetricsPort("127.0.0.1", port)
    assert "WORKBENCH_METRICS_PORT" in caught.value.fix


@pytest.mark.usefixtures("no_folder")
def test_the_port_and_its_folder_go_with_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    port = MetricsPort("127.0.0.1", 0)
    folder = Path(os.environ[FOLDER])
    assert folder.stat().st_mode & 0o077 == 0, "others may not look in"
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: -1)  # as in a child process
        port.close()
        assert folder.exists()
    port.close()
    assert not folder.exists()
    with socket.create_server(("127.0.0.1", port.port)):
        pass
