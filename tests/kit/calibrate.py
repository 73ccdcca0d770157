"""Fits `dialects/token_weights.py` to recorded usage, and says how near each family comes to what it has not seen.

    PYTHONPATH=tests uv run --with scipy python -m kit.calibrate

Each family is fitted to four fifths of its conversations and tried on the fifth, five times over, and to one half and
tried on the other, both ways: "fifths" and "halves" are the shares of calls so tried that came within 10 %. What is
written is fitted to all of them. Least absolute relative error, with what is beyond `TOLERATED` counted in full, by
linear programming, near a prior; calls that are far off (a hidden prompt, a count of another thing) lose their say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from gophergate.dialects import token_weights
from gophergate.dialects.estimate import family_of, measured
from gophergate.dialects.prompt_measure import NAMES
from gophergate.dialects.token_weights import FAMILIES, Family
from kit import counted
from kit.counted import Counted

TOKENS = ("said", "arguments", "results", "tools_said", "schema_said", "thought")
PRIOR: dict[str, float] = {**dict.fromkeys(TOKENS, 1.0), "user": 4, "assistant": 4}
"""What stands in a prompt is one token a token, and marks stand around each turn. What is not named here is 0."""
OWN: dict[str, dict[str, float]] = {
    "claude": {"rare": 1},
    "gemini-3-api": {"user": 0, "assistant": 0, "schema_said": 0},
    "gemini-api": {"user": 0, "assistant": 0, "schema_said": 0},
    "search": {"user": 1},
    "other": {"calls": 12, "answers": 6, "tools": 4, "anytool": 60, "one": 4},
}
"""Where a family's prior is another. "other", which is no family, stays there."""
LEANS = {
    "claude-next": "claude",
    "claude-4": "claude",
    "gemini": "gemini-api",
    "gemini-2.0": "gemini-api",
    "gemini-3": "gemini-3-api",
    "gpt-5-elsewhere": "gpt-5",
    "qwen": "qwen-ollama",
    "deepseek-elsewhere": "deepseek",
    "grok-code": "grok-4-fast",
    "grok-3": "grok-4-fast",
    "grok-4": "grok-4-fast",
    "mistral": "mistral-small",
    "llama-4": "llama-4-groq",
}
"""Families with few recordings start from a relative's weights."""
TOLERATED = 0.07
EXACT = 0.3
"""What an error counts up to `TOLERATED`, when one beyond it counts 1."""
PULL = 5e-4
"""What a token of difference from the prior costs, in calls' relative errors; what differs between vendors by its
nature costs less, and that a token is not a token costs much."""
PULLS = {
    **dict.fromkeys(TOKENS, 0.5),
    **dict.fromkeys(("rare", "thought", "oldthought"), 0.075),
    **dict.fromkeys(("seal", "oldseal"), 0.0125),
    **dict.fromkeys(("anytool", "one"), 0.000125),
    **dict.fromkeys(("schema", "forced", "serial"), 0.00025),
    **dict.fromkeys(("chat_tools", "seals", "oldseals", "properties"), 0.00125),
    **dict.fromkeys(("user", "assistant"), 0.0025),
}
SIGNED = frozenset(
    {
        *("seals", "oldseals", "one", "tools", "system", "assistant"),
        *("forced", "serial", "thinks", "effort", "nothink", "chat", "chat_tools"),
    }
)
"""Measures that may make a prompt shorter: offsets of others, and what is left out when it is asked for."""
FOLDS = 5
FEWEST = 20.0
"""Tokens below which an error is judged as if there were so many."""

Array = np.ndarray[Any, Any]
Calls = list[tuple[Counted, Array]]


def fitted(calls: Calls, prior: Array) -> Array:
    """The weights for these calls, near `prior`; `prior` itself where there are none."""
    if not calls:
        return prior
    measures = np.array([found for _, found in calls])
    tokens = np.array([call.tokens for call, _ in calls], float)
    size = np.maximum(np.maximum(tokens, measures @ prior), FEWEST)
    say = np.ones(len(calls))
    weights = prior
    for _ in range(5):
        weights = _least(measures / size[:, None], tokens / size, say, prior)
        off = np.abs(measures @ weights - tokens) / np.maximum(tokens, 8.0)
        say = np.where(off < 0.1, 1.0, np.where(off < 0.3, 0.6, np.where(off < 0.6, 0.2, 0.05)))
    return weights


