"""An operator's own words and expressions."""

from __future__ import annotations

import pytest

from gophergate.policy.guards.patterns import LONGEST_FIND, BadPattern, Expression, Keywords
from gophergate.policy.guards.window import masked
from kit.guarded import rule


def found(expression: str, text: str, *, case_sensitive: bool = False) -> list[str]:
    finds, _ = Expression(expression, "X", case_sensitive=case_sensitive).scan(text, 0, is_whole=True)
    return [text[one.start : one.end] for one in finds]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "missing )"),
        ("a(?=b)", "(?="),
        (r"(a)\1", "invalid escape sequence"),
        ("a*", "empty text"),
        ("x|", "empty text"),
        ("(?:a{1,900}){1,900}", "repetition"),
        ("a" * 1001, "1000 characters"),
        ("\ud800", "half of a character"),
    ],
)
def test_an_expression_that_cannot_be_used_is_refused_in_words(expression: str, why: str) -> None:
    with pytest.raises(BadPattern) as refused:
        Expression(expression, "X", case_sensitive=False)
    assert why in str(refused.value)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)+$", "(.*a){20}", "(a?){30}a{30}", "x.*y|x"])
def test_no_expression_hangs(expression: str) -> None:
    """With an engine that goes back over its steps each of these takes longer than anybody waits."""
    found(expression, "a" * 20_000 + "!")
    found(expression, "x" * 20_000)


def test_expressions_know_the_text_around_them() -> None:
    assert found(r"\bACME-\d+\b", "ACME-12 XACME-13 acme-14") == ["ACME-12", "acme-14"]
    assert found(r"\bACME-\d+\b", "ACME-12 acme-14", case_sensitive=True) == ["ACME-12"]
    far = "." * 1000
    assert found(r"^abc", f"abc{far}abc") == ["abc"]
    assert found(r"abc$", f"abc{far}abc") == ["abc"]
    assert found("größe", "GRÖSSE GRÖßE 😀größe") == ["GRÖßE", "größe"]


def test_what_is_not_longer_than_the_longest_find_is_found_at_every_place() -> None:
    for at in range(0, 600, 7):
        text = "." * at + "<" + "a" * (LONGEST_FIND - 2) + ">" + "." * 300
        assert found("<a+>", text) == [text[at : at + LONGEST_FIND]]


def test_keywords_are_words_of_their_own_unless_said_otherwise() -> None:
    def said(text: str, **more: object) -> str:
        members = {"keywords": ["Zephyr", "red zephyr", "größe"], **more}
        return masked(text, [rule("keywords", **members)], lambda *_: None)

    assert said("zephyr, Red Zephyr; zephyrs GRÖßE") == "[KEYWORD], [KEYWORD]; zephyrs [KEYWORD]"
    assert said("zephyrs", whole_words=False) == "[KEYWORD]s"
    assert said("zephyr Zephyr", case_sensitive=True, placeholder="***") == "zephyr ***"
    many = [f"{number:04}" + "ü" * 196 for number in range(1000)]
    assert said(f"a {many[7]} b", keywords=many) == "a [KEYWORD] b"
    with pytest.raises(BadPattern):
        Keywords(["a", " "], "X", case_sensitive=False, whole_words=True)
