"""Texts inside of JSON: found whatever they are written as, and JSON after as before."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.policy.guards.quoted import masked_json, masked_value
from gophergate.policy.guards.window import masked
from kit.guarded import FOUND, rule, texts

RULE = rule()


def look(text: str) -> str:
    return masked(text, (RULE,), lambda *_: None)


said = texts.map(lambda text: f".{text}")
"""None begins as JSON does: such a text would be looked into."""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | said,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(said, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_json_stays_json_and_says_the_masked_values(value: Any, escapes: bool, indent: int | None) -> None:
    """Edge case 62: tool arguments."""
    text = json.dumps(value, ensure_ascii=escapes, indent=indent)
    assert json.loads(masked_json(text, look)) == masked_value(value, look)


def test_an_escaped_sign_hides_nothing() -> None:
    """Edge case 62: an e-mail with its @ as \\u0040, and within JSON within JSON."""
    assert masked_json(r'{"to": "ann\u0040example.com", "n":1.50}', look) == '{"to": "[EMAIL]", "n":1.50}'
    inner = json.dumps({"to": "ann@example.com"}).replace("@", "\\u0040")
    outer = json.dumps({"body": inner})
    assert json.loads(json.loads(masked_json(outer, look))["body"]) == {"to": "[EMAIL]"}


def test_numbers_and_keys_are_looked_at_too() -> None:
    assert masked_json('{"card":4111111111111111,"few":12}', look) == '{"card":"[CREDIT_CARD]","few":12}'
    assert masked_json('{"ann@example.com":true}', look) == '{"[EMAIL]":true}'


def test_nothing_found_leaves_every_byte() -> None:
    text = '{"a" : "\\u00fc\\ud83d", "b":[1e5, -0.0,null ], "a":"twice"}'
    assert masked_json(text, look) == text


def test_what_breaks_off_is_looked_at_as_far_as_it_goes() -> None:
    assert masked_json('{"to":"ann\\u0040example.com', look) == '{"to":"[EMAIL]'
    assert masked_json('{"to":"x ann@example.com\\u00', look) == '{"to":"x [EMAIL]'
    assert masked_json("ann@example.com and no JSON", look) == "[EMAIL] and no JSON"


def test_half_a_character_beside_a_find_stays_escaped() -> None:
    after = masked_json(r'{"a":"\ud83d ann@example.com"}', look)
    assert after == r'{"a":"\ud83d [EMAIL]"}'
    after.encode()


def test_a_find_of_every_kind_is_found_in_arguments() -> None:
    for word, many in FOUND.items():
        for text in many:
            said = json.loads(masked_json(json.dumps({"a": [f"is {text}."]}), look))
            assert said == {"a": [f"is [{word.upper()}]."]}
