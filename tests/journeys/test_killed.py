"""kill -9 in the middle of calls: what a client saw answered has its row, and so has what it did not (law 1, R-D4)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from kit.gate import KEY, gate, rows, toml
from kit.upstream import Upstream, body, sse

WHOLE = {"id": "c", "model": "m", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
FIRST = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'


def request(*, stream: bool) -> bytes:
    sent = b'{"model":"up/m","stream":%s,"messages":[]}' % (b"true" if stream else b"false")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(sent)}"
    )
    return head.encode() + b"\r\n\r\n" + sent


async def test_a_killed_gateway_leaves_one_row_for_every_call_it_had_begun(tmp_path: Path) -> None:
    release = asyncio.Event()
    async with Upstream(lambda asked: sse(FIRST, hold=release) if asked.json["stream"] else body(WHOLE)) as upstream:
        provider = {"name": "up", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": ["m"]}
        (tmp_path / "gophergate.toml").write_text(toml([provider]))
        command = [sys.executable, "-m", "gophergate", "serve", "--config", str(tmp_path / "gophergate.toml")]
        environ = {**os.environ, "GOPHERGATE_BOOTSTRAP_KEY": KEY, "GOPHERGATE_ADMIN_PASSWORD": "password-of-a-test"}
        process = await asyncio.create_subprocess_exec(
            *command, "--data", str(tmp_path / "data"), env=environ, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        port = 0
        while not port:
            line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
            assert line, "the gateway ended before it listened"
            if "listening on" in line:
                port = int(line.rsplit(":", 1)[1].strip().strip("/"))
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(stream=False))
            assert b"200 OK" in await reader.readline()
            writer.close()
        open_streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(7)]
        for reader, writer in open_streams:
            writer.write(request(stream=True))
            assert b"200 OK" in await reader.readline()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        for _, writer in open_streams:
            writer.close()
        async with gate(tmp_path, provider) as again:
            kept = await rows(again, 12)
    assert len(kept) == 12
    assert [row.status for row in kept].count("ok") == 5
    assert [row.error_code for row in kept].count("killed") == 7
