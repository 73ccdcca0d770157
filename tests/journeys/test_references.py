"""Items of earlier responses that a request only refers to (`item_reference`), asked with OpenAI's own client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError

from kit.answers import SIGNATURE, provider, script
from kit.gate import KEY, gate, url
from kit.upstream import Upstream


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic_messages", "gemini", "ollama"])
async def test_items_that_we_made_may_be_referred_to(dialect: str, tmp_path: Path) -> None:
    """PROTOCOLS: Vercel's SDK sends references in the place of what was answered before, unless told not to."""
    question: dict[str, Any] = {"role": "user", "content": "What is the weather?"}
    async with (
        Upstream(script(dialect)) as upstream,
        gate(tmp_path, provider(dialect, upstream.url)) as gateway,
        AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as sdk,
    ):
        first = await sdk.responses.create(model="up/m", input=[question])  # type: ignore[list-item]
        [call] = [item for item in first.output if item.type == "function_call"]
        references = [{"type": "item_reference", "id": item.id} for item in first.output]
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"}
        turn: Any = [question, *references, result]
        second = await sdk.responses.create(model="up/m", input=turn)
        sent = upstream.asked[-1].body
        await sdk.responses.create(model="up/m", input="And then?", previous_response_id=second.id)
        again = upstream.asked[-1].body

        unstored = await sdk.responses.create(model="up/m", input=turn, store=False)
        lost: Any = [question, {"type": "item_reference", "id": unstored.output[0].id}]
        with pytest.raises(BadRequestError) as refused:
            await sdk.responses.create(model="up/m", input=lost)
    for body in (sent, again):
        assert body.count(b"22 degrees") == 1
        assert body.index(b"What is the weather?") < body.index(b"Ulm") < body.index(b"22 degrees")
        assert b"item_reference" not in body
    if dialect in ("anthropic_messages", "gemini"):
        assert SIGNATURE.encode() in sent
    assert (refused.value.code, refused.value.param) == ("item_not_found", "input")
