"""Ollama's embeddings: /api/embed, and the older /api/embeddings for one prompt.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from gophergate.core.blocks import Json, Vector
from gophergate.core.reply import Reply
from gophergate.core.request import Embedding, Request
from gophergate.core.usage import Usage
from gophergate.dialects import vectors
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Peek, Reader, Stamp, Target, Writer, Written, decode, decode_object, encode
from gophergate.dialects.complaints import read_refusal
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import count_of, text_of
from gophergate.dialects.ollama.errors import complaint_of, refusal_of
from gophergate.dialects.operation import OneBody, WholeReader, elements, members, peeked
from gophergate.dialects.whole import BodyWriter
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

NAME = "ollama_embeddings"
_WHERE = "Ollama embeddings"
_SAYS = frozenset({"dimensions", "truncate"})
_READ = frozenset({"model", "input", "prompt", "truncate", "dimensions"})


class OllamaEmbeddings(OneBody):
    """See dialects.base.Dialect. `older` is the door of /api/embeddings; providers are always asked at /api/embed."""

    name = NAME

    def __init__(self, *, older: bool = False) -> None:
        self._older = older

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request."""
        said = decode_object(body)
        at = "prompt" if self._older else "input"
        given = said.get(at)
        inputs = [given] if isinstance(given, str) else given
        if not isinstance(inputs, list) or not all(isinstance(one, str) for one in inputs):
            raise BadRequest(f"'{at}' must be a string{'' if self._older else ' or an array of strings'}.", param=at)
        cut = vectors.wanted(said.get("truncate"), bool, "truncate")
        extra = {name: value for name, value in said.items() if name not in _READ and value is not None}
        return Request(
            dialect=NAME,
            model=vectors.wanted(said.get("model"), str, "model") or "",
            turns=vectors.turns(map(vectors.turn, inputs), at),
            embedding=Embedding(
                dimensions=vectors.positive(said.get("dimensions"), "dimensions"),
                truncate=None if cut is None else "end" if cut else "none",
            ),
            extra={NAME: extra} if extra else {},
        )

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request. It cuts at the end or not at all."""
        losses, wish = Losses(), request.embedding or Embedding()
        cuts = wish.truncate in ("end", "none")
        vectors.disclose(request, losses, NAME, _SAYS if cuts else _SAYS - {"truncate"})
        vectors.floats_only(request, _WHERE)
        body: dict[str, Json] = {
            "model": target.model,
            "input": [vectors.words(one, _WHERE) for one in request.turns],
        }
        if cuts:
            body["truncate"] = wish.truncate == "end"
        if wish.dimensions is not None:
            body["dimensions"] = wish.dimensions
        body.update(request.extra.get(NAME, {}))
        return Written(body, losses.names)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return "/api/embeddings" if self._older else "/api/embed"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return _Reader()

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return _Writer(request, older=self._older)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error."""
        return encode({"error": error.message})

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        return peeked(body)


class _Reader(WholeReader):
    def _read(self, body: bytes, told: Assembler) -> None:
        said = members(body)
        if "embeddings" in said:
            listed = list(elements(said["embeddings"]))
        elif "embedding" in said:
            listed = [said["embedding"]]
        else:
            error = decode(body)
            if complaint_of(error) is None:
                raise ValueError("neither vectors nor an error")
            told.fail(refusal_of(error, body.decode("utf-8", "replace")))
            return
        told.start(model=text_of(decode(said["model"])) if "model" in said else "")
        for number, raw in enumerate(listed):
            told.whole(Vector(input=number, numbers=bytes(raw)))
        count = count_of(decode(said["prompt_eval_count"])) if "prompt_eval_count" in said else None
        told.usage(Usage(input=count) if count is not None else None)
        told.ending("stop")


class _Writer(BodyWriter):
    def __init__(self, request: Request, *, older: bool) -> None:
        super().__init__()
        self._request = request
        self._older = older

    def _body(self, reply: Reply) -> dict[str, Json]:
        made: list[Json] = [vectors.numbers(vector) for vector in vectors.in_order(reply)]
        if self._older:
            return {"embedding": made[0] if made else []}
        body: dict[str, Json] = {"model": reply.started.model or self._request.model, "embeddings": made}
        if reply.usage is not None:
            body["prompt_eval_count"] = reply.usage.total_input
        return body
