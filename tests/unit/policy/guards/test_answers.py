"""Answers past the guards: the same however they are cut, in the strictest lifecycle, with nothing left of a find."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import Citation, Media, Opaque, Seal, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Started,
    UsageSeen,
)
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.usage import Usage
from gophergate.errors import ContentBlocked, GuardCannotApply, UpstreamCut
from gophergate.policy.guards import room
from gophergate.policy.guards.quoted import masked_json
from gophergate.policy.guards.room import Guarding
from gophergate.policy.guards.rules import Rule
from gophergate.policy.guards.window import masked
from kit.guarded import FOUND, cuts, rule, texts

PII = rule()
MAIL = "ann@example.com"


def screened(events: list[Event], *rules: Rule, at_once: int = 1) -> tuple[list[Event], list[str], Guarding]:
    """The events as they go on, `at_once` at a time; what was lost; and what was found."""
    lost: list[str] = []
    guarding = Guarding(rules or (PII,))
    screen = guarding.answer(lost.append)
    out: list[Event] = []
    for at in range(0, len(events), at_once):
        out += screen.take(events[at : at + at_once])
    return out, lost, guarding


def answer(*blocks: tuple[Any, list[Any]], usage: Usage | None = None) -> list[Event]:
    """A whole answer: each block opens, grows by its pieces (texts or events) and closes."""
    events: list[Event] = [Started()]
    for index, (block, pieces) in enumerate(blocks):
        events.append(BlockOpened(index, block))
        events += [BlockGrew(index, one) if isinstance(one, str) else one for one in pieces]
        events.append(BlockClosed(index))
    if usage is not None:
        events.append(UsageSeen(usage))
    return [*events, Finished(reason="stop")]


def look(text: str) -> str:
    return masked(text, (PII,), lambda *_: None)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Words, thoughts and calls, each cut anyhow and some of them side by side."""
    kinds = draw(st.lists(st.sampled_from(["text", "thought", "call"]), min_size=1, max_size=3))
    queues: list[list[Event]] = []
    for index, kind in enumerate(kinds):
        said = draw(texts)
        if kind == "call":
            said = json.dumps({"said": said, "to": [MAIL]}, ensure_ascii=draw(st.booleans()))
        first, *rest = draw(cuts(said))
        block = {"text": Text(text=first), "thought": Thought(text=first)}.get(kind) or ToolCall(
            id="c", name="t", arguments=first
        )
        grown: list[Event] = [BlockGrew(index, piece) for piece in rest]
        if kind == "thought":
            grown.insert(draw(st.integers(0, len(grown))), BlockGrew(index, seal=Seal("token", "d", "o")))
        queues.append([BlockOpened(index, block), *grown, BlockClosed(index)])
    events: list[Event] = [Started()]
    while any(queues):
        # A block opens only behind those before it; all else may come in any order.
        unopened = next((n for n, queue in enumerate(queues) if queue and isinstance(queue[0], BlockOpened)), None)
        may = [n for n, queue in enumerate(queues) if queue and (unopened is None or n <= unopened)]
        events.append(queues[draw(st.sampled_from(may))].pop(0))
    return [*events, Finished(reason="stop")]


@settings(max_examples=150)
@given(answers(), st.integers(1, 9))
def test_any_cutting_gives_the_masked_answer(events: list[Event], at_once: int) -> None:
    """Edge case 62, law 4, R-T1: words, thoughts and arguments."""
    whole = fold(checked(events))
    shown, lost, _ = screened(events)
    again, *_ = screened(events, at_once=at_once)
    assert fold(checked(shown)) == fold(checked(again))
    for before, after in zip(whole.blocks, fold(shown).blocks, strict=True):
        match before, after:
            case (Text(), Text()) | (Thought(), Thought()):
                assert after.text == look(before.text)
                if isinstance(before, Thought) and isinstance(after, Thought):
                    assert (after.seal is None) == (after.text != before.text) or before.text == after.text
                    assert after.seal is not None or "thinking signature" in lost
            case ToolCall(), ToolCall():
                assert after.arguments == masked_json(before.arguments, look)
                assert json.loads(after.arguments)["to"] == ["[EMAIL]"]
            case _:
                raise AssertionError(after)


@pytest.mark.parametrize("block", [Text(text=""), Text(text="", refusal=True), Thought(), ToolCall(id="c", name="t")])
@pytest.mark.parametrize("text", [FOUND["email"][0], FOUND["credit_card"][0], FOUND["secret"][0]])
def test_what_is_split_is_found_at_every_split(block: Any, text: str) -> None:
    """Edge case 62."""
    said = json.dumps({"a": f"so {text}!"}) if isinstance(block, ToolCall) else f"so {text}!"
    for at in range(len(said) + 1):
        shown, _, guarding = screened(answer((block, [said[:at], said[at:]])))
        reply = fold(checked(shown))
        kept = getattr(reply.blocks[0], "text", None) or getattr(reply.blocks[0], "arguments", "")
        assert text not in kept
        assert kept.startswith(('{"a": "so [', "so ["))
        assert kept.endswith(("!", '!"}'))
        assert len(guarding.findings()) == 1


