"""Cohere's embeddings, version 2: texts and pictures, vectors of several kinds of numbers in one answer.

Source: https://docs.cohere.com/reference/embed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Vector
from gophergate.core.reply import Reply
from gophergate.core.request import Embedding, Request, Turn
from gophergate.core.usage import Usage
from gophergate.dialects import vectors
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Peek, Reader, Stamp, Target, Writer, Written, decode, decode_object, encode
from gophergate.dialects.complaints import Complaint, read_refusal, refusal
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import count_of, object_of, text_of
from gophergate.dialects.operation import OneBody, WholeReader, elements, members, peeked
from gophergate.dialects.whole import BodyWriter
from gophergate.errors import BadRequest, GatewayError, UpstreamRefused

NAME = "cohere_embed"
_WHERE = "Cohere embeddings"
_SAYS = frozenset({"dimensions", "task", "truncate"})
_READ = frozenset(
    {"model", "texts", "images", "inputs", "input_type", "embedding_types", "output_dimension", "truncate"}
)
_TASKS = {
    "search_query": "query",
    "search_document": "document",
    "classification": "classification",
    "clustering": "clustering",
}
_WORDS = {task: word for word, task in _TASKS.items()}
_KINDS = ("float", "int8", "uint8", "binary", "ubinary", "base64")
_CUTS = {"NONE": "none", "START": "start", "END": "end"}


class CohereEmbed(OneBody):
    """See dialects.base.Dialect."""

    name = NAME

    def read_request(self, body: bytes, *, model: str = "", stream: bool = False) -> Request:
        """See Dialect.read_request."""
        said = decode_object(body)
        types = said.get("embedding_types") or []
        if not isinstance(types, list) or not all(one in _KINDS for one in types):
            raise BadRequest(f"'embedding_types' holds words of {', '.join(_KINDS)}.", param="embedding_types")
        task = vectors.wanted(said.get("input_type"), str, "input_type")
        cut = vectors.wanted(said.get("truncate"), str, "truncate")
        extra = {name: value for name, value in said.items() if name not in _READ and value is not None}
        return Request(
            dialect=NAME,
            model=vectors.wanted(said.get("model"), str, "model") or "",
            turns=vectors.turns(_turns(said), "texts"),
            embedding=Embedding(
                dimensions=vectors.positive(said.get("output_dimension"), "output_dimension"),
                kinds=tuple(dict.fromkeys(one for one in types if one != "base64")),
                packed="base64" in types,
                task=None if task in (None, "image") else _TASKS.get(task, task),
                truncate=None if cut is None else _CUTS.get(cut.upper(), cut),
            ),
            extra={NAME: extra} if extra else {},
        )

    def write_request(self, request: Request, target: Target) -> Written:
        """See Dialect.write_request."""
        losses, wish = Losses(), request.embedding or Embedding()
        vectors.disclose(request, losses, NAME, _SAYS)
        body: dict[str, Json] = {"model": target.model}
        if all(len(one.blocks) == 1 and isinstance(one.blocks[0], Text) for one in request.turns):
            body["texts"] = [vectors.words(one, _WHERE) for one in request.turns]
        else:
            body["inputs"] = [{"content": [_part(block) for block in one.blocks]} for one in request.turns]
        body["input_type"] = vectors.task_word(request, _WORDS, NAME, losses) or _unsaid(request)
        body["embedding_types"] = [*wish.kinds, "base64"] if wish.packed else list(wish.kinds) or ["float"]
        if wish.dimensions is not None:
            body["output_dimension"] = wish.dimensions
        if wish.truncate is not None:
            body["truncate"] = wish.truncate.upper()
        body.update(request.extra.get(NAME, {}))
        return Written(body, losses.names)

    def door(self, model: str, *, stream: bool) -> str:
        """See Dialect.door."""
        return "/embed"

    def reader(self, *, stream: bool, origin: str = "") -> Reader:
        """See Dialect.reader."""
        return _Reader()

    def writer(self, request: Request, stamp: Stamp, *, stream: bool) -> Writer:
        """See Dialect.writer."""
        return _Writer(request, stamp)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        """See Dialect.read_error."""
        return read_refusal(status, headers, body, _complaint_of)

    def write_error(self, error: GatewayError, request_id: str) -> bytes:
        """See Dialect.write_error. Cohere's envelope has room for a message only."""
        return encode({"message": error.message, **({"id": request_id} if request_id else {})})

    def peek(self, body: bytes, *, model: str = "", stream: bool = False) -> Peek:
        """See Dialect.peek."""
        return peeked(body)


def _complaint_of(said: Json) -> Complaint | None:
    message = text_of(object_of(said).get("message"))
    return Complaint(message) if message else None


