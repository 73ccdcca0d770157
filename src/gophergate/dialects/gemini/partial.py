"""Arguments that Vertex streams piece by piece (`streamFunctionCallArguments`): JSON paths and values to one object.

Source: Vertex AI, "Stream function call arguments" (FunctionCall.partialArgs, PartialArg.jsonPath, willContinue).
"""

from __future__ import annotations

import re
from itertools import pairwise

from gophergate.core.blocks import Json
from gophergate.dialects.gemini.wire import camel

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]*)['\"]\]")
_LONGEST_LIST = 100_000
_VALUES = ("numberValue", "boolValue")


class PartialArguments:
    """Arguments that grow. A string told again for its path continues; a step that fits nothing is passed over."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: dict[str, Json] = {}

    def take(self, partial_args: Json) -> None:
        """More of the arguments."""
        for piece in partial_args if isinstance(partial_args, list) else ():
            told = camel(piece)
            path = told.get("jsonPath")
            if isinstance(path, str) and (steps := _steps(path)):
                self._set(steps, told)

    def _set(self, steps: list[str | int], told: dict[str, Json]) -> None:
        node: Json = self.value
        for step, following in pairwise(steps):
            inner: Json = [] if isinstance(following, int) else {}
            node = _child(node, step, inner)
        last = steps[-1]
        if isinstance(text := told.get("stringValue"), str):
            before = _child(node, last, "")
            _put(node, last, before + text if isinstance(before, str) else text)
        elif "nullValue" in told:
            _put(node, last, None)
        else:
            for name in _VALUES:
                if name in told:
                    _put(node, last, told[name])


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else name or quoted for name, index, quoted in _STEP.findall(path)]


def _child(node: Json, step: str | int, otherwise: Json) -> Json:
    """What stands at `step`, put there when nothing does."""
    if isinstance(node, dict) and isinstance(step, str):
        return node.setdefault(step, otherwise)
    if isinstance(node, list) and isinstance(step, int) and step < _LONGEST_LIST:
        if step >= len(node):
            node.extend([None] * (step - len(node)))
            node.append(otherwise)
        return node[step]
    return otherwise


def _put(node: Json, step: str | int, value: Json) -> None:
    if isinstance(node, dict) and isinstance(step, str):
        node[step] = value
    elif isinstance(node, list) and isinstance(step, int) and step < _LONGEST_LIST:
        node.extend([None] * (step + 1 - len(node)))
        node[step] = value
