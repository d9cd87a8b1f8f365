"""The period of a report: an ISO-8601 interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import SettingsError
from ..paging import interval_of

__all__ = ["Period"]

_FIX = "write it like 2026-01-05/2026-01-06 or 2026-01-05T08:00Z/2026-01-05T12:00Z"


@dataclass(frozen=True, slots=True)
class Period:
    """From a time on, until before another; both are aware."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``start/end``; a time without a zone is UTC, a date its first moment.

        Raises:
            SettingsError: It is no interval, or ends before it begins.
        """
        start, stroke, end = str(text).partition("/")
        if not stroke or "/" in end:
            raise SettingsError(f"The period {text!r} is not an interval start/end.", fix=_FIX)
        period = cls(_time(start, text), _time(end, text))
        if period.end <= period.start:
            raise SettingsError(f"The period {text!r} ends before it has begun.", fix=_FIX)
        return period

    def slices(self, longest: timedelta) -> Iterator[str]:
        """Yield the period as intervals ``start/end`` that are no longer than allowed."""
        start = self.start
        while start < self.end:
            end = min(start + longest, self.end)
            yield interval_of(start, end)
            start = end


def _time(text: str, period: str) -> datetime:
    try:
        when = datetime.fromisoformat(text.strip())
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise SettingsError(
            f"{text.strip()!r} in the period {period!r} is no ISO-8601 date or time.", fix=_FIX
        ) from exc
