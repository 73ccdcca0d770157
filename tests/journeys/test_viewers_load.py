"""Many viewers while calls go on, the small version; `python -m gatebench.viewers` is the whole (law 9)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gatebench.contenders import KEY
from gatebench.viewers import Viewer, round_of
from gophergate.live import hub as hub_module
from kit.gate import gate, rows
from kit.operator import operator


async def test_calls_go_on_whoever_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who read are told the same, those who do not are let go, nothing grows."""
    monkeypatch.setattr(hub_module, "PATIENCE", 0.5)
    monkeypatch.setattr(hub_module, "BEHIND", 16 << 10)
    monkeypatch.setattr("gophergate.live.socket._KERNEL", 4096)
    loop = asyncio.get_running_loop()
    async with gate(tmp_path, environ={"GOPHERGATE_BOOTSTRAP_KEY": KEY}) as gateway, operator(gateway) as admin:
        head = (
            f"GET /ws HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"authorization: {admin.headers['authorization']}\r\n\r\n"
        ).encode()
        pages = []
        for number in range(30):
            silent = number < 4
            _, page = await loop.create_connection(
                lambda silent=silent: Viewer(head, silent=silent), "127.0.0.1", gateway.port
            )
            pages.append(page)
        hub = gateway.live.hub
        async with asyncio.timeout(20):
            while hub.viewers < 30:
                await asyncio.sleep(0.02)
        found = await round_of(gateway.port, 200, 1.5)
        assert found["rate"] > 20
        assert len(hub._pending) <= 2 * hub_module.RATE
        assert len(hub._outgoing) <= 2 * len(pages)
        assert len(hub._ring) <= hub_module.RING
        for _ in range(600):
            if hub.viewers == 26:
                break
            gateway.live.announce("start", {"text": "x" * 2000})
            await asyncio.sleep(0.02)
        assert hub.viewers == 26
        assert not any(page.is_cut for page in pages[4:])
        async with asyncio.timeout(20):
            while len({page.frames for page in pages[4:]}) != 1:
                await asyncio.sleep(0.02)
        assert len(await rows(gateway, at_least=300)) == 300
        assert gateway.live._feed._calls == {}
        assert gateway.live._feed._untold == set()
        for page in pages:
            if page.transport is not None:
                page.transport.abort()
