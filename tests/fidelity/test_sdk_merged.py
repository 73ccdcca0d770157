"""Several of the things that the vendors' types can say, in one conversation and in one answer: nothing is lost without
a word, what is written is valid by the types of the vendor it goes to, and every vendor's SDK reads what was said
(R-S1, R-C1, R-T2)."""

from __future__ import annotations

import json
import random

import pytest

from kit import fidelity, sdk_merged, sdk_merged_read
from kit.sdk_answers import Told

EVERY_DIALECT = pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))


@EVERY_DIALECT
def test_what_the_types_can_ask_at_once_means_the_same_to_every_vendor(dialect: str) -> None:
    dice = random.Random(dialect)
    found = [why for _ in range(20) for why in sdk_merged_read.of_request(dialect, sdk_merged.request(dialect, dice))]
    assert not found


@EVERY_DIALECT
def test_what_the_types_can_answer_at_once_is_read_so_by_every_sdk(dialect: str) -> None:
    dice = random.Random(dialect)
    found = [why for _ in range(6) for why in sdk_merged_read.of_answer(dialect, sdk_merged.answer(dialect, dice))]
    assert not found


def test_the_judge_names_what_an_answer_lost() -> None:
    """A judge that says nothing would prove nothing."""
    told = {"model": "m", "message": {"role": "assistant", "content": "more"}, "done": True, "done_reason": "stop"}
    less = json.dumps({**told, "message": {"role": "assistant", "content": "less"}}).encode()
    found = set(sdk_merged_read.of_answer("ollama", Told(told, less, stream=False)))
    assert any(why.startswith("ollama, gemini, streamed, text: 'more' became 'less'") for why in found)
