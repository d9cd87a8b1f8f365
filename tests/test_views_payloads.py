"""The payload browser as an object: what is found, what is shown of it, what is masked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import samples
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.events import parse_event
from genesys_workbench.settings import load_settings
from genesys_workbench.views import live_panel, payload_browser
from genesys_workbench.views.payloads import PAGE, PayloadBrowser
from genesys_workbench.workbench import Workbench
from tests.integration.workers import wait_until

SECRET = "a-throw-away-secret"
NAME, NUMBER = "Imogen Sample", "+41 44 555 01 99"
PERSONAL = {
    "conversationId": "c-personal",
    "eventTime": 1767600000000,
    "eventType": "customer.start",
    "participantName": NAME,
    "ani": NUMBER,
}
MALFORMED = b'{"name": "Imogen Sample", "ani": '


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    settings = load_settings(
        broker_url="memory://",
        data_dir=tmp_path_factory.mktemp("payloads"),
        port=0,
        enrich="off",
        webhook_secret=SecretStr(SECRET),
    )
    with Workbench(settings) as opened:
        yield opened


@pytest.fixture
def browser(bench: Workbench) -> Iterator[PayloadBrowser]:
    opened = payload_browser(bench)
    yield opened
    opened.close()


def do(panel: PayloadBrowser, action: str, **arguments: Any) -> str:
    return panel.do(action, **arguments).result(20)


def post(bench: Workbench, *, secret: str = SECRET, **request: Any) -> httpx.Response:
    headers = {"X-Webhook-Secret": secret, "Content-Type": "application/json"}
    return httpx.post(bench.address(), headers=headers, trust_env=False, **request)


def opened(panel: PayloadBrowser, place: int = 0) -> dict[str, Any]:
    """Open a row and return its details."""
    panel.refresh()
    do(panel, "open", key=panel.state["rows"][place]["key"])
    detail: dict[str, Any] = panel.state["detail"]
    return detail


def test_an_accepted_delivery_is_shown_with_all_that_became_of_it(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    (answer,) = bench.trigger("voice-inbound")
    event_id = answer["eventId"]
    bench.wait_for(event_id)
    detail = opened(browser)
    assert (detail["event"], detail["status"]) == (event_id, "processed")
    assert detail["payload"]["id"] == event_id
    assert detail["headers"]["content-type"] == "application/json"
    assert detail["message"]["routing_key"] == "conversation.customer-start.voice"
    assert detail["message"]["body"][0][0]["eventId"] == event_id
    assert detail["record"]["eventType"] == "customer.start"
    assert [each["outcome"] for each in detail["attempts"]] == ["processed"]
    assert json.loads(json.dumps(browser.state)) == browser.state


def test_personal_data_is_masked_everywhere(bench: Workbench, browser: PayloadBrowser) -> None:
    bench.wait_for(post(bench, json=PERSONAL).json()["eventId"])
    detail = opened(browser)
    shown = json.dumps([browser.state, browser.snapshot().html], ensure_ascii=False)
    assert NAME not in shown
    assert NUMBER not in shown
    assert "c-personal" in detail["curl"]
    assert detail["payload"]["participantName"].startswith("masked-")


def test_personal_data_is_shown_on_demand_only(bench: Workbench) -> None:
    post(bench, json=PERSONAL)
    panel = payload_browser(bench, show_personal=True)
    detail = opened(panel)
    assert panel.state["personal"] is True
    assert detail["payload"] == PERSONAL
    assert detail["message"]["body"][0][0]["source"] == PERSONAL
    assert NAME in detail["curl"]
    panel.close()


def test_a_secret_is_shown_in_no_form(bench: Workbench) -> None:
    post(bench, json=PERSONAL)
    post(bench, json=PERSONAL, secret="a-forged-secret")
    panel = payload_browser(bench, show_personal=True)
    for place in (0, 1):
        detail = opened(panel, place)
        assert detail["headers"]["x-webhook-secret"] == "***"
        assert '"$WORKBENCH_WEBHOOK_SECRET"' in detail["curl"]
    shown = json.dumps([panel.state, panel.snapshot(times=True).html])
    assert SECRET not in shown
    assert "a-forged-secret" not in shown
    panel.close()


def test_a_forged_delivery_is_told_with_its_reason(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    post(bench, json=samples.event("chat"), secret="forged")
    detail = opened(browser)
    assert "no valid secret" in detail["sentence"]
    assert (detail["event"], detail["message"], detail["record"]) == (None, None, None)


def test_of_what_is_no_json_the_shape_only_is_shown(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    post(bench, content=MALFORMED)
    detail = opened(browser)
    assert detail["payload"] == '{"xxxx": "xxxxxx xxxxxx", "xxx": '
    assert "Imogen" not in json.dumps(browser.state)


@pytest.mark.parametrize("body", [b'["Imogen Sample"]', b'"Imogen Sample"', b'[["Imogen Sample"]]'])
def test_texts_that_are_in_no_object_are_masked_as_well(
    bench: Workbench, browser: PayloadBrowser, body: bytes
) -> None:
    post(bench, content=body)
    assert "masked-" in json.dumps(opened(browser)["payload"])
    assert "Imogen" not in json.dumps(browser.state)


def test_each_event_of_a_batch_has_its_row_and_its_message(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    events = [PERSONAL | {"eventId": "batch-1"}, PERSONAL | {"eventId": "batch-2"}]
    post(bench, json=events)
    second = opened(browser, 1)
    assert second["event"] == second["message"]["message_id"] == "batch-2"
    assert [each["eventId"] for each in second["payload"]] == ["batch-1", "batch-2"]


def test_a_search_looks_into_bodies_and_ids(bench: Workbench, browser: PayloadBrowser) -> None:
    (answer,) = bench.trigger("email", conversationId="c-sought")
    do(browser, "search", text="C-SOUGHT")
    assert [row["event"] for row in browser.state["rows"]] == [answer["eventId"]]
    do(browser, "search", text="c-sought nowhere")
    assert browser.state["rows"] == []


def test_events_of_earlier_runs_come_from_the_store(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    body = {"conversationId": "c-earlier", "eventId": "e-100%", "mediaType": "CHAT", "ani": NUMBER}
    bench.store.record(parse_event(body | {"eventId": "e-100"}))
    do(browser, "search", text="c-EARLIER", source="store")
    (row,) = browser.state["rows"]
    assert (row["key"], row["media"], row["state"]) == ("e-100", "chat", "processed")
    detail = opened(browser)
    assert (detail["headers"], detail["status"]) == (None, "processed")
    assert detail["payload"]["ani"].startswith("masked-")
    assert detail["message"]["message_id"] == "e-100"
    assert "c-earlier" in detail["curl"]


def test_of_an_event_that_is_still_tried_the_body_is_in_the_queue(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    bench.store.note_attempt(
        event_id="e-tried",
        conversation_id="c-tried",
        event_type="acw",
        attempt=1,
        outcome="retry",
        reason="upstream_5xx",
        error="boom",
    )
    do(browser, "search", text="e-tried", source="store")
    detail = opened(browser)
    assert (detail["payload"], detail["curl"], detail["message"]) == (None, None, None)
    assert (detail["status"], detail["attempts"][0]["error"]) == ("retrying", "boom")
    with pytest.raises(WorkbenchError, match="still being tried"):
        do(browser, "replay", event="e-tried")


def test_a_replay_is_seen_among_the_attempts(bench: Workbench, browser: PayloadBrowser) -> None:
    (answer,) = bench.trigger("chat")
    bench.wait_for(answer["eventId"])
    opened(browser)
    do(browser, "replay", event=answer["eventId"])

    def outcomes() -> list[str]:
        browser.refresh()
        return [each["outcome"] for each in browser.state["detail"]["attempts"]]

    wait_until(lambda: outcomes() == ["processed", "replayed"], what="the replay")


def test_deliveries_from_the_panel_carry_the_proof(bench: Workbench) -> None:
    panel = live_panel(bench)
    panel.do("deliver", count=3, rate=100).result(20)

    def delivering() -> dict[str, Any]:
        panel.refresh()
        state: dict[str, Any] = panel.state["simulator"]["delivering"]
        return state

    wait_until(lambda: not delivering()["running"], what="the deliveries")
    assert (delivering()["accepted"], delivering()["problem"]) == (3, "")
    panel.close()


def test_pages_hold_a_hundred_rows_and_tell_of_more(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    for number in range(PAGE + 5):
        bench.deliveries.add(
            at=bench.deliveries.find(limit=1)[0].at,
            status=400,
            milliseconds=1,
            headers={},
            body=f"paged {number} of".encode(),
        )
    do(browser, "search", text="paged of")
    assert (len(browser.state["rows"]), browser.state["more"]) == (PAGE, True)
    do(browser, "search", text="paged of", page=1)
    assert (len(browser.state["rows"]), browser.state["more"]) == (5, False)


def test_an_unknown_source_is_refused(browser: PayloadBrowser) -> None:
    with pytest.raises(WorkbenchError, match="no source 'moon'"):
        do(browser, "search", source="moon")


def test_a_body_that_is_no_longer_kept_is_told_so(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    large = bench.deliveries._body_limit + 1
    post(bench, content=b"x" * large)
    detail = opened(browser)
    assert (detail["payload"], detail["curl"]) == (None, None)


def test_a_picture_has_the_table_and_the_newest_payload_without_what_differs(
    bench: Workbench, browser: PayloadBrowser
) -> None:
    (answer,) = bench.trigger("voice-inbound", conversationId="c-picture")
    post(bench, content=b"{ c-picture")
    bench.wait_for(answer["eventId"])
    do(browser, "search", text="c-picture")
    picture = browser.snapshot()
    table, tree = picture.text.split("Payload of one of them")
    assert [line.split()[:5] for line in table.splitlines()[2:]] == [
        ["–", "–", "–", "400", "refused"],
        ["eventbridge", "customer.start", "voice", "202", "processed"],
    ]
    assert json.loads(tree)["detail"]["eventBody"]["ani"] == "masked"
    assert json.loads(tree)["id"] == "…"
    assert answer["eventId"] not in picture.html
    assert answer["eventId"] in browser.snapshot(times=True).html


def test_a_picture_of_nothing_is_an_empty_table(browser: PayloadBrowser) -> None:
    do(browser, "search", text="nothing has this text")
    text = browser.snapshot().text
    assert text.splitlines()[0] == "Deliveries, the newest first"
    assert len(text.splitlines()) == 2
