"""Anthropic's Messages API: how its clients ask, how its providers answer, and both the other way round.

The rooms: `wire` (words both ends share), `blocks` and `content` (blocks in and out), `turns`, `thinking`, `schema`,
`names`, `betas` (what a request needs), `request_reader` and `request_writer`, `reader` and `writer` (replies),
`usage`, `failures`.
"""

from __future__ import annotations

from gophergate.dialects.anthropic_messages.dialect import AnthropicMessages

__all__ = ["AnthropicMessages"]
