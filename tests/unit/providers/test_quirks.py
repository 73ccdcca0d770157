from __future__ import annotations

from gophergate.providers import quirks
from gophergate.providers.base import GONE

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_deepseek_wants_content_beside_tool_calls() -> None:
    """Edge case 52."""
    body = {
        "messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "user", "content": None}]
    }
    edits = quirks.CONTENT_ON_CALLS.mend(body, "deepseek-chat")
    assert edits == {"messages": [{"role": "assistant", "content": "", "tool_calls": [CALL]}, body["messages"][1]]}
    assert body["messages"][0]["content"] is None, "the input is never touched"


def test_what_deepseek_was_recorded_to_accept_is_left_alone() -> None:
    thought = {"role": "assistant", "content": None, "reasoning_content": "", "tool_calls": [CALL]}
    assert quirks.CONTENT_ON_CALLS.mend({"messages": [thought]}, "deepseek-reasoner") == {}


def test_nothing_to_mend_is_no_edit() -> None:
    body = {"messages": [{"role": "assistant", "content": "x", "tool_calls": [CALL]}]}
    assert quirks.CONTENT_ON_CALLS.mend(body, "deepseek-chat") == {}
    assert not quirks.CONTENT_ON_CALLS.may_apply(b'{"messages":[]}')


def test_thinking_models_want_reasoning_on_every_assistant_turn() -> None:
    """Edge case 52."""
    body = {
        "messages": [{"role": "assistant", "content": "a", "reasoning": "why"}, {"role": "assistant", "content": "b"}]
    }
    mended = quirks.REASONING_ON_ASSISTANT.mend(body, "kimi-k2-thinking")["messages"]
    assert [message["reasoning_content"] for message in mended] == ["why", ""]  # type: ignore[union-attr, index]
    assert quirks.REASONING_ON_ASSISTANT.mend(body, "kimi-k2") == {}
    assert quirks.REASONING_ON_ASSISTANT.mend({**body, "thinking": {"type": "enabled"}}, "deepseek-chat") != {}
    assert quirks.REASONING_ON_ASSISTANT.mend(body, "kimi-k2.6") != {}, "it thinks unless it is told not to"
    assert quirks.REASONING_ON_ASSISTANT.mend({**body, "thinking": {"type": "disabled"}}, "kimi-k2.6") == {}


def test_reasoners_get_no_sampling_parameters_and_that_is_disclosed() -> None:
    """Edge case 52."""
    body = {"temperature": 1, "top_p": 0.5, "max_tokens": 5}
    quirk = quirks.NO_SAMPLING_ON_REASONERS
    assert quirk.mend(body, "deepseek-reasoner") == {"temperature": GONE, "top_p": GONE}
    assert quirk.mend(body, "deepseek-chat") == {}
    assert quirk.drops


def test_mistral_calls_the_length_of_vectors_otherwise() -> None:
    """PROTOCOLS: in the place of OpenAI's `dimensions`, which it does not know; its own word stays."""
    mend = quirks.OUTPUT_DIMENSION.mend
    assert mend({"dimensions": 64, "input": "a"}, "codestral-embed") == {"output_dimension": 64, "dimensions": GONE}
    assert mend({"output_dimension": 64}, "codestral-embed") == {}
    assert not quirks.OUTPUT_DIMENSION.may_apply(b'{"input":"a"}')
