"""A cassette: recorded of one simulator, played back by another to the same frames."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pandas.testing import assert_frame_equal
from pydantic import SecretStr

from genesys_workbench import frames
from genesys_workbench.client import GenesysClient
from genesys_workbench.details import ConversationDetails
from genesys_workbench.errors import SettingsError, UsageError
from genesys_workbench.events import parse_event
from genesys_workbench.listener import Listener, subjects_for
from genesys_workbench.messages import encode
from genesys_workbench.paging import interval_of
from genesys_workbench.publisher import PublisherLike
from genesys_workbench.receiver import PATH, create_app
from genesys_workbench.serving import ServerThread
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.people import CUSTOMERS, QUEUES, USERS
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.stand_ins import StandIns
from genesys_workbench.store import Store
from genesys_workbench.tape import Kept, Tape
from genesys_workbench.workbench import Workbench
from tests.canaries import in_files
from tests.integration.shells import BENCH, Shell
from tests.integration.workers import wait_until

KEY = b"a key that only the test knows"
WANTED = 25
LIVE = {"client_id": "someone", "client_secret": SecretStr("canary")}
# Columns with ids and personal data; metrics have names too, which are the platform's.
REPLACED = re.compile(r"_(?:ids?|key)$|^(?:ani|dnis|address|attributes|customer_|wrap_up_code)")


class Remembering(GenesysClient):
    """A client that knows afterwards what it was told of conversations."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.told: list[dict[str, Any]] = []
        self.fetched: list[dict[str, Any]] = []

    def get_conversation(self, conversation_id: str) -> dict[str, Any]:
        self.fetched.append(super().get_conversation(conversation_id))
        return self.fetched[-1]

    def conversation_details(self, ids: Iterable[str]) -> ConversationDetails:
        found = super().conversation_details(ids)
        self.told += found.values()
        return found


def settings_for(sim: Simulator, folder: Path) -> Settings:
    return load_settings(
        broker_url=SecretStr("memory://"),
        database_url=SecretStr(f"sqlite:///{folder / 'store.db'}"),
        data_dir=folder,
        genesys_cloud_api_url=sim.url,
        genesys_cloud_login_url=sim.url,
        enrich="off",
        spool_max_events=0,
    )


def listening(sim: Simulator, settings: Settings, publisher: PublisherLike | None) -> Listener:
    subjects = subjects_for(settings, queues=[queue.id for queue in _queues(sim)])
    return Listener(settings, subjects, publisher=publisher, clock=sim.now)


def _queues(sim: Simulator) -> Any:
    return sim._state.present.source.queues


@dataclass
class Session:
    """A recording, and what analytics and REST told of its conversations then."""

    folder: Path
    kept: Kept
    told: list[dict[str, Any]]
    fetched: list[dict[str, Any]]


def recorded(folder: Path) -> Session:
    """Record a contact centre."""
    with Simulator(7, live=True, speed=60, gap=2, conversations=40, rate_limit=10_000) as sim:
        settings = settings_for(sim, folder.parent)
        tape = Tape(
            folder,
            stand_ins=StandIns(KEY),
            clock=sim.now,
            monotonic=lambda: sim.now().timestamp(),
        )
        with listening(sim, settings, tape):
            wait_until(lambda: len(tape._ids) >= WANTED, what="enough conversations")
        with Remembering.from_settings(settings) as client:
            kept = tape.finish(client, on_progress=lambda _, __: None)
            assert isinstance(client, Remembering)
            return Session(folder, kept, client.told, client.fetched)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return recorded(tmp_path_factory.mktemp("recorded") / "cassette")


@pytest.fixture
def cassette(session: Session) -> Path:
    return session.folder


def ids_of(cassette: Path) -> set[str]:
    return {
        json.loads(line)["event"]["eventBody"]["id"]
        for line in (cassette / "deliveries.jsonl").read_text().splitlines()
    }


