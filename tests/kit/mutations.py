"""JSON made wrong: members of a good body changed, removed, moved and wrapped, as hypothesis draws them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

ODD = (
    *(None, True, False, 0, -1, 2**63, 10**400, 1e308, 0.5, "", "a", "\x00", "x\ud800", "9" * 50, "data:,", "http://x"),
    *("data:image/png;base64,", [], {}, [[]], [None], ["a"], [1], {"": None}, {"type": None}, {"type": "text"}),
    *({"type": []}, {"type": "function"}, {"a": {"b": [1]}}),
)
"""Values of every type, where any may stand."""
NAMES = ("type", "id", "name", "role", "content", "input", "index", "extra", "text", "parts", "model", "stream")
Path = tuple[Any, ...]


def places(value: Any, so_far: Path = ()) -> list[Path]:
    """Every place inside a value, but its root."""
    found: list[Path] = []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        found.append((*so_far, key))
        found += places(inner, (*so_far, key))
    return found


def at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for key in path:
        value = value[key]
    return value


def copied(value: Any) -> Any:
    """A copy that shares nothing."""
    return json.loads(json.dumps(value))


@st.composite
def mutated(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> Any:
    """One of the bodies with one to three things wrong in it."""
    body = copied(draw(bodies))
    for _ in range(draw(st.integers(1, 3))):
        found = places(body)
        if not found:
            break
        path = draw(st.sampled_from(found))
        parent, key = at(body, path[:-1]), path[-1]
        match draw(st.sampled_from(("odd", "odd", "gone", "wrapped", "elsewhere", "added"))):
            case "odd":
                parent[key] = copied(draw(st.sampled_from(ODD)))
            case "gone":
                del parent[key]
            case "wrapped":
                parent[key] = [parent[key]]
            case "elsewhere":
                parent[key] = copied(at(body, draw(st.sampled_from(found))))
            case _ if isinstance(parent, dict):
                parent[draw(st.sampled_from(NAMES))] = copied(draw(st.sampled_from(ODD)))
    return body
