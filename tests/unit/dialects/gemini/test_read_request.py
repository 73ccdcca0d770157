"""Bodies that Gemini's clients send, and the canonical requests they mean."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gophergate.core.blocks import Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice
from gophergate.dialects.base import Target
from gophergate.dialects.gemini import SEAL_MARK, Gemini
from gophergate.dialects.gemini.wire import shown_seal
from gophergate.errors import BadRequest

GEMINI = Gemini()


def read(body: dict[str, Any], **path: Any) -> Request:
    return GEMINI.read_request(json.dumps(body).encode(), **path)


def of_parts(*parts: dict[str, Any], role: str = "user") -> tuple[Any, ...]:
    return read({"contents": [{"role": role, "parts": list(parts)}]}).turns[0].blocks


def test_the_path_gives_model_and_stream() -> None:
    """Gemini carries neither in its body."""
    request = read({"contents": []}, model="gemini-3-pro", stream=True)
    assert (request.dialect, request.model, request.stream) == ("gemini", "gemini-3-pro", True)


def test_both_spellings_mean_the_same_at_every_level() -> None:
    """PROTOCOLS, surprise 2: google-genai mixes snake_case and camelCase in one body; data keep their keys."""
    snake = {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "QUJD"}}]},
            {
                "role": "model",
                "parts": [{"function_call": {"name": "f", "args": {"snake_key": 1}}, "thought_signature": "QQ=="}],
            },
            {"parts": [{"function_response": {"name": "f", "response": {"some_key": {"inner_key": 1}}}}]},
        ],
        "tools": {"function_declarations": {"name": "f", "parameters_json_schema": {"type": "object", "a_b": 1}}},
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        "generation_config": {"max_output_tokens": 5, "thinking_config": {"include_thoughts": True}},
        "safety_settings": [{"category": "C", "threshold": "T"}],
    }
    camel = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "f", "args": {"snake_key": 1}}, "thoughtSignature": "QQ=="}],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "f", "response": {"some_key": {"inner_key": 1}}}}],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object", "a_b": 1}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"includeThoughts": True}},
        "safetySettings": [{"category": "C", "threshold": "T"}],
    }
    request = read(snake)
    assert request == read(camel)
    call, result = request.turns[2].blocks[0], request.turns[3].blocks[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.arguments == '{"snake_key":1}'
    assert result.content == (Text(text='{"some_key":{"inner_key":1}}'),)
    assert request.tools == (Tool(name="f", parameters={"type": "object", "a_b": 1}),)
    assert request.extra == {"gemini": {"safetySettings": [{"category": "C", "threshold": "T"}]}}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"text": "hi"}, Text(text="hi")),
        ({"text": "hi", "thoughtSignature": "QQ=="}, Text(text="hi", seal=Seal("QQ==", "gemini"))),
        ({"text": "hm", "thought": True}, Thought(text="hm", summary=True)),
        ({"thought": True, "thoughtSignature": "QQ=="}, Thought(seal=Seal("QQ==", "gemini"), summary=True)),
        (
            {"inlineData": {"mimeType": "image/png", "data": "-_8", "displayName": "a.png"}},
            Media(kind="image", media_type="image/png", data="+/8=", name="a.png"),
        ),
        (
            {"fileData": {"fileUri": "https://x.org/a.pdf", "mimeType": "application/pdf"}},
            Media(kind="document", media_type="application/pdf", url="https://x.org/a.pdf"),
        ),
        (
            {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}, "videoMetadata": {"fps": 2}},
            Media(
                kind="video",
                url="https://www.youtube.com/watch?v=1",
                extra={"gemini": {"videoMetadata": {"fps": 2}}},
            ),
        ),
        (
            {"fileData": {"fileUri": "gs://bucket/a.mp3", "mimeType": "audio/mpeg"}},
            Media(kind="audio", media_type="audio/mpeg", file_id="gs://bucket/a.mp3", dialect="gemini"),
        ),
        (
            {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "QQ=="},
            Opaque(
                dialect="gemini",
                label="executableCode",
                data={"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "QQ=="},
            ),
        ),
        ({"newKind": {"a": 1}}, Opaque(dialect="gemini", label="newKind", data={"newKind": {"a": 1}})),
        (
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}, "thought": True},
            Opaque(
                dialect="gemini",
                label="inlineData",
                data={"inlineData": {"mimeType": "image/png", "data": "QQ=="}, "thought": True},
            ),
        ),
    ],
)
def test_a_part_is_a_block(part: dict[str, Any], block: Any) -> None:
    assert of_parts(part) == (block,)


def test_calls_without_ids_are_told_apart_and_found_again() -> None:
    """Edge case 42: parallel calls of one function each get an id; results go by name, then by order."""
    request = read(
        {
            "contents": [
                {"role": "user", "parts": [{"text": "go"}]},
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"name": "f", "args": {"n": 1}}},
                        {"functionCall": {"name": "f", "args": {"n": 2}}},
                        {"functionCall": {"name": "g"}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"name": "g", "response": {"output": "third"}}},
                        {"functionResponse": {"name": "f", "response": {"output": "first"}}},
                        {"functionResponse": {"name": "f", "response": {"output": "second"}}},
                    ],
                },
            ]
        }
    )
    calls, results = request.turns[1].blocks, request.turns[2].blocks
    assert len({call.id for call in calls}) == 3
    assert [result.call_id for result in results] == [calls[2].id, calls[0].id, calls[1].id]
    assert calls[2].arguments == "{}"


def test_given_ids_are_kept_at_full_length() -> None:
    """Edge case 53, and a client that sends ids on calls but none on results."""
    long_id = "call_" + "x" * 200
    request = read(
        {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"id": long_id, "name": "f", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "1"}}}]},
                {"role": "model", "parts": [{"functionCall": {"id": "b", "name": "f", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"id": "b", "name": "f", "response": {}}}]},
            ]
        }
    )
    assert [turn.blocks[0].id for turn in request.turns[::2]] == [long_id, "b"]
    assert [turn.blocks[0].call_id for turn in request.turns[1::2]] == [long_id, "b"]


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "sunny"}, "sunny", None),
        ({"result": "sunny"}, "sunny", None),
        ({"error": "no such city"}, "no such city", True),
        ({"output": {"c": 20}}, '{"output":{"c":20}}', None),
        ({"temperature": 20, "error": None}, '{"temperature":20,"error":null}', None),
        ({"error": {"code": 5}}, '{"error":{"code":5}}', True),
        ({"$ref": "#/x"}, '{"$ref":"#/x"}', None),
    ],
)
def test_a_result_is_unwrapped(response: dict[str, Any], text: str, is_error: bool | None) -> None:
    """Edge case 41: plain strings out of their object, and the error flag is not lost."""
    (result,) = of_parts({"functionResponse": {"name": "f", "response": response}})
    assert result.content == (Text(text=text),)
    assert result.is_error is is_error
    assert result.name == "f"


def test_a_result_may_hold_media() -> None:
    """Media in tool results (functionResponse.parts), with nothing in the response."""
    (result,) = of_parts(
        {
            "functionResponse": {
                "name": "shot",
                "response": {},
                "parts": [{"inline_data": {"mime_type": "image/png", "data": "QUJD"}}],
            }
        }
    )
    assert result.content == (Media(kind="image", media_type="image/png", data="QUJD"),)


def test_a_streamed_history_is_one_turn_again() -> None:
    """Edge case 19: google-genai keeps each chunk as a content; words run on, a foreign seal closes its thought."""
    seal = Seal("SIG", "anthropic_messages", "anthropic")
    redacted = Seal("RED", "anthropic_messages", "anthropic")
    parts = [
        {"text": "let ", "thought": True},
        {"text": "me see", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": shown_seal(seal)},
        {"thought": True, "thoughtSignature": shown_seal(redacted, redacted=True)},
        {"text": "Hel"},
        {"text": "lo"},
        {"functionCall": {"id": "1", "name": "f", "args": {}}, "thoughtSignature": "QQ=="},
        {"text": ""},
    ]
    request = read({"contents": [{"role": "model", "parts": [part]} for part in parts]})
    assert [turn.blocks for turn in request.turns] == [
        (
            Thought(text="let me see", seal=seal),
            Thought(seal=redacted, redacted=True),
            Text(text="Hello"),
            ToolCall(id="1", name="f", arguments="{}", seal=Seal("QQ==", "gemini")),
        )
    ]


def test_googles_seals_stay_on_their_part() -> None:
    """A signed part is never merged with an unsigned one (ai.google.dev, "Thought signatures")."""
    parts = [{"text": "a"}, {"text": "b", "thoughtSignature": "QQ=="}, {"text": "c"}]
    request = read({"contents": [{"role": "model", "parts": [part]} for part in parts]})
    assert request.turns[0].blocks == (Text(text="a"), Text(text="b", seal=Seal("QQ==", "gemini")), Text(text="c"))


@pytest.mark.parametrize("url_safe", [False, True])
def test_another_makers_seal_crosses_this_door_as_base64(url_safe: bool) -> None:
    """R-S2, R-S3: google-genai decodes signatures and encodes them anew, in the URL-safe alphabet."""
    seal = Seal("öß~~>>??token", "openai_responses", "azure-eu")
    shown = shown_seal(seal, item_id="rs_123")
    assert SEAL_MARK in shown.encode()
    base64.b64decode(shown, validate=True)
    token = shown.replace("+", "-").replace("/", "_") if url_safe else shown
    (thought,) = of_parts({"text": "x", "thought": True, "thoughtSignature": token}, role="model")
    assert thought == Thought(text="x", seal=seal, item_id="rs_123")


def test_what_only_looks_wrapped_is_googles_own() -> None:
    """Edge case 22: a token that begins like ours by chance passes whole."""
    for token in ("Z2cx", "Z2cxOg", "Z2cxfHJ8", "Z2cx!!"):
        (text,) = of_parts({"text": "x", "thoughtSignature": token}, role="model")
        assert text.seal == Seal(token, "gemini")


def test_google_schemas_become_json_schema() -> None:
    """PROTOCOLS, surprise 8; edge case 37: upper-case types, nullable, any_of, property order, int64 strings."""
    parameters = {
        "type": "OBJECT",
        "properties": {
            "b": {"type": "STRING", "nullable": True, "description": "type STRING"},
            "a": {"type": "ARRAY", "items": {"type": "INTEGER", "format": "int64"}, "min_items": "1"},
            "type": {"any_of": [{"type": "NUMBER"}, {"type": "NULL"}], "example": 1},
            "e": {"type": "STRING", "enum": ["OBJECT"], "nullable": True},
        },
        "propertyOrdering": ["a", "b"],
        "required": ["a"],
    }
    request = read({"tools": [{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]})
    (tool,) = request.tools
    assert isinstance(tool, Tool)
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "integer", "format": "int64"}, "minItems": 1},
            "b": {"type": ["string", "null"], "description": "type STRING"},
            "type": {"anyOf": [{"type": "number"}, {"type": "null"}], "examples": [1]},
            "e": {"anyOf": [{"type": "string", "enum": ["OBJECT"]}, {"type": "null"}]},
        },
        "required": ["a"],
    }
    assert list(tool.parameters["properties"]) == ["a", "b", "type", "e"]


def test_json_schemas_are_only_folded() -> None:
    """Gemini CLI sends upper-case types in responseJsonSchema; enum values and defaults are data."""
    schema = {
        "type": "OBJECT",
        "properties": {"x": {"type": ["STRING", "NULL"], "default": "STRING", "nullable": True}},
    }
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    assert read({"generationConfig": config}).format == OutputFormat(
        kind="json_schema",
        schema={
            "type": "object",
            "properties": {"x": {"type": ["string", "null"], "default": "STRING", "nullable": True}},
        },
    )


@pytest.mark.parametrize(
    ("config", "meant"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat(kind="json")),
        ({"responseMimeType": "text/plain"}, OutputFormat(kind="text")),
        (
            {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}},
            OutputFormat(kind="enum", schema={"type": "string", "enum": ["a"]}),
        ),
    ],
)
def test_output_formats(config: dict[str, Any], meant: OutputFormat) -> None:
    assert read({"generationConfig": config}).format == meant


def test_server_tools_are_kept_as_declared() -> None:
    """Edge case 25: googleSearch and its like are Google's, with their own spelling inside."""
    request = read({"tools": [{"google_search": {}}, {"fileSearch": {"file_search_store_names": ["s"]}}]})
    assert request.tools == (
        ServerTool(dialect="gemini", label="googleSearch", data={"googleSearch": {}}, name="googleSearch"),
        ServerTool(
            dialect="gemini",
            label="fileSearch",
            data={"fileSearch": {"file_search_store_names": ["s"]}},
            name="fileSearch",
        ),
    )


