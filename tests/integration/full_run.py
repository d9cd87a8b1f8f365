"""An installation with a canary for every secret and for a person, in which much fails.

RabbitMQ and PostgreSQL with passwords, a platform with credentials, receivers and workers with
text and with JSON logs, all at DEBUG.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pika
import psycopg
from psycopg import sql

from genesys_workbench.broker import setup_topology
from genesys_workbench.cli import main
from genesys_workbench.messages import QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import dead_letters
from genesys_workbench.receiver import PATH
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.canaries import (
    ADDRESSES,
    BROKER,
    CLIENT,
    CLIENT_ID,
    DATABASE,
    ENVIRONMENT,
    PERSON,
    PREVIOUS,
    WEBHOOK,
)
from tests.integration.postgres import private_postgresql
from tests.integration.shells import BENCH, Shell, free_port
from tests.integration.workers import wait_until
from tests.log_state import own_logging

__all__ = ["FullRun"]

FORMATS = ("text", "json")
# A step of one's own whose errors tell what it was given, and the URL of what it could not reach
STEP = f"""
def step(event, conversation):
    if "wrong" in event.body:
        raise ValueError(
            "postgresql://crm:{quote(DATABASE, safe="")}@crm/ with api_key={CLIENT} knows no "
            "{ADDRESSES[0]}, {ADDRESSES[1]}"
        )