def _least(measures: Array, tokens: Array, say: Array, prior: Array) -> Array:
    """Weights of least error. The unknowns: the weights, each call's error, the part of it beyond what is tolerated,
    each weight's distance from its prior."""
    rows, columns = measures.shape
    pull = np.array([PULLS.get(name, PULL) for name in NAMES])
    taken = sparse.csr_matrix(measures)
    error, away, pulled = sparse.identity(rows), sparse.identity(columns), sparse.diags(pull)
    limits = [
        [taken, -error, None, None],
        [-taken, -error, None, None],
        [None, error, -error, None],
        [pulled, None, None, -away],
        [-pulled, None, None, -away],
    ]
    found = linprog(
        np.concatenate([np.zeros(columns), EXACT * say, say, np.ones(columns)]),
        A_ub=sparse.bmat(limits).tocsr(),
        b_ub=np.concatenate([tokens, -tokens, TOLERATED * tokens, pull * prior, -pull * prior]),
        bounds=[(None if name in SIGNED else 0, None) for name in NAMES] + [(0, None)] * (rows + rows + columns),
        method="highs",
    )
    weights: Array = found.x[:columns]
    return weights


def near(calls: Calls, weights: Array) -> int:
    """How many calls these weights come near to."""
    return sum(call.near(float(found @ weights)) for call, found in calls)


def held_out(calls: Calls, prior: Array, part: Callable[[Counted], int], parts: int) -> int:
    """How many come near when each part is judged by the weights of the others."""
    shares = [([c for c in calls if part(c[0]) == at], [c for c in calls if part(c[0]) != at]) for at in range(parts)]
    return sum(near(tried, fitted(seen, prior)) for tried, seen in shares)


def main() -> None:
    """Fit, tell, write."""
    families: dict[str, Calls] = defaultdict(list)
    for call in counted.every():
        found = np.array(measured(call.request, call.model, service=call.service))
        families[family_of(call.model, call.service)].append((call, found))
    weights: dict[str, Array] = {}
    sums = np.zeros(4)
    for family in sorted(FAMILIES, key=lambda family: family.name in LEANS):
        name, calls = family.name, families[family.name]
        prior = weights[LEANS[name]] if name in LEANS else _prior(name)
        weights[name] = fitted(calls if name != "other" else [], prior)
        fifths = held_out(calls, prior, lambda call: call.hashed % FOLDS, FOLDS)
        halves = held_out(calls, prior, lambda call: call.hashed // 256 % 2, 2)
        count = np.array([len(calls), near(calls, weights[name]), fifths, halves])
        sums += count
        _tell(name, count)
    _tell("all", sums)
    page = Path(token_weights.__file__)
    head, _, rest = page.read_text().partition("# fmt: off\n")
    entries = "".join(_entry(family, weights[family.name]) for family in FAMILIES)
    page.write_text(
        f"{head}# fmt: off\nFAMILIES: tuple[Family, ...] = (\n{entries})\n# fmt: on{rest.partition('# fmt: on')[2]}"
    )


def _prior(name: str) -> Array:
    own = {**PRIOR, **OWN.get(name, {})}
    return np.array([own.get(measure, 0.0) for measure in NAMES])


def _tell(name: str, count: Array) -> None:
    shares = "  ".join(
        f"{word} {part / max(1, count[0]):.1%}"
        for word, part in zip(("near", "fifths", "halves"), count[1:], strict=True)
    )
    print(f"{name:20} {count[0]:5.0f} calls  {shares}")


def _entry(family: Family, weights: Array) -> str:
    lines, line = [], "       "
    for name, weight in zip(NAMES, weights, strict=True):
        if abs(weight) > 5e-3:
            said = f' "{name}": {weight:.4g},'
            if len(line) + len(said) > 118:
                lines.append(line)
                line = "       "
            line += said
    inside = "\n".join([*lines, line])
    services = "".join(f'"{service}", ' for service in family.services)
    services = f"({services.rstrip() if len(family.services) == 1 else services.rstrip(', ')})"
    shown = f'"{family.style}", "{family.cut}", {family.hides}'
    head = f'    Family("{family.name}", r"{family.pattern}",\n        {services}, {shown}, {{'
    return f"{head}\n{inside}\n    }}),\n"


if __name__ == "__main__":
    main()
