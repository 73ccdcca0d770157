"""A guard as it works: what an operator said of it, made ready, or a sentence about what is wrong with it and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal

import msgspec

from gophergate.core.caller import Caller
from gophergate.policy.guards.detecting import Detector
from gophergate.policy.guards.injection import INJECTIONS
from gophergate.policy.guards.patterns import BadPattern, Expression, Keywords
from gophergate.policy.guards.pii import DETECTORS

Kind = Literal["pii", "keywords", "regex", "injection", "webhook"]
Where = Literal["input", "output", "both"]
Action = Literal["block", "mask", "warn"]
Mode = Literal["enforce", "monitor"]
OnError = Literal["closed", "open"]

MOST_WORDS = 1000
MOST_PATTERNS = 50
LONGEST_PLACEHOLDER = 64
LONGEST_WAIT = 60.0
_FITS = re.compile(r'[^\x00-\x1f\x7f-\x9f"\\\ud800-\udfff]*')


class BadGuard(ValueError):
    """A guard that cannot be; `member` is the one that is wrong, with the place in it ("patterns.2")."""

    def __init__(self, member: str, said: str) -> None:
        super().__init__(said)
        self.member = member


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says of a guard. `detect` is for kind pii, `keywords` and `patterns` for theirs. Where `teams`,
    `clients` or `keys` (ids) are listed it is for their calls only, where `models` are listed for calls that ask for
    one of them or may be answered by one. `on_error`: what becomes of a text that is too large to look at, and of one
    that no verdict came on. `url`, `secret` (whatever knows how to reveal one) and `timeout`, in seconds, are for kind
    webhook."""

    name: str
    kind: Kind
    where: Where = "both"
    action: Action = "block"
    mode: Mode = "enforce"
    detect: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    case_sensitive: bool = False
    whole_words: bool = True
    url: str = ""
    secret: Any = None
    timeout: float = 5.0
    placeholder: str = ""
    teams: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    on_error: OnError = "closed"
    enabled: bool = True


class Rule:
    """A guard made ready. `acts`: it blocks or masks, so that what it looks at is held back until it is decided.
    `asks`: it finds nothing itself, for an endpoint does (`inquiry`)."""

    __slots__ = ("_who", "acts", "asks", "blocks", "definition", "detectors", "masks", "name", "on_input", "on_output")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.name = definition.name
        self.detectors = _detectors(definition)
        self.asks = definition.kind == "webhook"
        enforced = definition.mode == "enforce"
        self.blocks = enforced and definition.action == "block"
        self.masks = enforced and definition.action == "mask"
        self.acts = self.blocks or self.masks
        self.on_input = definition.where != "output"
        self.on_output = definition.where != "input"
        self._who = frozenset((*definition.teams, *definition.clients, *definition.keys))

    def concerns(self, caller: Caller, names: Iterable[str]) -> bool:
        """Whether it is for that caller's call, of a model by one of these names."""
        who = self._who
        if who and who.isdisjoint((caller.team_id, caller.client_id, caller.key_id)):
            return False
        models = self.definition.models
        return not models or any(_is_named(name, models) for name in names)


def _is_named(name: str, models: Iterable[str]) -> bool:
    return any(name == model or ("*" in model and fnmatchcase(name, model)) for model in models)


@lru_cache(maxsize=1024)
def ready(definition: Definition) -> Rule:
    """The rule of a definition. Raises BadGuard."""
    _check(definition)
    return Rule(definition)


def _check(said: Definition) -> None:
    if said.kind != "pii" and said.detect:
        raise BadGuard("detect", f"'detect' is for guards of kind pii, and this one is of kind {said.kind}")
    if said.kind != "keywords" and said.keywords:
        raise BadGuard("keywords", f"'keywords' are for guards of kind keywords, and this one is of kind {said.kind}")
    if said.kind != "regex" and said.patterns:
        raise BadGuard("patterns", f"'patterns' are for guards of kind regex, and this one is of kind {said.kind}")
    if said.kind != "webhook" and (said.url or said.secret):
        member = "url" if said.url else "secret"
        raise BadGuard(member, f"'{member}' is for guards of kind webhook, and this one is of kind {said.kind}")
    if said.kind == "webhook" and not said.url:
        raise BadGuard("url", "a guard of kind webhook has the address of the endpoint that it asks")
    if not 0 < said.timeout <= LONGEST_WAIT:
        raise BadGuard("timeout", f"a guard waits more than 0 seconds and at most {LONGEST_WAIT:g}")
    for number, word in enumerate(said.detect):
        if word not in DETECTORS:
            raise BadGuard(f"detect.{number}", f"'{word}' is nothing that is looked for: {', '.join(DETECTORS)}")
    if said.kind == "keywords" and not 1 <= len(said.keywords) <= MOST_WORDS:
        raise BadGuard("keywords", f"a guard of kind keywords has 1 to {MOST_WORDS} of them")
    if said.kind == "regex" and not 1 <= len(said.patterns) <= MOST_PATTERNS:
        raise BadGuard("patterns", f"a guard of kind regex has 1 to {MOST_PATTERNS} patterns")
    if len(said.placeholder) > LONGEST_PLACEHOLDER or not _FITS.fullmatch(said.placeholder):
        raise BadGuard(
            "placeholder",
            f"a placeholder has at most {LONGEST_PLACEHOLDER} printable characters, and no quote or backslash: it may "
            "stand in JSON that a model writes",
        )


_BUILT: Mapping[str, str] = {"keywords": "KEYWORD", "regex": "PATTERN", "injection": "INJECTION"}


def _detectors(said: Definition) -> tuple[Detector, ...]:
    label = _BUILT.get(said.kind, "")
    match said.kind:
        case "pii":
            wanted = said.detect or tuple(DETECTORS)
            return tuple(one for word in dict.fromkeys(wanted) for one in DETECTORS[word])
        case "keywords":
            try:
                return (
                    Keywords(said.keywords, label, case_sensitive=said.case_sensitive, whole_words=said.whole_words),
                )
            except BadPattern as error:
                raise BadGuard("keywords", str(error)) from None
        case "injection":
            return INJECTIONS
        case "webhook":
            return ()
    found: list[Detector] = []
    for number, pattern in enumerate(said.patterns):
        try:
            found.append(Expression(pattern, label, case_sensitive=said.case_sensitive))
        except BadPattern as error:
            raise BadGuard(f"patterns.{number}", f"the pattern {number + 1} cannot be used: {error}") from None
    return tuple(found)
