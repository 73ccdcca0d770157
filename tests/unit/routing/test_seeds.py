"""O29: seeded groups are made of what is there, by price, ability and date, and say why where they cannot be."""

from __future__ import annotations

import asyncio
from typing import Any

from gophergate.core.usage import Usage
from gophergate.providers.base import Credential, Provider
from gophergate.providers.build import build
from gophergate.providers.registry import BY_KIND
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog, ModelSetting
from gophergate.routing.facts import FactBook, Facts
from gophergate.routing.groups import Group, Rating, Rule, Target, checked_groups
from gophergate.routing.seeds import seeds

DOLLARS = {"nano": 1, "mini": 2, "main": 10, "blind": 8, "thinks": 40, "absurd": 180, "old": 1, "embeds": 1, "free": 0}


class Table:
    """US dollars for a million output tokens, by model."""

    def price(self, deployment: Deployment, usage: Usage | None) -> tuple[int | None, str | None]:
        assert usage is not None
        dollars = DOLLARS.get(deployment.model)
        return (None, None) if dollars is None else (dollars * 10**9 * (usage.output or 0) // 10**6, "table")


def facts(id_: str, said_by: str = "openai", **known: Any) -> Facts:
    plain = {"writes": ("text",), "reads": ("text", "image"), "tool_call": True, "released": "2026-01-01"}
    return Facts(id=id_, said_by=said_by, **(plain | known))


KNOWN = [
    facts("nano"),
    facts("mini", released="2026-02-01"),
    facts("main"),
    facts("thinks", reasoning=True),
    facts("absurd", reasoning=True),
    facts("old", status="deprecated"),
    facts("embeds", tool_call=False),
    facts("unpriced"),
    facts("free"),
    facts("paints", writes=("image",)),
]


def provider(kind: str, *models: str) -> Provider:
    return build(BY_KIND[kind], kind, secrets=[Credential("k", "sk-1")], models=models, sleep=asyncio.sleep)


def offered(*providers: Provider, settings: Any = None, known: Any = KNOWN) -> dict[str, Any]:
    catalog = Catalog(providers, settings=settings, book=FactBook({"openai": known, "deepseek": known}))
    return {seed.name: seed for seed in seeds(catalog, Table())}


ALL = tuple(fact.id for fact in KNOWN)


def test_levels_are_bands_of_price_the_newest_first_two_of_a_provider() -> None:
    found = offered(provider("openai", *ALL), provider("groq", "nano"))
    assert found["fast-flow"].definition["targets"] == [
        {"model": "openai/mini"},
        {"model": "openai/nano"},
        {"model": "groq/nano"},
    ]
    assert found["standard-pro"].definition["targets"] == [{"model": "openai/main"}]
    assert found["heavy-logic"].definition["targets"] == [{"model": "openai/thinks"}]
    assert found["dispatcher"].definition == {
        "strategy": "classifier",
        "targets": [{"model": "fast-flow"}, {"model": "standard-pro"}, {"model": "heavy-logic"}],
        "classifier": {"model": "groq/nano"},
    }


def test_a_vendors_group_goes_by_what_a_request_needs() -> None:
    found = offered(provider("openai", *ALL))["openai-auto"].definition
    assert found["targets"] == [{"model": "openai/main"}]
    assert found["rules"] == [
        {"model": "openai/thinks", "fallback": "openai/main", "requires_reasoning": True},
        {
            "model": "openai/mini",
            "fallback": "openai/main",
            "max_input_tokens_lt": 2000,
            "requires_tool_calling": False,
        },
    ]
    blind = [facts("main", reads=("text",)), facts("mini")]
    rules = offered(provider("openai", "main", "mini"), known=blind)["openai-auto"].definition["rules"]
    assert rules[0] == {"model": "openai/mini", "has_multimodal_input": True}


def test_what_cannot_be_made_says_why_and_nothing_is_made_up() -> None:
    """A model that is old, unpriced, free by mistake, paints, or is switched off is in none of them."""
    found = offered(provider("openai", "old", "unpriced", "free", "paints", "embeds", "nano"))
    assert [target["model"] for target in found["fast-flow"].definition["targets"]] == ["openai/nano"]
    assert "deepseek is configured" in found["deepseek-auto"].missing
    assert "of that price" in found["heavy-logic"].missing
    assert "no two levels" in found["dispatcher"].missing
    off = offered(provider("openai", "nano"), settings={"openai/nano": ModelSetting(enabled=False)})
    assert all(seed.missing for seed in off.values())
    assert all(seed.missing for seed in offered(provider("deepseek", "heard-of-by-nobody")).values())


def test_they_are_sound_groups() -> None:
    found = offered(provider("openai", *ALL))
    made = {}
    for name, seed in found.items():
        if not seed.missing:
            members = seed.definition
            rating = members.get("classifier")
            made[name] = Group(
                name=name,
                strategy=members["strategy"],
                targets=tuple(Target(**target) for target in members["targets"]),
                rules=tuple(Rule(**rule) for rule in members.get("rules", ())),
                classifier=Rating(**rating) if rating else None,
            )
    assert checked_groups(made)
    assert len(made) == 5
