"""What is known of models by themselves: limits, modalities, abilities, dates. Immutable; loaded, never fetched, here.

A name is looked up at its own provider first, then at whoever makes the model, then at those who resell it, always in
the same order (O30). The answer says whose word it is: what a reseller says of a limit is shown and heeded where it
refuses more, but no default is ever taken from it (edge case 56). Modality is what is written here, never guessed from
a name (edge case 68).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping

import msgspec

from gophergate.routing.identity import keys

MAKERS = (
    "openai",
    "anthropic",
    "google",
    "deepseek",
    "moonshotai",
    "xai",
    "mistral",
    "cohere",
    "meta",
    "llama",
    "zai",
    "minimax",
    "alibaba",
    "perplexity",
    "nova",
    "stepfun",
    "xiaomi",
    "upstage",
    "arcee",
    "inception",
)
"""Who makes models, by their models.dev ids, in the order they are asked: one that also serves others' models comes
after those. Everybody else resells."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one model. Limits are tokens, None unknown: `context` holds prompt and answer together,
    `max_input` the prompt alone where it has a limit of its own. `reads` and `writes` are of text, image, audio,
    video, pdf; empty is unknown. Abilities are None where nothing is said. Dates are as published ("2024-06",
    "2025-04-14"). `status` is "", "alpha", "beta" or "deprecated".

    `said_by` is the models.dev id of who says so; `default_output` what its maker allows an answer to be, which a
    default may use and never exceed, None where the maker is not known.
    """

    id: str = ""
    name: str = ""
    context: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    default_output: int | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reasoning: bool | None = None
    tool_call: bool | None = None
    structured_output: bool | None = None
    temperature: bool | None = None
    knowledge: str = ""
    released: str = ""
    status: str = ""
    said_by: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anybody says anything of it."""
        return bool(self.said_by)

    def can_read(self, modality: str) -> bool | None:
        """Whether a prompt may hold that modality; None when nobody says."""
        return modality in self.reads if self.reads else None

    def fits(self, tokens: int) -> bool | None:
        """Whether a prompt of so many tokens fits; None when its limits are not known."""
        limits = [limit for limit in (self.context, self.max_input) if limit is not None]
        return all(tokens <= limit for limit in limits) if limits else None


class _Packed(Facts, frozen=True, array_like=True):
    """Facts without the names of their members."""


UNKNOWN = Facts()
_MADE, _RESOLD = " made", " resold"
"""Whose word it is, where it is anybody's of a kind; no provider's id begins with a space."""
_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Packed)


class FactBook:
    """One snapshot of facts: `providers` are models by models.dev provider id, each read once; `date` is when they were
    gathered.

    A gateway is asked for ten models of the six thousand there are, so they are kept packed, a hundred bytes each, and
    found by the hashes of their names: of thirty thousand names, two share their 64 bits in one book of fifty billion.
    Making a book takes a tenth of a second of CPU: do it in a thread.
    """

    def __init__(self, providers: Mapping[str, Iterable[Facts]], date: str = "", origin: str = "") -> None:
        self.date = date
        self.origin = origin
        self._packed = bytearray()
        self._ends = array("I", [0])
        hashes, numbers = array("q"), array("I")
        makers = [name for name in MAKERS if name in providers]
        for name in (*makers, *sorted(providers.keys() - set(MAKERS))):
            every = _MADE if name in MAKERS else _RESOLD
            places: dict[Facts, int] = {}
            for form, facts in _index(providers[name]).items():
                number = places.get(facts)
                if number is None:
                    number = places[facts] = self._pack(facts)
                hashes.extend((hash((name, form)), hash((every, form))))
                numbers.extend((number, number))
        # Of equal hashes the first stays first: under `every` that is the provider whose word goes before others'.
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        self._hashes = array("q", [hashes[at] for at in order])
        self._numbers = array("I", [numbers[at] for at in order])

    @property
    def size(self) -> int:
        """How many models it can tell of."""
        return len(self._ends) - 1

    def find(self, at: Iterable[str], model: str) -> Facts:
        """What is known of `model` at a provider that models.dev calls by one of `at`; `UNKNOWN` when nobody knows it.
        The same question always has the same answer."""
        forms = keys(model)
        made = self._first(_MADE, forms)
        own = next((found for name in at if (found := self._first(name, forms)) is not None), None)
        found = own or made or self._first(_RESOLD, forms)
        if found is None:
            return UNKNOWN
        return msgspec.structs.replace(found, default_output=made.max_output if made is not None else None)

    def _pack(self, facts: Facts) -> int:
        self._packed += _ENCODER.encode(msgspec.structs.astuple(facts))
        self._ends.append(len(self._packed))
        return len(self._ends) - 2

    def _unpacked(self, number: int) -> Facts:
        packed = memoryview(self._packed)[self._ends[number] : self._ends[number + 1]]
        return msgspec.convert(_DECODER.decode(packed), Facts, from_attributes=True)

    def _first(self, whose: str, forms: Iterable[str]) -> Facts | None:
        for form in forms:
            wanted = hash((whose, form))
            place = bisect_left(self._hashes, wanted)
            if place < len(self._hashes) and self._hashes[place] == wanted:
                return self._unpacked(self._numbers[place])
        return None


def _index(models: Iterable[Facts]) -> dict[str, Facts]:
    """Models by every form of their ids. Where two share one, that with the shortest id has it (an undated name before
    its dated ones), then the newest."""
    ranked = sorted(models, key=lambda facts: (len(facts.id), _descending(facts.released), facts.id))
    forms = [keys(facts.id) for facts in ranked]
    found: dict[str, Facts] = {}
    for level in range(max(map(len, forms), default=0)):
        for facts, own in zip(ranked, forms, strict=True):
            if level < len(own):
                found.setdefault(own[level], facts)
    return found


def _descending(text: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in text) or (0,)


NO_FACTS = FactBook({})
