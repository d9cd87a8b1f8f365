"""Settings from the environment and ``.env``; the regions of Genesys Cloud.

The credentials carry the vendor's own names (``GENESYS_CLOUD_*``), the rest the prefix
``WORKBENCH_``. Secrets, and URLs that may hold a password, are ``SecretStr``: their repr
shows stars.
"""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .crash import POINTS, is_point
from .errors import SettingsError
from .webhook_secrets import WebhookSecret

__all__ = ["REGIONS", "HiddenUrl", "Settings", "hide_password", "load_settings", "region_domain"]

# PureCloudRegionHosts of the official SDK 269.0.0
REGIONS = {
    "us_east_1": "mypurecloud.com",
    "us_east_2": "use2.us-gov-pure.cloud",
    "us_west_2": "usw2.pure.cloud",
    "ca_central_1": "cac1.pure.cloud",
    "mx_central_1": "mxc1.pure.cloud",
    "sa_east_1": "sae1.pure.cloud",
    "eu_west_1": "mypurecloud.ie",
    "eu_west_2": "euw2.pure.cloud",
    "eu_central_1": "mypurecloud.de",
    "eu_central_2": "euc2.pure.cloud",
    "eusc_de_east_1": "edee1.eusc-pure.cloud",
    "me_central_1": "mec1.pure.cloud",
    "ap_south_1": "aps1.pure.cloud",
    "ap_southeast_1": "apse1.pure.cloud",
    "ap_southeast_2": "mypurecloud.com.au",
    "ap_northeast_1": "mypurecloud.jp",
    "ap_northeast_2": "apne2.pure.cloud",
    "ap_northeast_3": "apne3.pure.cloud",
}
SIMULATOR_URL = "http://127.0.0.1:8765"
SIMULATOR_CREDENTIALS = ("demo", "demo")

AuthScheme = Literal["header", "standard", "hub"]


def region_domain(region: str) -> str:
    """Return the domain of a region, given by name (``eu_west_1``, ``eu-west-1``) or domain.

    Raises:
        SettingsError: The region is none of the 18; the text lists them.
    """
    wanted = region.strip().lower()
    name = wanted.replace("-", "_")
    if name in REGIONS:
        return REGIONS[name]
    for prefix in ("https://", "api.", "login.", "apps."):
        wanted = wanted.removeprefix(prefix)
    wanted = wanted.rstrip("/")
    if wanted in REGIONS.values():
        return wanted
    known = ", ".join(f"{key} ({domain})" for key, domain in REGIONS.items())
    raise SettingsError(
        f"{region!r} is not a Genesys Cloud region.",
        fix=f"set GENESYS_CLOUD_REGION to one of: {known}",
    )


def hide_password(url: str) -> str:
    """Return a URL with its password replaced by stars and without its query, fit for logs."""
    url = url.partition("?")[0]  # a database's may hold the password too
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return "<malformed URL>"
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))


