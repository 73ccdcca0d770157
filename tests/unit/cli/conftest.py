"""The command line as a user meets it: a directory, an environment, a command, what came out and how it ended."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from gophergate import secrets
from gophergate.cli.main import run
from kit.commands import Command, Ended


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and working directory, and an environment that says nothing."""
    for name in list(os.environ):
        if name.startswith("GOPHERGATE_") or name.endswith(("_API_KEY", "_BASE_URL")) or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gophergate(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command in `home`, which hashes passwords at bcrypt's least cost: at ours each takes a quarter of a
    second."""
    monkeypatch.setattr(secrets, "Passwords", partial(secrets.Passwords, cost=4))

    def command(*words: str) -> Ended:
        capsys.readouterr()
        status = run(words)
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return command


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as `db upgrade` leaves it, made once."""
    directory = tmp_path_factory.mktemp("made") / "data"
    assert run(["db", "upgrade", "--data", str(directory)]) == 0
    return directory


@pytest.fixture
def data(home: Path, made: Path) -> Path:
    """A data directory with an empty database of today's schema, where commands look for it."""
    return Path(shutil.copytree(made, home / ".gophergate"))
