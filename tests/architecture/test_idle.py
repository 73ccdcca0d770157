"""R-P3, DESIGN 6: what a serving process holds in memory before it listens, and when it has nothing to do.

A list of modules, since what an import costs is known and what the system calls resident is not the same twice.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import pytest

NOT_WHEN_IDLE = {
    "alembic": "only a schema that is behind needs it",
    "cryptography": "only a stored secret needs it: 7 MB",
    "genai_prices": "only a provider that is priced by it needs it: 10 MB",
    "gophergate.cli.doctor": "other commands are other processes",
    "gophergate.original": "only an import from the original program needs it",
    "gophergate.policy.guards.rules": "only a guard needs it",
    "gophergate.transport.proxy": "only a provider behind a proxy needs it, with its HTTP client",
    "httpx2": "as above, and what prices are looked up by",
    "pydantic.v1": "FastAPI imports it for the first route that is made",
    "re2": "only a guard needs it",
    "rich": "only tables in a terminal need it",
    "sqlalchemy.ext.asyncio": "imports the ORM: store/connection.py is in its place",
    "sqlalchemy.orm": "nothing here is mapped: 6 MB",
}
NOT_BEFORE_LISTENING = {
    "anyio": "the operators' API brings it",
    "fastapi": "calls do without it: 15 MB, a third of a second",
    "gophergate.admin": "built in a thread, once calls can be answered",
    "gophergate.planning": "only operators ask what would happen",
    "opentelemetry": "FastAPI brings it",
    "pydantic": "the operators' API brings it",
    "starlette": "the operators' API brings it",
}
GATEWAY = """
import asyncio, json, sys
from gophergate.cli import main, serve
from gophergate.cli.options import settings_from
from gophergate.process import assembled

async def idle():
    async with assembled(settings_from(None, sys.argv[1], demo=True), announce=lambda line: None) as gateway:
        listening = sorted(sys.modules)
        await gateway.warmed.wait()
        while not gateway.configuration.facts.book.size:
            await asyncio.sleep(0.01)
        print(json.dumps([listening, sorted(sys.modules)]))

asyncio.run(idle())
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """What a process has imported when it begins to listen, and when nothing is left to do: a first start, without a
    network."""
    folder = tmp_path_factory.mktemp("idle")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOPHERGATE_")}
    done = subprocess.run(
        [sys.executable, "-c", GATEWAY, str(folder / "data")],
        cwd=folder,
        env=environment | {"GOPHERGATE_SERVER__PORT": "0"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    listening, idle = json.loads(done.stdout)
    return set(listening), set(idle)


def test_an_idle_process_has_imported_nothing_that_only_some_call_or_command_needs(
    imported: tuple[set[str], set[str]],
) -> None:
    _, idle = imported
    assert {name: why for name, why in NOT_WHEN_IDLE.items() if name in idle} == {}
    assert set(NOT_BEFORE_LISTENING) - {"gophergate.planning"} <= idle, "or the process was not idle yet"


def test_nothing_is_imported_before_listening_that_the_first_call_does_not_need(
    imported: tuple[set[str], set[str]],
) -> None:
    listening, _ = imported
    named = NOT_WHEN_IDLE | NOT_BEFORE_LISTENING
    assert {name: why for name, why in named.items() if name in listening} == {}


@pytest.mark.parametrize("name", NOT_WHEN_IDLE | NOT_BEFORE_LISTENING)
def test_what_must_not_be_imported_is_there_to_be(name: str) -> None:
    """A module that was renamed would be on the list for nothing."""
    assert importlib.util.find_spec(name) is not None
