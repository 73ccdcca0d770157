"""What an answer says, in aspects that mean the same in every dialect, read from a dialect's plain JSON.

Used twice: on the original (through the vendor's SDK, or joined plainly where the SDK refuses it), and on what a
client's SDK made of our bytes. Shares no code with the dialects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kit.fidelity_whole import Json


@dataclass
class Call:
    """A client-side tool call. `arguments` as a JSON value, or the text itself where it is none."""

    id: str
    name: str
    arguments: Json


@dataclass
class Counts:
    """Tokens in sums that every vendor can be brought to; what was not reported counts as zero."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass
class Said:
    """`finish` is stop, length, tool_calls, withheld (filtered or refused), malformed (a call that is none) or paused
    (the vendor has more to do); `sources` are cited URLs; `media` counts pictures and sounds."""

    text: str = ""
    thought: str = ""
    refusal: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: str = ""
    usage: Counts | None = None
    sources: list[str] = field(default_factory=list)
    media: int = 0

    def ended(self, word: str) -> None:
        """Settle the reason: who answers with calls wants them run, whatever word the provider chose for it."""
        if word in ("stop", "tool_calls"):
            word = "tool_calls" if self.calls else "stop"
        self.finish = "withheld" if self.refusal and word == "stop" else word

    def cites(self, url: Json) -> None:
        if isinstance(url, str) and url and url not in self.sources:
            self.sources.append(url)


def value_of(text: str) -> Json:
    """Arguments as a value: none at all is the empty object."""
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return text


def said_by(dialect: str, whole: dict[str, Json]) -> Said:
    """What a whole answer of that dialect says."""
    return _READ[dialect](whole)


# -- OpenAI Chat and its look-alikes ------------------------------------------------------------------------------

_CHAT_ENDS = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "withheld",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


def _chat(whole: dict[str, Json]) -> Said:
    said = Said()
    choices = whole.get("choices") or [{}]
    message = choices[0].get("message") or {}
    _chat_content(said, message.get("content"))
    details = "".join((d.get("text") or d.get("summary") or "") for d in message.get("reasoning_details") or [])
    names = ("reasoning_content", "reasoning", "reasoning_text")
    said.thought += details or next((message[name] for name in names if message.get(name)), "")
    _split_tag(said)
    said.media = len(message.get("images") or []) + bool((message.get("audio") or {}).get("data"))
    said.refusal = message.get("refusal") or ""
    for call in message.get("tool_calls") or []:
        if (call.get("custom") or {}).get("name"):
            said.calls.append(Call(call.get("id") or "", call["custom"]["name"], {"input": call["custom"]["input"]}))
        else:
            function = call["function"]
            arguments = function.get("arguments") or ""
            told = value_of(arguments) if isinstance(arguments, str) else arguments
            said.calls.append(Call(call.get("id") or "", function["name"], told))
    legacy = message.get("function_call")
    if legacy and legacy["name"]:
        said.calls.append(Call("", legacy["name"], value_of(legacy["arguments"] or "")))
    for annotation in message.get("annotations") or []:
        said.cites((annotation.get("url_citation") or {}).get("url"))
    for source in [*(whole.get("search_results") or []), *(whole.get("citations") or [])]:
        said.cites(source.get("url") if isinstance(source, dict) else source)  # Perplexity's, beside the message
    word = choices[0].get("finish_reason") or ""
    said.ended(_CHAT_ENDS.get(word, "stop"))
    said.usage = _chat_usage(whole.get("usage") or (whole.get("x_groq") or {}).get("usage"))
    return said


def _chat_content(said: Said, content: Json) -> None:
    if isinstance(content, str):
        said.text = content
    for part in content if isinstance(content, list) else []:
        if part.get("type") in ("text", None):
            said.text += part.get("text") or ""
        said.thought += "".join(piece.get("text") or "" for piece in part.get("thinking") or [])
    if isinstance(content, dict):
        said.text = json.dumps(content)


def _split_tag(said: Said) -> None:
    """Open models put their reasoning into the text, in a tag at its very beginning."""
    found = re.match(r"\s*<think>\s*(.*?)(?:</think>\s*(.*)|$)", said.text, re.DOTALL)
    if found:
        said.thought, said.text = said.thought + found[1], found[2] or ""


def _chat_usage(usage: Json) -> Counts | None:
    if not usage:
        return None
    prompt, total = usage.get("prompt_tokens") or 0, usage.get("total_tokens") or 0
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or usage.get("cached_tokens") or 0
    cached = cached or usage.get("prompt_cache_hit_tokens") or usage.get("num_cached_tokens") or 0
    completion = usage.get("completion_tokens") or 0
    details = usage.get("completion_tokens_details") or {}
    reasoning = details.get("reasoning_tokens") or usage.get("reasoning_tokens") or 0
    audio = (usage.get("prompt_tokens_details") or {}).get("audio_tokens") or 0
    if audio > prompt:
        prompt += audio  # Mistral counts sound beside the prompt's
    if cached > prompt:
        prompt += cached  # Grok on Azure counts cached tokens beside the prompt's
        total += cached
    output = max(completion, total - prompt)  # xAI and Google's OpenAI door count reasoning beside the completion's
    reasoning = max(reasoning, output - completion)
    if reasoning > output:
        output += reasoning  # Vercel for Gemini counts thoughts in neither sum
    return Counts(prompt, cached, output, reasoning)


# -- OpenAI Responses ---------------------------------------------------------------------------------------------


