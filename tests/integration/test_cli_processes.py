"""The commands as processes of their own, together as a person starts them by hand."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_workbench.queues import states
from tests.integration.shells import BENCH, Shell, children_of, free_port
from tests.integration.workers import wait_until

PATH = "/webhook/genesys/conversation"
UNKNOWN = "11111111-1111-4111-8111-111111111111"
DEMO_KEYS = (
    "broker sent accepted rejected published processed duplicates dead lost p50_ms p95_ms database"
).split()


@pytest.fixture
def shell(tmp_path: Path, broker_url: str) -> Iterator[Shell]:
    """A terminal whose settings name the session's broker and free ports."""
    simulator = free_port()
    opened = Shell(
        tmp_path,
        WORKBENCH_BROKER_URL=broker_url,
        WORKBENCH_PORT=free_port(),
        WORKBENCH_MAX_RETRIES="0",
        GENESYS_CLOUD_API_URL=f"http://127.0.0.1:{simulator}",
        SIMULATOR_PORT=simulator,
    )
    yield opened
    opened.close()


@pytest.fixture
def by_hand(shell: Shell, broker_url: str) -> Shell:
    """Simulator, receiver and the stock worker, each started by its command."""
    shell.start("simulate", BENCH, "simulate", "--port", shell.environment["SIMULATOR_PORT"])
    shell.start("receive", BENCH, "receive")
    shell.start("worker", "celery", "-A", "genesys_workbench.tasks", "worker")
    shell.wait_for("simulate", "Ready.")
    shell.wait_for("receive", "Ready: POST")
    wait_until(
        lambda: any(state.consumers for state in states(broker_url)),
        seconds=60,
        what="the worker's consumer",
    )
    return shell


def conversations(shell: Shell) -> list[str]:
    lines = shell.said("simulate").splitlines()
    return [line.split()[1] for line in lines if line.startswith("Conversation:")]


def curl(shell: Shell, body: dict[str, str]) -> dict[str, str]:
    url = f"http://127.0.0.1:{shell.environment['WORKBENCH_PORT']}{PATH}"
    header = "Content-Type: application/json"
    answer = shell.run("curl", "-sS", url, "-H", header, "-d", json.dumps(body)).stdout
    told: dict[str, str] = json.loads(answer)
    return told


def processed(shell: Shell) -> dict[str, Any]:
    return {row["eventId"]: row for row in shell.rows("events", "list", "--status", "processed")}


def wait_for_rows(shell: Shell, count: int) -> dict[str, Any]:
    wait_until(lambda: len(processed(shell)) == count, what=f"{count} processed events")
    return processed(shell)


def test_a_posted_conversation_becomes_a_row_and_every_command_sees_it(by_hand: Shell) -> None:
    conversation = conversations(by_hand)[0]
    body = {"conversationId": conversation, "timestamp": "2026-01-05T08:00:00Z"}
    posted = curl(by_hand, body)
    assert (posted["status"], posted["conversationId"]) == ("published", conversation)
    (row,) = wait_for_rows(by_hand, 1).values()
    assert (row["eventId"], row["conversationId"]) == (posted["eventId"], conversation)
    assert (row["eventType"], row["enriched"]) == ("created", True)

    triggered = by_hand.rows("trigger", "voice-inbound", "-n", "3")
    assert [each["httpStatus"] for each in triggered] == [202] * 3
    assert {each["eventId"] for each in triggered} < wait_for_rows(by_hand, 4).keys()

    actions = [by_hand.rows("webhooks", "ensure")[0]["action"] for _ in range(2)]
    assert actions == ["created", "kept"]
    (hook,) = by_hand.rows("webhooks", "list")
    assert hook["address"].endswith(f":{by_hand.environment['WORKBENCH_PORT']}{PATH}")

    main, dead = by_hand.rows("queue", "show")
    assert (main["queue"], main["ready"], main["consumers"]) == ("gen_interactions", 0, 1)
    assert (dead["queue"], dead["ready"]) == ("gen_interactions.dead", 0)

    event_id = posted["eventId"]
    shown = json.loads(by_hand.run(BENCH, "events", "show", event_id).stdout)
    assert (shown["source"], shown["deliveries"]) == (body, 1)

    assert by_hand.rows("events", "replay", event_id) == [{"eventId": event_id, "replay": 1}]

    def outcomes() -> list[str]:
        told = json.loads(by_hand.run(BENCH, "events", "show", event_id).stdout)
        return [each["outcome"] for each in told["attempts"]]

    wait_until(lambda: outcomes() == ["processed", "replayed"], what="the replay")
    assert by_hand.rows("events", "replay", event_id)[0]["replay"] == 2

    log = by_hand.said("receive")
    assert f"202 published created, conversation {conversation}, event {event_id}" in log
    assert by_hand.stop("worker")[0] in (0, 1)  # Celery's own command ends with 1 at Ctrl-C
    assert [by_hand.stop(name)[0] for name in ("receive", "simulate")] == [0, 0]


