"""Large events of an answer: read and written beside the loop, in order, while the provider waits (R-P2)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gophergate.core.blocks import Citation, Seal, Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started
from gophergate.core.reply import fold
from gophergate.core.request import Request
from gophergate.dialects.base import Peek, Stamp, WritesEach
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_responses import OpenAIResponses, told
from gophergate.dialects.openai_responses.writer import StreamWriter
from gophergate.errors import UpstreamCut
from gophergate.routing.heavy import LARGE
from gophergate.routing.streams import TranslatedBody, TranslatedStream, _parted
from kit.ordered import SeenOutlet, order

CHAT = OpenAIChat()


class Noting(WritesEach):
    """A reader and a writer of "events" that are numbers, noting the thread they work in."""

    content_type = b"text/event-stream"
    finished = False

    def __init__(self) -> None:
        self.read_in: list[tuple[int, int]] = []
        self.wrote_in: list[int] = []
        self._held = b""

    def feed(self, data: bytes) -> list[Event]:
        self.read_in.append((len(data), threading.get_ident()))
        *whole, self._held = (self._held + data).split(b"\n")
        return [BlockGrew(0, line.decode()) for line in whole]

    def end(self) -> list[Event]:
        self.read_in.append((0, threading.get_ident()))
        return [BlockClosed(0), Finished(reason="stop")]

    def tail(self) -> bytes:
        return b""

    def write(self, event: Event) -> bytes:
        self.wrote_in.append(threading.get_ident())
        return event.text.encode() if isinstance(event, BlockGrew) else b"."


class Source:
    def __init__(self) -> None:
        self.said: list[str] = []

    def pause(self) -> None:
        self.said.append("pause")

    def resume(self) -> None:
        self.said.append("resume")


def translated() -> tuple[TranslatedStream, Noting, SeenOutlet]:
    placed = order(CHAT, peek=Peek(model="m", stream=True))
    assert isinstance(placed.outlet, SeenOutlet)
    noting = Noting()
    stream = TranslatedStream(placed, noting, noting)
    stream.take([Started(), BlockOpened(0, Text(text=""))])
    return stream, noting, placed.outlet


HERE = threading.get_ident


async def test_small_events_are_read_and_written_where_they_are() -> None:
    stream, noting, outlet = translated()
    stream.feed(b"a\nb\n")
    await stream.conclude()
    assert outlet.sent == b"..ab.."
    assert {thread for _, thread in noting.read_in} == set(noting.wrote_in) == {HERE()}


async def test_what_comes_while_a_large_event_is_read_follows_it_in_order() -> None:
    stream, noting, outlet = translated()
    stream.source = source = Source()
    big = b"x" * LARGE
    stream.feed(b"a\n")
    stream.feed(big)
    stream.feed(b"\nb\n")
    stream.feed(b"c\n")
    await stream.conclude()
    assert outlet.sent == b"..a" + big + b"bc.."
    assert source.said[0] == "pause"
    assert source.said[-1] == "resume"
    assert all((thread == HERE()) == (size == 2) for size, thread in noting.read_in if size)
    assert HERE() not in noting.wrote_in[3:6]


async def test_a_source_is_held_in_the_read_that_falls_behind_and_whoever_else_lets_it_go_on() -> None:
    """By the loop's next turn the system would have given eight megabytes more."""
    stream, _, _ = translated()
    stream.source = source = Source()
    stream.feed(b"x" * LARGE)
    assert source.said == ["pause"]
    source.resume()
    stream.feed(b"y\n")
    assert source.said == ["pause", "resume", "pause"]
    await stream.conclude()
    assert source.said[-1] == "resume"


async def test_a_large_event_goes_out_in_pieces_the_client_can_keep_up_with() -> None:
    stream, _, outlet = translated()
    stream.feed(b"x" * (5 << 20) + b"\n")
    await stream.conclude()
    assert max(map(len, outlet.sends)) <= 1 << 20
    assert len(outlet.sent) == (5 << 20) + 4


