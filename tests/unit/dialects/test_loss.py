"""Loss is named, and only loss: a default spelled out, or a dialect's own note, is none (R-G3)."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.core.request import Request
from gophergate.dialects.loss import Losses
from gophergate.errors import BadRequest


def dropped(request: Request, *supported: str) -> tuple[str, ...]:
    losses = Losses()
    losses.unsupported(request, frozenset(supported))
    return losses.names


def test_a_said_setting_that_is_not_supported_is_named_once_and_in_order() -> None:
    request = Request(dialect="x", model="m", temperature=0.0, top_k=3, stop=("a",), n=2, store=True)
    assert dropped(request, "temperature") == ("top_k", "stop", "n", "store")


def test_a_default_spelled_out_is_no_loss() -> None:
    request = Request(
        dialect="x",
        model="m",
        n=1,
        store=False,
        background=False,
        logprobs=False,
        top_logprobs=0,
        modalities=("text",),
        service_tier="auto",
        truncation="disabled",
        metadata={},
    )
    assert dropped(request) == ()


def test_foreign_members_are_named_but_for_a_dialects_own_notes() -> None:
    losses = Losses()
    losses.foreign({"a": {"defer_loading": True, "_form": 1}, "b": {"kept": 1}}, "b")
    assert losses.names == ("defer_loading",)


@pytest.mark.parametrize(
    ("maker", "member"),
    [
        ("openai_responses", {"conversation": "conv_1"}),
        ("openai_responses", {"prompt": {"id": "pmpt_1"}}),
        ("gemini", {"cachedContent": "cachedContents/1"}),
        ("ollama", {"context": [1, 2]}),
        ("ollama", {"suffix": "}"}),
    ],
)
def test_what_is_part_of_the_question_is_refused_and_not_dropped(maker: str, member: dict[str, Any]) -> None:
    """DESIGN 2: unsupported content is a 400 that names it; these had been dropped like settings, and another question
    was answered."""
    with pytest.raises(BadRequest) as refused:
        Losses().foreign({maker: member}, "anthropic_messages")
    assert refused.value.param in member
    assert refused.value.code == "unsupported_content"
    losses = Losses()
    losses.foreign({maker: dict.fromkeys(member)}, "anthropic_messages")
    losses.foreign({maker: member}, maker)
    losses.foreign({"openai_chat": member}, "anthropic_messages")
    assert losses.names == tuple(member)
