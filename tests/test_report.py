from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench import frames, report
from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import SettingsError, WorkbenchError
from genesys_workbench.events import parse_event
from genesys_workbench.frames import Frames
from genesys_workbench.report.period import Period
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.world import World
from genesys_workbench.store import Store
from tests import truths

DAY = "2026-01-05/2026-01-06"
SIZE = 100


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(conversations=SIZE, rate_limit=100_000) as running:
        yield running


@pytest.fixture
def bench(simulator: Simulator, tmp_path: Path) -> Iterator[Any]:
    """The parts of a workbench that a report uses."""
    settings = load_settings(api_url_override=simulator.url, data_dir=tmp_path)
    with GenesysClient.from_settings(settings) as client:
        store = Store(settings.store_url)
        store.prepare()
        yield SimpleNamespace(settings=settings, client=client, store=store, simulator=simulator)
        store.close()
        simulator.faults.clear()


def fill(store: Store, simulator: Simulator) -> None:
    for n, one in enumerate(simulator.world.conversations):
        shape = (analytics_conversation, rest_conversation)[n % 2]
        event = parse_event({"conversationId": one.id, "timestamp": one.start.isoformat()})
        store.record(event, conversation=shape(one))


def export(folder: Path, simulator: Simulator) -> Path:
    lines = [json.dumps(analytics_conversation(one)) for one in simulator.world.conversations]
    path = folder / "export.jsonl"
    path.write_text("\n".join([*lines, "{broken"]), "utf-8")
    return path


# Sources


def test_the_figures_of_simulator_database_and_file_are_the_truth(
    bench: Any, simulator: Simulator, tmp_path: Path
) -> None:
    fill(bench.store, simulator)
    file = export(tmp_path, simulator)
    found = [
        report.figures(report.read(source, period=DAY, file=file, bench=bench)).as_json()
        for source in ("simulator", "database", "file")
    ]
    assert [one.pop("rejected") for one in found] == [0, 0, 1]
    assert found[0] == found[1] == found[2]
    truth = simulator.world.conversations
    lost, waited = truths.abandoned(truth)
    assert (found[0]["conversations"], found[0]["waited"], found[0]["abandoned"]) == (
        SIZE,
        waited,
        lost,
    )
    assert found[0]["abandoned_share"] == pytest.approx(lost / waited, abs=1e-6)
    assert found[0]["without_contact"] == truths.without_contact(truth)
    assert found[0]["transfers"] == sum(truths.transfers(truth).values())
    busiest = {n: (c["busiest_hour"], c["in_that_hour"]) for n, c in found[0]["channels"].items()}
    assert busiest == truths.busiest_hours(truth)
    counts = {name: one["conversations"] for name, one in found[0]["channels"].items()}
    assert counts == truths.channels(truth)
    waits = {name: one["wait_median_s"] for name, one in found[0]["queues"].items()}
    assert waits == pytest.approx({n: median(s) for n, s in truths.waits(truth).items()}, abs=1e-3)


def test_a_live_report_asks_the_organisation_of_the_settings(simulator: Simulator) -> None:
    settings = load_settings(
        client_id="demo", client_secret=SecretStr("demo"), api_url_override=simulator.url
    )
    asked = simulator.requests["details_query"]
    found = report.read("live", period="2026-01-04/2026-01-07", settings=settings)
    assert len(found.conversations) == SIZE
    assert simulator.requests["details_query"] - asked == 2 + SIZE // 100 + 1


def test_without_a_bench_a_contact_centre_is_invented_for_the_time_of_the_reading() -> None:
    found = report.read("simulator", period="2026-01-05T08:00Z/2026-01-05T08:20Z")
    assert 3 < len(found.conversations) < 60
    assert found.conversations.queue_name.notna().any()


def test_the_store_of_the_settings_is_read(simulator: Simulator, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, api_url_override=simulator.url)
    store = Store(settings.store_url)
    store.prepare()
    fill(store, simulator)
    store.close()
    assert len(report.read("database", period=DAY, settings=settings).conversations) == SIZE


