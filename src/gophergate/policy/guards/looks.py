"""Looking at texts that may be changed, that cannot be, and that stay as they are: `Looks`, whatever finds in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from gophergate.policy.guards.requests import Looks
from gophergate.policy.guards.rules import Rule
from gophergate.policy.guards.window import Tell

Over = Callable[[str, Tell], str]
"""A text as it may go on; every find in it is told."""


class TooMuch(Exception):
    """There is more text than the `most` characters that are looked at, and a rule does not let it pass so."""

    def __init__(self, rule: Rule, most: int) -> None:
        super().__init__(rule.name)
        self.rule = rule
        self.most = most


class Unmaskable(Exception):
    """A rule would mask what cannot be changed; `what` names that."""

    def __init__(self, rule: Rule, what: str) -> None:
        super().__init__(rule.name)
        self.rule = rule
        self.what = what


class Looking(ABC):
    """`Looks`, by what one kind of rule makes of a text. `tell` hears of every find."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def __call__(self, text: str) -> str:
        return self.over(text, self._tell) if text else text

    @abstractmethod
    def over(self, text: str, tell: Tell) -> str:
        """A text as it may go on."""

    def unchanged(self, what: str) -> Looks:
        return _Unchanged(self, self._tell, what)

    def watched(self) -> Looks:
        return _Watched(self, self._tell)


class _Fixed(Looking):
    """For texts that stay as they are."""

    def __init__(self, looking: Looking, tell: Tell) -> None:
        super().__init__(tell)
        self._looking = looking


class _Unchanged(_Fixed):
    def __init__(self, looking: Looking, tell: Tell, what: str) -> None:
        super().__init__(looking, tell)
        self._what = what

    def over(self, text: str, tell: Tell) -> str:
        def refuse(rule: Rule, label: str) -> None:
            tell(rule, label)
            if rule.masks:
                raise Unmaskable(rule, self._what)

        self._looking.over(text, refuse)
        return text


class _Watched(_Fixed):
    def over(self, text: str, tell: Tell) -> str:
        self._looking.over(text, tell)
        return text
