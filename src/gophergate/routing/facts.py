"""What is known of models by themselves: limits, modalities, abilities, dates. Immutable; loaded, never fetched, here.

A name is looked up at its own provider first, then at whoever makes the model, then at those who resell it, always in
the same order (O30). The answer says whose word it is: what a reseller says of a limit is shown and heeded where it
refuses more, but no default is ever taken from it (edge case 56). Modality is what is written here, never guessed from
a name (edge case 68).
"""

from __future__ import annotations

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


UNKNOWN = Facts()


class FactBook:
    """One snapshot of facts: `providers` are models by models.dev provider id, `date` when they were gathered.

    Making one indexes some thousand models (a tenth of a second of CPU): do it in a thread.
    """

    def __init__(self, providers: Mapping[str, Iterable[Facts]], date: str = "", origin: str = "") -> None:
        self.date = date
        self.origin = origin
        self._indexes = {name: _index(models) for name, models in providers.items()}
        self.size = sum(len({id(facts) for facts in index.values()}) for index in self._indexes.values())
        makers = [self._indexes[name] for name in MAKERS if name in self._indexes]
        others = [self._indexes[name] for name in sorted(self._indexes) if name not in MAKERS]
        self._made = _merged(makers)
        self._resold = _merged(others)

    def find(self, at: Iterable[str], model: str) -> Facts:
        """What is known of `model` at a provider that models.dev calls by one of `at`; `UNKNOWN` when nobody knows it.
        The same question always has the same answer."""
        forms = keys(model)
        made = _first(self._made, forms)
        own = next((found for name in at if (found := _first(self._indexes.get(name, {}), forms)) is not None), None)
        found = own or made or _first(self._resold, forms)
        if found is None:
            return UNKNOWN
        return msgspec.structs.replace(found, default_output=made.max_output if made is not None else None)


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


def _merged(indexes: Iterable[Mapping[str, Facts]]) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    for index in indexes:
        for form, facts in index.items():
            found.setdefault(form, facts)
    return found


def _first(index: Mapping[str, Facts], forms: Iterable[str]) -> Facts | None:
    return next((index[form] for form in forms if form in index), None)


NO_FACTS = FactBook({})
