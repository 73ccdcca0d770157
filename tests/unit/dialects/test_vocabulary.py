from __future__ import annotations

import hashlib
import time

import pytest

from gophergate.dialects.vocabulary import ranks, tokens
from kit import vocabulary


def test_the_vocabulary_is_the_published_one() -> None:
    assert hashlib.sha256(vocabulary.published(ranks())).hexdigest() == vocabulary.SHA256


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hello, world!", 4),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
        ("", 0),
    ],
)
def test_words_are_cut_as_openai_cuts_them(text: str, count: int) -> None:
    """Of https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken, as o200k_base has them."""
    assert tokens([text]).total == count


def test_numbers_and_marks_are_cut_as_a_family_wants() -> None:
    assert tokens(["get_weather 123456"]).total < tokens(["get_weather 123456"], "ones").total
    assert tokens(["get_weather"], "apart").total == 3


@pytest.mark.parametrize("text", ["a" * 70_000, "好" * 70_000])
def test_no_text_takes_its_time_squared(text: str) -> None:
    began = time.perf_counter()
    assert tokens([text]).total > 100
    assert time.perf_counter() - began < 10
