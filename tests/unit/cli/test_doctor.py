"""`doctor`: each thing that can be wrong is found, says what to do, and does not hide the others."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import sqlite3
from collections import namedtuple
from pathlib import Path

import msgspec
import pytest

from gophergate.cli import checks
from gophergate.settings import load
from kit.commands import Command


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch, home: Path) -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number: int = held.getsockname()[1]
    monkeypatch.setenv("GOPHERGATE_SERVER__PORT", str(number))
    return number


def findings(gophergate: Command) -> tuple[int, dict[str, tuple[str, str, str]]]:
    ended = gophergate("doctor", "--json")
    assert ended.err == ""
    rows = msgspec.json.decode(ended.out)
    return ended.status, {row["name"]: (row["state"], row["found"], row["advice"]) for row in rows}


def test_a_machine_before_its_first_start(gophergate: Command, home: Path) -> None:
    status, found = findings(gophergate)
    assert status == 0
    assert found["encryption key"] == ("ok", f"{home}/.gophergate/encryption.key will be made at the first start", "")
    assert found["database"] == ("ok", f"{home}/.gophergate/gophergate.db will be made at the first start", "")
    assert found["providers"][0] == "warn"
    assert not (home / ".gophergate").exists(), "a doctor changes nothing"


def test_a_machine_in_good_health(gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-secret-0123")
    gophergate("keys", "list")
    status, found = findings(gophergate)
    assert status == 0
    assert {state for state, _, _ in found.values()} == {"ok"}
    assert found["key fits database"][1] == "the database was encrypted with this key"
    assert found["journal mode"][1] == "WAL"
    assert found["provider openai"][1] == "openai, key sk-...0123 from OPENAI_API_KEY"
    printed = gophergate("doctor").out
    assert printed.startswith("ok    configuration: no file: defaults and environment\n")
    assert "canary" not in printed


def test_a_broken_configuration_is_the_one_finding(gophergate: Command, home: Path) -> None:
    (home / "gophergate.toml").write_text("[server]\nprot = 1\n")
    ended = gophergate("doctor")
    assert ended.status == 1
    assert ended.out == (
        "fail  configuration: gophergate.toml:2:1: unknown key 'prot' in [server]; did you mean 'port'?\n"
        "      -> correct it; the other checks need it\n"
    )


def test_files_that_others_may_read(gophergate: Command, home: Path, data: Path) -> None:
    (home / "gophergate.toml").write_text("[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'sk-1'\n")
    (home / "gophergate.toml").chmod(0o644)
    (data / "encryption.key").chmod(0o644)
    data.chmod(0o777)
    status, found = findings(gophergate)
    assert status == 1
    assert found["configuration"] == (
        "warn",
        "gophergate.toml holds secrets and others may read it",
        "chmod 600 gophergate.toml",
    )
    assert found["encryption key"] == (
        "fail",
        f"others may read {data}/encryption.key",
        f"chmod 600 {data}/encryption.key",
    )
    assert found["data directory"] == ("warn", f"others may write to {data}", f"chmod 700 {data}")


def test_a_file_without_secrets_may_be_read_by_all(gophergate: Command, home: Path) -> None:
    (home / "gophergate.toml").write_text("[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'env:HOME'\n")
    (home / "gophergate.toml").chmod(0o644)
    assert findings(gophergate)[1]["configuration"][0] == "ok"


def test_another_key_and_a_lost_key(gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gophergate("keys", "list")
    (data / "encryption.key").unlink()
    status, found = findings(gophergate)
    assert (status, found["encryption key"][0]) == (1, "fail")
    assert "is gone: put it back" in found["encryption key"][1]
    assert found["schema"][0] == "ok", "the other checks still run"
    monkeypatch.setenv("GOPHERGATE_ENCRYPTION_KEY", "ab" * 32)
    status, found = findings(gophergate)
    assert status == 1
    assert found["key fits database"][:2] == ("fail", "the database was encrypted with another key")


def test_a_schema_that_is_behind_and_a_database_that_is_none(gophergate: Command, data: Path) -> None:
    for file in data.glob("gophergate.db*"):
        file.unlink()
    (data / "gophergate.db").touch()
    status, found = findings(gophergate)
    assert (status, found["schema"][0]) == (0, "warn")
    assert "gophergate db upgrade" in found["schema"][2]
    for file in data.glob("gophergate.db*"):
        file.unlink()
    (data / "gophergate.db").write_bytes(b"this is no database" * 100)
    status, found = findings(gophergate)
    assert (status, found["database"][0]) == (1, "fail")


def test_a_database_without_wal(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "plain.db") as plain:
        plain.execute("CREATE TABLE t (a)")
    plain.close()
    assert checks._journal_mode(tmp_path / "plain.db").state == "warn"


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    settings = load(environ=os.environ, cwd=home)
    for free, state in ((10 * 1024**3, "ok"), (500 * 1024**2, "warn"), (1024, "fail")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(0, 0, free))
        assert checks.disk_space(settings).state == state


def test_few_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, state in ((256, "warn"), (65_536, "ok"), (resource.RLIM_INFINITY, "ok")):
        monkeypatch.setattr(resource, "getrlimit", lambda _what, limit=limit: (limit, limit))
        assert checks.file_descriptors().state == state


PROVIDERS = {
    "no kind": ("kind = 'antropic'", "fail", "no kind 'antropic'"),
    "no key": ("kind = 'openai'", "fail", "provider 'p' needs an api_key"),
    "no address": ("kind = 'compatible'\napi_key = 'k'", "fail", "provider 'p' of kind 'compatible' needs a base_url"),
    "disabled": ("kind = 'openai'\nenabled = false", "ok", "openai, disabled"),
    "keyless": ("kind = 'ollama'", "ok", "ollama, without a key"),
    "simulator": ("kind = 'simulator'", "ok", "simulator, without a key"),
    "short key": ("kind = 'openai'\napi_key = 'k'", "ok", "openai, key **** from gophergate.toml:4"),
}


@pytest.mark.parametrize(("lines", "state", "words"), PROVIDERS.values(), ids=PROVIDERS.keys())
def test_providers(gophergate: Command, home: Path, lines: str, state: str, words: str) -> None:
    (home / "gophergate.toml").write_text(f"[[providers]]\nname = 'p'\n{lines}\n")
    assert findings(gophergate)[1]["provider p"][:2] == (state, words)


async def answering(reply: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(reply)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("reply", "state", "words"),
    [
        (b'HTTP/1.1 200 OK\r\n\r\n{"status":"ok"}', "ok", "is held by a running gateway"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "fail", "cannot be listened on: Address already in use"),
    ],
)
async def test_a_port_that_is_taken(home: Path, reply: bytes, state: str, words: str) -> None:
    server = await answering(reply)
    port = server.sockets[0].getsockname()[1]
    settings = load(environ={"HOME": str(home), "GOPHERGATE_SERVER__PORT": str(port)}, cwd=home)
    finding = await checks.port(settings)
    server.close()
    await server.wait_closed()
    assert finding.state == state
    assert finding.found == f"127.0.0.1:{port} {words}"


async def test_whether_redis_accepts_connections(free_port: int) -> None:
    server = await answering(b"")
    port = server.sockets[0].getsockname()[1]
    assert (await checks.reachable("redis", f"redis://:canary@127.0.0.1:{port}/0", 6379)).state == "ok"
    server.close()
    await server.wait_closed()
    missing = await checks.reachable("redis", f"redis://:canary@127.0.0.1:{free_port}/0", 6379)
    assert (missing.state, missing.found) == ("fail", "nothing answers at 127.0.0.1")