def test_ids_are_shown_where_the_names_of_queues_are_forbidden(
    bench: Any, simulator: Simulator
) -> None:
    simulator.faults.add(Fault("queues", status=403))
    shown = report.figures(report.read("simulator", period=DAY, bench=bench)).queues
    ids = {queue.id for queue in simulator.world.queues}
    assert len(shown) > 3
    assert set(shown.index) <= ids


def test_personal_data_is_masked_unless_it_is_asked_for(bench: Any) -> None:
    hidden, shown = (
        report.read("simulator", period=DAY, bench=bench, show_personal=show)
        for show in (False, True)
    )
    assert hidden.conversations.customer_name.dropna().str.startswith("masked-").all()
    assert not shown.conversations.customer_name.dropna().str.startswith("masked-").any()


# Selection


@pytest.fixture
def read(bench: Any) -> Any:
    return lambda **options: report.read("simulator", bench=bench, **({"period": DAY} | options))


def starts(found: Frames) -> list[Any]:
    return list(found.conversations.started_at)


@pytest.mark.parametrize("source", ["simulator", "database", "file"])
def test_the_period_includes_its_start_and_excludes_its_end(
    source: str, bench: Any, simulator: Simulator, tmp_path: Path
) -> None:
    fill(bench.store, simulator)
    whole = [one.start for one in simulator.world.conversations]
    period = f"{whole[3].isoformat()}/{whole[9].isoformat()}"
    found = report.read(source, period=period, file=export(tmp_path, simulator), bench=bench)
    assert starts(found) == whole[3:9]


def test_media_types_select_conversations_that_have_one_of_them(
    read: Any, simulator: Simulator
) -> None:
    truth = {
        one.id
        for one in simulator.world.conversations
        if {session.media for _, session in one.sessions()} & {"chat", "message"}
    }
    for given in (["chat", "message"], "chat, MESSAGE"):
        assert set(read(media_types=given).conversations.conversation_id) == truth


