"""The operations that go as they come: requests peeked at, edited and looked at, answers metered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gophergate.core.blocks import Media, Opaque, Text
from gophergate.core.events import BlockOpened, Event, Failed, Finished, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.usage import Usage
from gophergate.dialects.base import Reader, Stamp, Target
from gophergate.dialects.platform import OPERATIONS, Operating, OperatingByForm
from gophergate.errors import BadRequest
from kit.exchanges import every, response_bytes, something, wanted

DOORS = {operation.name: Operating(operation) for operation in OPERATIONS}
FORM = b"multipart/form-data; boundary=b"
STAMP = Stamp("t" * 24, 7)
RECORDED = {
    "images": "images",
    "moderations": "moderations",
    "rerank": "rerank",
    "audio.speech": "speech",
    "audio.transcriptions": "transcriptions",
}


def read(reader: Reader, data: bytes, chunk: int = 0) -> list[Event]:
    events: list[Event] = []
    for at in range(0, len(data), chunk or len(data) or 1):
        events += reader.feed(data[at : at + (chunk or len(data))])
    return checked(events + reader.end())


def used(events: list[Event]) -> Usage | None:
    found = [event.usage for event in events if isinstance(event, UsageSeen)]
    return found[-1] if found else None


def field(name: str, value: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "answer", "usage"),
    [
        ("images", {"data": [{"url": "u"}, {"url": "v"}]}, Usage(units={"images": 2})),
        (
            "images",
            {"data": [{"b64_json": "QQ=="}], "usage": {"input_tokens": 9, "output_tokens": 7}},
            Usage(input=9, output=0, image_output=7),
        ),
        ("transcriptions", {"text": "t", "duration": "1.5"}, Usage(units={"audio_input_ms": 1500})),
        ("transcriptions", {"text": "t"}, None),
        ("transcriptions", {"text": "t", "duration": float("1e300")}, None),
        ("rerank", {"results": [], "usage": {"total_tokens": 5}}, Usage(input=5)),
        ("rerank", {"results": [], "meta": {"billed_units": {"search_units": 2}}}, Usage(units={"searches": 2})),
        ("moderations", {"results": []}, None),
        ("speech", {"audio_data": "QQ=="}, None),
    ],
)
def test_what_an_answer_says_of_its_use(name: str, answer: dict[str, Any], usage: Usage | None) -> None:
    """R-U1: disjoint counts; what is not told stays untold (R-U3)."""
    assert used(read(DOORS[name].reader(stream=False), json.dumps(answer).encode())) == usage


EXPECTED: dict[tuple[str, str], list[Usage | None]] = {
    ("openai", "images"): [
        Usage(input=10, image_input=0, output=0, image_output=4160),
        Usage(input=43, image_input=388, output=308, image_output=1056),
        Usage(input=12, image_input=64, output=0, image_output=120),
        Usage(input=27, image_input=194, output=143, image_output=272),
        Usage(input=27, image_input=194, output=262, image_output=1056),
    ],
    ("xai", "images"): [
        Usage(units={"images": 1}, provider_cost=20_000_000),
        Usage(units={"images": 1}, provider_cost=70_000_000),
    ],
    ("openai", "audio.transcriptions"): [
        Usage(input=0, audio_input=37, output=144),
        Usage(input=0, audio_input=37, output=145),
        Usage(input=0, audio_input=37, output=12),
        Usage(units={"audio_input_ms": 4000}),
    ],
    ("mistral", "audio.transcriptions"): [
        Usage(input=3, audio_input=375, output=11, units={"audio_input_ms": 3000}),
        Usage(input=5, audio_input=375, output=11, units={"audio_input_ms": 3000}),
        Usage(input=5, audio_input=375, output=20, units={"audio_input_ms": 3000}),
    ],
    ("openrouter", "audio.transcriptions"): [Usage(input=37, output=12, provider_cost=106_250)],
    ("cohere", "audio.transcriptions"): [None],
    ("cohere", "rerank"): [Usage(units={"searches": 1})],
    ("openrouter", "rerank"): [Usage(input=17, provider_cost=340)],
    ("openai", "moderations"): [None],
    ("mistral", "audio.speech"): [None],
}


@wanted
def test_every_recorded_answer_is_read_in_any_chunking_and_written_as_it_was() -> None:
    """Law 4, R-T3: usage of each vendor's own kind; what is read and written again means the same."""
    seen: dict[tuple[str, str], set[Any]] = {}
    for record in every(*RECORDED):
        if record["status"] != 200 or record["framing"] == "binary":
            continue
        door, data, streams = DOORS[RECORDED[record["endpoint"]]], response_bytes(record), record["framing"] == "sse"
        events = read(door.reader(stream=streams), data)
        assert isinstance(events[-1], Finished), record["id"]
        assert events == read(door.reader(stream=streams), data, 1 if len(data) < 3000 else 7)
        usage = used(events)
        known = EXPECTED[record["provider"], record["endpoint"]]
        assert usage in known, (record["id"], usage)
        seen.setdefault((record["provider"], record["endpoint"]), set()).add(repr(usage))
        request = door.read_request(b'{"model":"m"}')
        written = door.writer(request, STAMP, stream=streams).write_all(events)
        if streams:
            assert [line for line in written.splitlines() if line] == [line for line in data.splitlines() if line]
        else:
            assert json.loads(written) == json.loads(data)
    something(seen)
    for key, found in seen.items():
        assert found == {repr(usage) for usage in EXPECTED[key]}, key


