"""O36, O27, O28: the original's rules and ratings come over in our words, or the group is left out with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.configured import read_group
from gophergate.original.rules import classifier, rule
from gophergate.routing.groups import checked_groups


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        (
            {"pattern": "(?i)sql", "type": "regex", "target": "a/m", "case_sensitive": 1, "name": "x"},
            {"pattern": "(?i)sql", "regex": True, "model": "a/m", "case": True},
        ),
        ({"contains": "hello", "match_type": "text", "model": "a/m"}, {"pattern": "hello", "model": "a/m"}),
        ({"regex": "^a", "model": "a/m"}, {"pattern": "^a", "regex": True, "model": "a/m"}),
        (
            {
                "primary_model": "a/m",
                "fallback_model": "b/m",
                "conditions": {"any_of_tags": ["x", "y"], "max_input_tokens_lt": "4000", "requires_reasoning": True},
            },
            {
                "model": "a/m",
                "fallback": "b/m",
                "any_of_tags": ["x", "y"],
                "max_input_tokens_lt": 4000,
                "requires_reasoning": True,
            },
        ),
        ({"primary": "a/m", "is_default_fallback": 1}, {"model": "a/m", "is_default_fallback": True}),
    ],
)
def test_both_forms_come_over_and_work_here(said: dict[str, Any], ours: dict[str, Any]) -> None:
    assert rule(said) == ours
    group = read_group("g", {"strategy": "heuristic", "targets": [{"model": "a/m"}], "rules": [rule(said)]})
    assert checked_groups({"g": group})


@pytest.mark.parametrize(
    ("said", "why"), [({"model": "a/m", "phase_of_moon": 1}, "'phase_of_moon'"), ({"pattern": "x"}, "names no model")]
)
def test_what_is_not_known_leaves_the_group_out_with_the_reason(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rule(said)


def test_a_rating_names_its_model_and_its_highest() -> None:
    assert classifier("a/m", "10") == {"model": "a/m", "threshold": 10}
    assert classifier("a/m", None) == {"model": "a/m"}
    with pytest.raises(ValueError, match="by which model"):
        classifier(None, 10)
