"""What every dialect of embeddings does alike: inputs to turns and back, vectors as numbers or packed.

A vector's numbers stay the text they came as wherever the client takes numbers. Only who wants them packed, or is
given them packed and wants numbers, gets them converted: to float32 (little-endian), as OpenAI packs them, and to the
shortest decimals that are that float.
"""

from __future__ import annotations

import binascii
import struct
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

import msgspec

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Vector
from gophergate.core.reply import Reply
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import json_type
from gophergate.dialects.loss import Losses, refuse
from gophergate.errors import BadRequest, UpstreamBroken

MAX_INPUTS = 10_000
"""Inputs of one request that is read: several times what any vendor takes (OpenAI 2,048)."""
TOKENS = "token ids"
"""The label of an input that is tokens already, of the model's own vocabulary: nobody else can read it."""

_NUMBERS = msgspec.json.Decoder(list[float | None])
_SIGNED = frozenset({"int8", "binary"})


def turn(text: str) -> Turn:
    """An input of words."""
    return Turn(role="user", blocks=(Text(text=text),))


def turns(inputs: Iterable[Turn], param: str) -> tuple[Turn, ...]:
    """The inputs of a request. Raises BadRequest for none, and for more than are read."""
    found = tuple(inputs)
    if not found:
        raise BadRequest(f"'{param}' is empty: there is nothing to make vectors of.", param=param)
    if len(found) > MAX_INPUTS:
        raise BadRequest(f"'{param}' holds {len(found)} inputs; {MAX_INPUTS} are the most of one request.", param=param)
    return found


def wanted(value: Json, kind: type, param: str) -> Json:
    """The value if it is of that kind, None for null. Raises BadRequest."""
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    word = {int: "an integer", str: "a string", bool: "a boolean", list: "an array"}[kind]
    raise BadRequest(f"'{param}' must be {word}, not {json_type(value)}.", param=param)


def positive(value: Json, param: str) -> int | None:
    """A count of at least one, None for null. Raises BadRequest."""
    count: int | None = wanted(value, int, param)
    if count is not None and count < 1:
        raise BadRequest(f"'{param}' must be at least 1.", param=param)
    return count


def words(one: Turn, where: str) -> str:
    """An input's words, for a wire that has no other inputs. Raises BadRequest, naming what else is in it."""
    said: list[str] = []
    for block in one.blocks:
        if not isinstance(block, Text):
            raise refused(block, where)
        said.append(block.text)
    return "\n".join(said)


def refused(block: Block, where: str) -> BadRequest:
    """The error for an input that a wire has no place for."""
    why = "tokens are of one model's own vocabulary; send text" if is_tokens(block) else ""
    return refuse(block, where, why)


def task_word(request: Request, words: Mapping[str, str], dialect: str, losses: Losses) -> str | None:
    """The word of a wire for what the vectors are for; None for none, and, named, for what it has no word for. What its
    own clients say in words that we do not know passes."""
    task = request.embedding.task if request.embedding is not None else None
    if task is None or task in words:
        return words[task] if task is not None else None
    if request.dialect == dialect:
        return task
    losses.drop("task")
    return None


def is_tokens(block: object) -> bool:
    """Whether it is an input of token ids."""
    return isinstance(block, Opaque) and block.label == TOKENS


def holds_tokens(request: Request) -> bool:
    """Whether any input is token ids: text that nobody can look at."""
    return any(is_tokens(block) for block in request.blocks)


def disclose(request: Request, losses: Losses, dialect: str, says: frozenset[str]) -> None:
    """Name what a request asks for beyond the settings in `says` and the members of `dialect`."""
    wish = request.embedding
    if wish is not None:
        for name in ("dimensions", "task", "truncate"):
            if name not in says and getattr(wish, name) is not None:
                losses.drop(name)
    if request.user is not None and "user" not in says:
        losses.drop("user")
    losses.foreign(request.extra, dialect)
    for one in request.turns:
        losses.foreign(one.extra, dialect)
        for block in one.blocks:
            if isinstance(block, Text | Media):
                losses.foreign(block.extra, dialect)


def floats_only(request: Request, where: str) -> None:
    """Raises BadRequest when kinds of numbers are wanted that are no floats, of a wire that has only those."""
    wish = request.embedding
    others = [kind for kind in wish.kinds if kind != "float"] if wish is not None else []
    if others:
        raise BadRequest(
            f"Vectors of {', '.join(others)} numbers cannot be had: the chosen model is asked in the {where} format, "
            "which has floats only.",
            param="embedding_types",
            code="unsupported_setting",
        )


def in_order(reply: Reply) -> list[Vector]:
    """One vector of each input, floats where there are several kinds."""
    found: dict[int, Vector] = {}
    for block in reply.blocks:
        if isinstance(block, Vector) and (block.input not in found or block.kind == "float"):
            found[block.input] = block
    return [found[at] for at in sorted(found)]


def numbers(vector: Vector) -> msgspec.Raw:
    """The vector as a JSON array: as it came, or unpacked. Raises UpstreamBroken for what cannot be."""
    if vector.numbers is not None:
        return msgspec.Raw(vector.numbers)
    try:
        data = b64decode(vector.packed or "", validate=True)
        if vector.kind == "float":
            found = array("f", data)
            if _IS_BIG:
                found.byteswap()
            return msgspec.Raw(b"[" + b",".join(map(_shortest, found)) + b"]")
    except (binascii.Error, ValueError):
        raise UpstreamBroken("The provider packed a vector in a way that cannot be read.") from None
    return msgspec.Raw(msgspec.json.encode(list(array("b" if vector.kind in _SIGNED else "B", data))))


def packed(vector: Vector) -> str:
    """The vector as float32 in base64: as it came, or packed. Raises UpstreamBroken for numbers that are none."""
    if vector.packed is not None and vector.kind == "float":
        return vector.packed
    try:
        data = array("f", [0.0 if one is None else one for one in _NUMBERS.decode(numbers(vector))])
    except (msgspec.DecodeError, OverflowError):
        raise UpstreamBroken("The provider gave a vector whose numbers cannot be packed.") from None
    if _IS_BIG:
        data.byteswap()
    return b64encode(data.tobytes()).decode()


_IS_BIG = struct.pack("=H", 1) != struct.pack("<H", 1)


def _shortest(value: float) -> bytes:
    """The shortest decimals that are that float32."""
    for digits in (6, 7, 8, 9):
        text = f"{value:.{digits}g}"
        if struct.unpack("<f", struct.pack("<f", float(text)))[0] == value:
            break
    return b"-0.0" if text == "-0" else text.encode()
