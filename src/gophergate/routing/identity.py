"""Model ids as people and providers write them, brought to the forms they have in common.

Pure and cheap. It takes away what says when or where a model is served (dates, revisions, regions, vendors' prefixes,
serving tags), never what says which model it is (size, generation, variant).
"""

from __future__ import annotations

import re

_PLACES = re.compile(
    r"^(models/|publishers/[^/]+/models/|accounts/[^/]+/(models|routers)/|(us|eu|apac|jp|au|global)\.)"
)
_VENDOR = re.compile(r"^(anthropic|amazon|meta|mistral|cohere|deepseek|ai21|openai|qwen|moonshot|minimax|zai)\.")
_TAG = re.compile(r":(free|nitro|floor|online|thinking|extended|exacto|beta|latest|fastest|cheapest)$")
_DATED = re.compile(
    r"(-preview)?-("
    r"20\d{2}-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"  # 2025-04-14, 20250414
    r"|(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"  # 05-06, 0613
    r"|2\d(0[1-9]|1[0-2])"  # 2512
    r"|(0[1-9]|1[0-2])-20\d{2}"  # 10-2025
    r")$"
)
_REVISED = re.compile(r"(-v\d(:\d+)?|-00\d|-latest|-preview|-exp|-experimental)$")
LONGEST = 320
"""Characters of an id that are looked at."""


def keys(model: str) -> tuple[str, ...]:
    """The forms of an id, from the most telling to the least, each once: as it stands, in one spelling, without its
    vendor, without its date, without its revision. Two ids that share a form name one model.

    >>> keys("us.anthropic.claude-sonnet-4-5-20250929-v1:0")[-1]
    'claude-sonnet-4-5'
    """
    text = model[:LONGEST].lower()
    spelled = text.replace("@", "-").replace("_", "-").replace(" ", "-")
    while (bare := _PLACES.sub("", spelled)) != spelled:
        spelled = bare
    spelled = _TAG.sub("", spelled)
    found = [text, spelled, spelled.replace(".", "-")]
    plain = _VENDOR.sub("", spelled.rpartition("/")[2])
    found.append(plain.replace(".", "-"))
    while (shorter := _shortened(plain)) != plain:
        plain = shorter
        found.append(plain.replace(".", "-"))
    return tuple(dict.fromkeys(found))


def _shortened(plain: str) -> str:
    for pattern in (_REVISED, _DATED):
        shorter = pattern.sub("", plain)
        if shorter and shorter != plain:
            return shorter
    return plain
