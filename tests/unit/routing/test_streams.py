from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gophergate.core.events import Failed, Finished, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.dialects.base import Peek, Stamp
from gophergate.dialects.gemini import Gemini
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_responses import OpenAIResponses
from gophergate.errors import UpstreamBroken, UpstreamCut, UpstreamRefused
from gophergate.routing.streams import VerbatimStream
from kit.ordered import SeenAccount, SeenOutlet, order

CHAT = OpenAIChat()


def chunk(delta: dict[str, Any] | None = None, reason: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": choices, **more}).encode() + b"\n\n"


ROLE = chunk({"role": "assistant", "content": ""})
HELLO = chunk({"content": "héllo \U0001f43f "})
STOP = chunk({}, "stop")
USAGE = chunk(None, usage={"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})
DONE = b"data: [DONE]\n\n"
WHOLE = ROLE + HELLO + HELLO + STOP + USAGE + DONE


def verbatim(*, asked_usage: bool = True) -> tuple[VerbatimStream, SeenOutlet, SeenAccount]:
    peek = Peek(model="m", stream=True, include_usage=asked_usage)
    placed = order(CHAT, peek=peek)
    assert isinstance(placed.outlet, SeenOutlet)
    assert isinstance(placed.account, SeenAccount)
    stream = VerbatimStream(placed, CHAT.reader(stream=True), b"text/event-stream")
    return stream, placed.outlet, placed.account


def played(*pieces: bytes, asked_usage: bool = True) -> tuple[VerbatimStream, SeenOutlet, SeenAccount]:
    stream, outlet, account = verbatim(asked_usage=asked_usage)
    for piece in pieces:
        stream.feed(piece)
    stream.end()
    return stream, outlet, account


def test_bytes_pass_untouched_and_a_copy_is_metered() -> None:
    """Law 5, R-S1."""
    _, outlet, account = played(WHOLE)
    assert outlet.sent == WHOLE
    assert outlet.finished
    checked(account.events)
    assert [e.usage.output for e in account.events if isinstance(e, UsageSeen)] == [2]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=30))
@example([len(WHOLE) - 1] * 4)  # pieces of nothing between the two halves of a blank line
def test_any_chunking_gives_the_client_the_same_bytes(cuts: list[int]) -> None:
    """Law 4."""
    at = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[a:b] for a, b in itertools.pairwise(at)]
    assert played(*pieces)[1].sent == WHOLE
    assert played(*pieces, asked_usage=False)[1].sent == WHOLE.replace(USAGE, b"")


def test_usage_nobody_asked_for_is_withheld_but_metered() -> None:
    """R-U4."""
    _, outlet, account = played(WHOLE, asked_usage=False)
    assert outlet.sent == WHOLE.replace(USAGE, b"")
    assert any(isinstance(event, UsageSeen) for event in account.events)


def test_nothing_is_delivered_before_the_first_content() -> None:
    """R-F1: lifecycle frames are held back."""
    stream, outlet, _ = verbatim()
    stream.feed(b": OPENROUTER PROCESSING\n\n" + ROLE)
    assert not outlet.begun
    stream.feed(HELLO)
    assert outlet.sent == b": OPENROUTER PROCESSING\n\n" + ROLE + HELLO


def test_an_error_before_content_is_left_for_the_attempts() -> None:
    """R-F1, edge cases 7, 59: an error event after a 200 and lifecycle frames."""
    stream, outlet, account = verbatim()
    stream.feed(ROLE)
    stream.feed(b'data: {"error":{"message":"Overloaded","code":503}}\n\n')
    assert isinstance(stream.error, UpstreamRefused)
    assert stream.done
    assert not outlet.begun
    assert account.failure is None


def test_an_error_event_after_content_passes_as_it_is_and_fails_the_row() -> None:
    """Law 2: never a clean finish."""
    said = b'data: {"error":{"message":"Token limit reached","code":400}}\n\n'
    _, outlet, account = played(ROLE, HELLO, said)
    assert outlet.sent == ROLE + HELLO + said
    assert outlet.finished
    assert isinstance(account.failure, UpstreamRefused)
    assert b"[DONE]" not in outlet.sent


REASON_AT = WHOLE.index(STOP) + len(STOP)


@pytest.mark.parametrize("ending", ["clean", "broken"])
def test_a_cut_at_any_byte_is_never_a_success(ending: str) -> None:
    """R-F2, law 3, edge case 5. After the finish reason a clean end is whole (edge case 4), a broken one is not."""
    for at in range(len(WHOLE)):
        stream, outlet, account = verbatim()
        stream.feed(WHOLE[:at])
        stream.end(UpstreamBroken("cut") if ending == "broken" else None)
        if stream.error is not None:
            assert not outlet.begun, at
            continue
        if ending == "clean" and at >= REASON_AT - 2:
            continue
        assert account.failure is not None, at
        *_, last = [line for line in outlet.sent.split(b"\n\n") if line]
        assert "error" in json.loads(last.removeprefix(b"data: ")), (at, last)
        for event in outlet.sent.split(b"\n\n")[:-2]:
            json.loads(event.removeprefix(b"data: "))


def test_a_missing_done_is_put_in_and_usage_kept() -> None:
    """Edge case 4."""
    _, outlet, account = played(ROLE, HELLO, STOP, USAGE)
    assert outlet.sent == ROLE + HELLO + STOP + USAGE + DONE
    assert outlet.finished
    assert isinstance(account.events[-1], Finished)
    assert any(isinstance(event, UsageSeen) for event in account.events)


