from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.blocks import Text, Thought, ToolCall
from gophergate.core.events import BlockOpened, Event, Failed, Finished
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Assembler, Sequencer

said = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.text(max_size=3)),
        st.tuples(st.just("thought"), st.text(max_size=3)),
        st.tuples(st.just("call"), st.integers(0, 2)),
        st.tuples(st.just("grow"), st.integers(0, 2)),
        st.tuples(st.just("close"), st.integers(0, 2)),
        st.tuples(st.just("usage"), st.integers(0, 9)),
    ),
    max_size=20,
)


def assembled(words: list[tuple[str, object]]) -> list[Event]:
    assembler = Assembler()
    for word, value in words:
        match word, value:
            case "text", str():
                assembler.text(value)
            case "thought", str():
                assembler.thought(value)
            case "call", int():
                assembler.open(value, ToolCall(id=f"c{value}", name="f"))
            case "grow", int():
                assembler.grow(value, "x")
            case "close", int():
                assembler.close(value)
            case "usage", int():
                assembler.usage(Usage(input=value))
    assembler.ending("stop")
    assembler.done()
    assembler.text("after the end")
    assembler.done()
    return assembler.take()


@given(said)
def test_whatever_is_said_in_whatever_order_comes_out_strict(words: list[tuple[str, object]]) -> None:
    """R-T1 for any provider."""
    checked(assembled(words))


@given(said)
def test_the_sequencer_loses_nothing_and_keeps_one_block_open(words: list[tuple[str, object]]) -> None:
    """Edge case 13: interleaved fragments come out as whole blocks, one after another."""
    events = assembled(words)
    sequencer, out, opened = Sequencer(), [], 0
    for event in events:
        out += sequencer.feed(event)
    for event in checked(out):
        opened += isinstance(event, BlockOpened)
    assert fold(out).blocks == fold(events).blocks
    kinds = [type(event).__name__ for event in out if type(event).__name__ in ("BlockOpened", "BlockClosed")]
    assert kinds == ["BlockOpened", "BlockClosed"] * opened


def test_text_thought_text_stay_three_blocks_in_order() -> None:
    """Edge cases 15, 20."""
    reply = fold(assembled([("thought", "a"), ("text", "b"), ("text", "c"), ("thought", "d"), ("text", "")]))
    assert reply.blocks == (Thought(text="a"), Text(text="bc"), Thought(text="d"))


def test_stop_beside_calls_means_calls() -> None:
    assert fold(assembled([("call", 0)])).reason == "tool_calls"


def test_an_end_without_a_reason_is_a_failure() -> None:
    """Law 3, edge case 5."""
    assembler = Assembler()
    assembler.text("half")
    assembler.done()
    *_, last = assembler.take()
    assert isinstance(last, Failed)


def test_of_two_finish_reasons_the_more_telling_one_stands() -> None:
    """Edge case 11."""
    assembler = Assembler()
    assembler.ending("tool_calls")
    assembler.ending("stop")
    assembler.done()
    *_, last = assembler.take()
    assert isinstance(last, Finished)
    assert last.reason == "tool_calls"
