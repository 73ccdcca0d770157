"""`gophergate models`: what can be asked for, what is known of it, and whose word it is."""

from __future__ import annotations

from pathlib import Path

from kit.commands import Command

FILE = """
[[providers]]
name = "openai"
kind = "openai"
api_key = "sk-1"
models = ["gpt-4.1", "home-grown"]

[[groups]]
name = "fast"
targets = [{ model = "openai/gpt-4.1" }]
"""


def configured(home: Path) -> None:
    (home / "gophergate.toml").write_text(FILE)


def test_a_list_says_limits_modalities_price_and_where_each_stands(gophergate: Command, home: Path, data: Path) -> None:
    configured(home)
    lines = gophergate("models", "list").out.splitlines()
    assert lines[0].split("\t") == ["MODEL", "CONTEXT", "READS", "INPUT", "OUTPUT", "ENABLED", "SOURCE"]
    assert "openai/gpt-4.1\t1,047,576\ttext image pdf\t2.00\t8.00\tyes\tfile" in lines
    assert "openai/home-grown\t\t\tunpriced\t\tyes\tfile" in lines
    assert "fast\t\t\t\t\tyes\tfile" in lines
    assert gophergate("models", "list", "-q", "GPT").out.count("\n") == 2
    assert gophergate("models", "list", "--provider", "gophergate").out.count("\n") == 2


def test_the_same_as_json(gophergate: Command, home: Path, data: Path) -> None:
    configured(home)
    by_name = {one["name"]: one for one in gophergate("models", "list", "--json", "--demo").json()}
    assert by_name["openai/gpt-4.1"]["facts"]["context"] == 1_047_576
    assert by_name["openai/gpt-4.1"]["price"]["cache_read"] == "0.50"
    assert by_name["openai/home-grown"]["price"] is None
    assert (by_name["fast"]["is_group"], by_name["fast"]["members"]) == (True, ["openai/gpt-4.1"])
    assert by_name["demo/echo"]["source"] == "provider"


def test_one_is_shown_by_any_name_it_has(gophergate: Command, home: Path, data: Path) -> None:
    """O30."""
    configured(home)
    shown = gophergate("models", "show", "gpt-4.1").out
    assert "name\topenai/gpt-4.1" in shown
    assert "which lists it as openai/gpt-4.1" in shown
    assert "cannot\treasoning" in shown
    dated = gophergate("models", "show", "openai/gpt-4.1-2025-04-14", "--json").json()
    assert (dated["source"], dated["facts"]["id"]) == ("call", "gpt-4.1")
    assert "leads to\topenai/gpt-4.1" in gophergate("models", "show", "fast").out
    unknown = gophergate("models", "show", "openai/home-grown").out
    assert "known\tnothing, by models.dev" in unknown
    assert "price\tunpriced" in unknown


def test_what_is_not_there_is_one_sentence(gophergate: Command, home: Path, data: Path) -> None:
    configured(home)
    ended = gophergate("models", "show", "GPT-4.1")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "gophergate: The model 'GPT-4.1' does not exist here or you may not use it. Did you mean 'gpt-4.1'?\n"
    )


def test_a_provider_that_does_not_answer_costs_its_own_models_only(gophergate: Command, home: Path, data: Path) -> None:
    (home / "gophergate.toml").write_text(
        f'{FILE}\n[[providers]]\nname = "local"\nkind = "vllm"\nbase_url = "http://127.0.0.1:9"\n'
    )
    ended = gophergate("models", "list")
    assert ended.status == 0
    assert "openai/gpt-4.1" in ended.out
    assert "local/" not in ended.out
