"""``queue dead|redrive``: look at dead letters, send them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import brokers
from .options import Broker, Json, settings_for, time_of
from .output import print_rows, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..dead import DeadLetter

__all__ = ["add_to"]

WHY = "its dead letters cannot be seen from here"
Reason = Annotated[str | None, typer.Option(help="Only those with this reason.")]
Conversation = Annotated[
    str | None, typer.Option(metavar="ID", help="Only those of this conversation.")
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only those that died at this time or later.")
]
Before = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only those that died before this time.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(dead)
    app.command()(redrive)


def dead(
    reason: Reason = None,
    conversation: Conversation = None,
    since: Since = None,
    before: Before = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    broker: Broker = None,
    as_json: Json = False,
) -> None:
    """Show the dead letters with their reasons.

    With --json the original messages too.
    """
    from ..queues import dead_letters

    wanted = _wanted(set(), reason, conversation, since, before)
    with brokers.queues_url(settings_for(broker=broker), why=WHY) as url:
        letters = [letter for letter in dead_letters(url) if wanted(letter)][:limit]
    print_rows(
        [_row(letter) | (_original(letter) if as_json else {}) for letter in letters],
        ["eventId", "reason", "error", "attempts", "redriven", "conversationId", "bytes", "looks"],
        as_json=as_json,
        empty="There are no dead letters.",
        flexible="error",
    )
    if letters and not as_json:
        say("Next: mend the cause, then: genesys-workbench queue redrive EVENT_ID (or --all)")


def redrive(
    event_id: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT_ID", help="Only these events.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    reason: Reason = None,
    conversation: Conversation = None,
    since: Since = None,
    before: Before = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    broker: Broker = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the queue, each once."""
    ids = set(event_id or ())
    if not (ids or every or reason or conversation or since or before):
        raise typer.BadParameter("say which: event ids, --reason and its like, or --all")
    if ids and every:
        raise typer.BadParameter("event ids and --all exclude each other")
    wanted = _wanted(ids, reason, conversation, since, before)
    sent: list[DeadLetter] = []
    try:
        _send_back(broker, wanted, limit, sent.append)
    except BaseException:
        if sent:  # an error in the middle does not hide which ones went before
            _show(sent, as_json=as_json)
        raise
    _show(sent, as_json=as_json)
    missing = ids - {str(letter.event_id) for letter in sent}
    if missing and limit is None:
        say(f"Not among the dead letters: {', '.join(sorted(missing))}")
    raise typer.Exit(1 if missing and limit is None else 0)


def _show(sent: list[DeadLetter], *, as_json: bool) -> None:
    columns = ["eventId", "reason", "redriven", "conversationId"]
    print_rows(map(_row, sent), columns, as_json=as_json, empty="No dead letter fits.")


def _send_back(
    broker: str | None,
    wanted: Callable[[DeadLetter], bool],
    limit: int | None,
    on_sent: Callable[[DeadLetter], None],
) -> None:
    from ..publisher import Publisher
    from ..queues import redrive as send_back

    with (
        brokers.queues_url(settings_for(broker=broker), why=WHY) as url,
        Publisher(url) as publisher,
    ):
        send_back(url, publisher, wanted=wanted, limit=limit, on_sent=on_sent)


def _wanted(
    ids: set[str],
    reason: str | None,
    conversation: str | None,
    since: str | None,
    before: str | None,
) -> Callable[[DeadLetter], bool]:
    first, end = time_of(since, "--since"), time_of(before, "--before")

    def wanted(letter: DeadLetter) -> bool:
        died = letter.died_at
        return (
            (not ids or letter.event_id in ids)
            and (not reason or letter.reason == reason)
            and (not conversation or letter.conversation_id == conversation)
            and (first is None or (died is not None and died >= first))
            and (end is None or (died is not None and died < end))
        )

    return wanted


def _row(letter: DeadLetter) -> dict[str, Any]:
    from ..autopsy import preview

    body = letter.message.body
    return {
        "eventId": letter.event_id,
        "conversationId": letter.conversation_id,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "redriven": letter.redriven,
        "diedAt": letter.died_at,
        "error": letter.error,
        "bytes": len(body),
        "looks": None if letter.parsed else preview(body),
    }


def _original(letter: DeadLetter) -> dict[str, Any]:
    """Return the message as it is: the body as text, or in base64 where it is none."""
    from base64 import b64encode

    from ..queues import plain

    message = letter.message
    try:
        body: dict[str, Any] = {"body": message.body.decode()}
    except UnicodeDecodeError:
        body = {"body": None, "bodyBase64": b64encode(message.body).decode()}
    return {
        **body,
        "headers": plain(message.headers),
        "properties": plain(message.properties),
        "history": list(letter.history),
    }
