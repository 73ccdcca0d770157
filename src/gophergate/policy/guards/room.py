"""The guards in force, as one snapshot, and what they do to one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import structs

from gophergate.core.call import GuardFinding
from gophergate.core.caller import Caller
from gophergate.core.guarding import AnswerInquiry, Inquiry
from gophergate.core.guarding import Screen as Taking
from gophergate.core.request import Request
from gophergate.errors import ContentBlocked, GatewayError, GuardCannotApply, Unavailable
from gophergate.policy.guards.answers import Screen
from gophergate.policy.guards.looks import Looking, TooMuch, Unmaskable
from gophergate.policy.guards.quoted import masked_json
from gophergate.policy.guards.requests import screened
from gophergate.policy.guards.rules import Rule, ready
from gophergate.policy.guards.window import Blocked, Tell, Window, masked

MOST_TEXT = 16 << 20
"""Characters of a request, and of an answer, that are looked at."""


_LARGEST_KEPT = 256 << 10
"""Bytes of a body that is masked before it is kept."""


class Model(Protocol):
    """A deployment, as far as its name goes (`routing.base.Deployment` fits)."""

    @property
    def label(self) -> str: ...


class Asking(Protocol):
    """Makes the guarding of a call of which endpoints are asked."""

    def __call__(self, rules: Sequence[Rule], caller: Caller, model: str) -> Guarding: ...


class Guards:
    """Immutable. Without a rule a call costs one look. While a guard of `unusable` cannot be used no call is let
    through unguarded."""

    def __init__(self, rules: Iterable[Rule] = (), unusable: Iterable[str] = (), asking: Asking | None = None) -> None:
        """`asking` makes the guarding of calls that an endpoint is asked about; None where no rule has one."""
        self.rules = tuple(rules)
        self._asking = asking
        self._unusable = tuple(unusable)
        self._are_none = not self.rules and not self._unusable

    def concerning(self, caller: Caller, model: str, deployments: Iterable[Model]) -> Guarding | None:
        """What guards a call of that caller for a model by that name, which these may answer; None for none. Raises
        Unavailable while a guard cannot be used."""
        if self._are_none:
            return None
        if self._unusable:
            raise Unavailable(
                f"The guard '{self._unusable[0]}' cannot be used as it is stored, so no call is let through. An "
                "operator has to mend or remove it."
            )
        names = (model, *(one.label for one in deployments))
        rules = [rule for rule in self.rules if rule.concerns(caller, names)]
        if self._asking is not None and any(rule.asks for rule in rules):
            return self._asking(rules, caller, model)
        return Guarding(rules) if rules else None


class Guarding:
    """The rules that concern one call, and what they found. `rewrites`: answers must pass as events, since a rule may
    change or stop them; `masks`: a rule may change the request. `watches`, `reads`: a rule looks at the answer, at the
    request. `holds`, `overhears`: an endpoint is asked before any of the answer is shown, once it has passed."""

    holds = overhears = False

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._input = [rule for rule in rules if rule.on_input]
        self._output = [rule for rule in rules if rule.on_output]
        self.rewrites = any(rule.acts for rule in self._output)
        self.masks = any(rule.masks for rule in self._input)
        self.watches = bool(self._output)
        self.reads = bool(self._input)
        self._found: Counter[tuple[str, str, str]] = Counter()
        self._known: dict[tuple[str, str], Rule] = {}

    def request(self, request: Request) -> Request:
        """The request as it may go on, the same object where nothing is masked. Pure but for what it notes. Raises
        ContentBlocked, GuardCannotApply."""
        try:
            return screened(request, self._looks(self._input, "input"))
        except (Blocked, TooMuch, Unmaskable) as problem:
            raise self._refusal(problem, "input") from None

    def refusal(self, what: str) -> GuardCannotApply:
        """The error of a call that a rule cannot look at as it would have to; `what` says why."""
        acting = [rule for rule in self._output if rule.acts] or [rule for rule in self._input if rule.masks]
        return GuardCannotApply(f"The guard '{acting[0].name}' concerns this call, and {what}")

    def asked_of_request(self) -> Inquiry[Request] | None:
        """What endpoints are asked of the request, None for nothing."""
        return None

    def asked_of_answer(self, lost: Callable[[str], None]) -> AnswerInquiry | None:
        """What they are asked of one attempt's answer, of which `lost` is told what had to be left out."""
        return None

    def overheard(self) -> AnswerInquiry | None:
        """What they are to be asked of the answer that has passed."""
        return None

    def answer(self, lost: Callable[[str], None]) -> Taking:
        """What one attempt's answer passes through; `lost` is told what had to be left out."""
        looks = self._looks(self._output, "output")
        return Screen(looks.window, looks, self._stop, lost)

    def watch(self) -> Taking:
        """What listens to an answer that passes as it is, where no rule acts on answers."""
        return self.answer(lambda _: None)

    def findings(self) -> tuple[GuardFinding, ...]:
        """What was found so far, by rule and side of the call."""
        by: dict[tuple[str, str], dict[str, int]] = {}
        for (name, side, label), count in self._found.items():
            by.setdefault((name, side), {})[label] = count
        return tuple(
            GuardFinding(
                guard=name,
                action=self._known[name, side].definition.action,
                mode=self._known[name, side].definition.mode,
                where=side,
                found=found,
            )
            for (name, side), found in by.items()
        )

    def told(self) -> str:
        """What has been done, for a response header: "pii:mask, words:warn". What only monitors is not told of."""
        done = {rule.name: rule.definition.action for rule in self._known.values() if rule.definition.mode == "enforce"}
        return ", ".join(f"{name}:{action}" for name, action in done.items())

    def kept(self, body: bytes) -> bytes:
        """A request's body as it may be kept: masked by the rules that have blocked or masked in it, and empty where it
        is too large to do that in passing."""
        found = [rule for (_, side), rule in self._known.items() if side == "input" and rule.acts]
        if not found:
            return body
        if len(body) > _LARGEST_KEPT:
            return b""
        masking = [ready(structs.replace(rule.definition, action="mask")) for rule in found]
        said = body.decode("utf-8", "replace")
        return masked_json(said, lambda text: masked(text, masking, lambda *_: None)).encode("utf-8", "replace")

    def note(self, rule: Rule, side: str, label: str) -> None:
        """One more find."""
        self._known[rule.name, side] = rule
        self._found[rule.name, side, label] += 1

    def _looks(self, rules: Sequence[Rule], side: str) -> _Looks:
        return _Looks(rules, lambda rule, label: self.note(rule, side, label), _Budget())

    def _stop(self, problem: Exception, side: str = "output") -> GatewayError | None:
        if isinstance(problem, Blocked | TooMuch | Unmaskable):
            return self._refusal(problem, side)
        return None

    def _refusal(self, problem: Blocked | TooMuch | Unmaskable, side: str) -> GatewayError:
        name = problem.rule.name
        what = "request" if side == "input" else "answer"
        match problem:
            case TooMuch():
                self.note(problem.rule, side, "TOO_LARGE")
                return GuardCannotApply(
                    f"The {what} has more text than the guard '{name}' can look at ({problem.most:,} characters)."
                )
            case Unmaskable():
                return GuardCannotApply(
                    f"The guard '{name}' would have to mask something in {problem.what}, which cannot be changed "
                    "on its way. Take it out."
                )
        return ContentBlocked(f"The {what} was blocked by the guard '{name}'.")


