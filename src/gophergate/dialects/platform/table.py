"""The operations that go as they come, one row each: where they are asked for, what of them is words, what they cost.

Sources: https://platform.openai.com/docs/api-reference (images, moderations, audio); rerank is Cohere's and Jina's
(https://docs.cohere.com/reference/rerank, https://api.jina.ai/docs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gophergate.core.usage import Usage
from gophergate.dialects.platform.usage import characters, image_usage, sound_usage, speech_usage, text_usage

Counts = Callable[[Mapping[str, Any]], Usage | None]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what rows call it, `dialect` the language of its calls, `path` where that is spoken, below /v1 here and
    below a provider's root there.

    `words` are the members that hold texts; `usage` reads an answer's members, `asked` what the request itself says of
    its use; `ends` are the events that a stream of it ends with; `sound`: its answer is one that nobody can read;
    `spoken`: its answer's words may be cut anywhere in a stream; `generates`: its answer is tokens that are paid for;
    `default` is the model of a request that names none.
    """

    name: str
    dialect: str
    path: str
    words: tuple[str, ...]
    usage: Counts
    asked: Counts = lambda _members: None
    ends: tuple[str, ...] = ()
    sound: bool = False
    spoken: bool = False
    generates: bool = True
    default: str = ""


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="images",
        dialect="openai_images",
        path="/images/generations",
        words=("prompt", "negative_prompt"),
        usage=image_usage,
        ends=("image_generation.completed",),
    ),
    Operation(
        name="image_edits",
        dialect="openai_image_edits",
        path="/images/edits",
        words=("prompt", "negative_prompt"),
        usage=image_usage,
        ends=("image_edit.completed",),
    ),
    Operation(
        name="moderations",
        dialect="openai_moderations",
        path="/moderations",
        words=("input",),
        usage=text_usage,
        generates=False,
        default="omni-moderation-latest",
    ),
    Operation(
        name="rerank",
        dialect="rerank",
        path="/rerank",
        words=("query", "documents"),
        usage=text_usage,
        generates=False,
    ),
    Operation(
        name="speech",
        dialect="openai_speech",
        path="/audio/speech",
        words=("input", "instructions"),
        usage=speech_usage,
        asked=characters,
        ends=("speech.audio.done",),
        sound=True,
    ),
    Operation(
        name="transcriptions",
        dialect="openai_transcriptions",
        path="/audio/transcriptions",
        words=("prompt",),
        usage=sound_usage,
        ends=("transcript.text.done", "transcription.done"),
        spoken=True,
    ),
    Operation(
        name="translations",
        dialect="openai_translations",
        path="/audio/translations",
        words=("prompt",),
        usage=sound_usage,
        spoken=True,
    ),
)
