"""Watching the live socket, and calls to be watched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from gophergate.app import Gateway
from kit.gate import KEY, url
from kit.operator import operator

BEARER = {"authorization": f"Bearer {KEY}"}


@asynccontextmanager
async def watching(gateway: Gateway, path: str = "/ws", **headers: str) -> AsyncIterator[ClientConnection]:
    """A viewer's socket; without other headers the administrator's."""
    if not headers:
        async with operator(gateway) as admin:
            headers = dict(admin.headers)
    address = f"ws://127.0.0.1:{gateway.port}{path}"
    async with connect(address, additional_headers=headers, compression=None) as socket:
        yield socket


async def told(socket: ClientConnection, until: str, patience: float = 5.0) -> list[dict[str, Any]]:
    """The messages up to the first of that type."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(patience):
        while True:
            seen.append(json.loads(await socket.recv()))
            if seen[-1]["type"] == until:
                return seen


async def ask(gateway: Gateway, text: str, model: str = "demo/echo", **more: str) -> httpx2.Response:
    """One streamed chat call."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}
    async with httpx2.AsyncClient(timeout=30) as client:
        return await client.post(f"{url(gateway)}/v1/chat/completions", json=body, headers={**BEARER, **more})