def test_a_dead_letter_is_seen_redriven_and_told_of_again(by_hand: Shell) -> None:
    arguments = "trigger voice-inbound --override".split()
    (sent,) = by_hand.rows(*arguments, f"conversationId={UNKNOWN}")
    event_id = sent["eventId"]

    def letters() -> list[tuple[str, str, int]]:
        rows = by_hand.rows("queue", "dead")
        return [(row["eventId"], row["reason"], row["redriven"]) for row in rows]

    wait_until(lambda: letters() != [], what="the dead letter")
    assert letters() == [(event_id, "not_found", 0)]
    (row,) = by_hand.rows("events", "list", "--status", "dead")
    assert (row["eventId"], row["status"], row["reason"]) == (event_id, "dead", "not_found")
    refused = by_hand.run(BENCH, "events", "replay", event_id, code=1)
    assert f"Fix: genesys-workbench queue redrive {event_id}" in refused.stderr

    by_hand.stop("worker")
    (again,) = by_hand.rows("queue", "redrive", "--all")
    assert again["eventId"] == event_id
    assert letters() == []
    (waiting,) = by_hand.rows("queue", "peek")
    assert waiting["eventId"] == event_id
    assert by_hand.rows("queue", "redrive", event_id, code=1) == []

    by_hand.start("worker", BENCH, "work", "--pool", "solo")
    by_hand.wait_for("worker", "Ready: the worker waits for events.")
    wait_until(lambda: letters() != [], what="the second dead letter")
    assert letters() == [(event_id, "not_found", 1)]
    assert by_hand.stop("worker")[0] == 0


def test_doctor_finds_nothing_that_fails_while_all_runs(by_hand: Shell) -> None:
    checks = {row["name"]: row for row in by_hand.rows("doctor")}
    assert {row["state"] for row in checks.values()} <= {"ok", "warn"}
    assert "broker ready" in checks["receiver port"]["finding"]
    assert checks["credentials"]["state"] == "ok"
    assert checks["permission conversation:communication:view"]["finding"] == "granted"
    assert checks["broker"]["finding"].endswith("takes and gives messages")


def test_uvicorn_itself_serves_the_receiver(shell: Shell, broker_url: str) -> None:
    port = shell.environment["WORKBENCH_PORT"]
    shell.start("uvicorn", "uvicorn", "genesys_workbench.receiver:app", "--port", port)
    shell.wait_for("uvicorn", "Application startup complete")
    answer = curl(shell, {"conversationId": UNKNOWN, "timestamp": "2026-01-05T08:00:00Z"})
    assert (answer["status"], answer["conversationId"]) == ("published", UNKNOWN)
    assert states(broker_url)[0].ready == 1
    code, _ = shell.stop("uvicorn", signal.SIGTERM)
    assert code in (0, -signal.SIGTERM)


