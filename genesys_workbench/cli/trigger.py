"""``trigger``: send a sample event to the receiver, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Json, Target, settings_for
from .output import fail, print_json, print_line, say

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["add_to"]

# Names of arguments of `samples.event`, which takes the fields by keyword.
NO_FIELDS = ("name", "envelope", "fresh")
Envelope = Literal["eventbridge", "notification", "data-action", "seed"]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trigger)


def trigger(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A fixture; without one, they are listed."),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many times.")] = 1,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="KEY=VALUE",
            help="Set a field of the event's body; a value that is JSON is taken as JSON.",
        ),
    ] = None,
    envelope: Annotated[Envelope, typer.Option(help="The form it comes in.")] = "eventbridge",
    to: Target = None,
    same: Annotated[
        bool, typer.Option("--same-id", help="Keep the fixture's event id: a redelivery.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send a sample event to the receiver, by name."""
    if name is None:
        _list(as_json)
        return
    settings = settings_for()
    pairs = _pairs(override or [])
    _check(name, envelope)
    refused = _send(
        settings,
        to,
        as_json,
        name=name,
        count=count,
        overrides=pairs,
        envelope=envelope,
        same_id=same,
    )
    if not (refused or as_json):
        say("Next: genesys-workbench events list")
    raise typer.Exit(1 if refused else 0)


def _list(as_json: bool) -> None:
    from .. import samples

    for each in samples.names():
        if as_json:
            print_json({"name": each})
        else:
            print_line(each)
    if not as_json:
        say("Next: genesys-workbench trigger voice-inbound")


def _check(name: str, envelope: str) -> None:
    """End with the code for wrong usage where there is no such fixture."""
    from .. import samples
    from ..errors import SettingsError

    try:
        samples.event(name, envelope=envelope)
    except SettingsError as exc:
        fail(exc)
        raise typer.Exit(2) from exc


def _send(settings: Settings, target: str | None, as_json: bool, **options: Any) -> int:
    """Send and tell each answer; return how many were refused."""
    from ..posting import send_fixture
    from ..receiver import PATH

    url = target or f"{settings.scheme}://{settings.host}:{settings.port}{PATH}"
    refused = 0
    for answer in send_fixture(settings, url, **options):
        refused += answer["httpStatus"] >= 300
        if as_json:
            print_json(answer)
        else:
            say(_sentence(answer))
    return refused


def _sentence(answer: dict[str, Any]) -> str:
    status = answer["httpStatus"]
    if "eventId" in answer:
        told = f"event {answer['eventId']} of conversation {answer.get('conversationId')}"
        return f"{status} {answer.get('status')} {told}"
    lines = [f"{status} refused: {answer.get('detail', 'no reason given')}"]
    return "\n".join([*lines, f"Fix: {answer['fix']}"] if "fix" in answer else lines)


def _pairs(overrides: list[str]) -> dict[str, Any]:
    import json

    pairs: dict[str, Any] = {}
    for item in overrides:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--override {item!r} is not KEY=VALUE")
        if key in NO_FIELDS:
            raise typer.BadParameter(f"--override {key}: no event has this field at its top")
        try:
            pairs[key] = json.loads(value)
        except ValueError:
            pairs[key] = value
    return pairs