class HiddenUrl(str):
    """A URL whose repr hides its password, for tracebacks that show local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(hide_password(str(self)))


def _data_dir() -> Path:
    return user_data_path("genesys-workbench", appauthor=False)


class Settings(BaseSettings):
    """All settings of the workbench, read once and passed on.

    Raises:
        SettingsError: Through `load_settings`, when a value is malformed.
    """

    model_config = SettingsConfigDict(
        env_prefix="WORKBENCH_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    client_id: str | None = Field(None, validation_alias="GENESYS_CLOUD_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, validation_alias="GENESYS_CLOUD_CLIENT_SECRET")
    region: str = Field("us_east_1", validation_alias="GENESYS_CLOUD_REGION")
    api_url_override: str | None = Field(None, validation_alias="GENESYS_CLOUD_API_URL")
    login_url_override: str | None = Field(None, validation_alias="GENESYS_CLOUD_LOGIN_URL")

    data_dir: Path = Field(default_factory=_data_dir)
    broker_url: SecretStr | None = None
    broker_ca_file: Path | None = None
    broker_cert_file: Path | None = None
    broker_key_file: Path | None = None
    management_url: SecretStr | None = None
    database_url: SecretStr | None = None
    spool_path: Path | None = None
    spool_max_events: int = Field(1_000_000, ge=0, description="0 turns the spool off")
    queue_type: Literal["quorum", "classic"] = "quorum"
    delivery_limit: int = Field(20, ge=1)
    queue_max_length: int | None = Field(None, ge=1)
    confirm_timeout: float = Field(3.0, gt=0, description="seconds until an event is spooled")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    max_body_bytes: int = Field(1024 * 1024, ge=1)
    header_timeout: float = Field(10.0, gt=0, description="seconds for a request's headers")
    body_timeout: float = Field(10.0, gt=0)
    webhook_secret: WebhookSecret | None = None
    webhook_secret_previous: WebhookSecret | None = None
    webhook_secret_header: str = "X-Webhook-Secret"  # noqa: S105 - a header's name
    webhook_auth: Annotated[tuple[AuthScheme, ...], NoDecode] = ("header", "standard", "hub")

    enrich: Literal["worker", "receiver", "off"] = "worker"
    api_timeout: float = Field(30.0, gt=0, description="seconds for one call of the API")
    prefetch: int = Field(1, ge=1)
    task_timeout: float = Field(240.0, ge=1, description="seconds for one try")
    max_retries: int = Field(6, ge=0)
    retry_base: float = Field(2.0, gt=0, description="seconds before the first retry")
    retry_cap: float = Field(300.0, gt=0, description="longest wait in seconds")
    processor: str | None = Field(None, description="module:function, called for each event")

    log_format: Literal["text", "json"] = "text"
    log_level: str = "INFO"
    metrics_port: int | None = Field(None, ge=0, le=65535, description="of the worker")
    metrics_host: str = "127.0.0.1"
    crash_at: str | None = Field(None, description="point[:nth] of crash.py, for tests")

    @field_validator("webhook_auth", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in logging.getLevelNamesMapping():
            raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return value.upper()

    @field_validator("crash_at")
    @classmethod
    def _known_point(cls, value: str | None) -> str | None:
        if value is not None and not is_point(value):
            raise ValueError(f"must be one of {', '.join(POINTS)}, with :n for the n-th hit")
        return value

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        try:
            region_domain(value)
        except SettingsError as exc:
            raise ValueError(f"{exc.what} {exc.fix}") from exc
        return value

    @model_validator(mode="after")
    def _nothing_half_set(self) -> Settings:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError(
                "GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_CLIENT_SECRET must be set together"
            )
        if self.webhook_secret_previous is not None and self.webhook_secret is None:
            raise ValueError(
                "WORKBENCH_WEBHOOK_SECRET_PREVIOUS is set without WORKBENCH_WEBHOOK_SECRET"
            )
        return self

    @model_validator(mode="after")
    def _certificates_with_keys(self) -> Settings:
        pairs = (
            (self.broker_cert_file, self.broker_key_file),
            (self.tls_cert_file, self.tls_key_file),
        )
        for kind, (certificate, key) in zip(("BROKER", "TLS"), pairs, strict=True):
            if (certificate is None) != (key is None):
                names = f"WORKBENCH_{kind}_CERT_FILE and WORKBENCH_{kind}_KEY_FILE"
                raise ValueError(f"{names} must be set together")
        return self

    @property
    def scheme(self) -> str:
        """How the receiver is spoken to: http, or https where it has a certificate."""
        return "http" if self.tls_cert_file is None else "https"

    @property
    def live(self) -> bool:
        """Whether credentials of an organisation are set; otherwise all is simulated."""
        return self.client_id is not None and self.client_secret is not None

    @property
    def names_an_api(self) -> bool:
        """Whether an organisation or an API is named; where none is, a simulator may be started."""
        return self.live or bool(self.api_url_override)

    @property
    def credentials(self) -> tuple[str, SecretStr]:
        """Client id and secret; the simulator's where none are set."""
        if self.client_id is not None and self.client_secret is not None:
            return self.client_id, self.client_secret
        return SIMULATOR_CREDENTIALS[0], SecretStr(SIMULATOR_CREDENTIALS[1])

    @property
    def api_url(self) -> str:
        """Base URL of the API, without a trailing slash."""
        default = f"https://api.{region_domain(self.region)}" if self.live else SIMULATOR_URL
        return (self.api_url_override or default).rstrip("/")

    @property
    def login_url(self) -> str:
        """Base URL of the token endpoint, without a trailing slash."""
        if self.login_url_override:
            return self.login_url_override.rstrip("/")
        if self.live and not self.api_url_override:
            return f"https://login.{region_domain(self.region)}"
        return self.api_url

    @cached_property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store, PostgreSQL with the driver that is installed."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'workbench.db'}"
        url = HiddenUrl(self.database_url.get_secret_value())
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                if find_spec("psycopg") is None:
                    raise SettingsError(
                        "WORKBENCH_DATABASE_URL names PostgreSQL, but its driver is missing.",
                        fix='pip install "genesys-workbench[postgresql]"',
                    )
                return HiddenUrl("postgresql+psycopg://" + url.removeprefix(plain))
        return HiddenUrl(url)

    @property
    def spool_file(self) -> Path:
        """Where the spool lies."""
        return self.spool_path or self.data_dir / "spool.db"

    def environment(self) -> dict[str, str]:
        """Return what was set, as variables for a worker process."""
        return {
            _variable((name,)): _as_text(getattr(self, name))
            for name in sorted(self.model_fields_set)
            if getattr(self, name) is not None
        }


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; keyword arguments win over the environment.

    Raises:
        SettingsError: A value is malformed; the text names the variable, never the value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as exc:
        lines = [f"{_variable(error['loc'])}: {error['msg']}" for error in exc.errors()]
        raise SettingsError(
            "Settings are not valid: " + "; ".join(lines),
            fix="correct the variable in the environment or in .env (see .env.example)",
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(
            f".env in this folder cannot be read: {type(exc).__name__}.",
            fix="make it UTF-8 text with lines NAME=value (see .env.example), or move it away",
        ) from exc


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _variable(loc: tuple[int | str, ...]) -> str:
    name = str(loc[0]) if loc else ""
    field = Settings.model_fields.get(name)
    if field is None:
        return name or "credentials"
    return str(field.validation_alias or f"WORKBENCH_{name.upper()}")
