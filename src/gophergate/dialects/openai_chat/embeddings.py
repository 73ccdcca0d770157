"""OpenAI's embeddings and those of its many look-alikes.

Source: https://platform.openai.com/docs/api-reference/embeddings. Perplexity packs int8 where OpenAI packs float32
(docs.perplexity.ai, "Embeddings": encoding_format base64_int8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from gophergate.core.blocks import Json, Opaque, Text, Vector
from gophergate.core.reply import Reply
from gophergate.core.request import Embedding, Request, Turn
from gophergate.dialects import vectors
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Peek, Reader, Stamp, Target, Writer, Written, decode, decode_object, encode
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.estimate import rough
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import count_of, object_of, text_of
from gophergate.dialects.openai_chat.errors import complaint_of, envelope, refusal_of
from gophergate.dialects.openai_chat.usage import read_usage
from gophergate.dialects.operation import OneBody, WholeReader, elements, members, peeked
from gophergate.dialects.whole import BodyWriter
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

NAME = "openai_embeddings"
_WHERE = "OpenAI embeddings"
_SAYS = frozenset({"dimensions", "user"})
_READ = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_PACKED_INT8 = "pplx-"
"""Models of these names are packed a byte a number."""


class OpenAIEmbeddings(OneBody):
    """See dialects.base.Dialect."""

    name = NAME

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request."""
        said = decode_object(body)
        form = vectors.wanted(said.get("encoding_format"), str, "encoding_format")
        if form not in (None, "float", "base64"):
            raise BadRequest("'encoding_format' is 'float' or 'base64'.", param="encoding_format")
        extra = {name: value for name, value in said.items() if name not in _READ and value is not None}
        return Request(
            dialect=NAME,
            model=vectors.wanted(said.get("model"), str, "model") or "",
            turns=vectors.turns(_turns(said.get("input")), "input"),
            user=vectors.wanted(said.get("user"), str, "user"),
            embedding=Embedding(
                dimensions=vectors.positive(said.get("dimensions"), "dimensions"),
                kinds=("float",) if form == "float" else (),
                packed=form == "base64",
            ),
            extra={NAME: extra} if extra else {},
        )

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request. What is asked to be packed is packed here only where it can pass as it comes."""
        losses, wish = Losses(), request.embedding or Embedding()
        vectors.disclose(request, losses, NAME, _SAYS)
        vectors.floats_only(request, _WHERE)
        body: dict[str, Json] = {"model": target.model, "input": [_input(one) for one in request.turns]}
        if wish.dimensions is not None:
            body["dimensions"] = wish.dimensions
        if request.dialect == NAME and (wish.packed or wish.kinds):
            body["encoding_format"] = "base64" if wish.packed else "float"
        if request.user is not None:
            body["user"] = request.user
        body.update(request.extra.get(NAME, {}))
        return Written(body, losses.names)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return "/embeddings"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return _Reader()

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return _Writer(request)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error."""
        return encode(envelope(error))

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        return peeked(body)


def _turns(said: Json) -> Iterator[Turn]:
    if said is None:
        raise BadRequest("'input' is required.", param="input")
    if isinstance(said, str) or (isinstance(said, list) and said and isinstance(said[0], int)):
        said = [said]
    if not isinstance(said, list):
        raise BadRequest("'input' must be a string, an array of strings, or token ids.", param="input")
    for number, one in enumerate(said):
        if isinstance(one, str):
            yield vectors.turn(one)
        elif isinstance(one, list) and one and all(type(token) is int for token in one):
            block = Opaque(dialect=NAME, label=vectors.TOKENS, data=one, optional=False)
            yield Turn(role="user", blocks=(block,))
        else:
            raise BadRequest(f"'input[{number}]' must be a string or token ids.", param=f"input[{number}]")


def _input(one: Turn) -> Json:
    if len(one.blocks) == 1:
        block = one.blocks[0]
        if isinstance(block, Opaque) and block.dialect == NAME:
            return block.data
        if isinstance(block, Text):
            return block.text
    return vectors.words(one, _WHERE)


class _Item(msgspec.Struct, gc=False):
    embedding: msgspec.Raw
    index: int | None = None


_ITEM = msgspec.json.Decoder(_Item)


class _Reader(WholeReader):
    def _read(self, body: bytes, told: Assembler) -> None:
        said = members(body)
        if "data" not in said:
            complaint = complaint_of(decode(body))
            if complaint is None:
                raise ValueError("neither vectors nor an error")
            told.fail(refusal_of(complaint, body.decode("utf-8", "replace")))
            return
        small = {name: decode(value) for name, value in said.items() if name != "data"}
        model = text_of(small.get("model"))
        told.start(id=text_of(small.get("id")), model=model, created=count_of(small.get("created")))
        kind = "int8" if model.startswith(_PACKED_INT8) else "float"
        for number, raw in enumerate(elements(said["data"])):
            item = _ITEM.decode(raw)
            told.whole(vector_of(item.embedding, number if item.index is None else item.index, kind))
        usage = object_of(small.get("usage"))
        if usage.get("prompt_tokens") is None and usage.get("total_tokens") is not None:
            usage = {**usage, "prompt_tokens": usage["total_tokens"]}  # Voyage: nothing but the sum.
        told.usage(read_usage(usage))
        told.ending("stop")


def vector_of(raw: msgspec.Raw, index: int, kind: str = "float") -> Vector:
    """A vector as its wire has it: an array of numbers, or base64. Raises ValueError for anything else."""
    said = bytes(raw)
    if said.startswith(b"["):
        return Vector(input=index, kind=kind, numbers=said)
    if said.startswith(b'"'):
        return Vector(input=index, kind=kind, packed=decode(said))
    raise ValueError("no vector")


class _Writer(BodyWriter):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request

    def _body(self, reply: Reply) -> dict[str, Json]:
        wish = self._request.embedding or Embedding()
        shown = vectors.packed if wish.packed else vectors.numbers
        data: list[Json] = [
            {"object": "embedding", "index": vector.input, "embedding": shown(vector)}
            for vector in vectors.in_order(reply)
        ]
        # The wire has no answer without usage: what nobody reported is guessed, as the call's record says.
        count = reply.usage.total_input if reply.usage is not None else rough(self._request)
        return {
            "object": "list",
            "data": data,
            "model": reply.started.model or self._request.model,
            "usage": {"prompt_tokens": count, "total_tokens": count},
        }
