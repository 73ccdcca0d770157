"""O30: ids written with dates, revisions, regions and vendors come to one form; what tells models apart stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.routing.identity import LONGEST, keys


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("gpt-4.1-2025-04-14", "gpt-4-1"),
        ("gpt-4-0613", "gpt-4"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5:thinking", "claude-sonnet-4-5"),
        ("models/gemini-2.5-pro", "gemini-2-5-pro"),
        ("gemini-2.5-pro-preview-06-05", "gemini-2-5-pro"),
        ("publishers/google/models/gemini-2.0-flash-001", "gemini-2-0-flash"),
        ("accounts/fireworks/models/deepseek-v3p1", "deepseek-v3p1"),
        ("mistral-medium-2508", "mistral-medium"),
        ("Meta-Llama/Llama-3.3-70B-Instruct", "llama-3-3-70b-instruct"),
    ],
)
def test_forms_meet(written: str, plain: str) -> None:
    assert keys(written)[-1] == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-4.1", "gpt-4.1-mini"),
        ("gpt-4o", "gpt-4"),
        ("claude-sonnet-4-5", "claude-sonnet-4"),
        ("llama-3.1-8b", "llama-3.1-70b"),
        ("qwen3-32b", "qwen3-235b"),
        ("gemini-2.5-flash", "gemini-2.5-flash-lite"),
        ("o3", "o3-mini"),
    ],
)
def test_other_models_stay_others(one: str, other: str) -> None:
    assert not set(keys(one)) & set(keys(other))


@given(st.text(max_size=2 * LONGEST))
def test_any_text_has_forms_of_bounded_length(text: str) -> None:
    found = keys(text)
    assert found
    assert found == keys(text)
    assert all(len(form) <= 3 * LONGEST for form in found)