def _turns(said: dict[str, Json]) -> Iterator[Turn]:
    for number, text in enumerate(vectors.wanted(said.get("texts"), list, "texts") or ()):
        if not isinstance(text, str):
            raise BadRequest(f"'texts[{number}]' must be a string.", param=f"texts[{number}]")
        yield vectors.turn(text)
    for picture in vectors.wanted(said.get("images"), list, "images") or ():
        yield Turn(role="user", blocks=(_picture(picture, "images"),))
    for number, one in enumerate(vectors.wanted(said.get("inputs"), list, "inputs") or ()):
        parts = object_of(one).get("content")
        if not isinstance(parts, list) or not parts:
            raise BadRequest(f"'inputs[{number}].content' must be an array.", param=f"inputs[{number}].content")
        yield Turn(role="user", blocks=tuple(_block(object_of(part)) for part in parts))


def _unsaid(request: Request) -> str:
    """Its models from version 3 on want to be told: text is what is searched in, where nobody says otherwise."""
    return "image" if all(isinstance(block, Media) for block in request.blocks) else "search_document"


def _block(part: dict[str, Json]) -> Block:
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return Text(text=part["text"])
    if part.get("type") == "image_url":
        return _picture(object_of(part.get("image_url")).get("url"), "image_url.url")
    return Opaque(dialect=NAME, label=text_of(part.get("type")) or "part", data=part, optional=False)


def _picture(url: Json, where: str) -> Media:
    if not isinstance(url, str):
        raise BadRequest(f"'{where}' must hold data URLs.", param=where)
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return Media(kind="image", url=url)
    return Media(kind="image", media_type=head[5:].partition(";")[0], data=data)


def _part(block: Block) -> Json:
    match block:
        case Text():
            return {"type": "text", "text": block.text}
        case Media(kind="image", data=str()):
            return {"type": "image_url", "image_url": {"url": f"data:{block.media_type};base64,{block.data}"}}
        case Media(kind="image", url=str()):
            return {"type": "image_url", "image_url": {"url": block.url}}
        case Opaque(dialect=maker) if maker == NAME:
            return block.data
        case _:
            raise vectors.refused(block, _WHERE)


class _Reader(WholeReader):
    def _read(self, body: bytes, told: Assembler) -> None:
        said = members(body)
        if "embeddings" not in said:
            complaint = _complaint_of(decode(body))
            if complaint is None:
                raise ValueError("neither vectors nor an error")
            told.fail(refusal(complaint, 502, body.decode("utf-8", "replace")))
            return
        told.start(id=text_of(decode(said["id"])) if "id" in said else "")
        given = said["embeddings"]
        is_listed = bytes(given).startswith(b"[")  # Floats alone, as its older version tells them.
        for word, listed in ({"float": given} if is_listed else members(given)).items():
            if word not in _KINDS or bytes(listed) == b"null":
                continue
            for number, raw in enumerate(elements(listed)):
                if word == "base64":
                    told.whole(Vector(input=number, packed=decode(raw)))
                else:
                    told.whole(Vector(input=number, kind=word, numbers=bytes(raw)))
        units = object_of(object_of(decode(said["meta"]) if "meta" in said else None).get("billed_units"))
        counts = [count_of(units.get(name)) for name in ("input_tokens", "image_tokens")]
        pictures = count_of(units.get("images"))
        if counts != [None, None] or pictures is not None:
            told.usage(Usage(input=counts[0], image_input=counts[1], units={"images": pictures} if pictures else None))
        told.ending("stop")


class _Writer(BodyWriter):
    def __init__(self, request: Request, stamp: Stamp) -> None:
        super().__init__()
        self._wish = request.embedding or Embedding()
        self._stamp = stamp

    def _body(self, reply: Reply) -> dict[str, Json]:
        given = [block for block in reply.blocks if isinstance(block, Vector)]
        wanted = self._wish.kinds or (() if self._wish.packed else ("float",))
        made: dict[str, Json] = {
            kind: [vectors.numbers(one) for one in _of_kind(given, kind, packed=False)] for kind in wanted
        }
        if self._wish.packed:
            made["base64"] = [vectors.packed(one) for one in _of_kind(given, "float", packed=True)]
        body: dict[str, Json] = {
            "id": reply.started.id or self._stamp.token,
            "embeddings": made,
            "response_type": "embeddings_by_type",
        }
        if reply.usage is not None:
            units: dict[str, Json] = {"input_tokens": reply.usage.total_input - (reply.usage.image_input or 0)}
            if reply.usage.image_input is not None:
                units["image_tokens"] = reply.usage.image_input
            if reply.usage.units and "images" in reply.usage.units:
                units["images"] = reply.usage.units["images"]
            body["meta"] = {"api_version": {"version": "2"}, "billed_units": units}
        return body


def _of_kind(given: list[Vector], kind: str, *, packed: bool) -> list[Vector]:
    """One vector of each input, in order: of those told both ways, that which need not be converted. Numbers of any
    kind are floats too."""
    found: dict[int, Vector] = {}
    for one in given:
        known = found.get(one.input)
        is_it = one.kind == kind and (one.packed is not None) == packed
        if is_it or (one.kind == kind and (known is None or known.kind != kind)) or (known is None and kind == "float"):
            found[one.input] = one
    return [found[at] for at in sorted(found)]