def test_events_keep_their_order_and_words_their_pace() -> None:
    events = answer((Text(text=""), ["Hello ", "dear ", MAIL, " bye"]), (Thought(), ["Hm."]), usage=Usage(output=3))
    shown, _, _ = screened(events)
    assert [type(event).__name__ for event in shown] == [
        *("Started", "BlockOpened", "BlockGrew", "BlockGrew", "BlockGrew", "BlockGrew", "BlockClosed"),
        *("BlockOpened", "BlockGrew", "BlockClosed", "UsageSeen", "Finished"),
    ]
    assert [event.text for event in shown if isinstance(event, BlockGrew)] == [
        *("Hello ", "dear ", "[EMAIL] ", "bye", "Hm."),
    ]


def test_what_a_signature_no_longer_fits_loses_it() -> None:
    seal = Seal("s", "anthropic_messages", "up")
    growing = BlockGrew(0, seal=seal)
    kept, lost, _ = screened(answer((Thought(), ["all is well", growing])))
    assert (fold(kept).blocks[0], lost) == (Thought(text="all is well", seal=seal), [])
    kept, lost, _ = screened(answer((Thought(), [f"of {MAIL}", growing])))
    assert (fold(kept).blocks[0], lost) == (Thought(text="of [EMAIL]"), ["thinking signature"])
    kept, lost, _ = screened(answer((Thought(text=f"of {MAIL}", seal=seal), [])))
    assert (fold(kept).blocks[0], lost) == (Thought(text="of [EMAIL]"), ["thinking signature"])
    hidden = Thought(seal=seal, redacted=True)
    kept, lost, _ = screened(answer((hidden, [])))
    assert (fold(kept).blocks[0], lost) == (hidden, [])


def test_what_repeats_words_does_not_give_them_away() -> None:
    cited = BlockGrew(0, citations=(Citation(quote=f"by {MAIL}", native={"cited_text": MAIL, "n": 1}, dialect="d"),))
    odds = BlockGrew(0, MAIL, logprobs=[{"token": MAIL}])
    shown, lost, _ = screened(
        answer(
            (Text(text=""), [odds, cited]),
            (Opaque(dialect="d", label="found", data={"text": [MAIL]}), []),
            (Media(kind="audio", data="AAAA", transcript="so "), [BlockGrew(2, transcript=MAIL)]),
        )
    )
    assert MAIL not in repr(shown)
    assert lost == ["logprobs"]
    reply: Reply = fold(checked(shown))
    assert reply.blocks[1] == Opaque(dialect="d", label="found", data={"text": ["[EMAIL]"]})
    assert getattr(reply.blocks[2], "transcript", None) == "so [EMAIL]"


def test_what_a_dialect_notes_beside_the_words_is_masked_and_keeps_its_place() -> None:
    """A joint between two parts of a thought stands where it stood; what repeats words in notes is masked too."""
    joint = BlockGrew(0, "\n\n", extra={"d": {"_cuts": [3]}})
    told = {"d": {"item": {"text": MAIL}}}
    events = [
        Started(extra=told),
        *answer((Thought(), ["of ann", joint, MAIL]), (Text(text="x", extra=told), [BlockGrew(1, extra=told)]))[1:-1],
        BlockOpened(2, Opaque(dialect="d", label="l", data={"code": MAIL}, extra={"d": {"_events": ["ann@", "ex"]}})),
        BlockClosed(2),
        Finished(reason="stop", extra=told),
    ]
    shown, _, _ = screened(events)
    assert MAIL not in repr(shown)
    assert "ann@" not in repr(shown)
    grown = [(event.text, event.extra) for event in shown if isinstance(event, BlockGrew) and event.index == 0]
    assert grown == [("of ", {}), ("ann", {}), ("\n\n", joint.extra), ("[EMAIL]", {})]


def test_a_blocked_answer_ends_with_what_was_decided_before_and_its_usage() -> None:
    usage = Usage(output=9)
    events = answer((Text(text=""), ["Good morning to ", MAIL, ", or not"]), usage=usage)
    for at_once in (1, 99):
        shown, _, guarding = screened(events, rule(action="block"), at_once=at_once)
        assert isinstance(shown[-1], Failed)
        assert isinstance(shown[-1].error, ContentBlocked)
        assert "example" not in repr([event for event in shown if not isinstance(event, Failed)])
        assert "'pii'" in shown[-1].error.message
        assert guarding.told() == "pii:block"
    assert UsageSeen(usage) in shown


def test_an_answer_that_breaks_off_gives_out_what_it_held() -> None:
    events = [Started(), BlockOpened(0, Text(text="")), BlockGrew(0, f"to {MAIL} and Bo"), Failed(UpstreamCut())]
    shown, _, _ = screened(events)
    assert "".join(event.text for event in shown if isinstance(event, BlockGrew)) == "to [EMAIL] and Bo"
    assert isinstance(shown[-1], Failed)


def test_too_much_is_refused_or_passes_as_the_rule_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_TEXT", 40)
    events = answer((Text(text=""), ["a " * 15, f"b {MAIL} ", "c " * 15, MAIL]))
    shown, _, guarding = screened(events)
    assert isinstance(shown[-1], Failed)
    assert isinstance(shown[-1].error, GuardCannotApply)
    shown, _, guarding = screened(events, rule(on_error="open"))
    assert isinstance(fold(shown).blocks[0], Text)
    assert "TOO_LARGE" in {label for one in guarding.findings() for label in one.found}