@pytest.mark.parametrize(
    ("calling", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice(mode="auto")),
        ({"mode": "any"}, ToolChoice(mode="required")),
        ({"mode": "NONE"}, ToolChoice(mode="none")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice(mode="named", names=("f",))),
        (
            {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
            ToolChoice(mode="allowed", names=("f", "g"), required=True),
        ),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice(mode="allowed", names=("f",))),
        ({"mode": "VALIDATED"}, ToolChoice(mode="auto", dialect="gemini", native={"mode": "VALIDATED"})),
        ({}, None),
    ],
)
def test_tool_choices(calling: dict[str, Any], choice: ToolChoice | None) -> None:
    assert read({"toolConfig": {"functionCallingConfig": calling}}).tool_choice == choice


@pytest.mark.parametrize(
    ("thinking", "meant"),
    [
        (
            {"includeThoughts": True, "thinkingBudget": 128},
            Reasoning(enabled=True, budget=128, summary="auto", visible=True),
        ),
        ({"thinkingLevel": "HIGH"}, Reasoning(effort="high", visible=False)),
        ({"thinkingBudget": 0}, Reasoning(enabled=False, budget=0, visible=False)),
        ({"thinkingBudget": -1}, Reasoning(enabled=True, budget=-1, visible=False)),
        ({"includeThoughts": False}, Reasoning(visible=False)),
    ],
)
def test_thinking(thinking: dict[str, Any], meant: Reasoning) -> None:
    assert read({"generationConfig": {"thinkingConfig": thinking}}).reasoning == meant


