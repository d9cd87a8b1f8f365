"""Confirmed publishing into a quorum queue: ours, and what else Python has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pika
import uvloop
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.events import parse_event
from genesys_workbench.messages import EXCHANGE, QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.pending import properties_of
from genesys_workbench.publisher import Publisher
from genesys_workbench.settings import load_settings

from .servers import emptied
from .trial import Contestant, Goal, Scale, Trial

__all__ = ["trials"]

UNIT = "messages/s"
SIZE = 1024
IN_FLIGHT = 512


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    many, few = scale.of(20_000, 500), scale.of(3_000, 100)
    with PrivateNode() as node:
        setup_topology(node.url, load_settings(broker_url=SecretStr(node.url)))
        contestants = {
            "ours": _timed(node.url, many, _ours),
            "aio-pika": _timed(node.url, many, _aio_pika),
            "pika, blocking": _timed(node.url, few, _blocking),
            "pika, unconfirmed": _timed(node.url, many, _unconfirmed),
        }
        yield [
            Trial(
                f"persistent messages of {SIZE} bytes into a quorum queue: {many} with pipelined "
                f"confirms (aio-pika: {IN_FLIGHT} in flight, uvloop), {few} with a confirm each, "
                f"{many} without any",
                contestants,
                (
                    Goal("publisher vs aio-pika", "ours", "aio-pika", UNIT, 2.2),
                    Goal("publisher vs pika, blocking", "ours", "pika, blocking", UNIT, 10),
                    Goal("publisher vs pika, unconfirmed", "ours", "pika, unconfirmed", UNIT, 0.85),
                ),
            )
        ]


def _timed(url: str, count: int, send: Callable[[str, list[Message]], None]) -> Contestant:
    messages = [_message(number) for number in range(count)]

    def run() -> dict[str, float]:
        started = time.perf_counter()
        send(url, messages)
        seconds = time.perf_counter() - started
        assert emptied(url) >= count
        return {UNIT: count / seconds}

    return run


def _message(number: int) -> Message:
    body = {"conversationId": f"c-{number}", "timestamp": "2026-01-05T10:00:00Z", "note": ""}
    now = datetime.now(UTC)
    spare = SIZE - len(encode(parse_event(body), received_at=now).body)
    return encode(parse_event({**body, "note": "x" * spare}), received_at=now)


def _ours(url: str, messages: list[Message]) -> None:
    with Publisher(url, timeout=60) as publisher:
        assert not [result for result in publisher.publish_many(messages) if result.error]


def _aio_pika(url: str, messages: list[Message]) -> None:
    async def send() -> None:
        connection = await aio_pika.connect(url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(EXCHANGE)
            free = asyncio.Semaphore(IN_FLIGHT)
            await _all(messages, lambda message: _publish(exchange, free, message))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(send())


async def _all(messages: list[Message], send: Callable[[Message], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(send(message))  # type: ignore[arg-type]


async def _publish(
    exchange: aio_pika.abc.AbstractExchange, free: asyncio.Semaphore, message: Message
) -> None:
    async with free:
        await exchange.publish(
            aio_pika.Message(
                message.body,
                headers=message.headers,
                message_id=message.event_id,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            ),
            message.routing_key,
        )


def _blocking(url: str, messages: list[Message]) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    for message in messages:
        _write(channel, message, mandatory=True)
    connection.close()


def _unconfirmed(url: str, messages: list[Message]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_write_all(url, messages))


async def _write_all(url: str, messages: list[Message]) -> None:
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Channel] = loop.create_future()
    done: asyncio.Future[object] = loop.create_future()
    connection = AsyncioConnection(
        pika.URLParameters(url),
        on_open_callback=lambda own: own.channel(on_open_callback=opened.set_result),
    )
    channel = await opened
    for number, message in enumerate(messages):
        _write(channel, message, mandatory=False)
        if number % IN_FLIGHT == 0:
            await asyncio.sleep(0)
    # Answered once the broker has read all that came before.
    channel.queue_declare(QUEUE, passive=True, callback=done.set_result)
    await done
    connection.close()


def _write(channel: Any, message: Message, *, mandatory: bool) -> None:
    properties = properties_of(message)
    channel.basic_publish(
        EXCHANGE, message.routing_key, message.body, properties, mandatory=mandatory
    )