@pytest.mark.parametrize("broker", ["memory", "rabbitmq"])
def test_the_demonstration_prints_one_object_and_loses_nothing(
    tmp_path: Path, broker_url: str, broker: str
) -> None:
    shell = Shell(tmp_path, WORKBENCH_MAX_RETRIES="6")
    url = broker_url if broker == "rabbitmq" else "memory://"
    command = [BENCH, "demo", "--broker", url, "--events", "60", "--rate", "0", "--json"]
    done = shell.run(*command)
    (result,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(result) == DEMO_KEYS
    assert (result["broker"], result["processed"], result["lost"]) == (broker, 60, 0)
    settled = sum(result[key] for key in ("processed", "duplicates", "dead", "lost"))
    assert result["accepted"] == settled == result["sent"]
    assert "Next: genesys-workbench events list" in done.stderr
    assert len(shell.rows("events", "list", "--limit", "0")) == 60


@pytest.mark.parametrize(
    ("broker", "number", "code"), [("local", signal.SIGINT, 130), ("own", signal.SIGTERM, 143)]
)
def test_an_interrupted_demonstration_leaves_no_process_behind(
    tmp_path: Path, broker_url: str, broker: str, number: int, code: int
) -> None:
    temporary = tmp_path / "tmp"  # where the throw-away node lives
    temporary.mkdir()
    shell = Shell(tmp_path, TMPDIR=str(temporary))
    url = broker_url if broker == "own" else broker
    shell.start("demo", BENCH, "demo", "--broker", url, "--events", "100000", "--json")
    shell.wait_for("demo", "receiver: the webhook's address opens")
    wait_until(lambda: shell.rows("events", "list", "--limit", "1"), what="the first event")
    assert sum("celery" in command for command in children_of(tmp_path)) >= 1
    ended, seconds = shell.stop("demo", number)
    assert (ended, seconds < 20) == (code, True)
    assert children_of(tmp_path) == []
    assert list(temporary.glob("genesys-workbench-rabbitmq-*")) == []
    assert "Stopping: receiver, worker and broker are closed in order." in shell.said("demo")


def test_one_private_node_serves_receiver_worker_and_looks_and_ends_with_its_starter(
    tmp_path: Path,
) -> None:
    shell = Shell(
        tmp_path,
        WORKBENCH_BROKER_URL="local",
        WORKBENCH_PORT=free_port(),
        WORKBENCH_ENRICH="off",
    )
    shell.run(BENCH, "queue", "show", code=4)
    shell.start("receive", BENCH, "receive")
    try:
        shell.wait_for("receive", "Ready: POST")
        assert "Starting a private RabbitMQ node" in shell.said("receive")
        shell.start("work", BENCH, "work", "--concurrency", "1")
        shell.wait_for("work", "Ready: the worker waits for events.")
        assert "Starting" not in shell.said("work")
        shell.run(BENCH, "trigger", "email")
        wait_for_rows(shell, 1)
        assert shell.rows("queue", "show")[0]["consumers"] == 1
        assert [shell.stop(name)[0] for name in ("work", "receive")] == [0, 0]
    finally:
        shell.close()
    assert children_of(tmp_path) == []


def test_receive_alone_is_a_whole_workbench_with_the_embedded_broker(tmp_path: Path) -> None:
    port = free_port()
    shell = Shell(
        tmp_path,
        WORKBENCH_BROKER_URL="memory://",
        WORKBENCH_PORT=port,
        WORKBENCH_ENRICH="off",
        WORKBENCH_WEBHOOK_SECRET="a secret for this test alone",
    )
    shell.start("receive", BENCH, "receive")
    try:
        shell.wait_for("receive", "Next: genesys-workbench trigger voice-inbound\n")
        shell.run(BENCH, "trigger", "voice-inbound", "-n", "2")
        wait_for_rows(shell, 2)
        refused = httpx.post(f"http://127.0.0.1:{port}{PATH}", json={}, trust_env=False)
        assert refused.status_code == 401
        code, seconds = shell.stop("receive", signal.SIGTERM)
        assert (code, seconds < 10) == (0, True)
    finally:
        shell.close()
    assert shell.said("receive").count("202 published") == 2
    assert "a secret for this test" not in shell.said("receive")
