"""What endpoints of an operator's are asked of one request or answer, and what their verdicts make of it.

Three steps: every text is gathered, each guard's endpoint is asked about all of them at once, and what it found is put
in its place on the same way that the texts were gathered. Only the second waits; what asks is passed in. The wire's two
shapes stand in docs/guards.md.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Literal, TypeVar

from msgspec.structs import replace

from gophergate.core.blocks import Media, Text, Thought, ToolCall
from gophergate.core.events import BlockGrew, BlockOpened, Event
from gophergate.core.request import Request
from gophergate.errors import GatewayError
from gophergate.policy.guards.answers import Lost, Screen
from gophergate.policy.guards.detecting import Find
from gophergate.policy.guards.looks import Looking, TooMuch
from gophergate.policy.guards.quoted import masked_json
from gophergate.policy.guards.requests import Looks, gathered, screened
from gophergate.policy.guards.rules import Action, Rule, ready
from gophergate.policy.guards.verdicts import LABEL, Ask, Unanswered, Verdict, read_verdict
from gophergate.policy.guards.window import Blocked, Tell, placed

MOST_ASKED = 4 << 20
"""Characters of a request, and of an answer, that an endpoint is asked about; each text counts some more."""
_A_TEXT = 32


class Unjudged(Exception):
    """A rule lets nothing pass without a verdict, and there is none."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.name)
        self.rule = rule


class _Gathering:
    """`Looks` that only notes what it is shown."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take

    def __call__(self, text: str) -> str:
        self._take(text)
        return text

    def unchanged(self, what: str) -> Looks:
        return self

    def watched(self) -> Looks:
        return self


class _Marks(Looking):
    """`Looks` that puts finds in their places, wherever their text stands. `met` are those texts that it was shown."""

    def __init__(self, finds: Mapping[str, Sequence[tuple[Rule, Find]]], tell: Tell) -> None:
        super().__init__(tell)
        self._finds = finds
        self.met: set[str] = set()

    def over(self, text: str, tell: Tell) -> str:
        finds = self._finds.get(text)
        if finds is None:
            return text
        self.met.add(text)
        return placed(text, finds, tell)


class _Hiding(_Marks):
    """Masks all that was blocked or masked. `is_whole`: it has met all of that, and knew where it was."""

    def __init__(self, finds: Mapping[str, Sequence[tuple[Rule, Find]]]) -> None:
        acted: dict[str, list[tuple[Rule, Find]]] = {}
        for text, some in finds.items():
            for rule, find in some:
                if rule.acts:
                    acted.setdefault(text, []).append((_acting(rule, "mask"), find))
        super().__init__(acted, lambda *_: None)

    @property
    def is_whole(self) -> bool:
        return bool(self._finds) and self.met == self._finds.keys()


class _Whole:
    """A text of an answer, looked at once it is whole."""

    def __init__(self, look: Callable[[str], str]) -> None:
        self._look = look
        self._pieces: list[str] = []
        self.is_changed = False

    def feed(self, piece: str, *, is_whole: bool = False) -> str:
        self._pieces.append(piece)
        if not is_whole:
            return ""
        text = "".join(self._pieces)
        self._pieces.clear()
        shown = self._look(text)
        self.is_changed = self.is_changed or shown != text
        return shown


T = TypeVar("T", Request, list[Event], str)


class Inquiry(ABC, Generic[T]):
    """One request, one attempt's answer, or a text of a try-out, before the endpoints of its guards. `about` says whose
    call it is; `note` hears of every find; `refuse` makes the caller's error of what a rule does not let pass, and
    notes it where that is no find. `said`: why there was no verdict, a sentence each."""

    side: Literal["input", "output"]

    def __init__(
        self,
        rules: Sequence[Rule],
        about: Mapping[str, str | None],
        ask: Ask,
        note: Callable[[Rule, str, str], None],
        refuse: Callable[[Exception, str], GatewayError | None],
    ) -> None:
        self._rules = rules
        self._about = about
        self._ask = ask
        self._note = note
        self._refuse = refuse
        self._role = "assistant"
        self._texts: dict[tuple[str, str], None] = {}
        self._size = 0
        self._bodies: list[bytes] = []
        self._finds: dict[str, list[tuple[Rule, Find]]] = {}
        self.said: list[str] = []

    # -- what is asked ------------------------------------------------------------------------------------------

    @abstractmethod
    def gather(self, what: T) -> None:
        """Note its texts. Pure but for that."""

    @property
    def is_too_much(self) -> bool:
        """Whether there is more than is asked about."""
        return self._size > MOST_ASKED

    def _take(self, text: str) -> None:
        if text and not text.isspace() and (self._role, text) not in self._texts:
            self._size += len(text) + _A_TEXT
            if not self.is_too_much:
                self._texts[self._role, text] = None

    def _write(self) -> None:
        texts = [{"role": role, "text": text} for role, text in self._texts]
        for rule in self._rules if texts and not self.is_too_much else ():
            question = {"guard": rule.name, "where": self.side, **self._about, "texts": texts}
            self._bodies.append(json.dumps(question).encode())

    async def ask(self) -> None:
        """Ask every endpoint at the same time. Raises the caller's error where a rule lets nothing pass as it is.
        Cancelled, it leaves nothing behind."""
        if self.is_too_much:
            self.overflow()
            return
        texts = [text for _, text in self._texts]
        asked = list(zip(self._rules, self._bodies, strict=False))  # no bodies where there is nothing to ask about
        verdicts = await asyncio.gather(*(self._asked(rule, body, texts) for rule, body in asked))
        for (rule, _), verdict in zip(asked, verdicts, strict=True):
            if verdict is None:
                self._pass_unseen(rule, "UNANSWERED", Unjudged(_acting(rule, "block")))
                continue
            masks = rule.definition.action == "mask"
            as_said = _acting(rule, "block") if verdict.blocks and masks else rule
            for text, finds in verdict.finds.items():
                self._finds.setdefault(text, []).extend((as_said, find) for find in finds)
            if verdict.blocks and not verdict.finds:
                self._note(as_said, self.side, LABEL)
                if as_said.blocks:
                    self._stop(Blocked(as_said))

    async def _asked(self, rule: Rule, body: bytes, texts: Sequence[str]) -> Verdict | None:
        try:
            return read_verdict(await self._ask(rule.definition, body), texts)
        except Unanswered as error:
            self.said.append(f"the guard '{rule.name}' gave no verdict: {error}")
            return None

    def overflow(self) -> None:
        """There is more than is asked about. Raises the caller's error where a rule does not let that pass."""
        for rule in self._rules:
            self._pass_unseen(rule, "TOO_LARGE", TooMuch(_acting(rule, "block"), MOST_ASKED))

    def _pass_unseen(self, rule: Rule, label: str, problem: Exception) -> None:
        if rule.acts and rule.definition.on_error == "closed":
            self._stop(problem)
        else:
            self._note(_acting(rule, "warn"), self.side, label)

    def _stop(self, problem: Exception) -> None:
        error = self._refuse(problem, self.side)
        if error is not None:
            raise error

    # -- what becomes of it -------------------------------------------------------------------------------------

    @abstractmethod
    def judged(self, what: T) -> T:
        """The same as it may go on, the same object where nothing was found. Pure but for what it notes."""

    def _marks(self) -> _Marks:
        return _Marks(self._finds, lambda rule, label: self._note(rule, self.side, label))

    def found(self, text: str) -> list[Find]:
        """What was found in one of the texts."""
        return [find for _, find in self._finds.get(text, ())]

    def hiding(self) -> _Hiding:
        """What masks, in any text, all that was blocked or masked."""
        return _Hiding(self._finds)


