from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.blocks import Block, Citation, Seal, Text, Thought, ToolCall
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
from gophergate.core.reply import fold, unfold
from gophergate.core.usage import Usage
from gophergate.errors import UpstreamBroken

blocks = st.one_of(
    st.builds(Text, text=st.text()),
    st.builds(Thought, text=st.text(), seal=st.none() | st.builds(Seal, st.text(), st.just("x"))),
    st.builds(ToolCall, id=st.text(min_size=1), name=st.text(min_size=1), arguments=st.text()),
)


@given(st.lists(blocks, max_size=6))
def test_unfolding_a_folded_reply_gives_a_clean_stream_that_folds_back(content: list[Block]) -> None:
    """A non-streamed reply is the folded stream: the two cannot disagree."""
    events: list[Event] = [Started(id="a", model="m")]
    for index, block in enumerate(content):
        events += [BlockOpened(index, block), BlockClosed(index)]
    events += [UsageSeen(Usage(input=1)), Finished(reason="stop")]
    reply = fold(events)
    assert list(reply.blocks) == content
    assert fold(checked(unfold(reply))) == reply


def test_pieces_seals_citations_and_extras_grow_into_their_block() -> None:
    reply = fold(
        [
            Started(),
            BlockOpened(0, Thought()),
            BlockGrew(0, "think "),
            BlockOpened(1, ToolCall(id="c", name="f"), choice=1),
            BlockGrew(1, '{"a":'),
            BlockGrew(0, "more", seal=Seal("s1", "d")),
            BlockGrew(1, "1}", extra={"d": {"k": 1}}),
            BlockOpened(2, Text(text="")),
            BlockGrew(2, "word", citations=(Citation(url="u"),), logprobs=[{"token": "word"}]),
            BlockClosed(0),
            BlockClosed(1),
            BlockClosed(2),
            Finished(reason="tool_calls"),
        ]
    )
    assert reply.blocks == (
        Thought(text="think more", seal=Seal("s1", "d")),
        ToolCall(id="c", name="f", arguments='{"a":1}', extra={"d": {"k": 1}}),
        Text(text="word", citations=(Citation(url="u"),)),
    )
    assert reply.of_choice(1) == [reply.blocks[1]]
    assert reply.logprobs[2] == [{"token": "word"}]


def test_a_reply_that_failed_or_never_ended_cannot_be_folded() -> None:
    """Law 3: end of file without a finish reason is a failure."""
    broken = UpstreamBroken("cut")
    with pytest.raises(UpstreamBroken) as caught:
        fold([Started(), Failed(broken)])
    assert caught.value is broken
    with pytest.raises(UpstreamBroken):
        fold([Started(), BlockOpened(0, Text(text="half"))])
