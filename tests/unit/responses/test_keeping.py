"""What the Responses API keeps of a stream that we write, whole or in pieces (R-S2)."""

from __future__ import annotations

import json

import pytest

from gophergate.core.blocks import Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started
from gophergate.core.request import Request
from gophergate.dialects.base import InPieces, Stamp
from gophergate.responses.keeping import KeepingDoor

EVENTS: list[Event] = [
    Started(model="m"),
    BlockOpened(0, Text(text="")),
    BlockGrew(0, "wörds"),
    BlockClosed(0),
    Finished(reason="stop"),
]


def kept(*, stream: bool, apart: bool) -> tuple[list[bytes], list[bytes], list[tuple[str, bytes]]]:
    """What a writer gave, told and made, one event at a time."""
    told: list[bytes] = []
    made: list[tuple[str, bytes]] = []
    door = KeepingDoor(
        lambda request: request,
        stateless=True,
        on_seen=lambda *_: None,
        on_made=lambda *one: made.append(one),
        on_told=lambda _, said: told.append(said),
    )
    request = Request(dialect=door.name, model="m", stream=stream)
    writer = door.writer(request, Stamp("t" * 24, 1), stream=stream)
    assert isinstance(writer, InPieces)
    said = [piece for event in EVENTS for piece in (writer.pieces(event) if apart else [writer.write(event)])]
    return said, told, made


@pytest.mark.parametrize("stream", [True, False])
def test_what_goes_out_unjoined_is_kept_as_what_goes_out_whole(stream: bool) -> None:
    said, told, made = kept(stream=stream, apart=True)
    joined, told_joined, made_joined = kept(stream=stream, apart=False)
    assert b"".join(said) == b"".join(joined)
    assert b"".join(told) == b"".join(told_joined)
    assert told == (said if stream else [])
    assert made == made_joined
    assert [json.loads(body)["output"][0]["content"][0]["text"] for _, body in made] == ["wörds"]