def test_the_client_is_released_at_done_even_if_more_comes() -> None:
    """Edge case 6."""
    stream, outlet, account = verbatim()
    stream.feed(WHOLE)
    assert outlet.finished
    stream.feed(b"data: late\n\n")
    stream.end()
    assert outlet.sent == WHOLE
    assert account.failure is None


def test_a_reply_that_says_it_is_over_and_never_why_is_a_failure() -> None:
    """Laws 2 and 3: `[DONE]` without a finish reason had passed as a whole answer, and as one that cannot be read."""
    _, outlet, account = played(ROLE + HELLO, HELLO + DONE)
    said = ROLE + HELLO + HELLO
    assert outlet.sent.startswith(said + b"data: ")
    assert "ended before" in json.loads(outlet.sent[len(said) + 6 :])["error"]["message"]
    assert outlet.finished
    assert isinstance(account.failure, UpstreamCut)
    assert not account.blind


def test_a_reply_that_says_only_that_it_is_over_can_be_asked_for_elsewhere() -> None:
    """Law 3, R-F1: nothing of it has reached the client."""
    stream, outlet, _ = played(ROLE, DONE)
    assert isinstance(stream.error, UpstreamCut)
    assert not outlet.begun


def test_what_the_tap_cannot_read_flows_on_unmetered() -> None:
    """DESIGN 2: if the tap cannot parse, bytes still flow and the call is marked unmetered."""
    odd = b"data: {this is no JSON}\n\n"
    _, outlet, account = played(ROLE, HELLO, odd, STOP, DONE)
    assert outlet.sent == ROLE + HELLO + odd + STOP + DONE
    assert account.blind
    assert not any(isinstance(event, Failed) for event in account.events)


def test_a_key_in_what_the_tap_cannot_read_is_struck_out_in_any_cut() -> None:
    """Law 4, law 8: also when the key was begun before the first byte that could not be read."""
    secret = "sk-CANARY-0123456789"
    odd = f"data: {{no JSON {secret}}}\n\n".encode()
    for size in (1, 5, len(odd)):
        stream, outlet, _ = verbatim()
        stream.secrets = (secret,)
        for piece in (ROLE, HELLO, *(odd[at : at + size] for at in range(0, len(odd), size)), STOP):
            stream.feed(piece)
        stream.end()
        assert outlet.sent == ROLE + HELLO + b"data: {no JSON ***}\n\n" + STOP


class Source:
    """What a stream pauses while it is behind."""

    def __init__(self) -> None:
        self.flows = asyncio.Event()
        self.flows.set()

    def pause(self) -> None:
        self.flows.clear()

    def resume(self) -> None:
        self.flows.set()


async def test_a_large_event_is_not_held_for_ever() -> None:
    """Law 9: every buffer has a bound and a full-policy."""
    stream, outlet, _ = verbatim()
    stream.source = source = Source()
    stream.feed(ROLE + HELLO)
    big = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * (3 << 20) + b'"}}]}\n\n'
    for at in range(0, len(big), 65536):
        stream.feed(big[at : at + 65536])
        await asyncio.sleep(0)
        await source.flows.wait()
    await stream.conclude(UpstreamCut())
    assert outlet.sent.startswith(ROLE + HELLO + big)
    assert max(map(len, outlet.sends)) < 2 << 20


async def test_a_large_event_that_never_ended_is_a_cut_and_not_shown() -> None:
    """Law 2."""
    stream, outlet, _ = verbatim()
    stream.feed(ROLE + HELLO)
    stream.feed(b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * (300 << 10))
    await stream.conclude()
    assert outlet.sent.startswith(ROLE + HELLO + b"data: {")
    assert b"xxx" not in outlet.sent
    assert b'"code":"upstream_broken"' in outlet.sent


def test_the_error_event_after_a_cut_goes_on_with_the_numbers_that_passed() -> None:
    """R-E1, edge case 44: a Responses client orders events by them."""
    door = OpenAIResponses()
    for tail in (b"", b": keep-alive\n\n", b'data: {"type":"x","sequence_number":99'):
        placed = order(door, peek=Peek(model="m", stream=True))
        stream = VerbatimStream(placed, door.reader(stream=True), b"text/event-stream")
        for number in range(4):
            event = {"type": "response.output_text.delta", "sequence_number": number, "item_id": "i", "output_index": 0}
            stream.feed(b"data: " + json.dumps({**event, "content_index": 0, "delta": f"{number} "}).encode() + b"\n\n")
        if tail:
            stream.feed(tail)
        stream.end(UpstreamCut())
        assert isinstance(placed.outlet, SeenOutlet)
        last = json.loads(placed.outlet.sent.rstrip().rpartition(b"data: ")[2])
        assert (last["type"], last["sequence_number"]) == ("error", 4)


@pytest.mark.parametrize("after", [b'[{"candidates":[]}\n', b'[{"candidates":[]}\n,\r\n'])
def test_an_array_that_is_cut_is_still_an_array(after: bytes) -> None:
    """R-E1: Gemini without `alt=sse`."""
    door = Gemini(array=True)
    stream_end = door.broken(UpstreamCut(), Stamp("t" * 24, 1), after)
    told = json.loads(after + stream_end)
    assert list(told[-1]) == ["error"]
