"""Notebooks run in ways that their committed outputs do not show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import papermill
import pytest

from genesys_workbench import samples
from genesys_workbench.receiver import PATH
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.signing import Signer

FOLDER = Path(__file__).parents[2] / "notebooks"


def run(name: str, tmp_path: Path, **parameters: Any) -> dict[str, str]:
    """Run a notebook; return what its code cells show in plain text, by id."""
    notebook = papermill.execute_notebook(
        str(FOLDER / name), str(tmp_path / name), parameters, progress_bar=False, cwd=str(tmp_path)
    )
    return {cell["id"]: _shown(cell) for cell in notebook.cells if cell["cell_type"] == "code"}


def _shown(cell: Any) -> str:
    texts = [out.get("text") or out["data"]["text/plain"] for out in cell["outputs"]]
    return "\n".join(texts)


def test_failures_can_be_seen_without_rabbitmq_and_the_outage_says_that_it_was_none(
    tmp_path: Path,
) -> None:
    shown = run("05_when_things_fail.ipynb", tmp_path, broker="memory://", events=1)
    assert "nothing: embedded in this process" in shown["outage"]
    assert shown["result"].split()[-4:] == ["5", "5", "0", "0"]


@pytest.fixture
def organisation(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Credentials of an organisation that delivers to a port, again and again, signed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ended = threading.Event()
    with Simulator(conversations=20, credentials=("id", "canary"), webhooks=False) as simulator:
        known = simulator.world.conversations[0].id
        args = (f"http://127.0.0.1:{port}{PATH}", known, ended)
        sender = threading.Thread(target=deliver_again_and_again, args=args)
        for name, value in {
            "GENESYS_CLOUD_CLIENT_ID": "id",
            "GENESYS_CLOUD_CLIENT_SECRET": "canary",
            "GENESYS_CLOUD_API_URL": simulator.url,
            "WORKBENCH_WEBHOOK_SECRET": "canary-hook",
            "WORKBENCH_PORT": str(port),
        }.items():
            monkeypatch.setenv(name, value)
        sender.start()
        yield port
        ended.set()
        sender.join()


def deliver_again_and_again(url: str, conversation_id: str, ended: threading.Event) -> None:
    headers = Signer("canary-hook").headers(b"", message_id="", timestamp=0)
    while not ended.wait(0.3):
        event = samples.event(
            "voice-inbound", fresh=lambda: str(uuid4()), conversationId=conversation_id
        )
        try:
            httpx.post(url, json=event, headers=headers, trust_env=False)
        except httpx.TransportError:
            continue  # the notebook has not opened the receiver so far


def test_with_credentials_the_first_event_is_the_organisations(
    organisation: int, tmp_path: Path
) -> None:
    shown = run("07_real_org.ipynb", tmp_path, wait=60.0, have="architect")
    assert "live" in shown["organisation"]
    assert "Waiting up to 60 s for a delivery to" in shown["first"]
    assert "Process Automation trigger" in shown["outlet"]
    assert "3 knocks without proof were refused" in shown["result"]
    assert "canary" not in (tmp_path / "07_real_org.ipynb").read_text("utf-8")
