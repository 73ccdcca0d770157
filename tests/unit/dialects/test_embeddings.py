"""The dialects of embeddings: what is written is read again, vectors keep their numbers, recordings are understood."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from struct import pack, unpack
from typing import Any

import msgspec
import ollama
import openai.types
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gophergate.core.blocks import Text, Vector
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.core.request import Embedding, Request
from gophergate.dialects import vectors
from gophergate.dialects.base import Dialect, Stamp, Target, encode
from gophergate.dialects.gemini.embeddings import GeminiEmbeddings
from gophergate.dialects.ollama.embeddings import OllamaEmbeddings
from gophergate.doors.operations import dialects
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused
from kit.exchanges import Record, records, request_bytes, response_bytes, something, wanted

SPOKEN = {dialect.name: dialect for dialect in dialects()["embeddings"]}
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1_700_000_000)
TARGET = Target(model="m", origin="up")
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def read(dialect: Dialect, body: bytes) -> Any:
    reader = dialect.reader(stream=False)
    return fold(checked([*reader.feed(body), *reader.end()]))


@given(
    texts=st.lists(st.text(max_size=9), min_size=1, max_size=4),
    dimensions=st.none() | st.integers(1, 4096),
    task=st.sampled_from([None, "query", "document", "classification", "clustering"]),
    truncate=st.sampled_from([None, "end", "none"]),
)
def test_what_is_written_is_read_again(
    texts: list[str], dimensions: int | None, task: str | None, truncate: str | None
) -> None:
    """R-T2: but for what is named as dropped."""
    wish = Embedding(dimensions=dimensions, task=task, truncate=truncate)
    request = Request(dialect="", model="m", turns=tuple(map(vectors.turn, texts)), embedding=wish)
    for dialect in SPOKEN.values():
        written = dialect.write_request(request, TARGET)
        back = dialect.read_request(encode(written.body), model="m")
        assert back.turns == request.turns
        assert back.embedding is not None
        for name in ("dimensions", "task", "truncate"):
            said = getattr(wish, name)
            assert getattr(back.embedding, name) == said or name in written.dropped or said is None, name
        again = dialect.write_request(back, TARGET)
        assert (again.body, again.dropped) == (written.body, ())


@given(numbers=st.lists(FLOATS, min_size=1, max_size=9))
def test_vectors_are_packed_and_unpacked_without_loss(numbers: list[float]) -> None:
    packed = vectors.packed(Vector(input=0, numbers=json.dumps(numbers).encode()))
    assert b64decode(packed) == pack(f"<{len(numbers)}f", *numbers)
    shown = bytes(vectors.numbers(Vector(input=0, packed=packed)))
    told = json.loads(shown)
    assert [unpack("<f", pack("<f", one))[0] for one in told] == numbers
    assert vectors.packed(Vector(input=0, numbers=shown)) == packed


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=9))
def test_bytes_are_one_number_each(numbers: list[int]) -> None:
    """What is packed a byte a number is unpacked as such; OpenAI's clients get it as the floats that they unpack."""
    for kind, code in (("int8", "b"), ("binary", "b"), ("uint8", "B"), ("ubinary", "B")):
        told = [one % 256 if code == "B" else one for one in numbers]
        vector = Vector(input=0, kind=kind, packed=b64encode(pack(f"{len(told)}{code}", *told)).decode())
        assert json.loads(bytes(vectors.numbers(vector))) == told
        assert unpack(f"<{len(told)}f", b64decode(vectors.packed(vector))) == tuple(told)


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_no_answer_breaks_the_reply(name: str) -> None:
    """Law 3: words that are not the protocol are a failure, never an empty list of vectors."""
    for body in (b"", b"[]", b"{}", b'{"data": 1}', b'{"embeddings": {"float": 3}}', b'{"embeddings": "', b"\xff"):
        with pytest.raises(GatewayError):
            read(SPOKEN[name], body)
    for unreadable in ("@@", "AAA="):
        with pytest.raises(GatewayError, match="packed"):
            vectors.numbers(Vector(input=0, packed=unreadable))
    with pytest.raises(GatewayError, match="cannot be packed"):
        vectors.packed(Vector(input=0, numbers=b'["x"]'))


