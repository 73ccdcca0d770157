"""What calls are kept away from is told to operators: O25, and the overview's "needs attention"."""

from __future__ import annotations

from pathlib import Path

import httpx2

from kit.gate import KEY, gate, url
from kit.operator import operator


async def test_an_open_breaker_is_listed_with_its_reason(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        assert (await admin.get("/api/providers/health"))["items"] == []
        body = {"model": "demo/down", "messages": [{"role": "user", "content": "hello"}]}
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for _ in range(12):
                await client.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"})
        (found,) = (await admin.get("/api/providers/health"))["items"]
        assert (found["what"], found["provider"], found["kind"], found["state"]) == (
            "demo/down",
            "demo",
            "breaker",
            "open",
        )
        assert found["reason"]
        assert found["until"].endswith("Z")