def _acting(rule: Rule, action: Action) -> Rule:
    """The same rule as if it said so."""
    return rule if rule.definition.action == action else ready(replace(rule.definition, action=action))


class OfRequest(Inquiry[Request]):
    """Of a request."""

    side = "input"

    def gather(self, what: Request) -> None:
        gathered(what, _Gathering(self._take), self._at)
        self._write()

    def _at(self, role: str) -> None:
        self._role = role

    def judged(self, what: Request) -> Request:
        """Raises the caller's error."""
        if not self._finds:
            return what
        try:
            return screened(what, self._marks())
        except Exception as problem:
            self._stop(problem)
            raise


class OfText(Inquiry[str]):
    """Of a text that stands for itself, or of JSON."""

    side = "input"
    is_json = False

    def gather(self, what: str) -> None:
        self._role = "user"
        self._looked(what, _Gathering(self._take))
        self._write()

    def judged(self, what: str) -> str:
        """Raises Blocked."""
        return self._looked(what, self._marks())

    def _looked(self, text: str, look: Callable[[str], str]) -> str:
        return masked_json(text, look) if self.is_json else look(text)


class OfAnswer(Inquiry[list[Event]]):
    """Of an answer, by its events. `lost` is told what had to be left out of it."""

    side = "output"

    def __init__(
        self,
        rules: Sequence[Rule],
        about: Mapping[str, str | None],
        ask: Ask,
        note: Callable[[Rule, str, str], None],
        refuse: Callable[[Exception, str], GatewayError | None],
        lost: Lost,
    ) -> None:
        super().__init__(rules, about, ask, note, refuse)
        self._lost = lost
        self._heard = 0
        self._media: set[int] = set()
        look = _Gathering(self._take)
        self._screen = Screen(lambda: _Whole(look), look, lambda _: None, lambda _: None)

    @property
    def is_too_much(self) -> bool:
        return self._heard > MOST_ASKED or super().is_too_much

    def hear(self, events: Iterable[Event]) -> None:
        """More of it, in order."""
        events = list(events)
        self._heard += sum(map(self._length, events))
        if not self.is_too_much:
            self._screen.take(events)

    def _length(self, event: Event) -> int:
        """Characters of it that somebody may read."""
        match event:
            case BlockOpened(index=index, block=Media()):
                self._media.add(index)
            case BlockOpened(block=Text() | Thought() as block):
                return len(block.text)
            case BlockOpened(block=ToolCall() as block):
                return len(block.arguments)
            case BlockGrew(index=index, text=text):
                return 0 if index in self._media else len(text)
        return 0

    def gather(self, what: list[Event]) -> None:
        self.hear(what)
        self._write()

    def note_finds(self) -> None:
        """Every find, once: for an answer that has passed."""
        for finds in self._finds.values():
            for rule, find in finds:
                self._note(rule, self.side, find.label)

    def judged(self, what: list[Event]) -> list[Event]:
        """A `Failed` in the end where it was stopped."""
        if not self._finds:
            return what
        marks = self._marks()
        screen = Screen(lambda: _Whole(marks), marks, lambda problem: self._refuse(problem, self.side), self._lost)
        return screen.take(what)
