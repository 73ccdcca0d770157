"""`python -m gatebench.choices`: what one choice costs, by strategy and number of targets.

`pick` is the strategy alone, `choose` the whole way from a group's name to its ordered deployments with the sentences
of the decision. Microseconds of CPU, the least of several rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable

from gophergate.core.usage import Usage
from gophergate.dialects.base import encode
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.providers.base import Provider
from gophergate.providers.registry import BY_KIND
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog
from gophergate.routing.choose import Chooser
from gophergate.routing.groups import Group, Target, checked_groups
from gophergate.routing.health import Health
from gophergate.routing.strategies import STRATEGIES, Means, Standing
from gophergate.routing.traits import Traits
from gophergate.routing.warmth import Warmth

_DOOR = OpenAIChat()
_BODY = encode({"model": "g", "messages": [{"role": "user", "content": "word " * 400}]})


class _Prices:
    def price(self, deployment: Deployment, usage: Usage | None) -> tuple[int | None, str | None]:
        return len(deployment.label) * (usage.total_input if usage else 0), "bench"


def main() -> int:
    """Print the table. Exit status 1 when --enforce was given and a pick costs more than 5 us."""
    parser = argparse.ArgumentParser(prog="gatebench.choices", description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=[2, 10, 100])
    parser.add_argument("--choices", type=int, default=100_000)
    parser.add_argument("--enforce", action="store_true")
    words = parser.parse_args()
    dear = False
    print(f"{'strategy':<15}{'targets':>8}{'pick us':>10}{'choose us':>11}")
    for strategy in STRATEGIES:
        if strategy == "heuristic":
            continue  # It costs what its rules cost: see gatebench's notes in docs/routing.md.
        for count in words.targets:
            pick, choose = measured(strategy, count, words.choices)
            dear = dear or pick > 5.0
            print(f"{strategy:<15}{count:>8}{pick:>10.2f}{choose:>11.2f}")
    return 1 if dear and words.enforce else 0


def measured(strategy: str, count: int, choices: int) -> tuple[float, float]:
    """Microseconds of a pick and of a whole choice."""
    health = Health(time.monotonic, time.time)
    means = Means(random.Random(1), _Prices(), Warmth(time.monotonic), time.monotonic)
    names = [f"p{number}/m" for number in range(count)]
    group = Group(name="g", strategy=strategy, targets=tuple(Target(model=name, weight=1.0) for name in names))  # type: ignore[arg-type]
    catalog = Catalog([_provider(f"p{number}") for number in range(count)], checked_groups({"g": group}))
    heads = [catalog.plan(name).deployments[0] for name in names]
    standing = Standing(group, names, heads, [health.of(head) for head in heads], [1.0] * count)
    asked = [Traits(_DOOR, _BODY, _DOOR.peek(_BODY), session=f"session-{number}") for number in range(1000)]
    for one in asked:
        _ = one.input_tokens, one.prefix  # Reading a request is no part of choosing.
    chooser = Chooser(health, means)
    pick = STRATEGIES[strategy]

    def picks() -> None:
        for number in range(choices):
            pick(standing, asked[number % 1000], means)

    async def choose() -> None:
        for number in range(choices // 10):
            await chooser.choose(catalog, "g", asked[number % 1000])

    return _least(picks, choices), _least(lambda: asyncio.run(choose()), choices // 10)


def _least(work: Callable[[], None], times: int) -> float:
    spent = []
    for _ in range(5):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent) / times * 1e6


def _provider(name: str) -> Provider:
    return Provider(
        name=name,
        row=BY_KIND["compatible"],
        roots={"openai_chat": f"http://{name}.invalid/v1"},
        speaks=("openai_chat",),
        models=("m",),
    )


if __name__ == "__main__":
    sys.exit(main())
