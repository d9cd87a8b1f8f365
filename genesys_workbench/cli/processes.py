"""Commands that run something: demo, simulate, receive, work; and doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .options import Broker, Json, Port, check_url, settings_for
from .output import print_json, print_line, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..doctor import Check

__all__ = ["add_to"]

Pool = Literal["prefork", "threads", "solo"]
Envelope = Literal["mixed", "eventbridge", "notification", "data-action", "seed"]
STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (demo, simulate, receive, work, doctor):
        app.command()(command)


def demo(
    events: Annotated[int, typer.Option(min=1, max=100_000, help="Distinct events.")] = 200,
    rate: Annotated[
        float, typer.Option(min=0, help="Events per second; 0 for as fast as it goes.")
    ] = 50.0,
    broker: Broker = None,
    seed: Annotated[int, typer.Option(help="Of the simulated contact centre.")] = 42,
    as_json: Json = False,
) -> None:
    """Run the whole flow once, from a simulator to the database."""
    from .demo import show_demo

    settings = settings_for(broker=broker, port=0)
    result = show_demo(settings, events=events, rate=rate or None, seed=seed, quiet=as_json)
    if as_json:
        print_json(result.as_json())
    raise typer.Exit(1 if result.lost else 0)


def simulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Of the invented contact centre.")] = 42,
    conversations: Annotated[int, typer.Option(min=1, help="How many it holds.")] = 500,
    rate_limit: Annotated[int, typer.Option(min=1, help="API calls per token and minute.")] = 300,
    expires_in: Annotated[float, typer.Option(min=1, help="Seconds a token lives.")] = 86399,
    live: Annotated[
        bool, typer.Option(help="Conversations begin from now on; without it all are history.")
    ] = False,
    cassette: Annotated[
        Path | None, typer.Option(help="Play this recording instead of an invented world.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.01, help="With --live or --cassette: how much faster time goes.")
    ] = 1.0,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="URL", help="Deliver events to it too; may be given several times."
        ),
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(min=1, help="How many with --to; 100, of a cassette all.", show_default=False),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            help="Events per second with --to; 5, of a cassette as they came.",
            show_default=False,
        ),
    ] = None,
    envelope: Annotated[Envelope, typer.Option(help="Their form with --to.")] = "mixed",
) -> None:
    """Run a stand-in for Genesys Cloud on this computer, until Ctrl-C."""
    for url in to or ():
        check_url(url)

    from ..posting import signer_of
    from ..simulator.server import Simulator
    from ..tls import own_context
    from .stopping import until_stopped

    settings = settings_for()
    simulator = Simulator(
        seed,
        host=host,
        port=port,
        conversations=conversations,
        rate_limit=rate_limit,
        expires_in=expires_in,
        cassette=cassette,
        live=live,
        speed=speed,
        signer=signer_of(settings),
        local_tls=own_context(settings),
    )
    with simulator:
        for line in simulator.describe():
            print_line(line)
        if port != 8765 or simulator.note:
            note = f"Note: {simulator.note}. " if simulator.note else ""
            say(f"{note}Tell the other commands: export GENESYS_CLOUD_API_URL={simulator.url}")
        say("Ready. Next: genesys-workbench receive    (Ctrl-C ends the simulator)")
        if to:
            if cassette is None:
                events, rate = events or 100, rate or 5.0
            ledger = simulator.deliver(events, targets=to, rate=rate, envelope=envelope)
            told = ", ".join(f"{name} {count}" for name, count in ledger.summary.items())
            say(f"Deliveries: {told}")
        until_stopped()
    say("The simulator has stopped.")


def receive(
    host: Annotated[str | None, typer.Option(help="Instead of WORKBENCH_HOST.")] = None,
    port: Port = None,
    broker: Broker = None,
) -> None:
    """Run the webhook receiver, until Ctrl-C. Each delivery is told."""
    from ..settings import hide_password
    from .serve import serve_receiver

    usual = settings_for().port
    settings = settings_for(broker=broker, host=host, port=port)
    work = "genesys-workbench work" + (f" --broker {hide_password(broker)}" if broker else "")
    serve_receiver(settings, usual_port=usual, work=work)


def work(
    pool: Annotated[Pool, typer.Option(help="Processes, threads, or neither.")] = "prefork",
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Processes or threads; default: cores.")
    ] = None,
    broker: Broker = None,
) -> None:
    """Run the worker, until Ctrl-C.

    It is the stock one: celery -A genesys_workbench.tasks worker.
    """
    from .serve import run_worker

    code = run_worker(settings_for(broker=broker), pool=pool, concurrency=concurrency)
    raise typer.Exit(code)


def doctor(broker: Broker = None, as_json: Json = False) -> None:
    """Check what it all needs, and tell the fix of what is amiss.

    Settings, credentials, hosts, permissions, broker, database, ports.
    """
    states = []
    for check in _checks(broker):
        states.append(check.state)
        if as_json:
            print_json(check.as_json())
        else:
            _show(check)
    warned, failed = states.count("warn"), states.count("fail")
    say(f"Checks: {len(states)}, failed: {failed}, warned: {warned}.")
    raise typer.Exit(1 if failed else 0)


def _checks(broker: str | None) -> Iterable[Check]:
    from ..doctor import Check, check_all
    from ..errors import SettingsError

    try:
        settings = settings_for(broker=broker)
    except SettingsError as exc:
        return [Check("settings", "fail", exc.what, exc.fix)]
    return check_all(settings)


def _show(check: Check) -> None:

    from rich.console import Console
    from rich.text import Text

    if not sys.stdout.isatty():
        print_line(f"{check.state:<5} {check.name:<14} {check.finding}")
        if check.fix:
            print_line(f"{'':<5} Fix: {check.fix}")
        return
    out = Console(highlight=False, soft_wrap=True)
    state = (f"{check.state:<5}", STYLES[check.state])
    out.print(Text.assemble(state, f" {check.name:<14} {check.finding}"))
    if check.fix:
        out.print(Text.assemble(f"{'':<6}", ("Fix: ", "bold"), check.fix))
