"""Gemini's embeddings: `embedContent`, for one content, and `batchEmbedContents`, where each request names its model.

Source: https://ai.google.dev/api/embeddings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Vector
from gophergate.core.reply import Reply
from gophergate.core.request import Embedding, Request, Turn
from gophergate.core.usage import Usage
from gophergate.dialects import vectors
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Peek, Reader, Stamp, Target, Writer, Written, decode, decode_object, encode
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.gemini.errors import complaint_of, error_in, error_object, refusal_of
from gophergate.dialects.gemini.parts import media_part, read_part, text_part
from gophergate.dialects.gemini.usage import read_usage, write_usage
from gophergate.dialects.gemini.wire import NAME as SPOKEN
from gophergate.dialects.gemini.wire import as_extra, camel, leftover, message, own_extra, repeated
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import count_of, object_of
from gophergate.dialects.operation import OneBody, WholeReader, elements, members, taken
from gophergate.dialects.splice import raw_member, with_member
from gophergate.dialects.whole import BodyWriter
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

NAME = "gemini_embeddings"
_WHERE = "Gemini embeddings"
_SAYS = frozenset({"dimensions", "task"})
_READ = frozenset({"model", "content", "taskType", "outputDimensionality"})
_TASKS = {
    "RETRIEVAL_QUERY": "query",
    "RETRIEVAL_DOCUMENT": "document",
    "SEMANTIC_SIMILARITY": "similarity",
    "CLASSIFICATION": "classification",
    "CLUSTERING": "clustering",
    "QUESTION_ANSWERING": "question_answering",
    "FACT_VERIFICATION": "fact_verification",
    "CODE_RETRIEVAL_QUERY": "code_query",
}
_WORDS = {task: word for word, task in _TASKS.items()}


class _Anything(msgspec.Struct):
    """The path names the model, and nothing else is read of a body that passes."""


_ANYTHING = msgspec.json.Decoder(_Anything)


class GeminiEmbeddings(OneBody):
    """See dialects.base.Dialect. `batch` is the door of `batchEmbedContents`; providers are always asked there."""

    name = NAME

    def __init__(self, *, batch: bool = True) -> None:
        self._batch = batch

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request. What is said of some contents and not of all stays with those."""
        said = camel(decode_object(body))
        if self._batch:
            listed = repeated(said.get("requests"), "requests")
            asked = [camel(message(one, f"requests[{number}]")) for number, one in enumerate(listed)]
        else:
            asked = [said]
        every = vectors.turns(_turns(asked, "requests" if self._batch else ""), "requests")
        tasks, sizes = {_task(one) for one in asked}, {_size(one) for one in asked}
        if len(sizes) > 1 or len(tasks) > 1:
            raise BadRequest(
                "'requests' differ in taskType or outputDimensionality: only a provider that is asked in this format "
                "can make such vectors in one call.",
                param="requests",
            )
        extra = leftover(said, frozenset({"requests"})) if self._batch else {}
        return Request(
            dialect=NAME,
            model=model,
            turns=every,
            embedding=Embedding(dimensions=sizes.pop(), task=tasks.pop()),
            extra=as_extra(extra),
        )

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request."""
        losses, wish = Losses(), request.embedding or Embedding()
        vectors.disclose(request, losses, SPOKEN, _SAYS)
        vectors.floats_only(request, _WHERE)
        model = target.model if "/" in target.model else f"models/{target.model}"
        settings: dict[str, Json] = {}
        if (word := vectors.task_word(request, _WORDS, NAME, losses)) is not None:
            settings["taskType"] = word
        if wish.dimensions is not None:
            settings["outputDimensionality"] = wish.dimensions
        requests: list[Json] = [
            {
                "model": model,
                "content": {"parts": [_part(block) for block in one.blocks]},
                **settings,
                **own_extra(one.extra),
            }
            for one in request.turns
        ]
        return Written({"requests": requests, **own_extra(request.extra)}, losses.names)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        verb = "batchEmbedContents" if self._batch else "embedContent"
        return f"/{model if '/' in model else f'models/{model}'}:{verb}"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return _Reader()

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return _Writer(batch=self._batch)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error."""
        return encode({"error": error_object(error, request_id)})

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        taken(body, _ANYTHING)
        return Peek(model=model, max_output_tokens=0)

    def edit(self, body: bytes, *, model: str, ask_usage: bool) -> bytes:
        """See Dialect.edit. Google refuses a body that names another model than its path."""
        name = encode(model if "/" in model else f"models/{model}")
        if not self._batch:
            return _named(body, name)
        listed = raw_member(body, "requests")
        if listed is None or not listed.startswith(b"["):
            return body
        edited: list[bytes] = []
        at = 0
        for raw in elements(msgspec.Raw(listed)):
            one = bytes(raw)
            found = listed.index(one, at)
            edited += (listed[at:found], _named(one, name))
            at = found + len(one)
        edited.append(listed[at:])
        return with_member(body, "requests", b"".join(edited))