def test_settings_and_what_has_no_canonical_name() -> None:
    """R-C1: members of Google's own ride along, those of inner messages under dotted names."""
    request = read(
        {
            "generationConfig": {
                "temperature": "0.5",
                "topK": 40.0,
                "stopSequences": ["END"],
                "candidateCount": 2,
                "seed": 7,
                "responseLogprobs": True,
                "logprobs": 3,
                "responseModalities": ["TEXT", "IMAGE"],
                "imageConfig": {"aspectRatio": "1:1"},
            },
            "toolConfig": {"retrievalConfig": {"languageCode": "en"}},
            "cachedContent": "cachedContents/1",
            "labels": {"my_team": "a"},
            "serviceTier": "FLEX",
            "store": False,
        }
    )
    assert (request.temperature, request.top_k, request.stop, request.n) == (0.5, 40, ("END",), 2)
    assert (request.seed, request.logprobs, request.top_logprobs) == (7, True, 3)
    assert (request.modalities, request.service_tier, request.store) == (("text", "image"), "flex", False)
    assert request.extra["gemini"] == {
        "cachedContent": "cachedContents/1",
        "labels": {"my_team": "a"},
        "generationConfig.imageConfig": {"aspectRatio": "1:1"},
        "toolConfig.retrievalConfig": {"languageCode": "en"},
    }


