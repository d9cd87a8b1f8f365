"""A RabbitMQ node that also listens with TLS, for clients that show a certificate."""

from __future__ import annotations

from typing import Any

from genesys_workbench.node import PrivateNode
from genesys_workbench.ports import free_port
from genesys_workbench.settings import Settings, load_settings
from tests.certificates import Certificates, Pair

__all__ = ["TlsNode"]

CONFIG = """
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {ca}
ssl_options.certfile = {own.certificate}
ssl_options.keyfile = {own.key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
management.ssl.ip = 127.0.0.1
management.ssl.port = {management_port}
management.ssl.cacertfile = {ca}
management.ssl.certfile = {own.certificate}
management.ssl.keyfile = {own.key}
"""


class TlsNode(PrivateNode):
    """A private node with a certificate for 127.0.0.1 and a CA whose clients it takes."""

    def __init__(self, certificates: Certificates) -> None:
        super().__init__()
        self.certificates = certificates
        self._own = certificates.issue("127.0.0.1")
        self.client = certificates.issue("client")
        self.tls_port, self._tls_management_port = free_port(), free_port()

    @property
    def tls_url(self) -> str:
        """AMQP URL of the TLS listener."""
        return f"amqps://guest:guest@127.0.0.1:{self.tls_port}/"

    @property
    def tls_management_url(self) -> str:
        """URL of the management plugin with TLS."""
        return f"https://guest:guest@127.0.0.1:{self._tls_management_port}/"

    def settings(self, client: Pair | None = None, **changes: Any) -> Settings:
        """Return settings that reach the node with TLS, as its own client or another."""
        pair = client or self.client
        return load_settings(
            **{
                "broker_url": self.tls_url,
                "broker_ca_file": self.certificates.ca_file,
                "broker_cert_file": pair.certificate,
                "broker_key_file": pair.key,
            }
            | changes
        )

    def _prepare_files(self, *, with_management: bool) -> None:
        super()._prepare_files(with_management=with_management)
        added = CONFIG.format(
            port=self.tls_port,
            management_port=self._tls_management_port,
            ca=self.certificates.ca_file,
            own=self._own,
        )
        with (self.data_dir / "rabbitmq.conf").open("a", encoding="utf-8") as config:
            config.write(added)