@pytest.mark.parametrize(
    ("name", "said", "param"),
    [
        ("openai_embeddings", {}, "input"),
        ("openai_embeddings", {"input": []}, "input"),
        ("openai_embeddings", {"input": [1.5]}, "input[0]"),
        ("openai_embeddings", {"input": ["a"] * 10_001}, "input"),
        ("openai_embeddings", {"input": "a", "dimensions": 0}, "dimensions"),
        ("openai_embeddings", {"input": "a", "dimensions": True}, "dimensions"),
        ("openai_embeddings", {"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ("gemini_embeddings", {"requests": []}, "requests"),
        ("gemini_embeddings", {"requests": [{"content": {}}]}, "requests[0].content"),
        ("ollama_embeddings", {"input": 1}, "input"),
        ("ollama_embeddings", {"input": "a", "truncate": "no"}, "truncate"),
        ("cohere_embed", {}, "texts"),
        ("cohere_embed", {"texts": [1]}, "texts[0]"),
        ("cohere_embed", {"texts": ["a"], "embedding_types": ["int4"]}, "embedding_types"),
    ],
)
def test_bad_requests_name_what_is_wrong(name: str, said: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as raised:
        SPOKEN[name].read_request(encode({"model": "m", **said}), model="m")
    assert raised.value.param == param


def test_gemini_names_the_model_in_each_request() -> None:
    """Law 5: Google refuses a body whose models are not its path's; every other byte stays."""
    body = (
        b'{ "requests" :[ {"model": "models/mine",\n"content":{"parts":[{"text":"model"}]}} ,{"content":{}} ],"x":1.0}'
    )
    batch, one = GeminiEmbeddings(), GeminiEmbeddings(batch=False)
    assert batch.edit(body, model="m", ask_usage=False) == body.replace(b"models/mine", b"models/m")
    assert one.edit(b'{"content":{}}', model="m", ask_usage=False) == b'{"content":{}}'
    assert one.edit(b'{"model":"a/b"}', model="tunedModels/m", ask_usage=False) == b'{"model":"tunedModels/m"}'
    assert one.door("m", stream=False) == "/models/m:embedContent"
    mixed = {"requests": [{"content": {"parts": [{"text": "a"}]}, "taskType": word} for word in ("CLUSTERING", "X")]}
    with pytest.raises(BadRequest, match="differ"):
        batch.read_request(encode(mixed), model="m")


def test_the_older_doors_answer_in_their_own_shape() -> None:
    older, one = OllamaEmbeddings(older=True), GeminiEmbeddings(batch=False)
    asked = older.read_request(b'{"model":"m","prompt":"Hi"}')
    assert read(SPOKEN["ollama_embeddings"], b'{"embeddings":[[0.10,2]]}').blocks == (
        Vector(input=0, numbers=b"[0.10,2]"),
    )
    events = SPOKEN["ollama_embeddings"].reader(stream=False)
    said = [*events.feed(b'{"embedding":[0.10,2]}'), *events.end()]
    assert older.writer(asked, STAMP, stream=False).write_all(said) == b'{"embedding":[0.10,2]}'
    assert one.writer(asked, STAMP, stream=False).write_all(said) == b'{"embedding":{"values":[0.10,2]}}'


def test_what_vendors_say_of_tokens_and_how_they_pack() -> None:
    """PROTOCOLS: no count, the sum alone, or bytes where others pack floats."""
    one = read(SPOKEN["gemini_embeddings"], b'{"embedding":{"values":[1]}}')
    assert one.usage is None
    told = read(SPOKEN["gemini_embeddings"], b'{"embeddings":[{"values":[1],"statistics":{"tokenCount":3}}]}')
    assert told.usage.total_input == 3
    voyage = read(SPOKEN["openai_embeddings"], b'{"data":[{"embedding":"AACAPw=="}],"usage":{"total_tokens":5}}')
    assert voyage.usage.total_input == 5
    assert bytes(vectors.numbers(voyage.blocks[0])) == b"[1]"
    packed = b'{"data":[{"embedding":"AQD/fw==","index":0}],"model":"pplx-embed-v1-4b"}'
    perplexity = read(SPOKEN["openai_embeddings"], packed)
    assert bytes(vectors.numbers(perplexity.blocks[0])) == b"[1,0,-1,127]"


# -- recordings ---------------------------------------------------------------------------------------------------


def recorded() -> Iterator[tuple[Dialect, Record]]:
    files = ("azure", "cohere", "gemini", "mistral", "openai", "openrouter", "others")
    for record in (record for file in files for record in records(file)):
        if record["endpoint"] not in ("embeddings", "embedContent") or not record["has_request"]:
            continue
        if record["endpoint"] == "embedContent":
            yield GeminiEmbeddings(batch="batchEmbed" in record["url_path"]), record
        else:
            yield SPOKEN["cohere_embed" if record["provider"] == "cohere" else "openai_embeddings"], record


SDK: dict[str, Any] = {
    "openai_embeddings": lambda body: [
        one.embedding for one in openai.types.CreateEmbeddingResponse.model_validate_json(body).data
    ],
    "gemini_embeddings": lambda body: [
        one.values for one in types.EmbedContentResponse.model_validate(json.loads(body)).embeddings or ()
    ],
    "ollama_embeddings": lambda body: [list(one) for one in ollama.EmbedResponse.model_validate_json(body).embeddings],
    "cohere_embed": lambda body: json.loads(body)["embeddings"]["float"],
}
"""How each vendor's own client reads vectors; Cohere's is not among the tools."""


@wanted
def test_every_recording_is_read_and_told_to_clients_of_every_dialect() -> None:
    """Requests are read and written to every dialect or refused by name; answers reach every client with the numbers
    that the provider sent, to the digit where they came as digits; usage is what the provider said."""
    seen: set[str] = set()
    for dialect, record in recorded():
        request = request_of(dialect, record)
        if record["status"] != 200:
            error = dialect.read_error(record["status"], {}, response_bytes(record))
            assert isinstance(error, UpstreamRefused)
            assert error.message
            continue
        body = response_bytes(record)
        reply = read(dialect, body)
        count = len(request.turns)
        made = vectors.in_order(reply)
        assert len(made) == count > 0, record["path"]
        assert all(isinstance(one, Vector) for one in reply.blocks)
        _is_what_was_counted(record, reply)
        exact = [bytes(vectors.numbers(one)) for one in made]
        for door in SPOKEN.values():
            asked = door.read_request(encode(_asked(door, count)), model="m")
            events = dialect.reader(stream=False)
            told = door.writer(asked, STAMP, stream=False).write_all([*events.feed(body), *events.end()])
            assert all(one in told for one in exact)
            if record["provider"] not in seen:
                assert SDK[door.name](told) == [json.loads(one) for one in exact], (record["path"], door.name)
        for to in SPOKEN.values():
            if to is not dialect and any(not isinstance(block, Text) for block in request.blocks):
                continue  # Goldens have the refusals.
            written = to.write_request(request, TARGET)
            assert len(to.read_request(encode(written.body), model="m").turns) == count
        seen.add(record["provider"])
    something(seen)


def request_of(dialect: Dialect, record: Record) -> Request:
    said = request_bytes(record)
    packed_as = record["request_body"].get("encoding_format")
    if packed_as not in (None, "float", "base64"):
        pytest.fail(f"unknown packing {packed_as}")
    return dialect.read_request(said, model=record["model"] or "m")


def _asked(door: Dialect, count: int) -> dict[str, Any]:
    plain = Request(dialect="", model="m", turns=(vectors.turn("Hi"),) * count, embedding=Embedding())
    return door.write_request(replace(plain, dialect=door.name), TARGET).body


def _is_what_was_counted(record: Record, reply: Any) -> None:
    said = msgspec.json.decode(response_bytes(record))
    units = (said.get("meta") or {}).get("billed_units") or {}
    usage = said.get("usage") or {}
    counted = usage.get("prompt_tokens", usage.get("total_tokens"))
    if units:
        counted = (units.get("input_tokens") or 0) + (units.get("image_tokens") or 0)
    counted = (said.get("usageMetadata") or {}).get("promptTokenCount", counted)
    assert (reply.usage.total_input if reply.usage is not None else None) == counted
    if isinstance(usage.get("cost"), float):
        assert reply.usage.provider_cost == round(usage["cost"] * 1e9)


@wanted
def test_perplexitys_bytes_are_numbers() -> None:
    found = [record for record in records("perplexity") if record["endpoint"] == "embeddings"]
    something(found)
    for record in found:
        for one in vectors.in_order(read(SPOKEN["openai_embeddings"], response_bytes(record))):
            numbers = json.loads(bytes(vectors.numbers(one)))
            assert len(numbers) in (128, 256, 512, 1024, 2048, 2560)
            assert all(isinstance(number, int) and -128 <= number <= 127 for number in numbers)