"""


class FullRun:
    """Starts everything, delivers, lets it fail, and keeps what each part said.

    Args:
        folder: For logs and data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.platform = stack.enter_context(
                Simulator(credentials=(CLIENT_ID, CLIENT), rate_limit=100_000)
            )
            self.node = stack.enter_context(PrivateNode(self.folder / "rabbitmq"))
            self.database = stack.enter_context(private_postgresql())
            self._make_users()
            setup_topology(self.broker_url, load_settings())
            (self.folder / "leaky.py").write_text(STEP)
            self.ports = {name: free_port() for name in FORMATS}
            self.shell = Shell(self.folder, **self.variables)
            stack.callback(self.shell.close)
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def broker_url(self) -> str:
        host = self.node.url.rpartition("@")[2]
        return f"amqp://bench:{quote(BROKER, safe='')}@{host}"

    @property
    def database_url(self) -> str:
        return (
            f"postgresql://bench:{quote(DATABASE, safe='')}@127.0.0.1:{self.database.port}/postgres"
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every part."""
        return ENVIRONMENT | {
            "GENESYS_CLOUD_API_URL": self.platform.url,
            "WORKBENCH_BROKER_URL": self.broker_url,
            "WORKBENCH_MANAGEMENT_URL": str(self.node.management_url).replace(
                "guest:guest", f"bench:{quote(BROKER, safe='')}"
            ),
            "WORKBENCH_DATABASE_URL": self.database_url,
            "WORKBENCH_PORT": self.ports["text"],
            "WORKBENCH_LOG_LEVEL": "DEBUG",
            "WORKBENCH_MAX_RETRIES": "1",
            "WORKBENCH_RETRY_BASE": "0.1",
            "WORKBENCH_PROCESSOR": "leaky:step",
            "PYTHONPATH": str(self.folder),
        }

    @cached_property
    def store(self) -> Store:
        store = Store.prepared(self.database_url)
        self._stack.callback(store.close)
        return store

    @property
    def tokens(self) -> list[str]:
        """Tokens as the platform has handed them out."""
        return list(self.platform._state.tokens._ends)

    def logs(self) -> dict[str, str]:
        """What receivers and workers have logged."""
        return {name: self.shell.said(name) for name in self.shell.running}

    def pages(self) -> dict[str, str]:
        """What the receiver answers to whoever reaches its port."""
        base = f"http://127.0.0.1:{self.ports['text']}"
        paths = ("/metrics", "/readyz", "/healthz", "/openapi.json", PATH, "/nothing")
        answers = {path: httpx.get(base + path, trust_env=False) for path in paths}
        return {path: f"{each.headers}\n{each.text}" for path, each in answers.items()}

    def deliver(self, conversation: str, *, port: str = "text", **more: Any) -> str:
        """Deliver an event with a person in it; return its id."""
        event = {"conversationId": conversation, "eventType": "created", "customer": PERSON, **more}
        answer = httpx.post(
            f"http://127.0.0.1:{self.ports[port]}{PATH}",
            json=event,
            headers={"X-Webhook-Secret": WEBHOOK if port == "text" else PREVIOUS},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["eventId"])

    def fail_in_every_way(self) -> None:
        """Deliver good and bad events, let the platform fail, put poison into the queue."""
        known = [each.id for each in self.platform.world.conversations]
        good = {self.deliver(each, port=FORMATS[n % 2]) for n, each in enumerate(known[:8])}
        wait_until(lambda: self.store.known(good) == good, what="the good events")
        self._refused()
        self._poison()
        self.deliver(known[0], wrong=True)
        self.deliver("no-such-conversation")
        wait_until(lambda: len(self.letters) == 6, what="the first dead letters")
        self.platform.faults.add(Fault(endpoint="conversation", status=403, count=1))
        self.platform.faults.add(Fault(endpoint="conversation", body=json.dumps(PERSON).encode()))
        for each in known[20:22]:
            self.deliver(each)
        wait_until(lambda: len(self.letters) == 8, what="all dead letters")
        self.platform.faults.clear()

    @property
    def letters(self) -> list[Any]:
        return dead_letters(self.broker_url)

    def _refused(self) -> None:
        body = json.dumps({"conversationId": "no such", "customer": PERSON}).encode()
        for name in FORMATS:
            for proof in ({"X-Webhook-Secret": f"{WEBHOOK}x"}, {"X-Webhook-Secret": WEBHOOK}):
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {CLIENT}"}
                url = f"http://127.0.0.1:{self.ports[name]}{PATH}?token={CLIENT}"
                answer = httpx.post(url, content=body, headers=headers | proof, trust_env=False)
                assert answer.status_code in (401, 422)

    def _poison(self) -> None:
        """Publish what no code can read, and what a stranger's client would send."""
        task = {"task": "genesys_workbench.tasks.process_interaction", "id": "t-1"}
        person = json.dumps(PERSON)
        messages = [
            (task, f"[[{person}], {{}}, "),
            (task, person),
            ({}, person),
            (task | {"task": "crm.forget", "argsrepr": repr(PERSON)}, f"[[{person}], {{}}, null]"),
        ]
        with pika.BlockingConnection(pika.URLParameters(self.broker_url)) as connection:
            channel = connection.channel()
            for headers, body in messages:
                properties = pika.BasicProperties("application/json", "utf-8", headers=headers)
                channel.basic_publish("", QUEUE, body.encode(), properties)

    def _make_users(self) -> None:
        with psycopg.connect(self.database.url) as connection:
            connection.execute(
                sql.SQL("ALTER ROLE bench PASSWORD {}").format(sql.Literal(DATABASE))
            )
        with httpx.Client(base_url=str(self.node.management_url), trust_env=False) as http:
            for path, body in (
                ("api/users/bench", {"password": BROKER, "tags": "monitoring"}),
                ("api/permissions/%2F/bench", {"configure": ".*", "write": ".*", "read": ".*"}),
            ):
                http.put(path, json=body).raise_for_status()

    def _start(self) -> None:
        celery = (sys.executable, "-m", "celery", "-A", "genesys_workbench.tasks")
        for name in FORMATS:
            self.shell.environment["WORKBENCH_LOG_FORMAT"] = name
            self.shell.start(f"receiver-{name}", BENCH, "receive", "--port", self.ports[name])
        flags = (
            "--concurrency",
            "1",
            "--without-heartbeat",
            "--without-mingle",
            "--without-gossip",
        )
        self.shell.start("worker-json", *celery, "worker", "--loglevel", "DEBUG", *flags)
        self.shell.environment["WORKBENCH_LOG_FORMAT"] = "text"
        self.shell.start("worker-text", BENCH, "work", "--concurrency", "1")
        for name in FORMATS:
            self.shell.wait_for(f"worker-{name}", "ready")
            url = f"http://127.0.0.1:{self.ports[name]}/readyz"
            wait_until(lambda url=url: _status(url) == 200, what=f"the receiver {name}")


def _status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False, timeout=2).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def command(variables: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run one of our commands in this process; return its code, and all that it printed."""
    out, told = io.TextIOWrapper(io.BytesIO(), "utf-8"), sys.argv
    sys.argv = [BENCH, *arguments]
    try:
        with own_logging(), environment(variables), redirect_stdout(out), redirect_stderr(out):
            main()
    except SystemExit as ended:
        out.seek(0)
        return int(ended.code or 0), out.read()
    finally:
        sys.argv = told
    raise AssertionError("a command ends by SystemExit")
