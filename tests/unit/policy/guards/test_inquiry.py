"""What endpoints find is put where it stands: as if a guard had found it here, whatever the text is part of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import Citation, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.caller import Caller
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Request, ServerTool, Tool, Turn
from gophergate.errors import ContentBlocked, GuardCannotApply
from gophergate.policy.guards.asked import AskedGuarding
from gophergate.policy.guards.room import Guarding
from gophergate.policy.guards.rules import Definition
from gophergate.policy.guards.verdicts import Unanswered, read_verdict
from kit.guarded import cuts, rule, texts

MAIL = "ann@example.com"
CALLER = Caller(key_id="k", client_id="c", team_id="t", organisation_id="o", user_id=None)
SEAL = Seal("s", "anthropic_messages", "up")
MAILS = rule(detect=["email"])
ASKS = rule("webhook", url="https://x.example/")


async def mails(definition: Definition, question: bytes) -> bytes:
    """An endpoint that finds what the built-in guard does."""
    found = []
    for number, one in enumerate(json.loads(question)["texts"]):
        for detector in MAILS.detectors:
            for start, end, label in detector.scan(one["text"], 0, is_whole=True)[0]:
                found.append({"text": number, "start": start, "end": end, "label": label})
    return json.dumps({"verdict": "mask" if found else "allow", "finds": found}).encode()


def asked(*rules: Any) -> AskedGuarding:
    return AskedGuarding(rules or (ASKS,), CALLER, "m", ask=mails)


async def judged(request: Request, guarding: AskedGuarding) -> Request:
    inquiry = guarding.asked_of_request()
    assert inquiry is not None
    inquiry.gather(request)
    await inquiry.ask()
    return inquiry.judged(request)


def request(*blocks: Any, **more: Any) -> Request:
    return Request(dialect="openai_chat", model="m", turns=(Turn(role="user", blocks=blocks),), **more)


REQUESTS = [
    request(Text(text=MAIL), Text(text=f"{MAIL} and {MAIL}")),
    request(Text(text='{"a": "ann\\u0040example.com", "b": [1, "x"]}')),
    request(Text(text=json.dumps({"a": json.dumps({"to": MAIL})}))),
    request(Text(text=MAIL, citations=(Citation(quote=MAIL, url="https://x.example/"),))),
    request(Text(text="x", citations=(Citation(quote=MAIL),))),
    request(Text(text="x", extra={"anthropic_messages": {"note": {"by": [MAIL, 7]}}})),
    request(Thought(text=MAIL), Thought(text=MAIL, seal=SEAL)),
    request(ToolCall(id="c", name="t", arguments='{"to":"ann\\u0040example.com","n":12345678}')),
    request(ToolCall(id="c", name="t", arguments='{"to":"ann\\u0040exam')),
    request(ToolCall(id="c", name="t", arguments=f'patch "{MAIL}"', custom=True)),
    request(ToolResult(call_id="c", content=(Text(text=MAIL), Media(kind="document", text=MAIL, name=f"{MAIL}.csv")))),
    request(Media(kind="document", media_type="text/csv", data="YW5uQGV4YW1wbGUuY29t")),
    request(Opaque(dialect="d", label="l", data={"a": "fine"})),
    request(user=MAIL, metadata={MAIL: MAIL, "n": [MAIL]}),
    request(tools=(Tool(name="t", description=f"Ask {MAIL}"), ServerTool(dialect="d", label="l", data={}))),
    request(Text(text="\ud83d half a sign, then " + MAIL)),
    request(Text(text="nothing")),
]


@pytest.mark.parametrize("number", range(len(REQUESTS)))
async def test_a_request_is_masked_as_by_a_guard_of_ours(number: int) -> None:
    """R-X7: every text is asked about, and every find comes to where its text stands."""
    ours, theirs = Guarding((MAILS,)), asked()
    before = REQUESTS[number]
    after = await judged(before, theirs)
    assert after == ours.request(before)
    assert [one.found for one in theirs.findings()] == [one.found for one in ours.findings()]
    assert (after is before) == (after == before)


async def test_what_cannot_be_changed_refuses_to_be_masked() -> None:
    """R-X7: a rule that cannot apply refuses loudly."""
    with pytest.raises(GuardCannotApply, match="would have to mask something in 'l'"):
        await judged(request(Opaque(dialect="d", label="l", data={"to": MAIL})), asked())


async def test_a_guard_that_blocks_blocks_at_the_first_find() -> None:
    guarding = asked(rule("webhook", url="https://x.example/", action="block"))
    with pytest.raises(ContentBlocked):
        await judged(request(Text(text=MAIL)), guarding)
    assert guarding.told() == "webhook:block"


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Words, thoughts and arguments, each cut anyhow."""
    events: list[Event] = [Started()]
    for index, kind in enumerate(draw(st.lists(st.sampled_from(["text", "thought", "call"]), min_size=1, max_size=3))):
        said = draw(texts)
        if kind == "call":
            said = json.dumps({"said": said, "to": [MAIL]}, ensure_ascii=draw(st.booleans()))
        block = {"text": Text(text=""), "thought": Thought()}.get(kind) or ToolCall(id="c", name="t", arguments="")
        events.append(BlockOpened(index, block))
        events += [BlockGrew(index, piece) for piece in draw(cuts(said))]
        events.append(BlockClosed(index))
    return [*events, Finished(reason="stop")]


@given(events=answers())
@settings(max_examples=150, deadline=None)
async def test_an_answer_is_masked_as_by_a_guard_of_ours(events: list[Event]) -> None:
    """Edge case 62, law 4: whatever its pieces; the same words as from a guard that looks at them on their way."""
    ours, theirs = Guarding((MAILS,)), asked()
    inquiry = theirs.asked_of_answer(lambda _: None)
    inquiry.gather(events)
    await inquiry.ask()
    after = inquiry.judged(events)
    assert list(checked(after)) == after
    assert fold(after).blocks == fold(ours.answer(lambda _: None).take(events)).blocks
    assert sum(sum(one.found.values()) for one in theirs.findings()) == sum(
        sum(one.found.values()) for one in ours.findings()
    )


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"verdict": "deny"}',
        b'{"verdict": "mask"}',
        b'{"verdict": "mask", "finds": [{"text": 1, "start": 0, "end": 1}]}',
        b'{"verdict": "mask", "finds": [{"text": 0, "start": 2, "end": 2}]}',
        b'{"verdict": "mask", "finds": [{"text": 0, "start": 0, "end": 4}]}',
        b'{"verdict": "mask", "finds": [{"text": 0, "start": -1, "end": 1}]}',
        b'{"verdict": "mask", "finds": [{"text": 0, "start": 0, "end": 1, "label": "A\\n"}]}',
        b'{"verdict": "mask", "finds": [{"text": 0, "start": 0, "end": 1, "label": ""}]}',
    ],
)
def test_what_is_no_verdict_is_none(said: bytes) -> None:
    with pytest.raises(Unanswered):
        read_verdict(said, ["abc"])


def test_a_verdict_may_say_more_than_is_known_here() -> None:
    said = (
        b'{"verdict": "block", "score": 0.9, "finds": [{"text": 0, "start": 1, "end": 3, "label": "PII", "why": "x"}]}'
    )
    verdict = read_verdict(said, ["abc"])
    assert (verdict.blocks, verdict.finds) == (True, {"abc": [(1, 3, "PII")]})
