"""``outlets list|eventbridge|trigger``: what to set up where so that real events come, to paste."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from .options import Json, check_url, settings_for
from .output import print_json, print_line, say

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["app"]

app = typer.Typer(
    help="The ways by which a real organisation hands events out, and what each takes.",
    no_args_is_help=True,
)


def _public(value: str) -> str:
    check_url(value)
    if urlsplit(value).scheme != "https":
        raise typer.BadParameter("give the https URL by which the receiver is reached from outside")
    return value


Url = Annotated[
    str,
    typer.Option(
        "--url", metavar="URL", help="Of the receiver, from outside: https.", callback=_public
    ),
]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Tell the outlets: who takes which, what it needs, what becomes of missed events."""
    from ..outlets import OUTLETS

    if as_json:
        for outlet in OUTLETS:
            print_json(outlet.row() | {"steps": outlet.steps})
        return
    for outlet in OUTLETS:
        print_line(f"{outlet.name}    for those who have: {outlet.have}")
        print_line(f"  needs            {outlet.needs}")
        print_line(f"  missed events    {outlet.if_away}")
        for step in outlet.todo():
            print_line(f"  {step['step']}. {step['what to do']}")


@app.command()
def eventbridge(
    url: Url,
    event: Annotated[
        list[str] | None,
        typer.Option(help="Detail events, such as customer.start; default: all 16."),
    ] = None,
    terraform: Annotated[bool, typer.Option(help="Write a Terraform module instead.")] = False,
) -> None:
    """Write the rule's pattern and the API destination's settings for AWS, as JSON."""
    from .. import eventbridge as aws
    from ..events import DETAIL_EVENTS

    settings = settings_for()
    events = event or sorted(DETAIL_EVENTS)
    header = settings.webhook_secret_header
    if terraform:
        print_line(aws.terraform(url, events, header=header).rstrip())
    else:
        told = {"eventPattern": aws.rule_pattern(events)}
        print_line(json.dumps(told | aws.api_destination(url, header=header), indent=2))
    _tell_secret(settings)


@app.command()
def trigger(
    url: Url,
    workflow: Annotated[str, typer.Option(metavar="ID", help="Of the Architect workflow.")],
    event: Annotated[str, typer.Option(help="The detail event.")] = "customer.start",
    media: Annotated[
        list[str] | None, typer.Option(help="Media types, such as voice; default: all.")
    ] = None,
    ensure: Annotated[
        bool, typer.Option(help="Create or update the trigger in the organisation.")
    ] = False,
) -> None:
    """Write the trigger and the data action that its workflow calls, as JSON."""
    from ..data_action import data_action
    from ..triggers import trigger_body

    settings = settings_for()
    body = trigger_body(workflow, event=event, media_types=media or ())
    action = data_action(url, event=event, header=settings.webhook_secret_header)
    print_line(json.dumps({"trigger": body, "dataAction": action}, indent=2))
    _tell_secret(settings)
    if ensure:
        _ensure(settings, body)


def _ensure(settings: Settings, body: dict[str, object]) -> None:
    from ..client import GenesysClient
    from ..triggers import ensure_trigger

    with GenesysClient.from_settings(settings) as client:
        done = ensure_trigger(client, body)
    say(f"{done.action}: trigger {done.trigger.get('id')} at {settings.api_url}")


def _tell_secret(settings: Settings) -> None:
    if settings.webhook_secret is None:
        say("WARNING: set WORKBENCH_WEBHOOK_SECRET for the receiver: these deliveries carry no")
        say("signature of Genesys, and the address is reachable for everybody.")
