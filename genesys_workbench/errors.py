"""Every error that a person may meet, in one tree.

WorkbenchError                  what happened, why, and the next command
├── UsageError                  what was asked for does not exist, or cannot be done as asked
├── SettingsError               a setting is missing, malformed or contradictory
├── InvalidDelivery             a delivery that the receiver refuses; carries the HTTP status
├── GenesysError                an answer of the platform: status, code, context_id
│   ├── OAuthError              the token endpoint refused the client
│   ├── BadRequest              400 and other 4xx
│   ├── Unauthorized            401
│   ├── Forbidden               403
│   ├── NotFound                404
│   │   └── NoWebhookEndpoint   404 on /api/v2/webhooks: a real organisation has none
│   ├── RateLimited             429; carries retry_after
│   ├── ServerError             5xx
│   ├── BadResponse             an answer that is not what the platform sends
│   ├── JobFailed               an analytics job that ended without results
│   └── Unreachable             no answer: DNS, connection, timeout
├── BrokerError
│   ├── BrokerUnreachable       no connection, or lost
│   ├── BrokerRefused           credentials or virtual host refused
│   ├── TopologyError           queue or exchange missing, or declared with other arguments
│   ├── Unroutable              the broker returned the message: no queue is bound
│   ├── Nacked                  the broker refused the message: queue full or internal error
│   ├── PublishTimeout          not confirmed in time: the outcome is unknown
│   └── Overloaded              too many messages wait for a confirm
├── SpoolError                  the local spool cannot keep an event: disk, permissions
│   └── SpoolFull               its bound is reached
├── StoreError
│   ├── StoreUnavailable        locked, away or full: worth another try
│   ├── StoreDamaged            the database's file is broken, or no database
│   └── SchemaMismatch          the database is older or newer than this program
├── ServingError                a server cannot start: port, address, or its app
└── TaskError
    ├── PermanentError          retrying cannot help: dead letter at once
    └── RetriesExhausted        transient, but too often

The text always reads: what happened — why — the fix. Secrets never enter it.
"""

from __future__ import annotations

__all__ = [
    "BadRequest",
    "BadResponse",
    "BrokerError",
    "BrokerRefused",
    "BrokerUnreachable",
    "Forbidden",
    "GenesysError",
    "InvalidDelivery",
    "JobFailed",
    "Nacked",
    "NoWebhookEndpoint",
    "NotFound",
    "OAuthError",
    "Overloaded",
    "PermanentError",
    "PublishTimeout",
    "RateLimited",
    "RetriesExhausted",
    "SchemaMismatch",
    "ServerError",
    "ServingError",
    "SettingsError",
    "SpoolError",
    "SpoolFull",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "TaskError",
    "TopologyError",
    "Unauthorized",
    "Unreachable",
    "Unroutable",
    "UsageError",
    "WorkbenchError",
]


class WorkbenchError(Exception):
    """An expected error: one sentence on what happened, one on what to do.

    Args:
        what: What happened and why, one sentence.
        fix: The remedy, if possible a command to run.
    """

    reason = "error"
    """Short stable code, used as the reason of a dead letter."""

    def __init__(self, what: str, *, fix: str = "") -> None:
        self.what = what
        self.fix = fix
        super().__init__(what, fix)

    def __str__(self) -> str:
        return f"{self.what}\n  Fix: {self.fix}" if self.fix else self.what

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    cls: type[WorkbenchError], args: tuple[object, ...], state: dict[str, object]
) -> WorkbenchError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(WorkbenchError):
    """What was asked for does not exist, or cannot be done as it was asked."""

    reason = "usage"


class SettingsError(WorkbenchError):
    """A setting is missing, malformed or contradicts another."""

    reason = "settings"


