"""The very first start: whoever can connect can call, and what is shown once is shown."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import pytest

from gophergate.front.server import CannotListen
from gophergate.process import assembled
from gophergate.providers.registry import BY_KIND
from gophergate.settings import Settings, load

CALL = {"model": "demo/echo", "messages": [{"role": "user", "content": "Hello"}]}


def settings(folder: Path, port: int = 0) -> Settings:
    environ = {"GOPHERGATE_SERVER__PORT": str(port)}
    return load(environ=environ, cwd=folder, data=str(folder / "data"), demo=True, kinds=BY_KIND)


def key_in(said: list[str]) -> str:
    (line,) = [line for line in said if line.startswith("  Client key")]
    return line.split()[-1]


async def test_the_first_key_works_from_the_first_connection_on(tmp_path: Path) -> None:
    """No caller is refused, and remembered as unknown, because the server listened before its first key was stored."""
    said: list[str] = []
    async with assembled(settings(tmp_path), announce=said.append) as gateway:
        address = f"http://127.0.0.1:{gateway.port}"
        assert f"  Dashboard   {address}/" in said
        async with httpx2.AsyncClient(base_url=address) as client:
            headers = {"authorization": f"Bearer {key_in(said)}"}
            answer = await client.post("/v1/chat/completions", json=CALL, headers=headers)
    assert answer.status_code == 200
    again: list[str] = []
    async with assembled(settings(tmp_path), announce=again.append):
        assert again == [], "shown once"


async def test_a_first_start_whose_port_is_taken_still_shows_what_it_made(tmp_path: Path) -> None:
    """Password and key are stored hashed: not shown then, they could never be known."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen):
            async with assembled(settings(tmp_path, port), announce=said.append):
                pass
    async with assembled(settings(tmp_path), announce=said.append) as gateway, httpx2.AsyncClient() as client:
        address = f"http://127.0.0.1:{gateway.port}/v1/chat/completions"
        answer = await client.post(address, json=CALL, headers={"authorization": f"Bearer {key_in(said)}"})
        assert answer.status_code == 200