def _named(body: bytes, name: bytes) -> bytes:
    if not body.startswith(b"{"):
        return body  # Whoever it goes to will say what is wrong with it.
    return body if raw_member(body, "model") is None else with_member(body, "model", name)


def _turns(asked: list[dict[str, Json]], where: str) -> Iterator[Turn]:
    for number, one in enumerate(asked):
        at = f"{where}[{number}].content" if where else "content"
        content = camel(message(one.get("content"), at))
        parts = repeated(content.get("parts"), f"{at}.parts")
        if not parts:
            raise BadRequest(f"'{at}' has no parts.", param=at)
        blocks = [camel(message(part, f"{at}.parts")) for part in parts]
        for part in blocks:
            vectors.wanted(part.get("text"), str, f"{at}.parts.text")
        yield Turn(role="user", blocks=tuple(map(read_part, blocks)), extra=as_extra(leftover(one, _READ)))


def _task(one: dict[str, Json]) -> str | None:
    word = vectors.wanted(one.get("taskType"), str, "taskType")
    return None if word in (None, "TASK_TYPE_UNSPECIFIED") else _TASKS.get(word, word)


def _size(one: dict[str, Json]) -> int | None:
    return vectors.positive(one.get("outputDimensionality"), "outputDimensionality")


def _part(block: Block) -> Json:
    match block:
        case Text():
            return text_part(block.text, extra=own_extra(block.extra))
        case Media():
            return media_part(block)
        case Opaque(dialect=maker) if maker == SPOKEN:
            return block.data
        case _:
            raise vectors.refused(block, _WHERE)


class _Values(msgspec.Struct, gc=False):
    values: msgspec.Raw
    statistics: dict[str, Json] | None = None


_VALUES = msgspec.json.Decoder(_Values)


class _Reader(WholeReader):
    def _read(self, body: bytes, told: Assembler) -> None:
        said = members(body)
        if "embedding" in said:
            listed = [said["embedding"]]
        elif "embeddings" in said:
            listed = list(elements(said["embeddings"]))
        else:
            error = error_in(decode(body))
            if error is None:
                raise ValueError("neither vectors nor an error")
            told.fail(refusal_of(error, body.decode("utf-8", "replace")))
            return
        counts: list[int | None] = []
        told.start()
        for number, raw in enumerate(listed):
            item = _VALUES.decode(raw)
            told.whole(Vector(input=number, numbers=bytes(item.values)))
            counts.append(count_of(camel(item.statistics).get("tokenCount")))
        told.usage(_usage(object_of(decode(said["usageMetadata"])) if "usageMetadata" in said else {}, counts))
        told.ending("stop")


def _usage(said: dict[str, Json], counts: list[int | None]) -> Usage | None:
    """As it is told of all, else the sum of what is told of each (Vertex)."""
    usage = read_usage(said)
    known = [count for count in counts if count is not None]
    if usage is None and counts and len(known) == len(counts):
        return Usage(input=sum(known))
    return usage


class _Writer(BodyWriter):
    def __init__(self, *, batch: bool) -> None:
        super().__init__()
        self._batch = batch

    def _body(self, reply: Reply) -> dict[str, Json]:
        made: list[Json] = [{"values": vectors.numbers(vector)} for vector in vectors.in_order(reply)]
        body: dict[str, Json] = {"embeddings": made} if self._batch else {"embedding": made[0] if made else {}}
        if reply.usage is not None:
            told = write_usage(reply.usage, {})
            body["usageMetadata"] = {name: count for name, count in told.items() if name != "candidatesTokenCount"}
        return body
