"""From a name to deployments: wildcards, aliases, near misses, and members that are not there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gophergate.errors import ModelNotFound
from gophergate.providers.base import Credential, Provider
from gophergate.providers.build import build
from gophergate.providers.registry import BY_KIND
from gophergate.routing.catalog import Catalog, ModelSetting
from gophergate.routing.facts import FactBook, Facts
from gophergate.routing.groups import Group, GroupProblem, Rule, Target


def provider(kind: str, *models: str, name: str = "") -> Provider:
    return build(BY_KIND[kind], name or kind, secrets=[Credential("k", "sk-1")], models=models, sleep=asyncio.sleep)


OPENAI = provider("openai", "gpt-4.1", "gpt-4.1-mini", "o3")
ANTHROPIC = provider("anthropic", "claude-sonnet-4-5", "claude-haiku-4-5")


def catalog(*groups: Group, settings: Any = None, book: Any = None) -> Catalog:
    named = {group.name: group for group in groups}
    return Catalog([OPENAI, ANTHROPIC], named, settings=settings, **({"book": book} if book else {}))


def group(name: str, *targets: str, **members: Any) -> Group:
    return Group(name=name, targets=tuple(Target(model=target) for target in targets), **members)


def labels(found: Catalog, name: str) -> list[str]:
    return [deployment.label for deployment in found.plan(name).deployments]


def test_a_wildcard_target_stands_for_the_models_there_are() -> None:
    found = catalog(group("fast", "openai/gpt-4.1*"), group("all", "anthropic/*", fallbacks=("openai/*",)))
    assert labels(found, "fast") == ["openai/gpt-4.1", "openai/gpt-4.1-mini"]
    assert labels(found, "all")[:2] == ["anthropic/claude-sonnet-4-5", "anthropic/claude-haiku-4-5"]
    assert found.groups["all"].fallbacks == ("openai/gpt-4.1", "openai/gpt-4.1-mini", "openai/o3")


def test_a_wildcards_weight_is_shared_by_what_it_stands_for() -> None:
    group_ = Group(name="g", strategy="weighted", targets=(Target(model="openai/*", weight=3.0),))
    assert [target.weight for target in catalog(group_).groups["g"].targets] == [1.0, 1.0, 1.0]


def test_a_model_that_is_switched_off_is_not_among_them() -> None:
    found = catalog(group("g", "openai/*"), settings={"openai/o3": ModelSetting(enabled=False)})
    assert "openai/o3" not in labels(found, "g")


def test_an_alias_with_a_star_carries_over_what_stands_for_it() -> None:
    rules = (Rule(model="anthropic/claude-haiku-*", fallback="openai/o3", pattern="short"),)
    found = catalog(group("claude/*", "anthropic/claude-*", fallbacks=("openai/gpt-4.1",), rules=rules))
    assert labels(found, "claude/sonnet-4-5")[0] == "anthropic/claude-sonnet-4-5"
    named = found.group("claude/sonnet-4-5")
    assert named is not None
    assert (named.name, named.rules[0].model) == ("claude/sonnet-4-5", "anthropic/claude-haiku-sonnet-4-5")
    assert [listed.id for listed in found.listed() if listed.owned_by == "gophergate"] == []
    for other in ("claude/*", "claude/", "claud/x"):
        with pytest.raises(ModelNotFound):
            found.plan(other)


def test_an_alias_never_takes_a_name_that_is_something() -> None:
    """O23: an alias for anything is no silent default for names that are known, or that name a provider."""
    found = catalog(group("*", "anthropic/claude-haiku-4-5"))
    assert labels(found, "gpt-4.1") == ["openai/gpt-4.1"]
    assert labels(found, "openai/gpt-9") == ["openai/gpt-9"]
    assert labels(found, "whatever") == ["anthropic/claude-haiku-4-5"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("GPT-4.1", "gpt-4.1"),
        ("OpenAI/gpt-4.1", "openai/gpt-4.1"),
        ("gpt-4.1-mini-", "gpt-4.1-mini"),
        ("opnai/o3", "openai/o3"),
        ("azure/claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("FAST", "fast"),
        ("fasst", "fast"),
    ],
)
def test_who_asks_for_what_is_not_there_is_told_what_they_may_have_meant(asked: str, meant: str) -> None:
    """O23: a 404 with the nearest name, whatever its capitals or its provider."""
    with pytest.raises(ModelNotFound, match=f"Did you mean '{meant}'") as caught:
        catalog(group("fast", "gpt-4.1")).plan(asked)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_a_name_like_nothing_is_told_where_to_look() -> None:
    with pytest.raises(ModelNotFound, match="GET /v1/models"):
        catalog().plan("z" * 5000)


def test_a_member_that_is_not_there_takes_no_other_with_it() -> None:
    found = catalog(group("g", "gone/model", "gpt-4.1"), group("empty", "gone/model"))
    plan = found.plan("g")
    assert [deployment.label for deployment in plan.deployments] == ["openai/gpt-4.1"]
    assert any("'gone/model' is left out" in step for step in plan.decision)
    with pytest.raises(ModelNotFound, match="none of its models is there"):
        found.plan("empty")


def test_a_name_without_its_provider_has_a_label() -> None:
    assert catalog().label("o3") == "openai/o3"
    assert catalog().label("anthropic/claude-haiku-4-5") == "anthropic/claude-haiku-4-5"
    assert catalog().label("nothing") == ""


def test_facts_are_those_of_what_is_sent() -> None:
    """A model that is called otherwise upstream has the facts of what it is there."""
    book = FactBook({"openai": [Facts(id="o3", said_by="openai", context=9), Facts(id="gpt-4.1", said_by="openai")]})
    found = catalog(settings={"openai/gpt-4.1": ModelSetting(sent_as="o3")}, book=book)
    assert found.facts("openai/gpt-4.1").context == 9
    assert found.facts("openai/gpt-4.1") is found.facts("openai/gpt-4.1")
    assert not found.facts("elsewhere/unheard").is_known


def test_a_group_that_names_what_is_not_there_is_refused_by_its_member() -> None:
    found = catalog(group("fast", "gpt-4.1"))
    found.check_members(group("g", "openai/unlisted", "fast", "anthropic/*", fallbacks=("o3",)))
    with pytest.raises(GroupProblem, match="Did you mean 'fast'") as caught:
        found.check_members(group("g", "gpt-4.1", fallbacks=("fasst",)))
    assert (caught.value.group, caught.value.member) == ("g", "fallbacks[0]")
    with pytest.raises(GroupProblem, match="no model there is fits it"):
        found.check_members(group("g", "nobody/*"))
