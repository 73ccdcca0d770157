"""What each event of a provider's stream says of the reply, by the event's type."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.items_seen import (
    SeenCall,
    SeenMessage,
    SeenThought,
)
from gophergate.dialects.openai_responses.reply_seen import Reply, Said
from gophergate.dialects.openai_responses.wire import UNFINISHED


def _began(reply: Reply, said: Said) -> None:
    reply.begin(said.response)


def _added(reply: Reply, said: Said) -> None:
    if isinstance(said.item, dict):
        reply.seen(said, "", said.item)


def _item_done(reply: Reply, said: Said) -> None:
    if isinstance(said.item, dict):
        reply.whole(reply.seen(said, "", said.item), said.item)


def _text_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        seen.grow(said.content_index or 0, said.delta, list_of(said.logprobs) or None)


def _refusal_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        seen.grow(said.content_index or 0, said.delta, refusal=True)


def _text_done(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage):
        whole = {"text": said.text} if said.refusal is None else {"refusal": said.refusal}
        seen.settle(said.content_index or 0, {**whole, "logprobs": said.logprobs})


def _annotated(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "message")
    if isinstance(seen, SeenMessage) and isinstance(said.annotation, dict):
        seen.cite(said.content_index or 0, said.annotation)


def _part_added(reply: Reply, said: Said) -> None:
    part = object_of(said.part)
    seen = reply.known(said)
    if isinstance(seen, SeenMessage) and part.get("type") in ("output_text", "refusal"):
        seen.begin(said.content_index or 0, refusal=part.get("type") == "refusal")


def _part_done(reply: Reply, said: Said) -> None:
    seen, part = reply.known(said), object_of(said.part)
    if isinstance(seen, SeenMessage):
        seen.settle(said.content_index or 0, part)
        seen.close_part(said.content_index or 0)
    elif isinstance(seen, SeenThought):
        seen.settle("content", said.content_index or 0, part.get("text"))


def _arguments_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "function_call")
    if isinstance(seen, SeenCall):
        seen.grow(said.delta)


def _input_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "custom_tool_call")
    if isinstance(seen, SeenCall):
        seen.grow(said.delta)


def _arguments_done(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "function_call" if said.input is None else "custom_tool_call")
    if isinstance(seen, SeenCall):
        seen.begin({"name": said.name})
        seen.settle(said.arguments if said.input is None else said.input)


def _summary_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.grow("summary", said.summary_index or 0, said.delta)


def _summary_done(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        whole = said.text if said.part is None else object_of(said.part).get("text")
        seen.settle("summary", said.summary_index or 0, whole)


def _thought_delta(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.grow("content", said.content_index or 0, said.delta)


def _thought_done(reply: Reply, said: Said) -> None:
    seen = reply.seen(said, "reasoning")
    if isinstance(seen, SeenThought):
        seen.settle("content", said.content_index or 0, said.text)


def _sounded(reply: Reply, said: Said) -> None:
    reply.speak(data=text_of(said.delta))


def _spoken(reply: Reply, said: Said) -> None:
    reply.speak(transcript=text_of(said.delta))


def _sound_over(reply: Reply, said: Said) -> None:
    reply.speak(is_over=True)


def _concluded(reply: Reply, said: Said) -> None:
    if not isinstance(said.response, dict):
        return
    status = said.type.removeprefix("response.")
    told = text_of(said.response.get("status"))
    # A "completed" event wins over a stale status inside it, but not over a telling one.
    reply.conclude(said.response, told if status == "completed" and told and told not in UNFINISHED else status)


HANDLERS: Mapping[str, Callable[[Reply, Said], None]] = {
    "response.created": _began,
    "response.queued": _began,
    "response.in_progress": _began,
    "response.output_item.added": _added,
    "response.output_item.done": _item_done,
    "response.content_part.added": _part_added,
    "response.content_part.done": _part_done,
    "response.reasoning_part.done": _part_done,
    "response.output_text.delta": _text_delta,
    "response.output_text.done": _text_done,
    "response.output_text.annotation.added": _annotated,
    "response.refusal.delta": _refusal_delta,
    "response.refusal.done": _text_done,
    "response.function_call_arguments.delta": _arguments_delta,
    "response.function_call_arguments.done": _arguments_done,
    "response.custom_tool_call_input.delta": _input_delta,
    "response.custom_tool_call_input.done": _arguments_done,
    "response.reasoning_summary_text.delta": _summary_delta,
    "response.reasoning_summary_text.done": _summary_done,
    "response.reasoning_summary_part.done": _summary_done,
    "response.reasoning_summary.delta": _summary_delta,
    "response.reasoning_summary.done": _summary_done,
    "response.reasoning_text.delta": _thought_delta,
    "response.reasoning_text.done": _thought_done,
    "response.reasoning.delta": _thought_delta,
    "response.reasoning.done": _thought_done,
    "response.audio.delta": _sounded,
    "response.audio.done": _sound_over,
    "response.audio.transcript.delta": _spoken,
    "response.completed": _concluded,
    "response.incomplete": _concluded,
    "response.failed": _concluded,
    "response.cancelled": _concluded,
}
"""The two-word reasoning events are Open Responses' names, and OpenAI's first ones."""
