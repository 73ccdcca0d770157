"""Every text of a request: what is masked, what is only looked at, and what refuses to be changed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest

from gophergate.core.blocks import Citation, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Tool, Turn
from gophergate.errors import ContentBlocked, GuardCannotApply
from gophergate.policy.guards import room
from gophergate.policy.guards.room import Guarding
from gophergate.policy.guards.rules import Rule
from kit.guarded import rule

MAIL = "ann@example.com"
SEAL = Seal("s", "anthropic_messages", "up")


def request(*blocks: Any, **more: Any) -> Request:
    return Request(dialect="openai_chat", model="m", turns=(Turn(role="user", blocks=blocks),), **more)


def screened(asked: Request, *rules: Rule) -> Request:
    return Guarding(rules or (rule(),)).request(asked)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Text(text=MAIL), Text(text="[EMAIL]")),
        (Text(text='{"a": "ann\\u0040example.com"}'), Text(text='{"a": "[EMAIL]"}')),
        (Thought(text=MAIL), Thought(text="[EMAIL]")),
        (Thought(text=MAIL, seal=SEAL), Thought(text=MAIL, seal=SEAL)),
        (
            ToolCall(id="c", name="t", arguments='{"to":"ann\\u0040example.com"}'),
            ToolCall(id="c", name="t", arguments='{"to":"[EMAIL]"}'),
        ),
        (
            ToolCall(id="c", name="t", arguments=f'patch "{MAIL}"', custom=True),
            ToolCall(id="c", name="t", arguments='patch "[EMAIL]"', custom=True),
        ),
        (ToolResult(call_id="c", content=(Text(text=MAIL),)), ToolResult(call_id="c", content=(Text(text="[EMAIL]"),))),
        (
            Media(kind="document", media_type="text/csv", data=b64encode(MAIL.encode()).decode(), name=f"{MAIL}.csv"),
            Media(kind="document", media_type="text/csv", data=b64encode(b"[EMAIL]").decode(), name="[EMAIL]"),
        ),
        (Text(text="x", citations=(Citation(quote=MAIL),)), Text(text="x")),
        (Text(text="x", citations=(Citation(quote="y"),)), Text(text="x", citations=(Citation(quote="y"),))),
        (
            Text(text="x", extra={"anthropic_messages": {"search_result": {"content": [{"text": MAIL}]}}}),
            Text(text="x", extra={"anthropic_messages": {"search_result": {"content": [{"text": "[EMAIL]"}]}}}),
        ),
        (Media(kind="document", text=MAIL), Media(kind="document", text="[EMAIL]")),
        (
            Media(kind="image", media_type="image/png", data=b64encode(MAIL.encode()).decode()),
            Media(kind="image", media_type="image/png", data=b64encode(MAIL.encode()).decode()),
        ),
    ],
)
def test_each_block_is_masked_as_it_may_be(before: Any, after: Any) -> None:
    """R-X7, edge case 62."""
    asked = request(before)
    shown = screened(asked)
    if isinstance(before, Media) and before.name:
        assert MAIL not in repr(shown)
        assert b64decode(shown.turns[0].blocks[0].data or "") == b"[EMAIL]"  # type: ignore[union-attr]
        return
    assert shown.turns[0].blocks[0] == after
    assert (shown is asked) == (before == after)


def test_what_is_around_the_turns_is_looked_at_too() -> None:
    tool = Tool(name="mail", description=f"mails {MAIL}", parameters={"title": MAIL})
    shown = screened(request(Text(text="hi"), tools=(tool,), user=MAIL, metadata={"who": [MAIL]}))
    assert (shown.user, shown.metadata) == ("[EMAIL]", {"who": ["[EMAIL]"]})
    assert shown.tools[0] == Tool(name="mail", description="mails [EMAIL]", parameters={"title": MAIL})


def test_what_cannot_be_changed_is_refused_by_name_or_blocked() -> None:
    native = Opaque(dialect="anthropic_messages", label="web_search_tool_result", data={"text": MAIL})
    with pytest.raises(GuardCannotApply, match=r"'pii' would have to mask something in 'web_search_tool_result'"):
        screened(request(native))
    with pytest.raises(ContentBlocked, match="blocked by the guard 'pii'"):
        screened(request(native), rule(action="block"))
    with pytest.raises(ContentBlocked):
        screened(request(Thought(text=MAIL, seal=SEAL)), rule(action="block"))
    asked = request(native, Text(text=MAIL))
    assert screened(asked, rule(action="warn")) is asked


def test_a_refusal_never_says_what_was_found() -> None:
    for one in (rule(action="block"), rule("keywords", keywords=["ann"], action="block", whole_words=False)):
        with pytest.raises(ContentBlocked) as refused:
            screened(request(Text(text=MAIL)), one)
        assert "ann" not in refused.value.message


def test_a_request_with_too_much_text_is_refused_or_passes_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_TEXT", 20)
    asked = request(Text(text="a" * 15), Text(text=MAIL))
    with pytest.raises(GuardCannotApply, match="more text than the guard"):
        screened(asked)
    guarding = Guarding((rule(on_error="open"),))
    assert guarding.request(asked) is asked
    assert guarding.findings()[0].found == {"TOO_LARGE": 1}