def _responses(whole: dict[str, Json]) -> Said:
    said = Said()
    for item in whole.get("output") or []:
        match item.get("type"):
            case "message":
                for part in item.get("content") or []:
                    said.text += part.get("text") or ""
                    said.refusal += part.get("refusal") or ""
                    for annotation in part.get("annotations") or []:
                        said.cites(annotation.get("url"))
            case "reasoning":
                texts = item.get("content") or item.get("summary") or []
                said.thought += "".join(part.get("text") or "" for part in texts)
            case "function_call":
                arguments = item.get("arguments") or ""
                said.calls.append(Call(item["call_id"], _full_name(item), value_of(arguments)))
            case "image_generation_call":
                said.media += bool(item.get("result"))
            case "custom_tool_call":
                said.calls.append(Call(item["call_id"], _full_name(item), {"input": item.get("input")}))
    why = (whole.get("incomplete_details") or {}).get("reason")
    word = {"max_output_tokens": "length", "content_filter": "withheld"}.get(why, "stop")
    said.ended("paused" if whole.get("status") in ("queued", "in_progress") else word)
    usage = whole.get("usage")
    if usage:
        said.usage = Counts(
            usage.get("input_tokens") or 0,
            (usage.get("input_tokens_details") or {}).get("cached_tokens") or 0,
            usage.get("output_tokens") or 0,
            (usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
        )
    return said


def _full_name(item: dict[str, Json]) -> str:
    namespace = item.get("namespace")
    return f"{namespace}__{item['name']}" if namespace else str(item["name"])


# -- Anthropic Messages -------------------------------------------------------------------------------------------

_MESSAGES_ENDS = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "withheld",
    "pause_turn": "paused",
    "compaction": "paused",
}


def _messages(whole: dict[str, Json]) -> Said:
    said = Said()
    for block in whole.get("content") or []:
        match block.get("type"):
            case "text":
                said.text += block.get("text") or ""
                for citation in block.get("citations") or []:
                    source = str(citation.get("source") or "")
                    said.cites(citation.get("url") or (source if "://" in source else ""))
            case "thinking":
                said.thought += block.get("thinking") or ""
            case "tool_use":
                said.calls.append(Call(block["id"], block["name"], block.get("input")))
    said.ended(_MESSAGES_ENDS.get(whole.get("stop_reason") or "", "stop"))
    usage = whole.get("usage")
    if usage:
        said.usage = _messages_usage(usage)
    return said


def _messages_usage(usage: dict[str, Json]) -> Counts:
    """Compaction passes are billed, though they stand apart from the sums: they are added."""
    passes = [usage, *(one for one in usage.get("iterations") or [] if one.get("type") == "compaction")]

    def total(name: str) -> int:
        return sum(one.get(name) or 0 for one in passes)

    read, written = total("cache_read_input_tokens"), total("cache_creation_input_tokens")
    reasoning = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    return Counts(total("input_tokens") + read + written, read, total("output_tokens"), reasoning)


# -- Gemini -------------------------------------------------------------------------------------------------------

_GEMINI_ENDS = {"MAX_TOKENS": "length", "STOP": "stop", "FINISH_REASON_UNSPECIFIED": "stop"}
_GEMINI_NUMBERS = {0: "FINISH_REASON_UNSPECIFIED", 1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY"}


def _gemini(whole: dict[str, Json]) -> Said:
    said = Said()
    candidate: dict[str, Json] = (whole.get("candidates") or [{}])[0]
    for part in (candidate.get("content") or {}).get("parts") or []:
        text, call = part.get("text") or "", part.get("functionCall")
        if part.get("thought"):
            said.thought += text
        else:
            said.text += text
        said.media += "inlineData" in part or "fileData" in part
        if call:
            said.calls.append(Call(call.get("id") or "", call["name"], call.get("args") or {}))
    for chunk in (candidate.get("groundingMetadata") or {}).get("groundingChunks") or []:
        said.cites((chunk.get("web") or {}).get("uri"))
    for citation in (candidate.get("citationMetadata") or {}).get("citations") or []:
        said.cites(citation.get("uri"))
    word = candidate.get("finishReason") or ""
    if (whole.get("promptFeedback") or {}).get("blockReason"):
        said.ended("withheld")
    elif word in ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"):
        said.ended("malformed")
    else:
        said.ended(_GEMINI_ENDS.get(_GEMINI_NUMBERS.get(word, word), "withheld" if word else "stop"))
    usage = whole.get("usageMetadata")
    if usage:
        prompt = (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0)
        thoughts = usage.get("thoughtsTokenCount") or 0
        counted = (usage.get("candidatesTokenCount") or 0) + thoughts
        output = usage["totalTokenCount"] - prompt if usage.get("totalTokenCount") else counted
        said.usage = Counts(prompt, usage.get("cachedContentTokenCount") or 0, output, thoughts)
    return said


# -- Ollama -------------------------------------------------------------------------------------------------------


def _ollama(whole: dict[str, Json]) -> Said:
    message: dict[str, Json] = whole.get("message") or {}
    said = Said(text=message.get("content") or "", thought=message.get("thinking") or "")
    for call in message.get("tool_calls") or []:
        said.calls.append(Call("", call["function"]["name"], call["function"]["arguments"]))
    word: Any = whole.get("done_reason")
    said.ended({"length": "length", "content_filter": "withheld", "refusal": "withheld"}.get(word, "stop"))
    if whole.get("prompt_eval_count") is not None or whole.get("eval_count") is not None:
        said.usage = Counts(input=whole.get("prompt_eval_count") or 0, output=whole.get("eval_count") or 0)
    return said


_READ: dict[str, Callable[[dict[str, Json]], Said]] = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic_messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}
