"""The OpenAI Responses dialect, both ends: what clients of the Responses API send and get, and what providers that
speak it (OpenAI, Azure, xAI, DeepSeek, Bedrock, OpenRouter) take and answer. Pure: nothing here keeps a response.

    request_in, items_in     a request read            request_out, items_out   a request written
    reader, items_seen       a reply read              writer, items_told       a reply written
    parts, tools, seals, usage, errors, response, wire: what both ends share
    stored                   items for a store of responses, which is somebody else's
"""

from __future__ import annotations

from gophergate.dialects.openai_responses.dialect import OpenAIResponses
from gophergate.dialects.openai_responses.stored import extend_input, input_items
from gophergate.dialects.openai_responses.writer import to_response_object

__all__ = ["OpenAIResponses", "extend_input", "input_items", "to_response_object"]
