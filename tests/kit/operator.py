"""An operator's client: signs in, and asks the API of a whole gateway as a program would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from gophergate.app import Gateway
from kit.gate import PASSWORD, url


class Operator:
    """One signed-in client. Answers are `(status, body)`."""

    def __init__(self, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask; the body is JSON both ways."""
        answer = await self.client.request(method, path, json=body, headers={**self.headers, **headers})
        return answer.status_code, answer.json() if answer.content else None

    async def get(self, path: str) -> Any:
        """What stands there; anything but 200 fails the test."""
        status, body = await self.ask("GET", path)
        assert status == 200, (path, body)
        return body

    async def make(self, path: str, body: Any) -> Any:
        """A new object; anything but 201 fails the test."""
        status, made = await self.ask("POST", path, body)
        assert status == 201, (path, made)
        return made

    async def raw(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """The whole response."""
        return await self.client.request(method, path, headers={**self.headers, **headers})


@asynccontextmanager
async def operator(gateway: Gateway, username: str = "admin", password: str = PASSWORD) -> AsyncIterator[Operator]:
    """Signs in and gives the client; `username` "" stays signed out."""
    async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
        headers = {}
        if username:
            answer = await client.post("/api/auth/login", json={"username": username, "password": password})
            assert answer.status_code == 200, answer.text
            headers = {"authorization": f"Bearer {answer.json()['token']}"}
            client.cookies.clear()
        yield Operator(client, headers)
