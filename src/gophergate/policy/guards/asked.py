"""A call that endpoints of an operator's are asked about, beside the guards that find by themselves: those look first,
so that no endpoint is told what they mask.

An answer that a verdict may change or stop is held back whole (`holds`); where none may, it passes as it comes and the
endpoint is asked when it is over (`overhears`), before the call's record is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gophergate.core.caller import Caller
from gophergate.core.events import Event
from gophergate.core.guarding import Screen
from gophergate.errors import GatewayError, GuardUnanswered
from gophergate.policy.guards.inquiry import OfAnswer, OfRequest, Unjudged
from gophergate.policy.guards.quoted import masked_json
from gophergate.policy.guards.room import Guarding
from gophergate.policy.guards.rules import Rule
from gophergate.policy.guards.verdicts import Ask


class AskedGuarding(Guarding):
    """`Guarding` with rules that ask."""

    def __init__(self, rules: Sequence[Rule], caller: Caller, model: str, *, ask: Ask) -> None:
        super().__init__(rules)
        self._ask = ask
        self._about = {"model": model, "team": caller.team_id, "client": caller.client_id, "key": caller.key_id}
        self._of_requests = [rule for rule in rules if rule.asks and rule.on_input]
        self._of_answers = [rule for rule in rules if rule.asks and rule.on_output]
        self.holds = any(rule.acts for rule in self._of_answers)
        self.overhears = bool(self._of_answers) and not self.holds
        self._request: OfRequest | None = None
        self._overheard: OfAnswer | None = None

    def asked_of_request(self) -> OfRequest | None:
        if self._of_requests:
            self._request = OfRequest(self._of_requests, self._about, self._ask, self.note, self._stop)
        return self._request

    def asked_of_answer(self, lost: Callable[[str], None]) -> OfAnswer:
        return OfAnswer(self._of_answers, self._about, self._ask, self.note, self._stop, lost)

    def overheard(self) -> OfAnswer | None:
        return self._overheard

    def answer(self, lost: Callable[[str], None]) -> Screen:
        screen = super().answer(lost)
        if not self.overhears:
            return screen
        self._overheard = self.asked_of_answer(lost)
        return _Heard(screen, self._overheard)

    def kept(self, body: bytes) -> bytes:
        """Empty too where nobody knows where in it was what an endpoint blocked."""
        shown = super().kept(body)
        acted = any(side == "input" and rule.asks and rule.acts for (_, side), rule in self._known.items())
        if not acted or self._request is None:
            return shown
        hiding = self._request.hiding()
        shown = masked_json(shown.decode("utf-8", "replace"), hiding).encode("utf-8", "replace")
        return shown if hiding.is_whole else b""

    def _stop(self, problem: Exception, side: str = "output") -> GatewayError | None:
        if isinstance(problem, Unjudged):
            self.note(problem.rule, side, "UNANSWERED")
            what = "request" if side == "input" else "answer"
            return GuardUnanswered(
                f"The guard '{problem.rule.name}' asks an endpoint of the operator's about the {what}, and got no "
                "verdict. Without one nothing passes."
            )
        return super()._stop(problem, side)


class _Heard:
    """An answer passes a screen, and endpoints hear what it shows."""

    def __init__(self, screen: Screen, inquiry: OfAnswer) -> None:
        self._screen = screen
        self._inquiry = inquiry

    def take(self, events: Iterable[Event]) -> list[Event]:
        shown = self._screen.take(events)
        self._inquiry.hear(shown)
        return shown
