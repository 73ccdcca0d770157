from __future__ import annotations

from typing import Any

from gophergate.core.request import Tool
from gophergate.dialects.tool_words import rendered, said, shape

WEATHER = Tool(
    name="get_weather",
    description="Tells the weather.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city"},
            "units": {"enum": ["c", "f"], "default": "c"},
        },
        "required": ["city"],
    },
)


def test_typescript_is_what_gpt_oss_was_published_with() -> None:
    assert "".join(rendered([WEATHER, Tool(name="now")], "typescript")).split("\n") == [
        "// Tells the weather.",
        "type get_weather = (_: {",
        "// The city",
        "city: string,",
        'units?: "c" | "f", // default: "c"',
        "}) => any;",
        "",
        "type now = () => any;",
        "",
        "",
    ]


def test_json_is_spaced_as_templates_space_it() -> None:
    (text,) = rendered([Tool(name="now", description="Tells the time.")], "json")
    assert text == (
        '{"type": "function", "function": {"name": "now", "description": "Tells the time.", "parameters": {}}}'
    )


def test_what_is_said_is_every_name_and_word() -> None:
    assert sorted(said(WEATHER.parameters)) == ["The city", "c", "c", "city", "city", "f", "object", "string", "units"]
    assert shape(WEATHER.parameters) == (2, 0)


def test_a_schema_may_be_as_deep_as_it_likes() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        deep = {"type": "object", "properties": {"a": deep}}
    tool = Tool(name="deep", parameters=deep)
    assert shape(deep) == (300, 299)
    for style in ("typescript", "said"):
        assert list(rendered([tool], style))  # type: ignore[arg-type]
