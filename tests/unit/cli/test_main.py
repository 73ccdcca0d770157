"""How every command starts and ends: quickly, with status 0, 1 or 2, and one sentence when it failed."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gophergate import __version__
from gophergate.cli import main
from gophergate.cli.main import COMMANDS, cli
from kit.commands import Command

PYTHON = [sys.executable, "-m", "gophergate"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    """`--help` imports no command, so the table repeats each one's line; they must not drift apart."""
    module, line = COMMANDS[name]
    command = import_module(module).command
    assert command.name == name
    assert command.help.startswith(line)


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in shown.output


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_no_failure(gophergate: Command, words: list[str]) -> None:
    ended = gophergate(*words)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Usage: gophergate")


WRONG_WORDS = {
    ("nope",): "gophergate: No such command 'nope'. See `gophergate --help`.\n",
    ("key",): "gophergate: No such command 'key'. Did you mean 'keys'? See `gophergate --help`.\n",
    ("keys", "lst"): "gophergate: No such command 'lst'. Did you mean 'list'? See `gophergate keys --help`.\n",
    ("keys", "list", "--jsn"): (
        "gophergate: No such option '--jsn'. Did you mean '--json'? See `gophergate keys list --help`.\n"
    ),
    ("keys", "revoke"): "gophergate: Missing argument 'KEY_ID'. See `gophergate keys revoke --help`.\n",
    ("serve", "--port", "x"): (
        "gophergate: Invalid value for '--port': 'x' is not a valid integer. See `gophergate serve --help`.\n"
    ),
    ("usage", "--since", "soon"): (
        "gophergate: Invalid value for '--since': 'soon' is no length of time such as 90s, 15m, 24h or 30d. "
        "See `gophergate usage --help`.\n"
    ),
}


@pytest.mark.parametrize(("words", "sentence"), WRONG_WORDS.items())
def test_wrong_words_end_with_two(gophergate: Command, words: tuple[str, ...], sentence: str) -> None:
    ended = gophergate(*words)
    assert (ended.status, ended.out, ended.err) == (2, "", sentence)


@pytest.mark.parametrize("words", [[], ["keys"], ["config"]])
def test_too_few_words_show_the_help_and_end_with_two(gophergate: Command, words: list[str]) -> None:
    ended = gophergate(*words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Usage: gophergate")


FAILURES = {
    ("config", "explain", "--config", "no.toml"): "The configuration file no.toml does not exist.",
    ("db", "current"): (
        "There is no database {home}/.gophergate/gophergate.db yet: start `gophergate serve` once, or run "
        "`gophergate db upgrade`."
    ),
    ("keys", "list"): (
        "There is no database {home}/.gophergate/gophergate.db yet: start `gophergate serve` once, or run "
        "`gophergate db upgrade`."
    ),
    ("serve", "--port", "70000"): ("--port: server.port must be a whole number between 0 and 65535, not 70000."),
}


@pytest.mark.parametrize(("words", "sentence"), FAILURES.items())
def test_failures_end_with_one_and_one_sentence(
    gophergate: Command, home: Path, words: tuple[str, ...], sentence: str
) -> None:
    """INTERFACE: errors are one sentence on standard error, no traceback."""
    ended = gophergate(*words)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == f"gophergate: {sentence.format(home=home)}\n"


def test_the_key_must_fit_the_database(gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gophergate("keys", "list").status == 0
    monkeypatch.setenv("GOPHERGATE_ENCRYPTION_KEY", "ab" * 32)
    ended = gophergate("keys", "list")
    assert ended.status == 1
    assert ended.err == (
        f"gophergate: The encryption key does not fit the database sqlite+aiosqlite:///{data}/gophergate.db: it was "
        "encrypted with another key, which must be given.\n"
    )


def fail_with(error: BaseException) -> click.Command:
    def callback() -> None:
        raise error

    return click.Command("fails", callback=callback)


def test_a_defect_says_its_kind_only(
    gophergate: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law 8: the text of an unforeseen exception may hold anything."""
    monkeypatch.setattr(main.Commands, "resolve_command", lambda *_: ("x", fail_with(KeyError("sk-canary")), []))
    ended = gophergate("x")
    assert ended.status == 1
    assert ended.err == (
        "gophergate: A defect of GopherGate stopped this: KeyError; set GOPHERGATE_TRACEBACK=1 to see where.\n"
    )
    monkeypatch.setenv("GOPHERGATE_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main.run(["x"])


def test_an_interruption_is_clean(gophergate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.Commands, "resolve_command", lambda *_: ("x", fail_with(KeyboardInterrupt()), []))
    ended = gophergate("x")
    assert (ended.status, ended.out, ended.err.strip()) == (1, "", "gophergate: Interrupted.")


# -- as processes -------------------------------------------------------------------------------------------------


def test_the_version_comes_quickly_because_nothing_heavy_is_imported() -> None:
    """Under 0.2 s on the reference machine; what is imported is what a test can hold to on any machine."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *PYTHON[1:], "--version"], capture_output=True, check=True
    )
    assert done.stdout.decode() == f"gophergate {__version__}\n"
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.decode().splitlines()}
    assert "click" in imported
    assert not imported & {"msgspec", "rich", "sqlalchemy", "asyncio", "cryptography", "bcrypt", "uvloop", "uvicorn"}


def test_a_reader_that_has_enough_is_no_failure(home: Path) -> None:
    """`gophergate config explain | head -1`: no traceback, no message, at exit either."""
    process = subprocess.Popen([*PYTHON, "config", "explain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_errors_of_a_process_end_with_its_status(home: Path) -> None:
    done = subprocess.run(
        [*PYTHON, "config", "explain", "--config", "no.toml"], capture_output=True, cwd=home, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"gophergate: The configuration file no.toml does not exist.\n"
    assert subprocess.run([*PYTHON, "nope"], capture_output=True, check=False).returncode == 2
