"""The receiver with TLS: who trusts it, who does not, and what the doctor says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_workbench.doctor import check_all
from genesys_workbench.errors import SettingsError, WorkbenchError
from genesys_workbench.posting import send_fixture
from genesys_workbench.serving import ServerThread
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.tls import own_context, server_files
from tests.certificates import Certificates, Pair


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    """Answer each delivery 202, as a receiver would."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b'{"status": "published"}'})


def served(pair: Pair) -> Settings:
    return load_settings(tls_cert_file=pair.certificate, tls_key_file=pair.key)


@pytest.fixture(scope="module")
def public(ours: Certificates) -> Pair:
    return ours.issue("hooks.example.org")


def send(settings: Settings, url: str) -> list[int]:
    return [answer["httpStatus"] for answer in send_fixture(settings, url, name="chat")]


def test_senders_on_this_computer_trust_the_receivers_own_certificate(public: Pair) -> None:
    settings = served(public)
    with (
        ServerThread(accepting, certificate=server_files(settings)) as server,
        Simulator(conversations=5, local_tls=own_context(settings)) as simulator,
    ):
        assert server.url.startswith("https://127.0.0.1:")
        assert send(settings, server.url) == [202]
        assert simulator.deliver(2, targets=[server.url]).summary["accepted"] == 2


def test_senders_do_not_trust_a_certificate_that_looks_the_same(
    public: Pair, ours: Certificates, tmp_path: Path
) -> None:
    imitated = Certificates(tmp_path, "ours").issue("hooks.example.org")
    settings = served(public)
    files = (str(imitated.certificate), str(imitated.key))
    with (
        ServerThread(accepting, certificate=files) as server,
        Simulator(conversations=5, local_tls=own_context(settings)) as simulator,
    ):
        with pytest.raises(WorkbenchError, match=r"certificate of the receiver.*not trusted"):
            send(settings, server.url)
        assert simulator.deliver(1, targets=[server.url], redeliver=0).summary["accepted"] == 0


def test_a_sender_elsewhere_trusts_the_system_and_what_ssl_cert_file_names(
    ours: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = ours.issue("127.0.0.1")
    with ServerThread(accepting, certificate=(str(local.certificate), str(local.key))) as server:
        with pytest.raises(WorkbenchError, match="not trusted") as caught:
            send(load_settings(), server.url)
        assert "SSL_CERT_FILE" in caught.value.fix
        monkeypatch.setenv("SSL_CERT_FILE", str(ours.ca_file))
        assert send(load_settings(), server.url) == [202]
        with pytest.raises(WorkbenchError, match="Hostname mismatch"):
            send(load_settings(), server.url.replace("127.0.0.1", "localhost"))


def test_https_means_no_http(public: Pair) -> None:
    with (
        ServerThread(accepting, certificate=server_files(served(public))) as server,
        pytest.raises(httpx.TransportError),
    ):
        httpx.get(server.url.replace("https", "http"), trust_env=False, timeout=5)


def test_the_doctor_tells_how_the_receiver_is_reached(public: Pair, ours: Certificates) -> None:
    def told(settings: Settings) -> tuple[str, str]:
        off = settings.model_copy(update={"enrich": "off", "port": 0})
        (check,) = (each for each in check_all(off, environment={}) if each.name == "receiver tls")
        return check.state, check.finding

    assert told(load_settings()) == ("ok", "http, on this computer only")
    assert told(load_settings(host="0.0.0.0")) == ("warn", "deliveries come unencrypted")
    state, finding = told(served(public))
    assert state == "ok"
    assert finding == f"https with {public.certificate}, valid until 3000-01-01"
    state, finding = told(served(ours.issue("hooks.example.org", expired=True)))
    assert (state, "certificate has expired" in finding) == ("fail", True)


def test_the_receivers_files_are_checked_before_it_serves(public: Pair) -> None:
    assert server_files(load_settings()) is None
    wrong = load_settings(tls_cert_file=public.certificate, tls_key_file=public.certificate)
    with pytest.raises(SettingsError, match=r"WORKBENCH_TLS_KEY_FILE.*no private key"):
        server_files(wrong)
