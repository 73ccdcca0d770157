"""`serve`: what the words and the environment say reaches the gateway; a first start says its secrets once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gophergate.settings import Settings
from kit.commands import Command


def test_the_words_win_and_the_status_is_the_gateways(gophergate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Settings] = []

    async def serve(settings: Settings, *, announce: Callable[[str], None]) -> int:
        served.append(settings)
        announce("to standard error")
        return 7

    monkeypatch.setattr("gophergate.process.serve", serve)
    monkeypatch.setenv("GOPHERGATE_SERVER__PORT", "1")
    ended = gophergate("serve", "--port", "2", "--host", "::1", "--demo", "--json-logs", "--data", "state")
    assert (ended.status, ended.out, ended.err) == (7, "", "to standard error\n")
    (settings,) = served
    assert (settings.server.host, settings.server.port, settings.logging.format) == ("::1", 2, "json")
    assert str(settings.source("server", "port")) == "--port"
    assert [provider.name for provider in settings.providers] == ["demo"]
    assert settings.data_dir == Path.cwd() / "state"


def test_a_first_start_says_its_secrets_once_and_drains(home: Path) -> None:
    """INTERFACE: address, name, password and key on standard error, once; SIGTERM ends it with status 0."""
    command = [sys.executable, "-m", "gophergate", "serve", "--demo", "--port", "0"]

    def start_and_stop(*more: str, **environment: str) -> str:
        process = subprocess.Popen(
            [*command, *more],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home,
            text=True,
        )
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            assert process.stderr is not None
            said = ""
            while "listening on http://" not in said:
                line = process.stderr.readline()
                assert line, said
                said += line
            port = int(said.rpartition(":")[2].strip().rstrip("/"))
            socket.create_connection(("127.0.0.1", port)).close()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate()
            assert (process.returncode, out) == (0, "")
            return said + err
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()

    first = start_and_stop()
    second = start_and_stop("--workers", "2", GOPHERGATE_REDIS__URL="redis://127.0.0.1:1/0")
    for sentence in (
        "server.workers is 2, but this version serves with one process",
        "redis.url is set, but this version shares nothing through Redis",
    ):
        assert second.count(sentence) == 1
        assert sentence not in first
    assert first.count("sk-gg-") == 1
    for words in (
        "Made the encryption key",
        "  Dashboard   http://127.0.0.1:",
        "  User        admin",
        "  Password    ",
    ):
        assert first.count(words) == 1
        assert words not in second
    assert "sk-gg-" not in second
