"""The past by queries and jobs: each conversation once, whatever ends the walk in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench import backfill as module
from genesys_workbench.backfill import Progress, backfill, days_of
from genesys_workbench.checkpoint import Checkpoint
from genesys_workbench.client import GenesysClient
from genesys_workbench.detail_jobs import data_available_until, job_results
from genesys_workbench.errors import Forbidden, JobFailed, SettingsError
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.shells import BENCH, Shell
from tests.integration.workers import wait_until

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
END = START + timedelta(days=8)


class Clock:
    """Monotonic seconds that go on when somebody sleeps."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(clock: Clock) -> Iterator[Simulator]:
    with Simulator(conversations=600, gap=600, rate_limit=100_000, clock=clock) as sim:
        yield sim


@pytest.fixture
def client(sim: Simulator) -> Iterator[GenesysClient]:
    settings = load_settings(genesys_cloud_api_url=sim.url, genesys_cloud_login_url=sim.url)
    with GenesysClient.from_settings(settings, attempts=1) as client:
        yield client


def wanted(sim: Simulator, since: datetime = START, until: datetime = END) -> list[str]:
    return sorted(one.id for one in sim.world.conversations if since <= one.start < until)


def ids(found: Any) -> list[str]:
    return sorted(one["conversationId"] for one in found)


@pytest.mark.parametrize("via", ["auto", "jobs", "query"])
def test_each_conversation_comes_once(
    client: GenesysClient, sim: Simulator, clock: Clock, via: Any
) -> None:
    assert ids(backfill(client, START, END, via=via, sleep=clock.sleep)) == wanted(sim)


def test_jobs_know_the_attributes_and_queries_do_not(client: GenesysClient, clock: Clock) -> None:
    def attributes(via: Any) -> int:
        found = backfill(client, START, END, via=via, sleep=clock.sleep)
        return sum("attributes" in person for one in found for person in one["participants"])

    assert attributes("jobs") > 0
    assert attributes("query") == 0


def test_the_ends_are_kept_to_the_moment(client: GenesysClient, sim: Simulator) -> None:
    since, until = START + timedelta(hours=5, minutes=7), START + timedelta(days=2, hours=1)
    found = ids(backfill(client, since, until, via="query"))
    assert found == wanted(sim, since, until)
    assert days_of(since, until)[0] == (since, datetime(2026, 1, 6, tzinfo=UTC))


def test_what_jobs_do_not_know_yet_is_read_by_queries(clock: Clock) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    with Simulator(
        conversations=300, gap=400, start=start, rate_limit=10_000, job_lag=40 * 3600, clock=clock
    ) as sim:
        settings = load_settings(genesys_cloud_api_url=sim.url, genesys_cloud_login_url=sim.url)
        with GenesysClient.from_settings(settings, attempts=1) as client:
            assert data_available_until(client) < datetime.now(UTC) - timedelta(hours=39)
            now = datetime.now(UTC)
            assert ids(backfill(client, start, now, sleep=clock.sleep)) == wanted(sim, start, now)
        assert sim.requests["jobs"] > 0
        assert sim.requests["details_query"] > 0


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "EXPIRED"])
def test_a_job_without_results_is_an_error_or_read_otherwise(
    client: GenesysClient, sim: Simulator, clock: Clock, state: str
) -> None:
    sim.end_jobs(state)
    with pytest.raises(JobFailed, match=state):
        list(backfill(client, START, END, via="jobs", sleep=clock.sleep))
    assert ids(backfill(client, START, END, sleep=clock.sleep)) == wanted(sim)


def test_a_job_that_does_not_end_is_given_up(client: GenesysClient, clock: Clock) -> None:
    waited = Clock()
    with pytest.raises(JobFailed, match="still QUEUED"):
        list(job_results(client, "2026-01-05/2026-01-06", sleep=waited.sleep, clock=waited))


def test_more_than_a_query_tells_is_read_in_halves(
    client: GenesysClient, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RESULTS", 30)
    asked = client.query_details
    monkeypatch.setattr(client, "query_details", lambda span: islice(asked(span), 30))
    assert ids(backfill(client, START, END, via="query")) == wanted(sim)


def test_left_in_between_it_goes_on_with_the_days_that_are_missing(
    client: GenesysClient, sim: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "folder" / "checkpoint.json"
    walk = backfill(client, START, END, via="query", checkpoint=Checkpoint(path), parallel=1)
    first = ids(islice(walk, len(wanted(sim)) // 2))
    walk.close()
    done = Checkpoint(path)
    assert 0 < len(done) < 9
    calls = sim.requests["details_query"]
    second = ids(backfill(client, START, END, via="query", checkpoint=done))
    assert sorted({*first, *second}) == wanted(sim)
    assert len(second) < len(wanted(sim))
    assert sim.requests["details_query"] - calls < 9 * 3
    assert list(backfill(client, START, END, via="query", checkpoint=done)) == []


def test_progress_is_told(client: GenesysClient, sim: Simulator) -> None:
    told: list[Progress] = []
    list(backfill(client, START, END, via="query", on_progress=told.append))
    assert told[-1] == Progress(days_done=9, days=9, conversations=len(wanted(sim)))


def test_a_refused_day_ends_the_walk_with_its_cause(client: GenesysClient, sim: Simulator) -> None:
    sim.faults.add(Fault("details_query", status=403))
    with pytest.raises(Forbidden):
        list(backfill(client, START, END, via="query"))


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(SettingsError, match="no checkpoint"):
        Checkpoint(tmp_path / "x.json")


def test_killed_the_command_goes_on_without_doubles_and_gaps(tmp_path: Path) -> None:
    with Simulator(conversations=1500, gap=400, rate_limit=100_000) as sim:
        shell = Shell(tmp_path, GENESYS_CLOUD_API_URL=sim.url)
        command = [BENCH, "backfill", "--since", "2026-01-05", "--until", "2026-01-13"]
        command += ["--via", "query", "--parallel", "1"]
        folder = tmp_path / "data"
        try:
            shell.start("first", *command)
            wait_until(lambda: list(folder.glob("backfill-*.json")), what="the first day")
            shell.kill("first")
            (row,) = shell.rows(*command[1:])
        finally:
            shell.close()
        until = datetime(2026, 1, 13, tzinfo=UTC)
        every = wanted(sim, datetime(2026, 1, 5, tzinfo=UTC), until)
    assert 0 < row["new"] <= row["conversations"] < len(every)
    store = Store.prepared(f"sqlite:///{folder / 'workbench.db'}")
    kept = [one["conversationId"] for one in store.conversations()]
    assert sorted(kept) == every
    assert store.counts()["events"] == len(every)
    assert not list(folder.glob("backfill-*.json"))
    store.close()
