"""Failures on purpose, without a server; the broker's outage is shown by notebook 05."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from genesys_workbench.errors import WorkbenchError
from genesys_workbench.failures import Failure, Failures
from genesys_workbench.queues import dead_letters
from genesys_workbench.settings import load_settings
from genesys_workbench.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    settings = load_settings(
        broker_url=SecretStr("memory://"), data_dir=tmp_path, port=0, max_retries=1, retry_base=0.1
    )
    with Workbench(settings) as opened:
        yield opened


@pytest.fixture
def failures(bench: Workbench) -> Failures:
    return Failures(bench, events=3)


def counts(failure: Failure) -> tuple[int, int, int, int]:
    return failure.accepted, failure.processed, failure.dead, failure.lost


def test_a_wrong_secret_fails_at_login_and_touches_no_event(failures: Failures) -> None:
    failure = failures.wrong_secret()
    assert (failure.sign, counts(failure)) == ("status 401", (0, 0, 0, 0))
    assert "the client secret is wrong" in failure.said


@pytest.mark.parametrize(
    ("cause", "sign", "said", "fix"),
    [
        ("refused_token", "dead letter, auth", "answered 401", "GENESYS_CLOUD_CLIENT_SECRET"),
        ("missing_permission", "dead letter, forbidden", "lacks the permission", "a role"),
        ("api_down", "dead letter, upstream_5xx", "failed 2 times", "queue redrive"),
    ],
)
def test_what_the_worker_cannot_do_is_a_dead_letter_until_it_is_redriven(
    failures: Failures, cause: str, sign: str, said: str, fix: str
) -> None:
    failure = getattr(failures, cause)()
    assert (failure.sign, counts(failure)) == (sign, (3, 0, 3, 0))
    assert said in failure.said
    assert fix in failure.fix
    assert [row["letters"] for row in failures.dead_letters()] == [3]
    assert failures.redrive() == 3
    assert counts(failures.total()) == (3, 3, 0, 0)
    assert dead_letters("memory://") == []


def test_a_rate_limit_passes_by_itself(failures: Failures) -> None:
    failure = failures.rate_limit()
    assert (failure.sign, counts(failure)) == ("tried again, rate_limited", (3, 3, 0, 0))
    assert "answered 429" in failure.said


def test_a_receiver_that_can_keep_nothing_promises_nothing(failures: Failures) -> None:
    failure = failures.no_broker()
    assert (failure.sign, counts(failure)) == ("status 503, 0 of 3 accepted", (3, 3, 0, 0))
    assert "RabbitMQ at amqp://… is unreachable" in failure.said
    assert "rabbitmqctl status" in failure.fix


def test_a_broker_that_is_not_its_own_is_left_alone(failures: Failures) -> None:
    failure = failures.outage()
    assert failure.done.startswith("nothing: embedded in this process")
    assert counts(failure) == (0, 0, 0, 0)


def test_faults_do_not_outlive_the_failure_that_needed_them(
    bench: Workbench, failures: Failures
) -> None:
    failures.missing_permission()
    assert bench.simulator is not None
    assert bench.simulator.faults.listing() == []


def test_each_failure_takes_conversations_that_are_new_to_the_worker(failures: Failures) -> None:
    failures.rate_limit()
    assert counts(failures.missing_permission()) == (3, 0, 3, 0)


def test_what_does_not_come_to_an_end_is_an_error(bench: Workbench) -> None:
    hurried = Failures(bench, events=1, patience=0)
    with pytest.raises(WorkbenchError, match="it is still not so that each event has its end"):
        hurried.rate_limit()


def test_no_organisation_is_used_to_fail(tmp_path: Path) -> None:
    settings = load_settings(client_id="id", client_secret=SecretStr("secret"))
    with pytest.raises(WorkbenchError, match="credentials of an organisation are set"):
        Failures(Workbench(settings))
