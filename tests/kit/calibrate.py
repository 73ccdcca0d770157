"""Fits `dialects/token_weights.py` to recorded usage, and says how near each family comes to what it has not seen.

    PYTHONPATH=tests uv run --with scipy python -m kit.calibrate

Each family is fitted to half of its conversations and tried on the other, both ways: "held out" is the share of calls
so tried that came within 10 %. What is written is fitted to all of them. Least absolute relative error by linear
programming, near a prior; calls that are far off (a hidden prompt, a count of another thing) lose their say.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from gophergate.dialects import token_weights
from gophergate.dialects.estimate import family_of
from gophergate.dialects.prompt_measure import NAMES, measure
from gophergate.dialects.token_weights import FAMILIES, Family
from kit import counted
from kit.counted import Counted

# fmt: off
PRIOR: dict[str, float] = {
    "w3": 1, "w6": 1, "w9": 1.1, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1, "punct": 1, "pmore": 0.3, "nl": 0.5,
    "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1, "t_names": 1, "props": 4, "ndesc": 1, "enum": 1, "f_w": 0.3,
    "f_p": 0.3, "turns": 4, "calls": 6, "results": 6, "tools": 6, "anytool": 10, "fmt": 10, "one": 3,
}
"""Where there is nothing to learn from: about one token a word, a few a turn. What is not named here is 0."""
LOOSE = {
    "anytool": 0.02, "one": 0.02, "forced": 0.05, "fmt": 0.05, "system": 0.05, "chat": 0.1, "chat_tools": 0.1,
    "think": 0.1, "nothink": 0.1, "think_tools": 0.2, "serial": 0.2, "none_tools": 0.2, "named": 0.2,
    "results": 0.3, "calls": 0.3, "tools": 0.3, "turns": 0.3,
}
"""What differs between vendors by its nature, and so may leave its prior for little."""
# fmt: on
STIFFNESS = 0.02
LEANS = {
    "claude-next": "claude",
    "claude-4": "claude",
    "gemini": "gemini-api",
    "gemini-3": "gemini-3-api",
    "llama": "gpt-4",
    "other": "gpt-4",
}
"""Families with few recordings start from a relative's weights; "other", which is no family, stays there."""
WORDS = ("w3", "w6", "w9", "w13", "w14")
LOWEST = {**dict.fromkeys(WORDS, 0.6), "t_desc": 0.5, "dig": 0.4, "punct": 0.4, "high": 0.4, "acc": 0.4}
HIGHEST = {**dict.fromkeys((*WORDS, "wlong"), 1.7), "t_desc": 2.0, "dig": 2.5}
"""Times the prior: no tokeniser makes nothing of a word."""
SIGNED = frozenset(
    {
        "chat",
        "chat_tools",
        "think",
        "think_tools",
        "serial",
        "nothink",
        "none_tools",
        "named",
        "forced",
        "t_names",
        "system",
    }
)

Weights = np.ndarray[Any, Any]
Calls = list[tuple[Counted, Weights]]


def fitted(calls: Calls, prior: Weights) -> Weights:
    """The weights for these calls, near `prior`; `prior` itself where there are none."""
    if not calls:
        return prior
    measures = np.array([measured for _, measured in calls])
    tokens = np.array([call.tokens for call, _ in calls], float)
    say = np.ones(len(calls))
    weights = prior
    for _ in range(4):
        weights = _least(measures, tokens, say / np.maximum(tokens, 8.0), prior)
        off = np.abs(measures @ weights - tokens) / np.maximum(tokens, 8.0)
        say = np.where(off < 0.06, 0.6, np.where(off < 0.2, 1.6, np.where(off < 0.4, 0.4, 0.05)))
    return weights


def _least(measures: Weights, tokens: Weights, say: Weights, prior: Weights) -> Weights:
    rows, columns = measures.shape
    pull = STIFFNESS / np.maximum(np.abs(prior), 0.4) * np.array([LOOSE.get(name, 1.0) for name in NAMES])
    scaled, wanted = sparse.csr_matrix(measures * say[:, None]), tokens * say
    error, away, pulled = sparse.identity(rows), sparse.identity(columns), sparse.diags(pull)
    limits = [[scaled, -error, None], [-scaled, -error, None], [pulled, None, -away], [-pulled, None, -away]]
    found = linprog(
        np.concatenate([np.zeros(columns), np.ones(rows + columns)]),
        A_ub=sparse.bmat(limits).tocsr(),
        b_ub=np.concatenate([wanted, -wanted, pull * prior, -pull * prior]),
        bounds=[_bounds(name) for name in NAMES] + [(0, None)] * (rows + columns),
        method="highs",
    )
    weights: Weights = found.x[:columns]
    return weights


def _bounds(name: str) -> tuple[float | None, float | None]:
    usual = PRIOR.get(name, 0.0)
    return (
        None if name in SIGNED else LOWEST.get(name, 0.0) * usual,
        HIGHEST[name] * usual if name in HIGHEST else None,
    )


def near(calls: Calls, weights: Weights) -> int:
    """How many calls these weights come near to."""
    return sum(call.near(float(measured @ weights)) for call, measured in calls)


def held_out(calls: Calls, prior: Weights) -> int:
    """How many come near when each half is judged by the weights of the other."""
    halves = [[pair for pair in calls if pair[0].half == half] for half in (0, 1)]
    return near(halves[0], fitted(halves[1], prior)) + near(halves[1], fitted(halves[0], prior))


def main() -> None:
    """Fit, tell, write."""
    families: dict[str, Calls] = defaultdict(list)
    for call in counted.every():
        measured = np.array(measure(call.request, call.request.dialect))
        families[family_of(call.model, call.service)].append((call, measured))
    base = np.array([PRIOR.get(name, 0.0) for name in NAMES])
    weights: dict[str, Weights] = {}
    seen = unseen = 0
    for family in sorted(FAMILIES, key=lambda family: family.name in LEANS):
        calls = families[family.name]
        prior = weights[LEANS[family.name]] if family.name in LEANS else base
        weights[family.name] = fitted(calls if family.name != "other" else [], prior)
        known, tried = near(calls, weights[family.name]), held_out(calls, prior)
        seen, unseen = seen + known, unseen + tried
        shares = f"near {known / max(1, len(calls)):.0%}, held out {tried / max(1, len(calls)):.0%}"
        print(f"{family.name:14} {len(calls):5} calls, {shares}")
    total = sum(map(len, families.values()))
    print(f"all {total} calls, near {seen / total:.0%}, held out {unseen / total:.0%}")
    page = Path(token_weights.__file__)
    head, _, rest = page.read_text().partition("# fmt: off\n")
    entries = "".join(_entry(family, weights[family.name]) for family in FAMILIES)
    page.write_text(
        f"{head}# fmt: off\nFAMILIES: tuple[Family, ...] = (\n{entries})\n# fmt: on{rest.partition('# fmt: on')[2]}"
    )


def _entry(family: Family, weights: Weights) -> str:
    lines, line = [], "       "
    for name, weight in zip(NAMES, weights, strict=True):
        if abs(weight) > 5e-4:
            said = f' "{name}": {weight:.4g},'
            if len(line) + len(said) > 118:
                lines.append(line)
                line = "       "
            line += said
    inside = "\n".join([*lines, line])
    return f'    Family("{family.name}", r"{family.pattern}", "{family.service}", {{\n{inside}\n    }}),\n'


if __name__ == "__main__":
    main()
