"""``webhooks list|ensure|delete``: the registration that the simulator offers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json, check_url, settings_for
from .output import print_json, print_rows, say

if TYPE_CHECKING:
    from ..client import GenesysClient
    from ..settings import Settings

__all__ = ["app"]

app = typer.Typer(
    help="Register the receiver's address. Simulator only: Genesys Cloud has no such endpoint.",
    no_args_is_help=True,
)


@contextmanager
def _client(settings: Settings) -> Iterator[GenesysClient]:
    """Give a client that does not make a person wait for a simulator that is not there."""
    from ..client import GenesysClient
    from ..errors import Unreachable

    try:
        with GenesysClient.from_settings(settings, attempts=2) as client:
            yield client
    except Unreachable as exc:
        if not settings.live:
            raise Unreachable(
                f"No simulator answers at {settings.api_url}.",
                fix="start it: genesys-workbench simulate; or set GENESYS_CLOUD_API_URL to where "
                "it listens",
            ) from exc
        raise


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the registered webhooks."""
    from ..webhooks import list_webhooks

    with _client(settings_for()) as client:
        rows = list_webhooks(client)
    print_rows(
        rows,
        ["id", "enabled", "address", "name"],
        as_json=as_json,
        empty="No webhook is registered. Next: genesys-workbench webhooks ensure",
        flexible="address",
    )


@app.command()
def ensure(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="Where deliveries go; default: the local receiver.",
            callback=check_url,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Register an address once; called again, nothing changes."""
    from ..receiver import PATH
    from ..webhooks import ensure_webhook

    settings = settings_for()
    address = url or f"{settings.scheme}://{settings.host}:{settings.port}{PATH}"
    with _client(settings) as client:
        result = ensure_webhook(client, address)
    if as_json:
        print_json({"action": result.action, "removed": result.removed, **result.webhook})
    else:
        say(f"{result.action}: {result.webhook.get('id')} {address}")


@app.command()
def delete(
    id_or_url: Annotated[
        str, typer.Argument(metavar="ID|URL", help="As `webhooks list` tells it.")
    ],
    as_json: Json = False,
) -> None:
    """Delete a registration by id, or all of an address."""
    from ..webhooks import delete_webhook

    if "://" in id_or_url:
        check_url(id_or_url)
    with _client(settings_for()) as client:
        count = delete_webhook(client, id_or_url)
    if as_json:
        print_json({"deleted": count})
    else:
        say(f"deleted: {count}" if count else "No webhook has this address.")
    raise typer.Exit(0 if count else 1)
