"""Throw-away certificates, as PEM files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trustme

__all__ = ["Certificates", "Pair"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Certificates:
    """A CA and what it issues, as PEM files of a folder."""

    def __init__(self, folder: Path, name: str = "ours") -> None:
        self._authority = trustme.CA(organization_name=name)
        self._folder = folder
        self._name = name
        self.ca_file = folder / f"{name}-ca.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)

    def issue(self, identity: str, *, expired: bool = False) -> Pair:
        """Issue a certificate for a host name, an address or a client."""
        options: dict[str, Any] = {}
        if expired:
            first, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
            options = {"not_before": first, "not_after": last}
        issued = self._authority.issue_cert(identity, **options)
        stem = f"{self._name}-{identity}{'-expired' * expired}"
        pair = Pair(self._folder / f"{stem}.pem", self._folder / f"{stem}-key.pem")
        pair.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(pair.key)
        return pair