async def test_no_part_of_a_large_event_is_written_before_the_one_before_it_was_sent() -> None:
    """Nor any of more than a megabyte: what is encoded in one step holds the interpreter's lock for all of it."""
    stream, noting, outlet = translated()
    written: list[tuple[int, int]] = []
    plain = noting.write

    def write(event: Event) -> bytes:
        if isinstance(event, BlockGrew):
            written.append((len(event.text), len(outlet.sent)))
        return plain(event)

    noting.write = write  # type: ignore[method-assign]
    stream.feed(b"x" * (5 << 19) + b"\n")
    await stream.conclude()
    whole = 1 << 20
    assert written == [(whole, 2), (whole, whole + 2), (whole // 2, 2 * whole + 2)]


def large(**told: Any) -> list[Event]:
    words = "wörds " * 500_000
    return [Started(), BlockOpened(0, Text(text="")), BlockGrew(0, words, **told), BlockClosed(0)]


@pytest.mark.parametrize("told", [{}, {"seal": Seal("s", "d")}, {"citations": (Citation(url="u"),)}])
def test_an_event_in_parts_tells_what_it_told(told: dict[str, Any]) -> None:
    events = [*large(**told), Finished(reason="stop")]
    parted = list(_parted(events))
    assert len(parted) == len(events) + 2
    assert fold(parted) == fold(events)


def test_tokens_stay_with_their_words() -> None:
    events = large(logprobs=[{"token": "w"}])
    assert list(_parted(events)) == events


async def test_what_a_response_repeats_goes_out_unjoined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last four events hold the whole text each: no two of them are put into one piece, and the text is encoded
    once for all four."""
    counted: list[int] = []
    real = told.encode

    def counting(value: Any) -> bytes:
        counted.append(len(value))
        return real(value)

    monkeypatch.setattr(told, "encode", counting)
    request = Request(dialect="openai_responses", model="m", stream=True)
    writer, again = (StreamWriter(request, Stamp("t" * 24, 1)) for _ in range(2))
    events = [*large(), Finished(reason="stop")]
    pieces = [piece for event in events for piece in writer.pieces(event)]
    assert counted == [3_000_000]
    assert all(piece.count(b"\n\n") == 1 and piece.endswith(b"\n\n") for piece in pieces)
    assert b"".join(pieces) == b"".join(map(again.write, events))

    placed = order(OpenAIResponses(), peek=Peek(model="m", stream=True))
    assert isinstance(placed.outlet, SeenOutlet)
    stream = TranslatedStream(placed, StreamWriter(request, Stamp("t" * 24, 1)), Noting())
    stream.take(events[:2])
    stream.feed(("wörds " * 500_000).encode() + b"\n")
    await stream.conclude()
    assert max(map(len, placed.outlet.sends)) <= 1 << 20
    assert placed.outlet.sent.count(b"response.completed") == 2


async def test_the_end_of_a_long_answer_is_written_apart() -> None:
    """Its last bytes may be few and its last words all that was said."""
    stream, noting, _ = translated()
    for _ in range(50):
        stream.feed(b"x" * (LARGE // 2) + b"\n")
    assert set(noting.wrote_in) == {HERE()}
    await stream.conclude()
    assert HERE() not in noting.wrote_in[-2:]


async def test_a_cut_after_a_large_event_is_told_after_it() -> None:
    """Law 2, law 3."""
    stream, _, outlet = translated()
    stream.feed(b"x" * LARGE + b"\n")
    await stream.conclude(UpstreamCut())
    assert outlet.sent.endswith(b"x.")
    assert outlet.finished


async def test_nothing_goes_on_for_a_client_who_left() -> None:
    stream, _, outlet = translated()
    stream.feed(b"x" * LARGE + b"\n")
    stream.abandon()
    work: Any = stream._work
    await asyncio.wait([work])
    assert work.cancelled()
    assert outlet.sent == b".."


def test_what_a_response_repeats_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text goes out in its delta and, in one encoding, in four events after it."""
    counted: list[Any] = []
    real = told.encode

    def counting(value: Any) -> bytes:
        counted.append(value)
        return real(value)

    monkeypatch.setattr(told, "encode", counting)
    writer = StreamWriter(Request(dialect="openai_responses", model="m", stream=True), Stamp("t" * 24, 1))
    opened = (Started(), BlockOpened(0, Text(text="")), BlockGrew(0, "wörds"))
    said = b"".join(map(writer.write, (*opened, BlockClosed(0), Finished(reason="stop"))))
    assert counted == ["wörds"]
    assert said.count("wörds".encode()) == 5


def in_one() -> tuple[TranslatedBody, Noting, SeenOutlet]:
    placed = order(CHAT, peek=Peek(model="m"))
    assert isinstance(placed.outlet, SeenOutlet)
    noting = Noting()
    return TranslatedBody(placed, noting, None), noting, placed.outlet


WHOLE: list[Event] = [Started(), BlockOpened(0, Text(text="a")), BlockClosed(0), Finished(reason="stop")]


async def test_a_body_is_written_once_its_reply_is_whole_and_what_follows_is_ignored() -> None:
    body, noting, outlet = in_one()
    body.take(WHOLE[:2])
    assert not noting.wrote_in
    body.take(WHOLE[2:])
    assert outlet.sent == b"...."
    body.take(WHOLE)
    assert outlet.sent == b"...."


async def test_only_the_body_of_a_long_reply_is_written_apart() -> None:
    """R-P2."""
    for size, apart in ((1000, False), (8 << 20, True)):
        body, noting, outlet = in_one()
        await body.take_whole(WHOLE, size)
        assert outlet.sent == b"...."
        assert (HERE() not in noting.wrote_in) == apart


async def test_of_a_reply_that_breaks_no_body_is_written() -> None:
    """Law 3."""
    body, _, outlet = in_one()
    await body.take_whole(WHOLE[:-1], 1000)
    assert isinstance(body.error, UpstreamCut)
    assert outlet.sent == b""
