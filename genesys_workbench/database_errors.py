"""What the errors of the database drivers mean: the workbench's own; their texts quote no data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from .errors import PermanentError, SchemaMismatch, StoreDamaged, StoreError, StoreUnavailable

__all__ = ["mapped_errors"]

_FIX_LOCKED = "stop other programs that write to the database, or wait"
_FIX_FULL = "free disk space; nothing is lost, events wait in the queue"
_FIX_READONLY = "give this user write access to the database"
_FIX_AWAY = "start the database, check WORKBENCH_DATABASE_URL"
_FIXES = {
    "sink_locked": _FIX_LOCKED,
    "sink_full": _FIX_FULL,
    "sink_readonly": _FIX_READONLY,
    "sink_unreachable": _FIX_AWAY,
}
_WHATS = {
    "sink_locked": "The database is locked by another writer.",
    "sink_full": "The database cannot grow: disk, quota or size limit is reached.",
    "sink_readonly": "The database refuses to be written to.",
    "sink_unreachable": "The database does not answer, or refused the connection.",
}
# https://www.sqlite.org/rescode.html: primary codes, and writes that found no room
_SQLITE = {5: "sink_locked", 6: "sink_locked", 8: "sink_readonly", 13: "sink_full"}
_SQLITE_WRITE_FAILED = (778, 4874)  # SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE
_SQLITE_BROKEN = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "40001": "sink_locked",  # serialization_failure
    "40P01": "sink_locked",  # deadlock_detected
    "55P03": "sink_locked",  # lock_not_available
    "57014": "sink_locked",  # query_canceled, by a statement timeout
    "53100": "sink_full",  # disk_full
    "25006": "sink_readonly",  # read_only_sql_transaction
    "42501": "sink_readonly",  # insufficient_privilege
}


@contextmanager
def mapped_errors(driver: type[Exception] = sqlite3.Error) -> Iterator[None]:
    """Turn errors of the database into the workbench's; their texts never quote data.

    Args:
        driver: The base of the driver's own errors, which come as they are where SQLAlchemy has no
            part.
    """
    try:
        yield
    except exc.TimeoutError as cause:
        raise StoreUnavailable(
            "No database connection came free in time.", fix=_FIX_LOCKED, reason="sink_locked"
        ) from cause
    except (exc.DBAPIError, driver) as cause:
        raise _translated(cause) from cause
    except (UnicodeEncodeError, OverflowError) as cause:
        raise _refused() from cause


def _translated(cause: Exception) -> StoreError | PermanentError:
    original = getattr(cause, "orig", cause)
    if isinstance(original, sqlite3.Error):
        return _from_sqlite(original) or _by_kind(cause)
    state = getattr(original, "sqlstate", None)
    if state in ("42P01", "42703"):
        return _without_tables()
    return _unavailable(_POSTGRESQL[state]) if state in _POSTGRESQL else _by_kind(cause)


def _from_sqlite(cause: sqlite3.Error) -> StoreError | None:
    code = getattr(cause, "sqlite_errorcode", None) or 0
    if code in _SQLITE_WRITE_FAILED:
        return _unavailable("sink_full")
    if code & 0xFF in _SQLITE:
        return _unavailable(_SQLITE[code & 0xFF])
    if str(cause).startswith(("no such table", "no such column")):
        return _without_tables()
    if code & 0xFF in _SQLITE_BROKEN:
        return StoreDamaged(
            "The file is damaged, or no SQLite database.",
            fix="move it away and start again, or name another file in WORKBENCH_DATABASE_URL",
        )
    return None


def _by_kind(cause: Exception) -> StoreError | PermanentError:
    # All drivers, and SQLAlchemy, name them alike: https://peps.python.org/pep-0249/#exceptions
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    if "OperationalError" in kinds or getattr(cause, "connection_invalidated", False):
        return _unavailable("sink_unreachable")
    if kinds & {"DataError", "IntegrityError", "InterfaceError"}:
        return _refused()
    name = type(getattr(cause, "orig", cause)).__name__
    return StoreError(f"The database refused a statement: {name}.")


def _unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(_WHATS[reason], fix=_FIXES[reason], reason=reason)


def _without_tables() -> SchemaMismatch:
    return SchemaMismatch(
        "The database holds no tables of this program, or others.",
        fix="call Store.prepare() once, or name another database in WORKBENCH_DATABASE_URL",
    )


def _refused() -> PermanentError:
    return PermanentError("The database cannot hold what the event carries.", reason="schema")
