"""What answers of these operations say they used, in disjoint counts. Each rule names the API that taught it.

Sources: https://platform.openai.com/docs/api-reference/images, .../audio; https://docs.cohere.com/reference/rerank;
https://docs.mistral.ai/api; and recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gophergate.core.blocks import Json
from gophergate.core.usage import NOTHING_REPORTED, Usage
from gophergate.dialects.costs import own_cost
from gophergate.dialects.members import count_of, object_of

_MILLISECONDS = 1000


def image_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Of pictures: tokens of text and of pictures on both sides. Where only pictures are told (dall-e, xAI) they are
    what is counted."""
    usage = object_of(answer.get("usage"))
    taken, made = object_of(usage.get("input_tokens_details")), object_of(usage.get("output_tokens_details"))
    prompt, output = count_of(usage.get("input_tokens")), count_of(usage.get("output_tokens"))
    shown = count_of(taken.get("image_tokens"))
    # gpt-image-1 told no details of its output at first: pictures are all it makes.
    drawn = count_of(made.get("image_tokens")) if made else output
    counted = Usage(
        input=_less(prompt, shown),
        image_input=shown,
        output=_less(output, drawn),
        image_output=drawn,
        provider_cost=own_cost(usage),
    )
    pictures = answer.get("data")
    if prompt is None and output is None and isinstance(pictures, list):
        return counted.merged(Usage(units={"images": len(pictures)}))
    return _told(counted)


def sound_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Of sound made or heard: OpenAI's tokens or seconds, Mistral's seconds with tokens, and a bare `duration`."""
    usage = object_of(answer.get("usage"))
    prompt = count_of(usage.get("input_tokens", usage.get("prompt_tokens")))
    output = count_of(usage.get("output_tokens", usage.get("completion_tokens")))
    details = object_of(usage.get("input_token_details", usage.get("prompt_tokens_details")))
    heard = count_of(details.get("audio_tokens"))
    seconds = usage.get("seconds", usage.get("prompt_audio_seconds"))
    if seconds is None and prompt is None and output is None:
        seconds = answer.get("duration")  # whisper's verbose_json
    apart = _sum(prompt, output, heard) == count_of(usage.get("total_tokens"))
    return _told(
        Usage(
            input=prompt if apart else _less(prompt, heard),  # Mistral counts sound beside the prompt.
            audio_input=heard,
            output=output,
            units=_lasted(seconds),
            provider_cost=own_cost(usage),
        )
    )


def speech_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Of speech: what is made is sound."""
    counted = sound_usage(answer)
    if counted is None:
        return None
    return Usage(input=counted.input, audio_output=counted.output, provider_cost=counted.provider_cost)


def text_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Of ranked documents and judged texts: searches (Cohere), or tokens, which are all of the input where only their
    total is told (Jina, Voyage, vLLM)."""
    billed = object_of(object_of(answer.get("meta")).get("billed_units"))
    searches = count_of(billed.get("search_units"))
    usage = object_of(answer.get("usage"))
    prompt = count_of(usage.get("prompt_tokens", usage.get("input_tokens", usage.get("total_tokens"))))
    return _told(
        Usage(
            input=prompt if prompt is not None else count_of(billed.get("input_tokens")),
            output=count_of(usage.get("completion_tokens", usage.get("output_tokens"))),
            units={"searches": searches} if searches is not None else None,
            provider_cost=own_cost(usage),
        )
    )


def characters(members: Mapping[str, Json]) -> Usage | None:
    """What is read aloud, which no answer tells: it is sold by the character."""
    said = members.get("input")
    return Usage(units={"characters": len(said)}) if isinstance(said, str) else None


def _told(usage: Usage) -> Usage | None:
    return None if usage == NOTHING_REPORTED else usage


def _less(all_of_them: int | None, some: int | None) -> int | None:
    return all_of_them if all_of_them is None or some is None else max(0, all_of_them - some)


def _sum(*counts: int | None) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)


def _lasted(seconds: Json) -> dict[str, int] | None:
    if isinstance(seconds, str):  # whisper's verbose_json once wrote it so
        try:
            seconds = float(seconds)
        except ValueError:
            return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    lasted = count_of(float(round(seconds * _MILLISECONDS)) if seconds == seconds and abs(seconds) < 1e9 else None)
    return {"audio_input_ms": lasted} if lasted is not None else None
