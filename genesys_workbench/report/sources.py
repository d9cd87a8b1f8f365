"""Where a report's conversations come from: the API of an organisation, the store or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import frames
from ..client import GenesysClient
from ..errors import SettingsError, WorkbenchError
from ..events import MEDIA_TYPES
from ..frames import Frames
from ..paging import MAX_RESULTS
from ..privacy import Key
from ..settings import Settings, load_settings
from ..simulator.server import Simulator
from ..store import Store
from .period import Period

if TYPE_CHECKING:
    from ..workbench import Workbench

__all__ = ["SOURCES", "Source", "read"]

Source = Literal["simulator", "database", "file", "live"]
SOURCES: tuple[Source, ...] = ("simulator", "database", "file", "live")

# A query may be 31 days long, but gives no more than `MAX_RESULTS` conversations
_SLICE = timedelta(days=1)
_SIMULATED_RATE_LIMIT = 3000


def read(
    source: Source | str,
    *,
    period: str,
    media_types: Iterable[str] | str = (),
    queue: str = "",
    file: Path | str = "",
    settings: Settings | None = None,
    bench: Workbench | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Read the conversations that began in a period.

    Args:
        source: ``simulator``: an invented contact centre; ``database``: the store of the settings;
            ``file``: an export, see `frames.from_file`; ``live``: the organisation's analytics.
        period: ISO-8601 ``start/end``.
        media_types: Only conversations with one of these media; all if there are none. A text
            lists them with commas.
        queue: Only conversations of this queue, by name or id; empty = all.
        file: Of the source ``file``.
        settings: Read from the environment if None.
        bench: Its parts are used, and nothing is started.
        show_personal: See `frames.from_conversations`.
        key: See there.

    Raises:
        SettingsError: An argument is unknown or malformed, or a live report lacks credentials.
        WorkbenchError: The source cannot be read.
    """
    within = Period.parse(period)
    media = _media_types(media_types)
    settings = _settings(source, settings, bench)
    veil: dict[str, Any] = {"show_personal": show_personal, "key": key}
    with _client(source, settings, bench) as client:
        names = frames.queue_names(client)
        if source == "file":
            found = frames.from_file(_path(file), queue_names=names, **veil)
            _check_queue(queue, names | _queues_in(found))
            _check_period(found, within)
            return _selected(found, within, media, queue)
        _check_queue(queue, names)
        if source == "database":
            found = _from_store(settings, bench, within, queue_names=names, **veil)
        else:
            found = frames.from_conversations(_told(client, within), queue_names=names, **veil)
    return _selected(found, within, media, queue)


def _settings(source: str, settings: Settings | None, bench: Workbench | None) -> Settings:
    if source not in SOURCES:
        raise SettingsError(
            f"There is no source {source!r}.", fix=f"use one of: {', '.join(SOURCES)}"
        )
    settings = settings or (bench.settings if bench else load_settings())
    if source == "live" and not settings.live:
        raise SettingsError(
            "A live report needs the credentials of an organisation.",
            fix="set GENESYS_CLOUD_CLIENT_ID, _SECRET and _REGION, or use source simulator",
        )
    return settings


def _media_types(given: Iterable[str] | str) -> list[str]:
    listed = given.split(",") if isinstance(given, str) else given
    wanted = [text.strip().lower() for text in listed if text.strip()]
    unknown = sorted(set(wanted) - MEDIA_TYPES)
    if unknown:
        raise SettingsError(
            f"There is no media type {unknown[0]!r}.",
            fix=f"use some of: {', '.join(sorted(MEDIA_TYPES))}",
        )
    return wanted


def _path(file: Path | str) -> Path:
    if not str(file):
        raise SettingsError(
            "A report on a file needs the file.", fix='give it: file="conversations.jsonl.gz"'
        )
    return Path(file)


@contextmanager
def _client(source: str, settings: Settings, bench: Workbench | None) -> Iterator[GenesysClient]:
    """Open the API of the organisation that the settings name, invented where they name none."""
    simulated = source == "simulator" or not settings.names_an_api
    with ExitStack() as stack:
        if bench is not None and (source != "simulator" or bench.simulator is not None):
            yield bench.client
            return
        if simulated:
            simulator = stack.enter_context(Simulator(rate_limit=_SIMULATED_RATE_LIMIT))
            nobody = dict.fromkeys(("client_id", "client_secret", "login_url_override"))
            settings = settings.model_copy(update=nobody | {"api_url_override": simulator.url})
        yield stack.enter_context(closing(GenesysClient.from_settings(settings)))


def _told(client: GenesysClient, period: Period) -> Iterator[dict[str, Any]]:
    """Yield the conversations of a period, each once: one may be told for two days."""
    seen: set[str] = set()
    for interval in period.slices(_SLICE):
        told = 0
        for one in client.query_details(interval):
            told += 1
            key = str(one.get("conversationId"))
            if key not in seen:
                seen.add(key)
                yield one
        if told >= MAX_RESULTS:
            raise WorkbenchError(
                f"The platform tells no more than {MAX_RESULTS:,} conversations of {interval}.",
                fix="report on a shorter period",
            )


def _check_queue(queue: str, names: Mapping[str, str]) -> None:
    if queue and names and queue not in {*names, *names.values()}:
        raise SettingsError(
            f"There is no queue {queue!r}.", fix=f"use one of: {', '.join(sorted(names.values()))}"
        )


def _queues_in(found: Frames) -> dict[str, str]:
    """Return the names of the queues that conversations were in, by themselves."""
    return {name: name for names in found.conversations.queue_names for name in names}


def _check_period(found: Frames, period: Period) -> None:
    """Refuse a period in which a file has nothing: its own is easily known."""
    starts = found.conversations.started_at.dropna()
    if starts.empty or ((starts >= period.start) & (starts < period.end)).any():
        return
    first, last = starts.min(), starts.max() + timedelta(days=1)
    raise SettingsError(
        f"None of the {len(starts):,} conversations of the file began in the period.",
        fix=f"give theirs: period={first:%Y-%m-%d}/{last:%Y-%m-%d}",
    )


def _from_store(
    settings: Settings, bench: Workbench | None, period: Period, **options: Any
) -> Frames:
    if bench is not None:
        return frames.from_store(bench.store, since=period.start, until=period.end, **options)
    with closing(Store.prepared(settings.store_url)) as store:
        return frames.from_store(store, since=period.start, until=period.end, **options)


def _selected(found: Frames, period: Period, media: list[str], queue: str) -> Frames:
    rows = found.conversations
    rows = rows[(rows.started_at >= period.start) & (rows.started_at < period.end)]
    if media:
        rows = rows[[not set(media).isdisjoint(one) for one in rows.media_types]]
    if queue:
        pairs = zip(rows.queue_ids, rows.queue_names, strict=True)
        rows = rows[[queue in ids or queue in names for ids, names in pairs]]
    return found.of(rows.conversation_id)
