"""Every kind of provider, explicitly. To add an OpenAI-compatible one, add one row to `compatible.py`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gophergate.providers import anthropic, compatible, google, ollama, openai, simulator
from gophergate.providers.base import Row
from gophergate.providers.served import serving

ROWS: tuple[Row, ...] = tuple(
    map(serving, (openai.ROW, anthropic.ROW, google.ROW, ollama.ROW, *compatible.ROWS, simulator.ROW))
)

BY_KIND: Mapping[str, Row] = MappingProxyType({row.kind: row for row in ROWS})
"""The rows by the `kind` that configuration names."""