def event(kind: str, **members: Any) -> bytes:
    said = json.dumps({"type": kind, **members}, separators=(",", ":"))
    return f"event: {kind}\ndata: {said}\n\n".encode()


@pytest.mark.parametrize("chunk", [0, 1, 5])
def test_a_streamed_picture_counts_once_it_is_whole(chunk: int) -> None:
    """Law 3: an end before the last event is a cut; an error inside is the provider's."""
    door = DOORS["images"]
    partial = event("image_generation.partial_image", b64_json="QQ==", partial_image_index=0)
    usage = {"input_tokens": 5, "input_tokens_details": {"text_tokens": 5, "image_tokens": 0}, "output_tokens": 9}
    last = event("image_generation.completed", b64_json="QUE=", usage=usage)
    events = read(door.reader(stream=True), partial + last, chunk)
    assert used(events) == Usage(input=5, image_input=0, output=0, image_output=9)
    assert isinstance(events[-1], Finished)
    request = door.read_request(b'{"model":"m","prompt":"p"}')
    assert door.writer(request, STAMP, stream=True).write_all(events) == partial + last
    assert isinstance(read(door.reader(stream=True), partial, chunk)[-1], Failed)
    failed = read(door.reader(stream=True), partial + b'data: {"type":"error","error":{"message":"no"}}\n\n')[-1]
    assert isinstance(failed, Failed)
    assert failed.error.message == "no"


def test_sound_is_an_answer_from_its_first_byte_and_costs_what_was_asked_for() -> None:
    door = DOORS["speech"]
    reader = door.sound_reader("audio/mpeg", b'{"model":"m","input":"Hello","voice":"v"}')
    events = reader.feed(b"\xff\xfb")
    assert [event.block for event in events if isinstance(event, BlockOpened)] == [
        Media(kind="audio", media_type="audio/mpeg")
    ]
    assert used(events) == Usage(units={"characters": 5})
    assert reader.feed(b"more") == []
    assert [type(event) for event in reader.end()] == [Finished]
    assert isinstance(door.sound_reader("audio/mpeg", b"{}").end()[-1], Failed)


@pytest.mark.parametrize("body", [b"", b'{"text":', b'{"error":{"message":"no","code":500}}'])
def test_an_answer_that_is_none_is_a_failure(body: bytes) -> None:
    assert isinstance(read(DOORS["transcriptions"].reader(stream=False), body)[-1], Failed)
    assert isinstance(read(DOORS["transcriptions"].reader(stream=False), b"1\n00:00 --> 00:01\nHi\n")[-1], Finished)


