"""TLS without a broker: which files are used, that all is verified, and what is said if not."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from pika.exceptions import IncompatibleProtocolError
from pydantic import SecretStr

from genesys_workbench.broker import locate
from genesys_workbench.connecting import broker_error, connection_parameters
from genesys_workbench.errors import (
    BrokerRefused,
    BrokerUnreachable,
    SettingsError,
    WorkbenchError,
)
from genesys_workbench.settings import Settings, hide_password, load_settings
from genesys_workbench.tasks import configuration
from genesys_workbench.tls import client_context, kombu_arguments
from tests.certificates import Certificates, Pair

URL = "amqps://bench:canary-password@rabbit.example:5671/team"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Certificates:
    return Certificates(folder)


@pytest.fixture(scope="module")
def client(ours: Certificates) -> Pair:
    return ours.issue("client")


@pytest.fixture
def settings(ours: Certificates, client: Pair) -> Settings:
    return load_settings(
        broker_url=URL,
        broker_ca_file=ours.ca_file,
        broker_cert_file=client.certificate,
        broker_key_file=client.key,
    )


def url_of(settings: Settings) -> str:
    return str(locate(settings).url)


# --- the files travel in the URL -------------------------------------------------------------


def test_the_brokers_url_carries_the_files_as_rabbitmq_names_them(
    settings: Settings, ours: Certificates, client: Pair
) -> None:
    assert url_of(settings) == (
        f"{URL}?cacertfile={ours.ca_file}&certfile={client.certificate}&keyfile={client.key}"
    )


def test_a_process_that_is_handed_this_url_and_the_settings_finds_the_same_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = url_of(settings)
    handed = settings.model_copy(update={"broker_url": SecretStr(first)})
    for name, value in handed.environment().items():
        monkeypatch.setenv(name, value)
    assert url_of(load_settings()) == first


def test_a_relative_path_means_the_folder_of_the_one_who_set_it(
    ours: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ours.ca_file.parent)
    found = url_of(load_settings(broker_url=URL, broker_ca_file=ours.ca_file.name))
    assert found == f"{URL}?cacertfile={ours.ca_file}"


def test_files_that_are_in_the_url_already_do_without_settings(settings: Settings) -> None:
    url = url_of(settings)
    assert url_of(load_settings(broker_url=url)) == url


def test_neither_password_nor_files_show_where_the_broker_is_named(settings: Settings) -> None:
    broker = locate(settings)
    shown = hide_password(url_of(settings)) + repr(broker) + broker.why
    assert "amqps://bench:***@rabbit.example:5671/team" in shown
    assert not any(word in shown for word in ("canary-password", "cacertfile", ".pem"))


def test_a_password_in_the_query_of_a_databases_url_does_not_show() -> None:
    assert hide_password("postgresql://host/db?password=canary") == "postgresql://host/db"


# --- everything is verified ------------------------------------------------------------------


@pytest.mark.parametrize("weak", ["", "?ssl_options={{'protocol': {0}, 'ca_certs': '{1}'}}"])
def test_pika_verifies_chain_and_host_name_whatever_the_url_says(
    ours: Certificates, weak: str
) -> None:
    careless = int(ssl.PROTOCOL_TLS_SERVER)  # as a client's, it verifies nothing
    options = connection_parameters(URL + weak.format(careless, ours.ca_file)).ssl_options
    assert options is not None
    assert options.context.verify_mode == ssl.CERT_REQUIRED
    assert options.context.check_hostname
    assert options.server_hostname == "rabbit.example"


@pytest.mark.parametrize("weakened", ["", "?ssl_cert_reqs=none&ssl_check_hostname=false"])
def test_kombu_verifies_chain_and_host_name_whatever_the_url_says(weakened: str) -> None:
    told = kombu_arguments(URL + weakened)
    assert told["hostname"] == URL
    assert told["ssl"]["cert_reqs"] == ssl.CERT_REQUIRED
    assert told["ssl"]["server_hostname"] == "rabbit.example"


def test_the_worker_is_given_the_same_files(
    settings: Settings, ours: Certificates, client: Pair
) -> None:
    conf = configuration(settings)
    assert conf["broker_url"] == URL
    assert conf["broker_use_ssl"] == {
        "ca_certs": str(ours.ca_file),
        "certfile": str(client.certificate),
        "keyfile": str(client.key),
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": "rabbit.example",
    }


@pytest.mark.parametrize("url", ["amqp://u:p@h/", "memory://"])
def test_a_broker_without_tls_is_connected_without(url: str) -> None:
    conf = configuration(load_settings(broker_url=url))
    assert (conf["broker_url"], conf["broker_use_ssl"]) == (url, False)
    assert client_context(url) is None


def test_an_own_ca_replaces_those_of_the_system(settings: Settings) -> None:
    context = client_context(url_of(settings))
    assert context is not None
    (only,) = context.get_ca_certs()
    assert (("organizationName", "ours"),) in only["subject"]


# --- settings are checked at the start -------------------------------------------------------


@pytest.mark.parametrize("kind", ["broker", "tls"])
@pytest.mark.parametrize("half", ["cert", "key"])
def test_a_certificate_without_its_key_or_the_other_way_round_is_refused(
    kind: str, half: str
) -> None:
    names = f"WORKBENCH_{kind.upper()}_CERT_FILE and WORKBENCH_{kind.upper()}_KEY_FILE"
    with pytest.raises(SettingsError, match=f"{names} must be set together"):
        load_settings(**{f"{kind}_{half}_file": "a.pem"})


def test_files_for_a_broker_that_is_not_encrypted_are_refused(settings: Settings) -> None:
    plain = settings.model_copy(update={"broker_url": SecretStr("amqp://u:canary@far.example/")})
    with pytest.raises(SettingsError, match=r"WORKBENCH_BROKER_CA_FILE.*not encrypted") as caught:
        locate(plain)
    assert "amqps://" in caught.value.fix
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["amqp://u:p@127.0.0.1:5672/", "amqp://", "memory://"])
def test_files_do_not_disturb_a_broker_on_this_computer(settings: Settings, url: str) -> None:
    assert url_of(settings.model_copy(update={"broker_url": SecretStr(url)})) == url


def replaced(settings: Settings, name: str, path: Path) -> Settings:
    return settings.model_copy(update={name: path})


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broker_ca_file", None, "cannot be read: no such file"),
        ("broker_cert_file", None, "cannot be read: no such file"),
        ("broker_key_file", None, "cannot be read: no such file"),
        ("broker_ca_file", "canary", "holds no certificate in PEM form"),
        ("broker_cert_file", "canary", "holds no certificate in PEM form"),
        ("broker_key_file", "canary", "holds no private key in PEM form"),
        ("broker_ca_file", "-----BEGIN CERTIFICATE-----\ncanary\n", "cannot be used"),
        ("broker_key_file", "-----BEGIN PRIVATE KEY-----\ncanary\n", "cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_setting(
    settings: Settings, tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=told) as caught:
        locate(replaced(settings, name, path))
    assert f"WORKBENCH_{name.upper()}" in caught.value.what
    assert str(path) in caught.value.what
    assert "canary" not in str(caught.value)


def test_a_key_of_another_certificate_is_told(settings: Settings, ours: Certificates) -> None:
    with pytest.raises(SettingsError, match="do not belong together"):
        locate(replaced(settings, "broker_key_file", ours.issue("somebody").key))


def test_a_key_with_a_passphrase_is_told_instead_of_asked_for(
    settings: Settings, folder: Path, client: Pair
) -> None:
    from cryptography.hazmat.primitives import serialization as forms

    key = forms.load_pem_private_key(client.key.read_bytes(), None)
    hidden = forms.BestAvailableEncryption(b"canary")
    path = folder / "hidden.pem"
    path.write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, hidden))
    with pytest.raises(SettingsError, match="protected by a passphrase"):
        locate(replaced(settings, "broker_key_file", path))


# --- a refusal in words ----------------------------------------------------------------------


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1006)")
    error.reason = reason
    return error


def distrust(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] (_ssl.c:1006)")
    error.verify_code, error.verify_message = code, message
    return error


def early(cause: str) -> IncompatibleProtocolError:
    return IncompatibleProtocolError(f"StreamLostError: ('Stream connection lost: {cause}',)")


@pytest.mark.parametrize(
    ("exc", "kind", "what", "fix"),
    [
        (distrust(19, "self-signed"), BrokerRefused, "not trusted: self-signed", "BROKER_CA_FILE"),
        (distrust(62, "Hostname mismatch."), BrokerRefused, "Hostname mismatch", "name the host"),
        (distrust(10, "certificate has expired"), BrokerRefused, "has expired", "renew"),
        (
            ssl_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            BrokerRefused,
            "wants a client certificate",
            "WORKBENCH_BROKER_CERT_FILE",
        ),
        (
            ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"),
            BrokerRefused,
            "wants a client certificate",
            "WORKBENCH_BROKER_KEY_FILE",
        ),
        (
            ssl_error("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
            BrokerRefused,
            "refused the client certificate: certificate expired",
            "one that is valid",
        ),
        (
            ssl_error("TLSV1_ALERT_UNKNOWN_CA"),
            BrokerRefused,
            "refused the client certificate: unknown ca",
            "a CA that the broker trusts",
        ),
        (ssl_error("WRONG_VERSION_NUMBER"), BrokerRefused, "does not speak TLS", "5671"),
        (ssl_error("SOMETHING_NEW"), BrokerUnreachable, "failed: SOMETHING_NEW", "s_client"),
        (ssl.SSLEOFError(8, "EOF"), BrokerUnreachable, "broke off the TLS", "client certificate"),
        (
            early("SSLError(1, '[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] (_ssl.c:2580)')"),
            BrokerRefused,
            "wants a client certificate",
            "WORKBENCH_BROKER_KEY_FILE",
        ),
        (early("SSLEOFError(8, 'EOF')"), BrokerUnreachable, "broke off the TLS", "certificate"),
        (
            early("ConnectionResetError(104, 'reset')"),
            BrokerUnreachable,
            "broke off the TLS",
            "client certificate",
        ),
        (ConnectionRefusedError(111, "refused"), BrokerUnreachable, "is unreachable", "it runs"),
    ],
)
def test_each_way_to_be_refused_is_told_in_words_with_the_fix(
    exc: Exception, kind: type[WorkbenchError], what: str, fix: str
) -> None:
    wrapped = OSError("outer")
    wrapped.__cause__ = exc
    for raised in (exc, wrapped):
        error = broker_error(raised, "amqps://u:***@h/")
        assert type(error) is kind
        assert what in error.what
        assert fix in error.fix


def test_a_plain_connection_that_is_broken_off_may_have_met_a_tls_port() -> None:
    error = broker_error(early("ConnectionResetError(104, 'reset')"), "amqp://u:***@h/")
    assert "broke off the connection before it began" in error.what
    assert "amqps://" in error.fix
