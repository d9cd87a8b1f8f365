"""``audit``: the proof that nothing was lost and nothing came twice."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .brokers import queues_url
from .data import opened_store
from .options import Broker, Json, check_url, settings_for
from .output import print_json, print_rows, say, table

if TYPE_CHECKING:
    from ..audit import Audit
    from ..errors import UsageError
    from ..ledgers import Sent
    from ..settings import Settings
    from ..store import Store

__all__ = ["add_to"]

SHOWN = 20
WHY = "what lies in its queues cannot be audited from here"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(audit)


def audit(
    ledger: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL|-",
            help="What the sender sent: JSON Lines as http://…/_sim/ledger of a simulator or "
            "`trigger --json` tell them, or an event id a line; - for stdin. Without it, store "
            "and queues are held against each other.",
        ),
    ] = None,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="The ledger has all that was ever sent to this store: whatever else is there "
            "fails the audit.",
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Wait at most so long for what is still under way."
        ),
    ] = 0.0,
    look: Annotated[
        bool,
        typer.Option(
            "--look",
            help="Read the ids of waiting messages, while no worker runs; before RabbitMQ 4.3 "
            "that counts as one delivery of each.",
        ),
    ] = False,
    broker: Broker = None,
    as_json: Json = False,
) -> None:
    """Prove that each event is stored once, or a dead letter."""
    from ..audit import Auditor
    from ..broker import locate

    if complete and ledger is None:
        raise typer.BadParameter("--complete needs --ledger")
    settings = settings_for(broker=broker)
    sent = None if ledger is None else _read(ledger)
    with queues_url(settings, why=WHY) as url, _existing_store(settings) as store:
        plugin = locate(settings).management_url
        auditor = Auditor(store, url, spool=settings.spool_file, management_url=plugin)
        result = auditor.settle(sent, wait=wait, complete=complete, by_id=look)
    if as_json:
        print_json(result.as_json())
    else:
        _show(result)
    raise typer.Exit(0 if result.passed else 1)


@contextmanager
def _existing_store(settings: Settings) -> Iterator[Store]:
    """Give the store; one that would only now be made has nothing to prove, and is an error."""
    from ..errors import StoreError
    from ..store import Store

    file = Store(settings.store_url).database.file
    if file is not None and not file.exists():
        raise StoreError(
            f"There is no database at {file} yet, so no event has been processed.",
            fix="start a worker: genesys-workbench work; or check WORKBENCH_DATABASE_URL",
        )
    with opened_store(settings) as store:
        yield store


def _read(place: str) -> Sent:
    from ..ledgers import read_ledger

    with _lines(place) as lines:
        return read_ledger(lines)


@contextmanager
def _lines(place: str) -> Iterator[Iterable[bytes]]:
    """Open a ledger.

    Raises:
        UsageError: It cannot be read.
    """
    if place == "-":
        yield sys.stdin.buffer
    elif place.startswith(("http://", "https://")):
        with _fetched(check_url(place) or "") as lines:
            yield lines
    else:
        try:
            with Path(place).open("rb") as file:
                yield file
        except OSError as exc:
            raise _unreadable(place, (exc.strerror or str(exc)).lower()) from exc


@contextmanager
def _fetched(url: str) -> Iterator[Iterable[bytes]]:
    import httpx

    try:
        with httpx.stream("GET", url, timeout=30, trust_env=False) as answer:
            if answer.status_code != 200:
                raise _unreadable(url, f"it answers {answer.status_code}")
            yield _split(answer.iter_bytes())
    except httpx.HTTPError as exc:
        raise _unreadable(url, type(exc).__name__) from exc


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest


def _unreadable(place: str, why: str) -> UsageError:
    from ..errors import UsageError

    return UsageError(
        f"The ledger {place} cannot be read: {why}.",
        fix="name a file of JSON Lines or ids, http://…/_sim/ledger of a simulator, or -",
    )


def _show(result: Audit) -> None:
    table(["", ""], [[name, _figure(value)] for name, value in _figures(result).items()])
    findings = _findings(result)
    if findings:
        say("")
        print_rows(findings[:SHOWN], ["what", "finding"], as_json=False, empty="")
    if len(findings) > SHOWN:
        say(f"… and {len(findings) - SHOWN} more: --json tells all")
    say(_verdict(result))


def _figures(result: Audit) -> dict[str, int | None]:
    sent = {"events accepted (2xx)": result.accepted, "deliveries not accepted": result.rejected}
    return {
        **(sent if result.accepted is not None else {}),
        "in the store": result.processed,
        "in the dead letters": result.dead,
        "waiting in the queue": result.ready,
        "in a worker's hands": result.unacked,
        "waiting for another try": result.delayed,
        "waiting in the spool": result.spooled,
        "missing": result.lost,
        "doubled": len(result.doubled),
        "unknown to the ledger": len(result.unknown),
        "lines not readable": len(result.unreadable),
    }


def _figure(value: int | None) -> str:
    return "not known" if value is None else str(value)


def _findings(result: Audit) -> list[dict[str, str]]:
    places = {True: "in the store and ", False: ""}
    maybe = "missing" if result.lost == len(result.missing) else "missing, or under way"
    found = [
        *((each, maybe) for each in result.missing),
        *(
            (each.event_id, f"{places[each.stored]}{each.letters} times a dead letter")
            for each in result.doubled
        ),
        *((each, "in the store, not in the ledger") for each in result.unknown),
        *((f"line {each.line}", f"of the ledger: {each.why}") for each in result.unreadable),
    ]
    return [{"what": _printable(what), "finding": finding} for what, finding in found]


def _printable(text: str) -> str:
    """Escape what could move a terminal's cursor: the ledger is somebody else's."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _verdict(result: Audit) -> str:
    if result.passed:
        return "Every event is in the store once, or a dead letter; nothing is under way."
    lines = []
    if result.under_way:
        again = "run it again (or with --wait 60)"
        lines.append(f"{result.under_way} events are still under way: {again}.")
    if result.missing:
        first = shlex.quote(_printable(result.missing[0]))
        lines.append(
            f"{result.lost} events are missing: not in the store, no dead letter, nowhere under "
            f"way.\nNext: genesys-workbench events show {first}"
        )
    if result.doubled:
        first = shlex.quote(_printable(result.doubled[0].event_id))
        lines.append(
            f"{len(result.doubled)} events lie in more than one place; sent back, the store takes "
            f"each once.\nNext: genesys-workbench queue redrive {first}"
        )
    if result.unsure and result.unacked is None:
        lines.append(
            "No management plugin tells what the workers hold, so it may be there: run it again, "
            "or stop them first."
        )
    return "\n".join(lines) or "Not every event is where it should be."