class _Budget:
    """How much has been looked at."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class _Looks(Looking):
    """`Looks` by rules, for the texts of one request or answer."""

    def __init__(self, rules: Sequence[Rule], tell: Tell, budget: _Budget) -> None:
        super().__init__(tell)
        self._rules = rules
        self._budget = budget

    def __call__(self, text: str) -> str:
        # As `over`, with a step less: every text comes here.
        return masked(text, self._within(text), self._tell) if text else text

    def over(self, text: str, tell: Tell) -> str:
        return masked(text, self._within(text), tell)

    def window(self) -> Window:
        """A window for a text that comes in pieces."""
        return _Bounded(self._rules, self._tell, self._within)

    def _within(self, text: str) -> Sequence[Rule]:
        """The rules that look at one more text. Raises TooMuch where there is too much of it and one does not let it
        pass unseen."""
        self._budget.used += len(text)
        if self._budget.used <= MOST_TEXT:
            return self._rules
        for rule in self._rules:
            if rule.acts and rule.definition.on_error == "closed":
                raise TooMuch(rule, MOST_TEXT)
        for rule in self._rules:
            self._tell(rule, "TOO_LARGE")
        self._rules = ()
        return ()


class _Bounded(Window):
    """A window that stops looking where there is too much to look at, if every rule lets it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        tell: Callable[[Rule, str], None],
        within: Callable[[str], Sequence[Rule]],
    ) -> None:
        super().__init__(rules, tell)
        self._within = within
        self._blind = False

    def feed(self, piece: str, *, is_whole: bool = False) -> str:
        if self._blind:
            return piece
        if piece and not self._within(piece):
            self._blind = True
            return super().feed("", is_whole=True) + piece
        return super().feed(piece, is_whole=is_whole)
