"""The chat doors: which dialect serves which path, and what the Gemini paths say themselves.

Knows no order of work (that is `exchange`) and no path (that is `front.routes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import parse_qsl

from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Dialect
from gophergate.dialects.gemini import Gemini
from gophergate.dialects.ollama import Ollama
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_chat.completions import NAME as COMPLETIONS
from gophergate.dialects.openai_chat.completions import OpenAICompletions
from gophergate.dialects.openai_responses import OpenAIResponses
from gophergate.exchange import House, exchange
from gophergate.front.base import Handler, Inbound, Reply
from gophergate.routing.base import Runner
from gophergate.routing.loading import Loading

COUNT = "count_tokens"
"""The operation, as rows name it."""


def dialects() -> dict[str, Dialect]:
    """Every dialect by its name."""
    spoken: tuple[Dialect, ...] = (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), Gemini(), Ollama())
    return {dialect.name: dialect for dialect in spoken}


class ChatDoors:
    """Makes the handlers of chat calls."""

    def __init__(
        self, house: House, spoken: Mapping[str, Dialect], counting: Runner, with_history: Mapping[str, Runner]
    ) -> None:
        """`with_history` are the runners that count at the doors whose requests may go on from earlier turns."""
        self._house = house
        self._counting = counting
        self._with_history = with_history
        self._doors = {**spoken, "ollama_generate": Ollama(generate=True), COMPLETIONS: OpenAICompletions()}
        self._array = Gemini(array=True)

    def chat(self, name: str) -> Handler:
        """The chat door of a dialect; "ollama_generate" is Ollama's older one, "openai_completions" OpenAI's."""
        runner = None
        if name == COMPLETIONS:
            return partial(exchange, house=self._house, door=self._doors[name], operation="completions")
        if name in ("ollama", "ollama_generate"):
            runner = Loading(self._house.attempts, generate=name == "ollama_generate")
        return partial(exchange, house=self._house, door=self._doors[name], runner=runner)

    def count(self, name: str) -> Handler:
        """The token-counting door of a dialect."""
        door, runner = self._doors[name], self._with_history.get(name, self._counting)
        return partial(exchange, house=self._house, door=door, operation=COUNT, runner=runner)

    def gemini(self, model: str, verb: str) -> Handler:
        """One verb of one model. A stream is SSE when the query says `alt=sse`, else one JSON array."""
        if verb == "streamGenerateContent":
            return partial(self._gemini_stream, model)
        door = self._doors["gemini"]
        if verb == "countTokens":
            return partial(
                exchange, house=self._house, door=door, path_model=model, operation=COUNT, runner=self._counting
            )
        return partial(exchange, house=self._house, door=door, path_model=model)

    async def _gemini_stream(self, model: str, inbound: Inbound, reply: Reply) -> None:
        asked = dict(parse_qsl(inbound.query.decode("latin-1")))
        door = self._doors["gemini"] if asked.get("alt", "").lower() == "sse" else self._array
        await exchange(inbound, reply, self._house, door, path_model=model, path_stream=True)