def test_a_queue_is_selected_by_name_or_id(read: Any, simulator: Simulator) -> None:
    queue = simulator.world.queues[0]
    truth = {
        one.id
        for one in simulator.world.conversations
        if any(person.queue == queue for person in one.participants)
    }
    assert 0 < len(truth) < SIZE
    for given in (queue.name, queue.id):
        assert truth >= set(read(queue=given).conversations.conversation_id)
        assert len(read(queue=given).conversations) > len(truth) / 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": "excel"}, "no source 'excel'[^$]*simulator, database, file, live"),
        ({"period": "2026-01-05"}, "not an interval"),
        ({"period": "2026-01-05/2026-01-06/2026-01-07"}, "not an interval"),
        ({"period": "2026-01-06/2026-01-05"}, "ends before it has begun"),
        ({"period": "2026-01-05/2026-01-05"}, "ends before it has begun"),
        ({"period": "monday/tuesday"}, "'monday' in the period"),
        ({"media_types": "voice,fax"}, "no media type 'fax'"),
        ({"queue": "Nowhere"}, "no queue 'Nowhere'[^$]*Billing"),
        ({"source": "file"}, "needs the file"),
        ({"source": "live"}, "needs the credentials"),
    ],
)
def test_a_wrong_argument_is_said_in_words(bench: Any, options: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        report.read(**({"source": "simulator", "period": DAY, "bench": bench} | options))


def test_a_file_that_is_not_there_is_said_in_words(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot be read"):
        report.read("file", period=DAY, file=tmp_path / "no.jsonl", bench=bench)


def test_a_period_in_which_a_file_has_nothing_is_told_with_the_files_own(
    bench: Any, simulator: Simulator, tmp_path: Path
) -> None:
    file = export(tmp_path, simulator)
    with pytest.raises(SettingsError, match=r"None of the [^$]*period=2026-01-05/2026-01-") as told:
        report.read("file", period="2025-01-01/2025-02-01", file=file, bench=bench)
    period = str(told.value.fix).partition("period=")[2]
    assert len(report.read("file", period=period, file=file, bench=bench).conversations) > 1


def test_a_queue_that_only_the_file_knows_is_known(
    bench: Any, simulator: Simulator, tmp_path: Path
) -> None:
    told = [json.dumps(rest_conversation(one)) for one in simulator.world.conversations]
    file = tmp_path / "other.jsonl"
    billing = next(one.id for one in simulator.world.queues if one.name == "Billing")
    text = "\n".join(told).replace("Billing", "Invoices")
    file.write_text(text.replace(billing, "0a1b2c3d-0001-4001-8001-00000000000a"))
    found = report.read("file", period=DAY, file=file, queue="Invoices", bench=bench)
    assert len(found.conversations)


class Teller:
    """A client whose queries all give the same."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        self.told = told

    def query_details(self, _: str) -> list[dict[str, Any]]:
        return self.told

    def pages(self, path: str, **_: Any) -> list[dict[str, Any]]:
        return []


def with_client(bench: Any, told: list[dict[str, Any]]) -> Any:
    return SimpleNamespace(**vars(bench) | {"client": Teller(told)})


def test_a_conversation_that_is_told_for_two_days_counts_once(
    bench: Any, simulator: Simulator
) -> None:
    told = [analytics_conversation(one) for one in simulator.world.conversations[:3]]
    period = "2026-01-04/2026-01-07"
    found = report.read("simulator", period=period, bench=with_client(bench, told))
    assert (len(found.conversations), len(found.rejected)) == (3, 0)


def test_a_day_that_the_platform_cuts_off_is_no_report(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesys_workbench.report.sources.MAX_RESULTS", 3)
    told = [{"conversationId": f"c-{n}", "participants": []} for n in range(3)]
    with pytest.raises(WorkbenchError, match=r"no more than 3[\s\S]*shorter period"):
        report.read("simulator", period=DAY, bench=with_client(bench, told))


def test_a_period_is_cut_into_slices_without_gaps() -> None:
    period = Period.parse("2026-01-05T12:00+02:00/2026-01-07")
    assert list(period.slices(timedelta(days=1))) == [
        "2026-01-05T10:00:00.000Z/2026-01-06T10:00:00.000Z",
        "2026-01-06T10:00:00.000Z/2026-01-07T00:00:00.000Z",
    ]


# Figures as outputs


def test_figures_are_shown_as_tables_and_words(read: Any) -> None:
    shown = report.figures(read())
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == repr(shown)
    assert bundle["text/html"].count("<table") == 4
    for text in ("Billing", f"{shown.abandoned_share:.1%}", "without an external contact"):
        assert text in bundle["text/plain"]
        assert text in bundle["text/html"]
    assert bundle == report.figures(read())._repr_mimebundle_()


def test_for_programs_there_is_an_output_of_plain_json(read: Any) -> None:
    shown = report.figures(read())
    bundle = shown.for_programs._repr_mimebundle_()
    plain = json.loads(json.dumps(shown.as_json(), allow_nan=False))
    assert bundle["application/json"] == plain == json.loads(bundle["text/plain"])
    assert "<details>" in bundle["text/html"]


def test_figures_of_nothing_are_zero_or_unknown(read: Any) -> None:
    nothing = report.figures(read(period="2020-01-01/2020-01-02"))
    assert nothing.as_json()["abandoned_share"] is None
    assert (nothing.conversations, nothing.transfers, len(nothing.channels)) == (0, 0, 0)
    assert "nobody waited" in repr(nothing)


def test_a_queue_with_markup_in_its_name_does_no_harm() -> None:
    body = analytics_conversation(World(conversations=1).conversations[0])
    queue = body["participants"][2]["sessions"][0]["segments"][0]["queueId"]
    told = frames.from_conversations([body], queue_names={queue: "<script>x</script>"})
    html = report.figures(told)._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_settings_without_a_secret_open_no_real_organisation(settings: Settings) -> None:
    assert not settings.live
    with pytest.raises(SettingsError, match="use source simulator"):
        report.read("live", period=DAY, settings=settings)
