"""Whole requests with all that the vendors' types can say, one thing at a time, in conversations that make sense.

A result follows its call, a block stands in the turn of whoever may say it, tools are there to be chosen from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache

import ollama
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming as MessagesBody
from google.genai import types as google
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as ChatBody
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming as ResponsesBody

from kit.sdk_samples import Field, Json, sparse, sparse_of

Body = dict[str, Json]

_NAME, _ID = "name_said", "call_id_said"


@cache
def bodies(dialect: str) -> tuple[Body, ...]:
    """The requests of one dialect, the plainest first."""
    return tuple(_MAKERS[dialect]())


# -- OpenAI Responses -------------------------------------------------------------------------------------------------


def _responses() -> Iterator[Body]:
    hello = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    called = {
        "function_call_output": {"type": "function_call", "call_id": _ID, "name": _NAME, "arguments": "{}"},
        "custom_tool_call_output": {"type": "custom_tool_call", "call_id": _ID, "name": _NAME, "input": "x"},
    }
    yield {"model": "m", "input": [hello]}
    for body in sparse(ResponsesBody):
        said = body.get("input") or []
        if isinstance(said, str):
            yield {**body, "model": "m"}
            continue
        before = [called[item["type"]] for item in said if item.get("type") in called]
        made = [{**item, "call_id": _ID} if item.get("type") in called else item for item in said]
        yield {**body, "model": "m", "input": [hello, *before, *made]}


# -- OpenAI Chat ------------------------------------------------------------------------------------------------------


def _chat() -> Iterator[Body]:
    hello = {"role": "user", "content": "hi"}
    tool = {"type": "function", "function": {"name": _NAME, "parameters": {"type": "object", "properties": {}}}}
    yield {"model": "m", "messages": [hello]}
    for body in sparse(ChatBody):
        (message,) = body["messages"]
        before = [hello, *_called_in_chat(message)]
        form = body.get("response_format", {})
        if form.get("type") == "json_schema":
            schema = {"schema": tool["function"]["parameters"], **form["json_schema"]}
            body = {**body, "response_format": {**form, "json_schema": schema}}
        if "tool_choice" in body:
            body = {**body, "tools": [tool]}
        if "function_call" in body:
            body = {**body, "functions": [tool["function"]]}
        yield {**body, "model": "m", "messages": [*before, message]}


def _called_in_chat(message: Body) -> Iterator[Body]:
    if message["role"] == "tool":
        call = {"id": message["tool_call_id"], "type": "function", "function": {"name": _NAME, "arguments": "{}"}}
        yield {"role": "assistant", "content": None, "tool_calls": [call]}
    if message["role"] == "function":
        yield {"role": "assistant", "content": None, "function_call": {"name": message["name"], "arguments": "{}"}}


# -- Anthropic Messages -----------------------------------------------------------------------------------------------

_OF_THE_USER = frozenset(
    {"image", "document", "search_result", "tool_result", "container_upload", "tool_addition", "tool_removal"}
)


def _messages() -> Iterator[Body]:
    hello, told = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}
    tool = {"name": _NAME, "input_schema": {"type": "object", "properties": {}}}
    yield {"model": "m", "max_tokens": 9000, "messages": [hello]}
    for body in sparse(MessagesBody):
        (message,) = body["messages"]
        content = message.get("content", "x")
        block = content[0] if isinstance(content, list) else {"type": "text"}
        kind = block["type"]
        if "any_data" in json.dumps(block):
            continue  # a file to be read by the SDK, which sends its base64
        role = message["role"] if kind == "text" else "user" if kind in _OF_THE_USER else "assistant"
        before = [hello, told] if role == "user" else [hello]
        if kind == "tool_result":
            call = {"type": "tool_use", "id": block["tool_use_id"], "name": _NAME, "input": {}}
            before = [hello, {"role": "assistant", "content": [call]}]
        if "tool_choice" in body:
            body = {**body, "tools": [tool]}
        if "budget_tokens" in body.get("thinking", {}):
            body = {**body, "thinking": {**body["thinking"], "budget_tokens": 2048}}
        yield {
            **body,
            "model": "m",
            "max_tokens": 9000,
            "messages": [*before, {"content": content, **message, "role": role}],
        }


# -- Gemini -----------------------------------------------------------------------------------------------------------

_OF_THE_MODEL = frozenset({"functionCall", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"})


def _gemini() -> Iterator[Body]:
    hello = {"role": "user", "parts": [{"text": "hi"}]}
    yield {"contents": [hello]}
    for part in sparse(google.Part):
        yield {"contents": [hello, *_said_in_gemini(part)]}
    declared = {"functionDeclarations": [{"name": _NAME}]}
    for declaration in sparse(google.FunctionDeclaration):
        yield {"tools": [{"functionDeclarations": [{**declaration, "name": _NAME}]}], "contents": [hello]}
    settings = (
        Field("tools", list[google.Tool]),
        Field("toolConfig", google.ToolConfig),
        Field("generationConfig", google.GenerationConfig),
        Field("safetySettings", list[google.SafetySetting]),
        Field("cachedContent", str),
        Field("labels", dict[str, str]),
        Field("serviceTier", str),
        Field("store", bool),
    )
    for body in sparse_of(*settings):
        if any("functionDeclarations" in tool for tool in body.get("tools", ())):
            continue  # declared by name above
        config = body.get("generationConfig", {})
        if "topK" in config:
            body["generationConfig"] = {"topK": 7}  # typed a float, and refused with a fraction
        if "toolConfig" in body:
            body["tools"] = [declared]
            calling = body["toolConfig"].get("functionCallingConfig", {})
            if "allowedFunctionNames" in calling:
                calling.update(mode="ANY", allowedFunctionNames=[_NAME])
        yield {**body, "contents": [hello]}


def _said_in_gemini(part: Body) -> Iterator[Body]:
    told = {"role": "model", "parts": [{"text": "yes"}]}
    if "functionCall" in part:
        part = {**part, "functionCall": {"name": _NAME, "args": {}, **part["functionCall"]}}
    if "functionResponse" in part:
        answer = {"name": _NAME, "response": {"output": "x"}, **part["functionResponse"]}
        call = {name: answer[name] for name in ("id", "name") if name in answer}
        yield {"role": "model", "parts": [{"functionCall": {**call, "args": {}}}]}
        yield {"role": "user", "parts": [{**part, "functionResponse": answer}]}
    elif part.keys() & _OF_THE_MODEL:
        yield {"role": "model", "parts": [part]}
    elif part.keys() - {"thought"}:  # a thought of nothing is none
        yield told
        yield {"role": "user", "parts": [part]}


# -- Ollama -----------------------------------------------------------------------------------------------------------


def _ollama() -> Iterator[Body]:
    hello = {"role": "user", "content": "hi"}
    yield {"model": "m", "messages": [hello]}
    for body in sparse(ollama._types.ChatRequest):
        said = [{"content": "x", **message, "role": "user"} for message in body.get("messages", ())]
        for message in said:
            if "thinking" in message or "tool_calls" in message:
                message["role"] = "assistant"
            if "tool_name" in message:
                message.update(role="tool", tool_name=_NAME)
            message.update({"images": ["Qnl0ZXM="]} if "images" in message else {})
        tools = [
            {**tool, "type": "function", "function": {"name": _NAME, **(tool.get("function") or {})}}
            for tool in body.get("tools", ())
        ]
        called = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": _NAME, "arguments": {}}}]}
        before = [hello, called] if said and said[0]["role"] == "tool" else [hello]
        yield {**body, "model": "m", "messages": [*before, *said], **({"tools": tools} if tools else {})}


_MAKERS: dict[str, Callable[[], Iterator[Body]]] = {
    "openai_responses": _responses,
    "openai_chat": _chat,
    "anthropic_messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}
