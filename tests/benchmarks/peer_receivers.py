"""Receivers to compare with: one that only answers, and one that works as tutorials do."""

from __future__ import annotations

import json
import os

import httpx
import pika
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

__all__ = ["bare", "tutorial"]

bare = FastAPI()
tutorial = FastAPI()
PATH = "/webhook/genesys/conversation"


@bare.post(PATH, status_code=202)
async def answer(request: Request) -> JSONResponse:
    """Parse the body and answer; nothing is made safe."""
    event = await request.json()
    return JSONResponse({"status": "accepted", "conversationId": event["conversationId"]}, 202)


@tutorial.post(PATH, status_code=202)
async def publish(request: Request) -> JSONResponse:
    """Fetch a token and the conversation, open a connection to the broker, publish, close it."""
    event = await request.json()
    async with httpx.AsyncClient() as client:
        token = await client.post(
            f"{os.environ['API']}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("client", "secret"),
        )
        found = await client.get(
            f"{os.environ['API']}/api/v2/conversations/{os.environ['CONVERSATION']}",
            headers={"Authorization": f"Bearer {token.json()['access_token']}"},
        )
        found.raise_for_status()
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["BROKER"]))
    channel = connection.channel()
    channel.queue_declare("tutorial", durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_publish(
        "",
        "tutorial",
        json.dumps({**event, "metadata": found.json()}),
        pika.BasicProperties(delivery_mode=2),
    )
    connection.close()
    return JSONResponse({"status": "accepted"}, 202)
