"""What kinds of provider serve beside chat, as one table: a row in the registry is the kind's own with this in it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from gophergate.providers.base import Row

COMPLETIONS: Mapping[str, str] = {
    "openai": "-instruct|^davinci-|^babbage-",
    **dict.fromkeys(("openrouter", "together", "fireworks", "cerebras", "deepinfra"), ""),
    **dict.fromkeys(("vllm", "lmstudio", "llamacpp"), ""),
}
"""The kinds that have the legacy completions door, each with what finds the names of the models that it is for."""


def serving(row: Row) -> Row:
    """The row with all that its kind serves."""
    return replace(row, completions=COMPLETIONS.get(row.kind))
