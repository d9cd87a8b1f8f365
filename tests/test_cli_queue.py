"""``queue …``: on the embedded broker, whose queues this process can see."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from genesys_workbench import broker as broker_module
from genesys_workbench import management as management_module
from genesys_workbench import memory
from genesys_workbench import publisher as publisher_module
from genesys_workbench.cli import brokers, queue
from genesys_workbench.dead import dead_message
from genesys_workbench.errors import BrokerUnreachable
from genesys_workbench.events import parse_event
from genesys_workbench.management import QueueFigures
from genesys_workbench.messages import DEAD_EXCHANGE, DEAD_QUEUE, QUEUE, Message, decode, encode
from genesys_workbench.settings import load_settings
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures
from tests.store_fakes import detail

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[memory.MemoryPublisher]:
    """Publish to the embedded broker, which the commands take for a RabbitMQ."""

    @contextmanager
    def queues_url(*_: object, **__: object) -> Iterator[str]:
        yield memory.URL

    @contextmanager
    def opened(_: str) -> Iterator[memory.MemoryPublisher]:
        yield used

    monkeypatch.setattr(queue, "queues_url", queues_url)
    monkeypatch.setattr(brokers, "queues_url", queues_url)
    monkeypatch.setattr(publisher_module, "Publisher", opened)
    memory.setup()
    memory.clear()
    used = memory.MemoryPublisher()
    yield used
    memory.clear()
    used.close()


def wait_in_queue(publisher: memory.MemoryPublisher, *ids: str) -> None:
    for each in ids:
        publisher.publish(encode(detail(each, "acw"), received_at=NOW))


def bury(publisher: memory.MemoryPublisher, event_id: str, reason: str) -> None:
    payload = encode(detail(event_id, "acw"), received_at=NOW).body
    argument = json.loads(payload)[0][0]
    letter = dead_message(
        argument,
        headers={},
        task_id=f"task of {event_id}",
        job=decode(argument),
        reason=reason,
        error=f"why {event_id}\nfailed",
        attempt=3,
    )
    publisher.publish(letter)


def test_show_tells_how_many_messages_wait(run: Run, publisher: memory.MemoryPublisher) -> None:
    wait_in_queue(publisher, "e1", "e2")
    bury(publisher, "e3", "schema")
    rows = run("queue", "show", "--json").lines
    assert [(row["queue"], row["ready"]) for row in rows] == [
        ("gen_interactions", 2),
        ("gen_interactions.dead", 1),
    ]
    assert run("queue", "show").out.splitlines()[1].split() == ["gen_interactions", "2", "–"]


class FakeManagement:
    """Stands for the plugin: knows the main queue, or is away."""

    url, user = "http://127.0.0.1:15672/", "guest"
    away = False

    def __init__(self, place: str, *, broker_url: str) -> None:
        assert (place, broker_url) == ("http://guest:guest@127.0.0.1:15672/", memory.URL)

    def __enter__(self) -> FakeManagement:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def figures(self) -> dict[str, QueueFigures]:
        if self.away:
            raise BrokerUnreachable("The management plugin does not answer.")
        return {QUEUE: QueueFigures(QUEUE, 2, 3, 1.5, None, None)}


@pytest.fixture
def management(monkeypatch: pytest.MonkeyPatch) -> type[FakeManagement]:
    class Fake(FakeManagement):
        pass

    known = broker_module.Broker("local", "x", "y", "http://guest:guest@127.0.0.1:15672/")
    monkeypatch.setattr(broker_module, "locate", lambda _: known)
    monkeypatch.setattr(management_module, "Management", Fake)
    return Fake


def test_show_tells_what_the_management_plugin_knows_and_where_it_is(
    run: Run, publisher: memory.MemoryPublisher, management: type[FakeManagement]
) -> None:
    outcome = run("queue", "show")
    assert outcome.out.splitlines()[0].split() == [
        "queue",
        "ready",
        "unacked",
        "consumers",
        "publishRate",
    ]
    assert outcome.err == "Management plugin: http://127.0.0.1:15672/, user guest\n"
    main, dead = run("queue", "show", "--json").lines
    assert (main["unacked"], main["publishRate"], main["deliverRate"]) == (3, 1.5, None)
    assert dead["unacked"] is None


def test_show_does_without_a_management_plugin_that_is_away(
    run: Run, publisher: memory.MemoryPublisher, management: type[FakeManagement]
) -> None:
    management.away = True
    outcome = run("queue", "show")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].split() == ["queue", "ready", "consumers"]
    assert outcome.err.endswith("does not answer. So unacked is not known.\n")


def test_peek_shows_the_first_messages_and_leaves_them(
    run: Run, publisher: memory.MemoryPublisher
) -> None:
    wait_in_queue(publisher, "e1", "e2", "e3")
    rows = run("queue", "peek", "--limit", "2", "--json").lines
    assert [row["eventId"] for row in rows] == ["e1", "e2"]
    assert json.loads(json.loads(rows[0]["body"])[0][0])["eventId"] == "e1"
    assert memory.depth(QUEUE) == 3
    assert "conversation.acw.voice" in run("queue", "peek").out


@pytest.mark.parametrize(
    ("command", "told"),
    [("peek", "The queue is empty."), ("dead", "There are no dead letters.")],
)
def test_an_empty_queue_is_said_in_words_and_in_json_by_nothing(
    run: Run, publisher: memory.MemoryPublisher, command: str, told: str
) -> None:
    outcome = run("queue", command)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"{told}\n")
    assert run("queue", command, "--json").out == ""


def test_dead_letters_come_with_reason_error_and_the_next_command(
    run: Run, publisher: memory.MemoryPublisher
) -> None:
    bury(publisher, "e1", "schema")
    outcome = run("queue", "dead")
    assert outcome.out.splitlines()[1].split()[:8] == "e1 schema why e1 failed 3 0 c1".split()
    assert "queue redrive EVENT_ID" in outcome.err
    (row,) = run("queue", "dead", "--json").lines
    assert (row["eventId"], row["reason"], row["attempts"]) == ("e1", "schema", 3)
    assert "acw" in row["body"]


def raw(publisher: memory.MemoryPublisher, body: bytes, **properties: object) -> None:
    headers = {b"\xff": Decimal(1), "at": NOW}
    dead = Message("", "x", body, headers, exchange=DEAD_EXCHANGE, properties=properties)
    publisher.publish(dead)


def test_a_message_that_no_code_can_parse_is_shown_without_its_values(
    run: Run, publisher: memory.MemoryPublisher
) -> None:
    raw(publisher, b'{"name": "Ada Lovelace"}', message_id="m1")
    raw(publisher, b"\xff\xfe", content_type="a/b")
    shown = run("queue", "dead").out
    assert shown.splitlines()[1].split()[-2:] == ["24", "{name}"]
    assert "Ada" not in shown
    assert shown.splitlines()[2].endswith("ff fe")
    text, binary = run("queue", "dead", "--json").lines
    assert (text["eventId"], text["reason"], text["bytes"]) == ("m1", "invalid", 24)
    assert (text["body"], text["looks"]) == ('{"name": "Ada Lovelace"}', "{name}")
    assert (binary["eventId"], binary["reason"]) == (None, "undecodable")
    assert (binary["body"], b64decode(binary["bodyBase64"])) == (None, b"\xff\xfe")
    assert binary["properties"]["content_type"] == "a/b"
    assert binary["headers"]["\\xff"] == "1"


@pytest.mark.parametrize("command", ["dead", "redrive"])
def test_both_commands_choose_letters_by_the_same_filters(
    run: Run, publisher: memory.MemoryPublisher, command: str
) -> None:
    for number, conversation in enumerate(["c1", "c1", "c2"]):
        when = f"2026-03-0{number + 1}T00:00:00+00:00"
        source = {"conversationId": conversation, "eventId": f"e{number}"}
        message = encode(parse_event(source), received_at=NOW)
        own = {"x-workbench-dead-at": when, "x-workbench-reason": "mine"}
        publisher.publish(replace(message, headers=message.headers | own, exchange=DEAD_EXCHANGE))

    def found(options: str) -> list[str]:
        rows = run("queue", command, *options.split(), "--json").lines
        return [row["eventId"] for row in rows]

    assert found("--conversation c2") == ["e2"]
    assert found("--since 2026-03-02 --before 2026-03-03") == ["e1"]
    assert found("--reason mine --limit 1") == ["e0"]
    assert found("--since 2026-04-01") == []
    assert run("queue", command, "--since", "soon").code == 2


@pytest.mark.parametrize(
    ("arguments", "sent", "code"),
    [
        ("--all", ["e1", "e2"], 0),
        ("e2", ["e2"], 0),
        ("--reason schema", ["e1"], 0),
        ("--reason nothing", [], 0),
        ("e2 e9", ["e2"], 1),
    ],
)
def test_redrive_sends_back_what_was_asked_for(
    run: Run, publisher: memory.MemoryPublisher, arguments: str, sent: list[str], code: int
) -> None:
    bury(publisher, "e1", "schema")
    bury(publisher, "e2", "not_found")
    outcome = run("queue", "redrive", *arguments.split(), "--json")
    assert outcome.code == code
    assert [row["eventId"] for row in outcome.lines] == sent
    assert memory.depth(QUEUE) == len(sent)
    assert ("Not among the dead letters: e9" in outcome.err) == (code == 1)


def test_an_error_in_the_middle_of_a_redrive_does_not_hide_what_went_before(
    run: Run, publisher: memory.MemoryPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(publisher, "e1", "schema")
    bury(publisher, "e2", "schema")
    publish = publisher.publish

    def once(message: Message) -> object:
        monkeypatch.setattr(publisher, "publish", refuse)
        return publish(message)

    def refuse(_: Message) -> object:
        raise BrokerUnreachable("It is away.")

    monkeypatch.setattr(publisher, "publish", once)
    outcome = run("queue", "redrive", "--all", "--json")
    assert (outcome.code, [row["eventId"] for row in outcome.lines]) == (4, ["e1"])
    assert (memory.depth(QUEUE), memory.depth(DEAD_QUEUE)) == (1, 1)


def test_stuck_messages_are_told_with_the_way_out(
    run: Run,
    publisher: memory.MemoryPublisher,
    management: type[FakeManagement],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = {QUEUE: QueueFigures(QUEUE, 2, 3, None, None, None, 4)}
    monkeypatch.setattr(management, "figures", lambda _: stuck)
    outcome = run("queue", "show")
    assert "stuck" in outcome.out.splitlines()[0]
    assert "4 messages wait to become dead letters. Next, where the queue" in outcome.err


def test_redrive_with_nothing_that_fits_says_so(
    run: Run, publisher: memory.MemoryPublisher
) -> None:
    assert run("queue", "redrive", "--all").err == "No dead letter fits.\n"


@pytest.mark.parametrize(
    ("fresh", "told"), [(True, "Declared and proven."), (False, "They were there already; proven.")]
)
def test_setup_tells_whether_anything_was_new(
    run: Run,
    publisher: memory.MemoryPublisher,
    monkeypatch: pytest.MonkeyPatch,
    fresh: bool,
    told: str,
) -> None:
    monkeypatch.setattr(broker_module, "setup_topology", lambda *_: fresh)
    assert run("queue", "setup").err == f"{told}\n"
    assert run("queue", "setup", "--json").lines == [{"created": fresh, "proven": True}]


COMMANDS = ["setup", "show", "peek", "dead", "redrive --all"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_queues_in_the_memory_of_another_process_cannot_be_seen(run: Run, command: str) -> None:
    outcome = run("queue", *command.split(), "--broker", "memory://")
    assert (outcome.code, outcome.out) == (3, "")
    assert "cannot be seen from here" in outcome.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_broker_that_is_away_ends_with_code_4_in_one_sentence(
    run: Run, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    url = "amqp://bench:hunter2@127.0.0.1:1/"
    outcome = run("queue", *command.split(), "--broker", url)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("Error: RabbitMQ at amqp://bench:***@127.0.0.1:1/ is unreachable")
    assert outcome.err.count("unreachable") == 1
    assert [each for each in caplog.records if each.name.startswith("genesys_workbench")] == []


def test_a_private_node_that_has_never_run_is_not_started_to_look_into_it(run: Run) -> None:
    outcome = run("queue", "show", "--broker", "local")
    assert outcome.code == 4
    assert outcome.err.endswith("Fix: genesys-workbench receive\n")


def test_a_private_node_that_must_be_started_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = []

    @contextmanager
    def running(settings: object) -> Iterator[broker_module.Broker]:
        started.append(settings)
        yield broker_module.Broker("local", "amqp://127.0.0.1:1/", "for the test")

    monkeypatch.setattr(broker_module, "running_broker", running)
    settings = load_settings(broker_url="local")
    with brokers.queues_url(settings, why="", must_exist=False) as url:
        assert url == "amqp://127.0.0.1:1/"
    assert started == [settings]
    assert "Starting a private RabbitMQ node" in capsys.readouterr().err
    assert list(broker_module.node_dir(settings).iterdir()) == []


def test_a_private_node_without_a_place_to_write_ends_with_code_3(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "file"))
    outcome = run("queue", "setup", "--broker", "local")
    assert outcome.code == 3
    assert "Fix: set WORKBENCH_DATA_DIR" in outcome.err