def test_count_tokens_wraps_the_request_it_counts() -> None:
    """R-C4: both forms of a countTokens body."""
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    wrapped = read({"generateContentRequest": {"model": "models/gemini-x", "contents": contents}})
    assert wrapped.model == "gemini-x"
    assert wrapped.turns == read({"contents": contents}).turns


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"contents": "hi"}, "contents"),
        ({"contents": ["hi"]}, "contents[0]"),
        ({"contents": [{"role": "system", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"role": "user", "parts": [7]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"text": 7}]}]}, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "contents[0].parts[0].functionCall.name"),
        (
            {"contents": [{"parts": [{"functionCall": {"name": "f", "args": "x"}}]}]},
            "contents[0].parts[0].functionCall.args",
        ),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        ({"generationConfig": {"topK": 1.5}}, "generationConfig.topK"),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": "x"}}}, "generationConfig.thinkingConfig"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}, "toolConfig.functionCallingConfig.mode"),
    ],
)
def test_a_wrong_body_says_where(body: dict[str, Any], param: str) -> None:
    """R-E1, R-X8: the message names the member."""
    with pytest.raises(BadRequest) as caught:
        read(body)
    assert (caught.value.param or "").startswith(param)
    assert caught.value.status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """R-X8: also JSON that is nested too deeply."""
    with pytest.raises(BadRequest):
        GEMINI.read_request(body)
    with pytest.raises(BadRequest):
        GEMINI.peek(body)


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ([{"text": {"mimeType": "application/json", "schema": SCHEMA}}], ("json_schema", SCHEMA)),
        ([{"text": {"mime_type": "APPLICATION_JSON"}}], ("json", None)),
        ({"text": {"schema": {"type": "OBJECT"}}}, ("json_schema", {"type": "object"})),
        ([{"image": {"aspectRatio": "1:1"}}, {"text": {"schema": SCHEMA}}], ("json_schema", SCHEMA)),
    ],
)
def test_the_newer_response_format_asks_for_the_same(said: Any, form: tuple[str, Any]) -> None:
    """google-genai 3's `response_format`; what it asks of pictures and sound rides along."""
    request = read({"contents": [], "generationConfig": {"responseFormat": said}}, model="m")
    assert request.format is not None
    assert (request.format.kind, request.format.schema) == form
    rest = request.extra.get("gemini", {})
    assert rest == ({"generationConfig.responseFormat": said} if "image" in str(said) else {})
    again = GEMINI.write_request(request, Target(model="m"))
    assert again.dropped == ()
    assert again.body["generationConfig"] == {"responseFormat": said}


@pytest.mark.parametrize("said", [[{"image": {"imageSize": "2K"}}], [{"text": {"mimeType": "text/plain"}}], "odd", []])
def test_a_response_format_that_asks_nothing_of_words_rides_along(said: Any) -> None:
    request = read({"contents": [], "generationConfig": {"responseFormat": said, "topP": 0.5}}, model="m")
    assert request.format is None
    assert request.extra == {"gemini": {"generationConfig.responseFormat": said}}


def test_the_older_words_for_a_format_win_over_the_newer_and_lose_nothing() -> None:
    config = {"responseMimeType": "application/json", "responseFormat": [{"text": {"schema": SCHEMA}}]}
    request = read({"contents": [], "generationConfig": config}, model="m")
    assert request.format == OutputFormat(kind="json")
    assert GEMINI.write_request(request, Target(model="m")).body["generationConfig"] == config