# -- requests ---------------------------------------------------------------------------------------------------------


def test_words_are_read_and_put_back_where_they_stood() -> None:
    """R-X7: what a guard changed goes out, and nothing else is another."""
    said = {"model": "m", "query": "q", "documents": ["a", {"text": "b", "id": "7", "n": 1}], "top_n": 2, "user": "u"}
    door, body = DOORS["rerank"], json.dumps(said).encode()
    request = door.read_request(body)
    [turn] = request.turns
    assert [block.text for block in turn.blocks if isinstance(block, Text)] == ["q", "a", "b"]
    assert request.extra == {"rerank": {"query": "", "documents": ["", {"text": "", "id": "7", "n": 1}], "top_n": 2}}
    changed = replace(turn, blocks=tuple(Text(text=word) for word in ("Q", "A", "B")))
    again = json.loads(door.rewritten(body, replace(request, turns=(changed,), user="U")))
    assert again == {**said, "query": "Q", "documents": ["A", {"text": "B", "id": "7", "n": 1}], "user": "U"}
    assert json.loads(door.rewritten(body, request)) == said
    shown = {"model": "m", "images": [{"image_url": "data:image/png;base64,QQ=="}], "audio": "Q" * 2000, "size": "auto"}
    seen = DOORS["image_edits"].read_request(json.dumps(shown).encode()).extra["openai_image_edits"]
    assert seen == {"images": [{"image_url": ""}], "audio": "", "size": "auto"}, "no words are looked for in files"
    parts = DOORS["moderations"].read_request(
        b'{"input":[{"type":"text","text":"t"},{"type":"image_url","image_url":{}}]}'
    )
    assert parts.turns[0].blocks == (Text(text="t"),)
    assert (parts.model, DOORS["speech"].read_request(b'{"model":"m"}').modalities) == (
        "omni-moderation-latest",
        ("audio",),
    )


def test_a_form_is_peeked_at_edited_and_looked_at() -> None:
    sound = b"\xff\x00--b\r\n\x01"
    tail = field("user", b"u") + field("file", sound, '; filename="s.wav"') + b"--b--\r\n"
    body = field("model", b"up/m") + field("stream", b"True") + field("prompt", b"words") + field("n", b"2") + tail
    door = OperatingByForm(DOORS["transcriptions"].operation, FORM)
    peek = door.peek(body)
    assert (peek.model, peek.stream, peek.n, peek.user) == ("up/m", True, 2, "u")
    assert door.edit(body, model="other", ask_usage=False) == body.replace(b"up/m", b"other")
    request = door.read_request(body)
    told = {"name": "s.wav", "type": "", "size": len(sound)}
    assert request.turns[0].blocks == (Text(text="words"), Opaque(dialect=door.name, label="file", data=told))
    changed = replace(request.turns[0], blocks=(Text(text="[X]"), request.turns[0].blocks[1]))
    assert door.rewritten(body, replace(request, turns=(changed,))) == body.replace(b"words", b"[X]")
    counts = [field("n", said) + field("model", b"m") + tail for said in (b"two", b"1" * 5000, "٣".encode(), b"-1")]
    for bad, param in (*((count, "n") for count in counts), (tail, "model")):
        with pytest.raises(BadRequest) as refused:
            door.peek(bad)
        assert refused.value.param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [(b"{}", "model"), (b'{"model":1}', "model"), (b'{"model":"m","n":"x"}', "n"), (b"[]", None), (b"{", None)],
)
def test_what_cannot_be_taken_is_named(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        DOORS["images"].peek(body)
    assert refused.value.param == param
    with pytest.raises(BadRequest):
        DOORS["images"].write_request(DOORS["images"].read_request(b'{"model":"m"}'), Target(model="m"))


def test_what_decides_of_a_stream() -> None:
    assert DOORS["speech"].peek(b'{"model":"m","stream_format":"sse"}').stream
    assert not DOORS["speech"].peek(b'{"model":"m","stream_format":"audio"}').stream
    assert DOORS["images"].peek(b'{"model":"m","stream":true}').stream
