"""What is remembered of replies, so that a maker gets back what it sealed, also from clients that cannot carry it.

Kept by client and tool-call id (R-S3), and by token where only the maker's name was lost. A store sees bytes and keys,
never blocks, so that one for many nodes can stand behind the same Protocol. Nothing here is ever made up.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from gophergate.core.blocks import Json, Seal, Thought, ToolCall
from gophergate.core.reply import Reply
from gophergate.dialects.base import decode
from gophergate.dialects.toolnames import flat_name, wrap_input


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """What came with a tool call: who made it (`origin` a provider's name, `model` there), the call's own `seal`, and
    the sealed thoughts before it, each with the number of other blocks between it and the call before. `credential` is
    the label of the key it was made on, where its provider has several."""

    origin: str
    model: str
    seal: Seal | None = None
    thoughts: tuple[tuple[int, Thought], ...] = ()
    credential: str = ""


class SealStore(Protocol):
    """Bytes by owner and key, for a while. Losing some costs a caller a refusal in words, never a wrong answer."""

    def may_hold(self, owner: str) -> bool:
        """False only when nothing is remembered of this owner's replies, so that callers need not read a body."""

    async def get(self, owner: str, keys: Iterable[str]) -> dict[str, bytes]:
        """What is known of those keys."""

    async def put(self, owner: str, entries: Mapping[str, bytes]) -> None:
        """Remember; what was known of a key is replaced."""


class MemorySeals:
    """A `SealStore` of this process. `ttl` in seconds; beyond `limit_bytes` the oldest entries go first (law 9)."""

    def __init__(self, clock: Callable[[], float], *, limit_bytes: int = 64 << 20, ttl: float = 6 * 3600.0) -> None:
        self._clock = clock
        self._limit = limit_bytes
        self._ttl = ttl
        self._size = 0
        self._entries: OrderedDict[tuple[str, str], tuple[float, bytes]] = OrderedDict()
        self._owners: Counter[str] = Counter()

    def may_hold(self, owner: str) -> bool:
        return owner in self._owners

    async def get(self, owner: str, keys: Iterable[str]) -> dict[str, bytes]:
        now = self._clock()
        found = {}
        for key in keys:
            entry = self._entries.get((owner, key))
            if entry is not None and entry[0] > now:
                found[key] = entry[1]
        return found

    async def put(self, owner: str, entries: Mapping[str, bytes]) -> None:
        now = self._clock()
        for key, value in entries.items():
            self._drop((owner, key))
            self._entries[owner, key] = (now + self._ttl, value)
            self._owners[owner] += 1
            self._size += len(value) + _OVERHEAD
        while self._entries:
            oldest = next(iter(self._entries))
            if self._size <= self._limit and self._entries[oldest][0] > now:
                return
            self._drop(oldest)

    def statistics(self) -> dict[str, int]:
        """How much is held."""
        return {"entries": len(self._entries), "bytes": self._size, "owners": len(self._owners)}

    def _drop(self, at: tuple[str, str]) -> None:
        entry = self._entries.pop(at, None)
        if entry is None:
            return
        self._size -= len(entry[1]) + _OVERHEAD
        self._owners[at[0]] -= 1
        if not self._owners[at[0]]:
            del self._owners[at[0]]


_OVERHEAD = 300
"""Bytes that an entry costs besides its value."""

_SAID = "said:"
_ONE_ALPHABET = str.maketrans("-_", "+/")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Remembered)


def kept_of(reply: Reply, origin: str, model: str, credential: str = "") -> dict[str, bytes]:
    """What to remember of a reply: by each sealed call, and by each token. {} for a reply without seals."""
    kept: dict[str, bytes] = {}
    maker = _ENCODER.encode(Remembered(origin, model, credential=credential))
    thoughts: list[tuple[int, Thought]] = []
    between = 0
    for block, choice in zip(reply.blocks, reply.choices, strict=True):
        seal = seal_of(block)
        if seal is not None:
            kept[token_key(seal.token)] = maker
        if choice:
            continue
        match block:
            case Thought():
                if seal is not None:
                    thoughts.append((between, block))
            case ToolCall():
                if seal is not None or thoughts:
                    value = _ENCODER.encode(Remembered(origin, model, seal, tuple(thoughts), credential))
                    kept.update((key, value) for key in call_keys(block))
                thoughts, between = [], 0
            case _:
                between += 1
    return kept


def read_kept(found: Mapping[str, bytes]) -> dict[str, Remembered]:
    """What a store gave back."""
    return {key: _DECODER.decode(value) for key, value in found.items()}


def seal_of(block: object) -> Seal | None:
    """The seal on a block, whatever its kind."""
    return getattr(block, "seal", None)


def token_key(token: str) -> str:
    """The key of a bare token: who made it is all that is kept under it. Google's SDKs decode tokens, and send them
    back in the other alphabet of base64 than Google's own: both are one token."""
    return "token:" + _digest(_bytes(token.translate(_ONE_ALPHABET).rstrip("=")))


def is_of_words(key: str) -> bool:
    """Whether what is kept under that key is of whatever call says the same, and not of one call or token."""
    return key.startswith(_SAID)


def call_keys(call: ToolCall) -> Iterator[str]:
    """The keys of a call: its id, and what it says in plain functions, for clients without ids (Ollama)."""
    yield "call:" + _digest(_bytes(call.id))
    arguments = wrap_input(call.arguments) if call.custom else call.arguments
    yield _SAID + _digest(_bytes(flat_name(call)), b"\0", _canonical(arguments))


def _canonical(arguments: str) -> bytes:
    try:
        value: Json = decode(arguments.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return _bytes(arguments)
    return msgspec.json.encode(value, order="sorted")


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
