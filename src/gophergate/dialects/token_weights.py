"""Weights of `prompt_measure` for each model family: data, written by `kit.calibrate` from recorded usage.

The first family serves whose pattern is found in the model's name (in lower case), at its services when it names some:
services differ in how they show and count the same declared tools. Names, patterns, services, styles and cuts and
their order are kept by hand; a family without weights of its own is fitted when the calibration runs again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.dialects.tool_words import Style
from gophergate.dialects.vocabulary import Cut


class Family(msgspec.Struct, frozen=True):
    """`services` are provider kinds, none for any. `style` is how tools are shown to the model, `cut` how words are
    cut; `hides` when tools that must not be called are not shown at all. `weights` are tokens for one of each measure;
    a measure that is not named weighs nothing."""

    name: str
    pattern: str
    services: tuple[str, ...]
    style: Style
    cut: Cut
    hides: bool
    weights: Mapping[str, float]


# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("mistral-small", r"(mistral|magistral)-small",
        (), "json", "ones", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "oldthought": 1.017,
        "tools": 2, "anytool": 2, "system": 2, "user": 2, "assistant": 2, "calls": 5, "forced": 2, "one": 13,
    }),
    Family("claude-next", r"claude-(opus-4[-.][78]|fable|mythos|(opus|sonnet|haiku)-[5-9])",
        (), "json", "threes", False, {
        "rare": 1, "said": 1.413, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1.022,
        "oldthought": 0.09811, "oldseal": 0.5381, "oldseals": 0.06707, "tools": -4.271, "anytool": 366.3,
        "taking": 39.1, "properties": 1.651, "schema": 119, "system": -10.45, "user": 4.948, "assistant": -16.61,
        "forced": 87.44, "serial": -196.2, "thinks": -39.09, "effort": 30.05, "nothink": 0.05, "chat": -0.05,
        "chat_tools": -0.5488, "one": 38.16,
    }),
    Family("claude-4", r"claude-(3|(sonnet|opus)-4($|-2025|-1)|4-|4\.0)",
        (), "json", "threes", False, {
        "rare": 0.7745, "said": 1.037, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1,
        "thought": 1.022, "oldthought": 0.09811, "oldseal": 0.5381, "oldseals": 0.06707, "tools": -4.271,
        "anytool": 314.6, "taking": 0.4065, "properties": 0.3399, "schema": 119, "system": -1.624, "user": 3.965,
        "assistant": -3.609, "calls": 58.9, "answers": 8.456, "forced": 4.51, "serial": -196.2, "thinks": 29,
        "effort": 30.05, "nothink": 0.05, "one": 2.774,
    }),
    Family("claude", r"claude",
        (), "json", "threes", False, {
        "rare": 1, "said": 1.004, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1.022,
        "oldthought": 0.09811, "oldseal": 0.5381, "oldseals": 0.06707, "tools": -4.271, "anytool": 495.2,
        "properties": 1.651, "schema": 119, "system": -0.8387, "user": 3.965, "assistant": 0.02833, "calls": 58.9,
        "forced": 87.44, "serial": -196.2, "thinks": 28.97, "effort": 30.05, "nothink": 0.05, "chat": -0.05,
        "chat_tools": -0.5488, "one": 3.004,
    }),
    Family("gemini-3-api", r"gemini-3",
        ("gemini", "openrouter"), "said", "apart", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1.018, "thought": 1, "seal": 20.39, "seals": -38.73,
        "oldseal": 1.436, "oldseals": -13.85, "tools": 11.93, "taking": 6.92, "properties": 15.92, "system": 1,
        "calls": 33.15, "chat_tools": 4.55, "one": 1,
    }),
    Family("gemini-2.0", r"gemini-(1|2\.0)",
        (), "said", "apart", False, {
        "said": 0.9969, "arguments": 1, "results": 1, "tools_said": 1, "thought": 1, "seals": -35.98,
        "oldseals": 0.03411, "tools": -0.3931, "nested": 31.06, "system": 0.0155, "user": 1.994, "assistant": -2.204,
        "forced": 0.2698, "thinks": -0.817, "nothink": 0.0124, "chat": -0.0155, "one": -1.969,
    }),
    Family("gemini-api", r"gemini|gemma",
        ("gemini",), "said", "apart", False, {
        "rare": 0.006202, "said": 0.9969, "arguments": 1, "results": 1, "tools_said": 1, "thought": 1,
        "seals": -0.1737, "oldseals": 0.03411, "tools": 17.03, "taking": 0.9969, "properties": 6.826, "nested": 31.06,
        "schema": 0.03101, "system": 0.9752, "user": 1.994, "calls": 18.43, "forced": 0.2698, "thinks": -0.817,
        "nothink": 0.0124, "chat": -0.04031, "one": -0.9659,
    }),
    Family("gemini-3", r"gemini-3",
        (), "said", "apart", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1.018, "thought": 0.9519, "seals": -2.8,
        "oldseals": 115.1, "tools": -16.23, "anytool": 15.16, "properties": 6.636, "schema": 65, "assistant": -115.1,
        "calls": 33.15, "answers": 84.73, "chat_tools": -5.8,
    }),
    Family("gemini", r"gemini|gemma",
        (), "said", "apart", False, {
        "rare": 0.006202, "said": 0.9969, "arguments": 1, "results": 1, "tools_said": 0.9998, "thought": 1,
        "seal": 11.69, "seals": -0.1737, "oldseals": 27.81, "tools": 0.02491, "nested": 0.06127, "schema": 0.03721,
        "system": -0.006202, "user": 1.994, "assistant": -5.913, "calls": 8.155, "forced": 220.9, "thinks": -0.817,
        "nothink": 0.0124, "one": -1.972,
    }),
    Family("gpt-5", r"gpt-[5-9]|codex",
        ("openai",), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 0.8252, "thought": 1, "seal": 14.08,
        "seals": -115.1, "tools": -2, "late_tools": 91.69, "anytool": 17, "schema": 7.165, "system": 4, "user": 8.13,
        "assistant": 1.87, "calls": 19.13, "forced": -0.13, "serial": 78.13, "chat_tools": 82, "one": -2.13,
    }),
    Family("gpt-5-elsewhere", r"gpt-[5-9]|codex",
        (), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 0.8252, "thought": 1, "seal": 14.21,
        "seals": -112.2, "oldseals": 13, "tools": -1, "late_tools": 91.69, "anytool": 23, "system": 4, "user": 8.13,
        "assistant": 1.87, "calls": 19.13, "answers": 1, "forced": -0.13, "serial": 78.13, "chat_tools": -7,
        "one": -2.13,
    }),
    Family("gpt-oss", r"gpt-oss",
        (), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1.123, "tools": 1.007,
        "anytool": 26.59, "taking": 0.3151, "properties": 1.74, "schema": 62, "system": 7, "user": 4, "assistant": 6,
        "calls": 18.4, "forced": 20.13, "effort": 4, "one": 63,
    }),
    Family("search", r"search-preview|sonar",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 0.01885, "thought": 1,
        "system": -0.91, "user": 0.91, "assistant": 0.09, "effort": 0.09,
    }),
    Family("gpt-4", r"gpt-|(^|/)o\d|chatgpt|computer-use",
        (), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 0.7862, "thought": 1,
        "tools": -1.027, "anytool": 10.05, "schema": 7.986, "system": 4, "user": 5.77, "assistant": 1.98,
        "calls": 14.27, "forced": 3.54, "effort": -1, "chat_tools": 5.973, "one": 1.23,
    }),
    Family("grok-4.3", r"grok-4[.-]3",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "seal": 15.29,
        "oldseal": 15.24, "oldseals": 7.245, "tools": -9.763, "anytool": 30.76, "schema": 8, "system": 2, "user": 4,
        "assistant": 4, "calls": 13.96, "one": 188,
    }),
    Family("grok-code", r"grok-code",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "tools": -31, "anytool": 141,
        "user": 4, "assistant": 4, "calls": 47.91, "answers": 86.46, "forced": -12, "one": 200,
    }),
    Family("grok-3", r"grok-3",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "tools": -28, "anytool": 85,
        "user": 4, "assistant": 4, "calls": 28, "forced": -12, "one": 152,
    }),
    Family("grok-4", r"grok-4($|-0)",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "tools": -28, "anytool": 158,
        "user": 4, "assistant": 4, "calls": 47.91, "forced": -12, "one": 680,
    }),
    Family("grok-4-fast", r"grok",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "tools": -28, "anytool": 158,
        "user": 4, "assistant": 4, "calls": 47.91, "forced": -12, "one": 152,
    }),
    Family("mistral", r"mistral|mixtral|magistral|pixtral|voxtral|codestral|devstral|ministral",
        (), "json", "ones", True, {
        "rare": 1.02, "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1,
        "oldthought": 1.019, "tools": -6.041, "anytool": 6.72, "taking": 0.9795, "system": 1.72, "user": 2,
        "assistant": 2, "calls": 1.939, "forced": 2.02, "one": 1.28,
    }),
    Family("llama-4-groq", r"llama-4",
        ("groq",), "json", "threes", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "tools": -12,
        "anytool": 655, "user": 4, "assistant": 4, "one": 6,
    }),
    Family("llama-4", r"llama-4",
        (), "json", "threes", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "tools": -22.4,
        "anytool": 558.4, "user": 4, "assistant": 4, "one": 7,
    }),
    Family("llama", r"llama",
        (), "json", "threes", True, {
        "said": 1.006, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1,
        "system": -32.07, "user": 4, "assistant": 4, "one": 30.96,
    }),
    Family("deepseek", r"deepseek",
        ("deepseek",), "json", "threes", True, {
        "rare": 0.305, "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1,
        "tools": -8.22, "anytool": 209.3, "taking": 10.44, "properties": 0.59, "system": -0.885, "user": 0.93,
        "assistant": 4, "calls": 43.42, "forced": 6, "thinks": 79, "effort": -0.58, "nothink": -0.58, "chat": -78.42,
        "one": 82.07,
    }),
    Family("deepseek-elsewhere", r"deepseek",
        (), "json", "threes", True, {
        "rare": 0.305, "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1,
        "tools": -8.22, "taking": 10.44, "properties": 0.59, "user": 0.93, "assistant": 4, "calls": 43.42,
        "forced": -69.42, "thinks": 79, "effort": -0.58, "nothink": -0.58, "chat": -78.42, "one": 80.49,
    }),
    Family("qwen-ollama", r"qwen",
        ("ollama",), "json", "ones", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 0.9779, "schema_said": 1, "thought": 1.025,
        "tools": -25.2, "anytool": 76.55, "schema": 75, "system": 5, "user": 4, "assistant": 6.573, "calls": 18.48,
        "nothink": -3.284, "one": 6,
    }),
    Family("qwen", r"qwen",
        (), "json", "ones", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 0.9779, "schema_said": 1, "tools": -25.2,
        "anytool": 146.5, "schema": 75, "system": 4.75, "user": 4.31, "assistant": 4.69, "forced": -30.67,
        "nothink": 2.25, "one": 3.69,
    }),
    Family("glm", r"glm",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 0.2419, "thought": 1,
        "oldthought": 0.8192, "tools": -6, "anytool": 98, "system": 1, "user": 3, "assistant": -1, "calls": 10,
        "forced": 1, "effort": 7, "nothink": 0.91, "one": 2,
    }),
    Family("kimi-2.5-openrouter", r"kimi-k2\.5",
        ("openrouter",), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 0.2778, "tools": 9,
        "anytool": 10, "user": 4, "assistant": 4, "calls": 12.5, "one": 8,
    }),
    Family("kimi-2.5", r"kimi-k2\.5",
        (), "typescript", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "tools": 23.5,
        "properties": 2.5, "user": 4, "assistant": 4, "calls": 26, "one": 8,
    }),
    Family("kimi", r"kimi|moonshot",
        (), "json", "threes", True, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "anytool": 7,
        "user": 4, "calls": 28, "one": 7,
    }),
    Family("other", r"^",
        (), "json", "threes", False, {
        "said": 1, "arguments": 1, "results": 1, "tools_said": 1, "schema_said": 1, "thought": 1, "tools": 4,
        "anytool": 60, "user": 4, "assistant": 4, "calls": 12, "answers": 6, "one": 4,
    }),
)
# fmt: on
