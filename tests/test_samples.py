"""The sample data is what the simulator makes, and is found by name from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench import samples
from genesys_workbench.errors import SettingsError
from genesys_workbench.events import parse_events
from genesys_workbench.simulator.detail_events import detail_events
from genesys_workbench.simulator.envelopes import ENVELOPES
from genesys_workbench.simulator.fixtures import FIXTURES, Fixture, find
from genesys_workbench.simulator.world import World
from genesys_workbench.simulator.write_samples import main, sample_files

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_the_committed_files_are_those_that_the_generator_writes(world: World) -> None:
    made = sample_files(world)
    kept = {path.relative_to(DATA).as_posix(): path for path in DATA.rglob("*") if path.is_file()}
    assert kept.keys() == made.keys()
    for name, path in kept.items():
        assert path.read_text(encoding="utf-8") == made[name], name


def test_the_samples_are_small(world: World) -> None:
    assert sum(len(text.encode()) for text in sample_files(world).values()) < 1_500_000


def test_the_generator_writes_below_the_folder_that_it_is_given(tmp_path: Path) -> None:
    main([str(tmp_path / "new")])
    assert (tmp_path / "new/events/seed/chat.json").read_text() == (
        DATA / "events/seed/chat.json"
    ).read_text()


def test_the_readme_names_every_event(world: World) -> None:
    text = (DATA / "README.md").read_text()
    assert all(f"| `{name}` |" in text for name in samples.names())


def test_names_are_sorted_and_hold_what_people_look_for() -> None:
    names = samples.names()
    assert names == sorted(names)
    assert {"voice-inbound", "chat", "email", "callback", "unknown-topic"} <= set(names)
    assert set(names) == {*FIXTURES, "unknown-topic"}


def test_samples_are_found_from_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert samples.event("chat")["detail"]["eventBody"]["mediaType"] == "CHAT"


def test_samples_of_an_installed_wheel_are_found_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "_data/events/eventbridge"
    folder.mkdir(parents=True)
    (folder / "only.json").write_text("{}")
    monkeypatch.setattr(samples, "_PLACES", (tmp_path / "_data", DATA))
    assert samples.names() == ["only"]


def test_missing_sample_data_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "_PLACES", (tmp_path,))
    with pytest.raises(SettingsError, match="pip install"):
        samples.names()


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_every_fixture_belongs_to_the_default_world(envelope: str, world: World) -> None:
    names = [name for name in samples.names() if (envelope, name) != ("seed", "unknown-topic")]
    for name in names:
        (parsed,) = parse_events(samples.event(name, envelope=envelope))
        assert parsed.envelope == envelope
        assert world.by_id(parsed.conversation_id) is not None


def test_an_unknown_topic_is_kept_as_other_in_every_envelope_that_has_topics() -> None:
    for envelope in ("eventbridge", "notification", "data-action"):
        (parsed,) = parse_events(samples.event("unknown-topic", envelope=envelope))
        assert parsed.event_type == "other"


def test_an_event_is_the_callers_own_copy() -> None:
    samples.event("voice-inbound")["detail"]["eventBody"]["mediaType"] = "CHAT"
    assert samples.event("voice-inbound")["detail"]["eventBody"]["mediaType"] == "VOICE"


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_overrides_reach_the_event_body_wherever_it_lies(envelope: str) -> None:
    item = samples.event("email", envelope=envelope, conversationId="c-1", mediaType="CHAT")
    (parsed,) = parse_events(item)
    assert parsed.conversation_id == "c-1"
    assert parsed.media_type == "chat"


def test_another_conversation_id_changes_the_topic_too() -> None:
    item = samples.event("acd-start", conversationId="c-1")
    assert item["detail"]["topicName"] == "v2.detail.events.conversation.c-1.acd.start"
    assert item["detail-type"] == "v2.detail.events.conversation.{id}.acd.start"


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_fresh_event_is_no_redelivery(envelope: str) -> None:
    ids = iter(["one", "two"])

    def fresh() -> str:
        return next(ids)

    items: list[Any] = [samples.event("chat", envelope=envelope, fresh=fresh) for _ in range(2)]
    plain = samples.event("chat", envelope=envelope)
    assert len({event.event_id for event in parse_events([*items, plain])}) == 3


def test_a_fresh_id_is_the_event_id_where_the_envelope_has_one() -> None:
    for envelope in ("eventbridge", "data-action", "seed"):
        item = samples.event("chat", envelope=envelope, fresh=lambda: "mine")
        assert parse_events(item)[0].event_id == "mine"


def test_an_unknown_name_is_refused_with_the_nearest_and_all_known() -> None:
    with pytest.raises(SettingsError) as caught:
        samples.event("voice-inbond")
    assert "did you mean 'voice-inbound'?" in caught.value.fix
    assert all(name in caught.value.fix for name in samples.names())


def test_an_unknown_envelope_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="data-action, eventbridge, notification, seed"):
        samples.event("chat", envelope="parcel")


def test_a_name_that_this_envelope_lacks_is_refused() -> None:
    with pytest.raises(SettingsError, match="no seed event 'unknown-topic'"):
        samples.event("unknown-topic", envelope="seed")


def test_load_reads_any_sample_file(world: World) -> None:
    rest = samples.load("conversations/rest/voice-transfer.json")
    analytics = samples.load("conversations/analytics/voice-transfer.json")
    assert rest["id"] == analytics["conversationId"]
    assert samples.load("errors/429-too-many-requests.json")["code"] == "too.many.requests"
    conversation = world.by_id(rest["id"])
    assert conversation is not None
    batch = parse_events(samples.load("events/batch.json"))
    assert [event.event_type for event in batch] == [e.what for e in detail_events(conversation)]


@pytest.mark.parametrize("path", ["../pyproject.toml", "conversations/rest/voice-transfr.json"])
def test_load_reads_nothing_but_sample_files(path: str) -> None:
    with pytest.raises(SettingsError, match="no sample file"):
        samples.load(path)


def test_load_lists_the_files_of_the_same_folder() -> None:
    with pytest.raises(SettingsError) as caught:
        samples.load("errors/418.json")
    assert "errors/500-internal-server-error.json" in caught.value.fix
    assert "conversations/" not in caught.value.fix


def test_a_fixture_that_no_conversation_shows_is_an_error(world: World) -> None:
    with pytest.raises(LookupError, match="chat with outbound"):
        find(world.conversations[:50], Fixture("chat", "outbound", "never"))


def test_errors_of_the_token_endpoint_have_another_shape() -> None:
    for name in ("oauth-400-unknown-client", "oauth-401-wrong-secret"):
        body = json.loads((DATA / f"errors/{name}.json").read_text())
        assert body.keys() == {"error", "description", "error_description"}