def by_id(bodies: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(bodies, key=lambda body: str(body.get("conversationId") or body["id"]))


def impersonal(told: frames.Frames) -> frames.Frames:
    """Leave only what is neither an id nor personal: times, figures and words of the platform."""
    return frames.Frames(
        *(
            frame[[name for name in frame if not REPLACED.search(name)]]
            for frame in (
                told.conversations,
                told.participants.drop(columns="name"),
                told.sessions,
                told.segments,
                told.metrics,
                told.rejected,
            )
        )
    )


def check_same(ours: frames.Frames, theirs: frames.Frames) -> None:
    assert len(ours.conversations) >= WANTED
    for field in fields(frames.Frames):
        assert_frame_equal(getattr(ours, field.name), getattr(theirs, field.name))


def test_it_plays_back_to_the_same_frames(session: Session) -> None:
    kept = session.kept
    assert kept.conversations == kept.rest == kept.analytics >= WANTED
    with (
        Simulator(cassette=session.folder) as sim,
        GenesysClient.from_settings(settings_for(sim, session.folder.parent)) as client,
    ):
        start = sim._state.present.source.start
        interval = interval_of(start - timedelta(hours=2), start + timedelta(hours=2))
        played = list(client.query_details(interval))
        got = [client.get_conversation(str(body["conversationId"])) for body in played]
        names = [queue.name for queue in _queues(sim)]
    stand_ins = StandIns(KEY)
    for before, after in ((session.told, played), (session.fetched, got)):
        shown = frames.from_conversations(by_id(after), show_personal=True)
        replaced = by_id(map(stand_ins.conversation, before))
        check_same(shown, frames.from_conversations(replaced, show_personal=True))
        before.sort(key=lambda body: stand_ins.id(str(body.get("conversationId") or body["id"])))
        check_same(
            impersonal(shown), impersonal(frames.from_conversations(before, show_personal=True))
        )
    assert set(names) <= {queue.name for queue in QUEUES}


def test_listening_to_it_gives_the_store_that_listening_to_the_original_gave(
    cassette: Path, tmp_path: Path
) -> None:
    """At six hundred times its speed: each event once, in the same order, from the beginning."""
    with Simulator(cassette=cassette, live=True, speed=600) as sim:
        settings = settings_for(sim, tmp_path)
        store = Store.prepared(settings.store_url)
        lines = (cassette / "deliveries.jsonl").read_text().splitlines()
        with listening(sim, settings, None):
            wait_until(lambda: store.counts()["events"] == len(lines), what="every event")
        given = [parse_event(json.loads(line)["event"]) for line in lines]
        kept = store.events(limit=10_000)
        assert {event["eventId"] for event in kept} == {event.event_id for event in given}
        known = frames.from_store(store).conversations["conversation_id"]
        assert set(known) == ids_of(cassette)
        store.close()


def test_its_deliveries_are_as_far_apart_as_they_were(cassette: Path, tmp_path: Path) -> None:
    with Simulator(cassette=cassette, speed=100) as sim:
        tape = Tape(tmp_path / "again")
        app = create_app(settings_for(sim, tmp_path), publisher=tape)
        with ServerThread(app) as receiver:
            begun = time.monotonic()
            ledger = sim.deliver(targets=[receiver.url + PATH])
            passed = time.monotonic() - begun
        events = sim._state.present.source.events
    tape.close()
    assert ledger.summary["accepted"] == len(events)
    assert passed >= events[-1].seconds / 100 > 0.5


def test_its_folder_is_read_to_the_same_frames(session: Session) -> None:
    stand_ins = StandIns(KEY)
    told = sorted(session.told, key=lambda body: str(body["conversationStart"]))
    names = {stand_ins.id(queue.id): queue.name for queue in QUEUES}
    check_same(
        frames.from_file(session.folder, show_personal=True),
        frames.from_conversations(
            map(stand_ins.conversation, told), queue_names=names, show_personal=True
        ),
    )


def test_a_workbench_plays_it_through_all_its_parts(cassette: Path, tmp_path: Path) -> None:
    settings = load_settings(
        broker_url=SecretStr("memory://"),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
        data_dir=tmp_path,
        port=0,
    )
    with Workbench(settings, cassette=cassette) as bench:
        assert bench.simulator is not None
        ledger = bench.simulator.deliver(targets=[bench.address()], rate=1000)
        sent = ledger.summary["accepted"]
        wait_until(lambda: bench.store.counts()["events"] == sent, what="every event")
        kept = frames.from_store(bench.store).conversations
    read = frames.from_file(cassette).conversations
    assert list(kept["conversation_id"]) == list(read["conversation_id"])
    for name in ("started_at", "duration_s", "media_type", "queue_name", "talk_s"):
        assert kept[name].equals(read[name]), name
    with pytest.raises(SettingsError, match="name an organisation"):
        Workbench(settings.model_copy(update=LIVE), cassette=cassette)


def test_what_has_not_come_yet_is_not_known(cassette: Path) -> None:
    with Simulator(cassette=cassette, live=True) as sim:  # nobody listens: it has not begun
        last = json.loads((cassette / "deliveries.jsonl").read_text().splitlines()[-1])
        settings = settings_for(sim, cassette.parent)
        with GenesysClient.from_settings(settings) as client:
            found = client.conversation_details([last["event"]["eventBody"]["id"]])
        assert found == {}


def test_deliveries_that_are_asked_for_over_http_begin_it_too(cassette: Path) -> None:
    with Simulator(cassette=cassette, live=True, speed=100) as sim:
        before = sim.now()
        wanted = {"events": 1, "targets": ["http://127.0.0.1:1/"], "redeliver": 0}
        assert httpx.post(f"{sim.url}/_sim/deliveries", json=wanted).status_code == 202
        wait_until(lambda: sim.now() > before, what="a clock that runs")


def test_no_personal_data_and_no_real_id_is_in_it(session: Session) -> None:
    kept = session.kept
    people = [text for one in CUSTOMERS for text in (one.name, one.phone, one.email)]
    people += [text for one in USERS for text in (one.name, one.email, one.id)]
    ids = [str(body["conversationId"]) for body in session.told] + [queue.id for queue in QUEUES]
    files = [path for path in session.folder.rglob("*") if path.is_file()]
    assert len(files) == 3 + 2 * kept.conversations
    shown = "\n".join(path.read_text() + path.name for path in files)
    assert [text for text in (*people, *ids) if text in shown] == []
    assert kept.leaks == ()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(live=True, speed=60, gap=2, conversations=300, rate_limit=10_000) as sim:
        yield sim


@pytest.fixture
def shell(tmp_path: Path, sim: Simulator) -> Iterator[Shell]:
    shell = Shell(tmp_path, GENESYS_CLOUD_API_URL=sim.url, WORKBENCH_BROKER_URL="memory://")
    yield shell
    shell.close()


def test_the_command_records_what_it_hears_and_names_the_next_step(shell: Shell) -> None:
    queues = [part for queue in QUEUES for part in ("--queue", queue.name)]
    shell.start("record", BENCH, "record", "tape", *queues)
    shell.wait_for("record", "inbound, conversation")
    assert shell.stop("record", signal.SIGINT)[0] == 0
    said = shell.said("record")
    assert "Next: genesys-workbench simulate --cassette tape --live" in said
    assert json.loads((shell.folder / "tape" / "manifest.json").read_text())["rest"] >= 1
    assert "is not empty" in shell.run(BENCH, "record", "tape", *queues, code=2).stderr


def test_without_queues_it_records_deliveries(shell: Shell, sim: Simulator) -> None:
    secret = "canary-of-the-webhook-secret"
    shell.environment["WORKBENCH_WEBHOOK_SECRET"] = secret
    shell.start("record", BENCH, "record", "tape", "--port", "0")
    shell.wait_for("record", "Recording to tape")
    url = next(word for word in shell.said("record").split() if word.startswith("http://"))
    headers = {"X-Webhook-Secret": secret}
    event = {"conversationId": sim.world.conversations[0].id, "customerName": "Cornelia Zobel"}
    assert httpx.post(url, json=event, headers=headers).status_code == 202
    assert httpx.post(url, json=event).status_code == 401
    assert httpx.post(url, content=b"no JSON", headers=headers).status_code == 400
    assert shell.stop("record", signal.SIGTERM)[0] == 0
    assert "Recorded 1 events of 1 conversations; REST tells 1" in shell.said("record")
    found = in_files(shell.folder / "tape", secret, "Cornelia", event["conversationId"])
    assert found == {}


def test_without_an_organisation_to_ask_the_deliveries_are_kept(shell: Shell) -> None:
    shell.environment["GENESYS_CLOUD_API_URL"] = "http://127.0.0.1:1"
    shell.start("record", BENCH, "record", "tape", "--port", "0")
    shell.wait_for("record", "Recording to tape")
    url = next(word for word in shell.said("record").split() if word.startswith("http://"))
    assert httpx.post(url, json={"conversationId": "a-1", "eventId": "e"}).status_code == 202
    assert shell.stop("record", signal.SIGINT)[0] == 5
    with Simulator(cassette=shell.folder / "tape") as played:
        assert len(played._state.present.source.events) == 1


def test_a_full_disk_is_told_to_the_sender(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "full")
    tape._file = Path("/dev/full").open("a")  # noqa: SIM115
    with Simulator() as sim:
        settings = settings_for(sim, tmp_path)
        with ServerThread(create_app(settings, publisher=tape)) as receiver:
            answer = httpx.post(receiver.url + PATH, json={"conversationId": "a"})
    assert answer.status_code == 503


def test_killed_while_it_records_what_came_until_then_plays(shell: Shell) -> None:
    shell.start("record", BENCH, "record", "tape", "--port", "0")
    shell.wait_for("record", "Recording to tape")
    url = next(word for word in shell.said("record").split() if word.startswith("http://"))
    assert httpx.post(url, json={"conversationId": "a-1", "eventId": "e"}).status_code == 202
    shell.kill("record")
    with Simulator(cassette=shell.folder / "tape") as played:
        assert len(played._state.present.source.events) == 1


def test_where_nothing_came_the_folder_can_be_used_again(shell: Shell) -> None:
    for _ in range(2):
        shell.start("record", BENCH, "record", "tape", "--port", "0")
        shell.wait_for("record", "Recording to tape")
        assert shell.stop("record", signal.SIGINT)[0] == 1
        assert "Nothing came" in shell.said("record")


def test_any_character_that_json_may_hold_is_recorded_and_played(tmp_path: Path) -> None:
    odd = "a\u2028b\x85c\ud800\u0000"
    tape = Tape(tmp_path / "odd")
    source = {"conversationId": "a-1", "eventId": "e", "queueName": odd, "participantId": odd}
    event = parse_event(source)
    tape.publish(encode(event, received_at=datetime.now(UTC))).result(0)
    tape.finish(None, on_progress=lambda _, __: None)
    with Simulator(cassette=tmp_path / "odd", speed=100) as sim:
        again = Tape(tmp_path / "again")
        app = create_app(settings_for(sim, tmp_path), publisher=again)
        with ServerThread(app) as receiver:
            ledger = sim.deliver(targets=[receiver.url + PATH])
    again.close()
    assert ledger.summary == {"sent": 1, "accepted": 1, "rejected": 0}


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UsageError, match="not empty"):
        Tape(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("manifest.json", None, "manifest.json cannot be read"),
        ("manifest.json", "{}", "not that of a cassette of version 1"),
        ("deliveries.jsonl", '{"at": 1}\n', "line 1 of deliveries.jsonl"),
        ("queues.json", "[]", "queues.json is no JSON object"),
        ("conversations/rest/x.json", "{", "conversations/rest/x.json is no JSON"),
    ],
)
def test_a_damaged_cassette_is_named_with_its_file(
    tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    folder = tmp_path / "damaged"
    tape = Tape(folder)
    event = parse_event({"conversationId": "a-1"})
    tape.publish(encode(event, received_at=datetime.now(UTC))).result(0)
    tape.finish(None, on_progress=lambda _, __: None)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=why.replace(".", r"\.")):
        Simulator(cassette=folder)