class InvalidDelivery(WorkbenchError):
    """A delivery that is not a Genesys event.

    Args:
        what: What was wrong, in words for the sender.
        status: HTTP status to answer: 400, 401, 408, 413, 415 or 422.
    """

    reason = "schema"

    def __init__(self, what: str, *, status: int = 400, fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.status = status


class GenesysError(WorkbenchError):
    """An answer of Genesys Cloud that is not a success.

    Args:
        status: HTTP status, 0 where there was no answer.
        code: The platform's code, such as ``too.many.requests``.
        context_id: The platform's correlation id: quote it to Genesys support.
        retry_after: Seconds to wait before the next try, if the platform said so.
    """

    reason = "upstream"
    transient = False
    """Whether the same call may succeed later without anybody's doing."""

    def __init__(
        self,
        what: str,
        *,
        fix: str = "",
        status: int = 0,
        code: str = "",
        context_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, fix=fix)
        self.status = status
        self.code = code
        self.context_id = context_id
        self.retry_after = retry_after


class OAuthError(GenesysError):
    """The token endpoint refused the client id or secret."""

    reason = "auth"


class BadRequest(GenesysError):
    """400, 405, 409, 413, 415 and their like: the call itself is wrong."""

    reason = "upstream_rejected"


class Unauthorized(GenesysError):
    """401 with a fresh token."""

    reason = "auth"


class Forbidden(GenesysError):
    """403: the OAuth client lacks a permission."""

    reason = "forbidden"


class NotFound(GenesysError):
    """404: no such entity, or not yet (the platform is eventually consistent)."""

    reason = "not_found"
    transient = True


class NoWebhookEndpoint(NotFound):
    """404 on ``/api/v2/webhooks``, which exists in the simulator only."""

    transient = False


class RateLimited(GenesysError):
    """429: the allowance of the token is used up for this minute."""

    reason = "rate_limited"
    transient = True


class ServerError(GenesysError):
    """5xx."""

    reason = "upstream_5xx"
    transient = True


class BadResponse(GenesysError):
    """An answer that is not JSON, too large, cut short or of another shape."""

    reason = "upstream_garbage"
    transient = True


class JobFailed(GenesysError):
    """An analytics job that failed, was cancelled, expired, or does not end."""

    reason = "upstream_job"
    transient = True


class Unreachable(GenesysError):
    """No answer: name resolution, connection, TLS or timeout."""

    reason = "upstream_unreachable"
    transient = True


class BrokerError(WorkbenchError):
    """RabbitMQ does not do what was asked."""

    reason = "broker"


class BrokerUnreachable(BrokerError):
    """No connection to the broker, or it was lost."""


class BrokerRefused(BrokerError):
    """The broker answered, but refused credentials or virtual host."""


class TopologyError(BrokerError):
    """A queue or exchange is missing, unusable or declared with other arguments."""


class Unroutable(BrokerError):
    """The broker returned the message because no queue is bound for its routing key."""


class Nacked(BrokerError):
    """The broker refused the message (queue full, or an internal error)."""


class PublishTimeout(BrokerError):
    """No confirm in time. The message may or may not be stored: publish it again, same id."""


class Overloaded(BrokerError):
    """The bound of messages that wait for a confirm is reached."""


class SpoolError(WorkbenchError):
    """The local spool cannot keep an event."""

    reason = "spool"


class SpoolFull(SpoolError):
    """The bound of the spool is reached."""

    reason = "spool_full"


class StoreError(WorkbenchError):
    """The database does not do what was asked."""

    reason = "sink"


class StoreUnavailable(StoreError):
    """The database is locked, away, read-only or full: worth another try.

    Args:
        reason: ``sink_locked``, ``sink_full``, ``sink_readonly`` or ``sink_unreachable``.
    """

    def __init__(self, what: str, *, fix: str = "", reason: str = "sink_unreachable") -> None:
        super().__init__(what, fix=fix)
        self.reason = reason


class StoreDamaged(StoreError):
    """The file of the database is broken, or of another kind."""

    reason = "sink_damaged"


class SchemaMismatch(StoreError):
    """The database was made by an older or newer version of this program."""

    reason = "sink_schema"


class ServingError(WorkbenchError):
    """A server could not be started: port, address, or the app's own start-up."""

    reason = "serving"


class TaskError(WorkbenchError):
    """The processing of an event failed."""

    reason = "task"


class PermanentError(TaskError):
    """Retrying cannot help. Raise it in a processor to send an event to the dead letters at once.

    Args:
        reason: Short code, kept with the dead letter.
    """

    def __init__(self, what: str, *, fix: str = "", reason: str = "permanent") -> None:
        super().__init__(what, fix=fix)
        self.reason = reason


class RetriesExhausted(TaskError):
    """A transient error came back on every try."""

    reason = "retries_exhausted"
