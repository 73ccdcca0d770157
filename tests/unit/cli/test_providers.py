"""`providers`: listed, added and tried from the command line; a key never shows."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from kit.commands import Command

SECRET = "sk-planted-CANARY-0123456789"


def test_one_is_added_listed_and_found_by_the_gateway(
    gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    ended = gophergate(
        "providers", "add", "lab", "--kind", "compatible", "--base-url", "http://127.0.0.1:9/v1/", "--model", "m1",
        "--api-key-env", "MY_KEY",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    (listed,) = gophergate("providers", "list", "--json").json()
    assert listed == {
        "name": "lab", "kind": "compatible", "source": "database", "enabled": True, "problem": None,
        "api_key_masked": "sk-...6789", "base_url": "http://127.0.0.1:9/v1", "models": ["m1"],
    }  # fmt: skip
    assert gophergate("providers", "list").out.splitlines()[1].split("\t")[:3] == ["lab", "compatible", "enabled"]
    with sqlite3.connect(data / "gophergate.db") as database:
        dump = "\n".join(database.iterdump())
    assert "CANARY" not in dump
    assert "command line" in dump


def test_its_key_may_come_by_standard_input(gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    made = gophergate("providers", "add", "openai", "--api-key-stdin", "--disabled", "--json").json()
    assert (made["kind"], made["enabled"], made["api_key_masked"]) == ("openai", False, "sk-...6789")


def test_those_of_the_environment_are_listed_and_not_made_again(
    gophergate: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    (listed,) = gophergate("providers", "list", "--json").json()
    assert (listed["name"], listed["source"]) == ("openai", "file")
    assert "CANARY" not in str(listed)
    ended = gophergate("providers", "add", "openai")
    assert (ended.status, ended.err) == (1, "gophergate: There is a provider 'openai' already, in the environment.\n")


def test_a_try_out_says_how_it_went(gophergate: Command, data: Path) -> None:
    told = gophergate("providers", "test", "demo", "--demo", "--json").json()
    assert told["ok"]
    assert told["ms"] >= 0
    assert "answered in" in gophergate("providers", "test", "demo", "--demo").out
    gophergate("providers", "add", "lab", "--kind", "compatible", "--base-url", "http://127.0.0.1:9", "--model", "m")
    ended = gophergate("providers", "test", "lab")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("gophergate: lab failed after")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "lab"), 2, "'lab' is none of"),
        (("add", "a b", "--kind", "openai"), 2, "make a name"),
        (("add", "openai", "--api-key-env", "NOWHERE"), 2, "NOWHERE is not set"),
        (("add", "openai", "--api-key-env", "A", "--api-key-stdin"), 2, "one of"),
        (("add", "lab", "--kind", "compatible", "--base-url", "ftp://x"), 2, "--base-url"),
        (("add", "lab", "--kind", "compatible"), 1, ""),
        (("test", "nobody"), 1, "There is no enabled provider 'nobody'"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    gophergate: Command, data: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    ended = gophergate("providers", *words)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err
    assert "defect" not in ended.err
    assert ended.err.count("\n") == 1
    assert gophergate("providers", "list", "--json").json() == []
