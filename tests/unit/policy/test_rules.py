"""Which budgets and limits a call falls under, at every level and by model."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from gophergate.core.caller import Caller, ScopeLimits
from gophergate.policy.budgets import Budget
from gophergate.policy.rules import Rules


class Model(NamedTuple):
    """A deployment's names."""

    provider_name: str
    model: str


CALLER = Caller(key_id="k", client_id="c", user_id="u", team_id="t", organisation_id="o")
GPT, LOCAL = Model("openai", "gpt-4.1"), Model("lab", "gpt-4.1")


def budget(scope: str, scope_id: str, model: str = "") -> Budget:
    name = f"{scope}:{scope_id}:{model}"
    return Budget(id=name, scope=scope, scope_id=scope_id, amount=1, period="day", model=model)  # type: ignore[arg-type]


def found(rules: Rules, *models: Model, session: str | None = None, caller: Caller = CALLER) -> set[tuple[str, str]]:
    claims = rules.claims(rules.terms(caller), models, session)
    return {(claim.budget.id, claim.name) for claim in claims}


@pytest.mark.parametrize(
    ("scope", "scope_id"), [("key", "k"), ("client", "c"), ("user", "u"), ("team", "t"), ("organisation", "o")]
)
def test_every_level_is_found_by_its_own_name_only(scope: str, scope_id: str) -> None:
    rules = Rules()
    rules.set([budget(scope, scope_id), budget(scope, "another")], [])
    assert found(rules, GPT) == {(f"{scope}:{scope_id}:", scope_id)}
    assert found(rules, GPT, caller=Caller(key_id="x", client_id="y")) == set()


def test_a_model_goes_by_its_provider_and_by_its_own_name_and_narrows_others() -> None:
    rules = Rules()
    rules.set(
        [
            budget("model", "openai/gpt-4.1"),
            budget("model", "gpt-4.1"),
            budget("team", "t", "openai/gpt-4.1"),
            budget("team", "t", "other"),
        ],
        [],
    )
    assert found(rules, LOCAL) == {("model:gpt-4.1:", "gpt-4.1")}
    assert found(rules, GPT, LOCAL) == {
        ("model:openai/gpt-4.1:", "openai/gpt-4.1"),
        ("model:gpt-4.1:", "gpt-4.1"),
        ("team:t:openai/gpt-4.1", "t"),
    }


def test_a_session_has_its_own_and_its_share_of_each() -> None:
    rules = Rules()
    rules.set([budget("session", "*"), budget("session", "s"), budget("session", "*", "gpt-4.1")], [])
    assert found(rules, GPT, session="s") == {
        ("session:*:", "s"),
        ("session:s:", "s"),
        ("session:*:gpt-4.1", "s"),
    }
    assert found(rules, Model("x", "y"), session="r") == {("session:*:", "r")}
    assert found(rules, GPT) == set()


def test_limits_are_a_callers_own_those_beside_and_those_of_the_first_model() -> None:
    rules = Rules()
    own = ScopeLimits("client", "c", rpm=1)
    caller = Caller(key_id="k", client_id="c", user_id="u", limits=(own,))
    beside = [
        ScopeLimits("user", "u", rpm=2),
        ScopeLimits("model", "openai/gpt-4.1", rpm=3),
        ScopeLimits("model", "fast", rpm=4),
        ScopeLimits("client", "c", rpm=5, model="gpt-4.1"),
        ScopeLimits("client", "c", rpm=6, model="other"),
    ]
    rules.set([], beside)
    terms = rules.terms(caller)
    assert [bound.rpm for bound in rules.limits(terms, [GPT, LOCAL], "fast")] == [1, 2, 5, 4, 3]
    assert [bound.rpm for bound in rules.limits(terms, [LOCAL], "gpt-4.1")] == [1, 2, 5]
    assert [bound.rpm for bound in rules.limits(terms, [], "unknown")] == [1, 2]


def test_terms_are_worked_out_once_a_caller_and_anew_after_a_change() -> None:
    rules = Rules()
    rules.set([budget("key", "k")], [])
    terms = rules.terms(CALLER)
    assert rules.terms(CALLER) is terms
    assert rules.claims(terms, [GPT], "s") is terms.claims  # nothing is built for a call
    rules.set([], [])
    assert not rules.are_any
    assert rules.claims(rules.terms(CALLER), [GPT], None) == ()
