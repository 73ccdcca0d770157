"""Model groups: virtual models that stand for others, and what makes a set of them sound. No choosing here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from gophergate.core.resilience import AS_PROVIDED, NO_WAITS, Disconnect, Resilience, Waits
from gophergate.errors import BadRequest
from gophergate.routing.patterns import BadPattern, finder

DEPTH = 10
"""Groups within groups, at most."""

Strategy = Literal[
    "ordered", "weighted", "least_latency", "least_busy", "cheapest", "sticky", "heuristic", "classifier"
]
StickyBy = Literal["auto", "session", "user", "prompt"]


class GroupProblem(BadRequest):
    """A group that cannot work. `group` is its name, `member` the one of its members that is wrong; `cycle` are the
    groups that lead to one another, where that is what is wrong."""

    code = "invalid_group"

    def __init__(self, group: str, member: str, message: str, cycle: tuple[str, ...] = ()) -> None:
        super().__init__(message, param=member)
        self.group = group
        self.member = member
        self.cycle = cycle or (group,)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a group may resolve to: "provider/model", or another group. `weight` is its share under weighted."""

    model: str
    weight: float = 1.0


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of a group's ordered rules: where all it says is so, `model` is asked, and `fallback` should that fail.

    `pattern` is looked for in what the user said last, as text or as an expression (`regex`), capitals mattering or
    not (`case`). A tag is "name" or "name=value". `max_input_tokens_lt` holds for a prompt of fewer tokens. A condition
    that is None asks nothing. `is_default_fallback` holds always.
    """

    model: str
    fallback: str | None = None
    pattern: str = ""
    regex: bool = False
    case: bool = False
    any_of_tags: tuple[str, ...] = ()
    max_input_tokens_lt: int | None = None
    requires_reasoning: bool | None = None
    requires_tool_calling: bool | None = None
    has_multimodal_input: bool | None = None
    is_default_fallback: bool = False

    @property
    def asks_nothing(self) -> bool:
        """Whether it has no condition at all, and does not say either that it holds always."""
        conditions = (
            self.pattern,
            self.any_of_tags,
            self.max_input_tokens_lt is not None,
            self.requires_reasoning is not None,
            self.requires_tool_calling is not None,
            self.has_multimodal_input is not None,
            self.is_default_fallback,
        )
        return not any(conditions)


class Rating(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a classifier group rates a request: `model` says how hard it is, from 0 to `threshold`, and the targets stand
    from the easiest to the hardest (O28). It has `timeout` seconds; an answer is good for `remember` seconds for the
    same prompt. `instruction` takes the place of the built-in one."""

    model: str
    threshold: int = 9
    timeout: float = 5.0
    remember: float = 3600.0
    instruction: str = ""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group or an alias. `rules` are those of the heuristic strategy, which a classifier falls back on as well;
    `sticky_by` is what a sticky one goes by; from `retries` on the members are those of `Resilience`, for calls that
    ask for this group by its name.

    A group with a "*" in its name is an alias for many: what stands for it is put in place of the "*" of its targets.
    """

    name: str
    strategy: Strategy = "ordered"
    targets: tuple[Target, ...] = ()
    fallbacks: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    classifier: Rating | None = None
    sticky_by: StickyBy = "auto"
    retries: int | None = None
    retry_deadline: float | None = None
    timeouts: Waits = NO_WAITS
    hedge_after: float | None = None
    wait: float | None = None
    disconnect: Disconnect | None = None
    continue_streams: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """Every name that its strategy may choose, in order, each once: its members but for mere fallbacks."""
        return tuple(dict.fromkeys(name for member, name in self.named() if not member.startswith("fallbacks")))

    @property
    def members(self) -> tuple[str, ...]:
        """Every name it may lead to, in order, each once."""
        return tuple(dict.fromkeys(name for _, name in self.named()))

    def named(self) -> Iterator[tuple[str, str]]:
        """Every name it may lead to with the member that says it, such as "rules[1].fallback"."""
        for at, target in enumerate(self.targets):
            yield f"targets[{at}].model", target.model
        for at, rule in enumerate(self.rules):
            yield f"rules[{at}].model", rule.model
            if rule.fallback is not None:
                yield f"rules[{at}].fallback", rule.fallback
        for at, name in enumerate(self.fallbacks):
            yield f"fallbacks[{at}]", name

    @property
    def resilience(self) -> Resilience:
        """What it says of its calls; the shared default where it says nothing."""
        said = Resilience(**{name: getattr(self, name) for name in Resilience.__struct_fields__})
        if said.timeouts == NO_WAITS:
            said = msgspec.structs.replace(said, timeouts=NO_WAITS)
        return AS_PROVIDED if said == AS_PROVIDED else said


def checked_groups(groups: Mapping[str, Group]) -> Mapping[str, Group]:
    """The same groups. Raises GroupProblem for one that is empty or contradicts itself, a pattern that cannot be used,
    a cycle (which it shows) or too deep a nest."""
    known: dict[str, tuple[str, ...]] = {}
    for group in groups.values():
        _check(group)
        _chain(groups, group, (), known)
    return groups


def _check(group: Group) -> None:
    def refuse(member: str, why: str) -> GroupProblem:
        return GroupProblem(group.name, member, f"The group '{group.name}' {why}.")

    if not group.members:
        raise refuse("targets", "has no targets")
    if group.strategy == "weighted" and not any(target.weight > 0 for target in group.targets):
        raise refuse("targets", "is weighted, and all its weights are zero")
    if group.name.count("*") > 1:
        raise refuse("name", "may have one '*' in its name")
    if group.strategy == "classifier" and group.classifier is None:
        raise refuse("classifier", "rates requests, and does not say by which model (classifier.model)")
    if group.strategy == "classifier" and not group.targets:
        raise refuse("targets", "rates requests, and has no targets to rate them for")
    for at, rule in enumerate(group.rules):
        if rule.asks_nothing:
            raise refuse(
                f"rules[{at}]",
                f"has a rule without a condition (rules[{at}]); one that always holds says is_default_fallback = true",
            )
        if rule.pattern:
            try:
                finder(rule.pattern, regex=rule.regex, case=rule.case)
            except BadPattern as error:
                raise refuse(
                    f"rules[{at}].pattern", f"has a pattern that cannot be used (rules[{at}]): {error}"
                ) from None
    always = any(rule.is_default_fallback for rule in group.rules)
    if group.strategy == "heuristic" and not (always or group.targets or group.fallbacks):
        raise refuse(
            "rules",
            "has no answer for a request that no rule fits: give it targets, or a rule with is_default_fallback",
        )


def _chain(
    groups: Mapping[str, Group], group: Group, above: tuple[str, ...], known: dict[str, tuple[str, ...]]
) -> None:
    """Puts the longest way down from a group into `known`. Each group is gone through once, however they entwine."""
    if group.name in known:
        return
    longest: tuple[str, ...] = ()
    asked = [*group.named()]
    if group.classifier is not None:
        asked.append(("classifier.model", group.classifier.model))
    path = (*above, group.name)
    for member, name in asked:
        inner = groups.get(name)
        if inner is None:
            continue
        if name in path:
            cycle = path[path.index(name) :]
            shown = " -> ".join((*cycle, name))
            raise GroupProblem(name, member, f"The group '{name}' leads back to itself: {shown}.", cycle)
        _chain(groups, inner, path, known)
        longest = max(longest, known[name], key=len)
        if len(longest) >= DEPTH:
            shown = " -> ".join((group.name, *longest))
            raise GroupProblem(
                group.name, member, f"Groups may nest {DEPTH} deep, and '{group.name}' goes deeper: {shown}."
            )
    known[group.name] = (group.name, *longest)
