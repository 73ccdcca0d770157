"""Weights of `prompt_measure` for each tokeniser family: data, written by `kit.calibrate` from recorded usage.

The first family serves whose pattern is found in the model's name (in lower case), at its service when it names one:
services differ in how they count the same declared tools. Names, patterns and their order are kept by hand; a family
without weights of its own is fitted when the calibration runs again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Family(msgspec.Struct, frozen=True):
    """`service` is a provider's kind, "" for any. `weights` are tokens for one of each measure; a measure that is not
    named weighs nothing."""

    name: str
    pattern: str
    service: str
    weights: Mapping[str, float]


# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("claude-next", r"claude-(opus-4[-.][78]|fable|mythos|(opus|sonnet|haiku)-[5-9])", "", {
        "w3": 1.7, "w6": 1.7, "w9": 1.87, "w13": 1.507, "w14": 2.5, "wlong": 0.25, "dig": 2.5, "punct": 0.6801,
        "sp": 0.5, "acc": 3.326, "high": 0.8, "t_desc": 0.5, "t_names": -1.813, "props": 39.87, "ndesc": 1, "enum": 1,
        "js_w": 0.5812, "js_p": 0.7801, "f_w": 0.3, "f_p": 3.639, "system": -30.44, "calls": 6, "tools": 6,
        "anytool": 346.1, "forced": 88.58, "fmt": 104.3, "thought": 2.106, "oldthought": 0.3103, "chat": 0.4538,
        "think": -40, "nothink": -0.04945, "one": 43.24,
    }),
    Family("claude-4", r"claude-(3|(sonnet|opus)-4($|-2025|-1)|4-|4\.0)", "", {
        "w3": 0.8367, "w6": 1.567, "w9": 0.66, "w13": 1.507, "w14": 2.5, "wlong": 0.25, "dig": 1.531, "punct": 0.8562,
        "nl": 1.267, "sp": 0.5, "acc": 3.326, "high": 0.8, "t_desc": 0.5, "t_names": -1.813, "props": 16.86,
        "ndesc": 1, "enum": 1, "js_w": 0.5812, "js_p": 0.7801, "f_w": 0.3, "f_p": 3.639, "system": 0.04638,
        "calls": 6, "results": 70.76, "tools": 14.65, "anytool": 322.3, "forced": -10.47, "fmt": 104.3,
        "thought": 1.507, "oldthought": 0.3103, "think": 28.82, "think_tools": 1.177, "nothink": -0.04945,
        "one": 6.84,
    }),
    Family("claude", r"claude", "", {
        "w3": 0.6931, "w6": 1.079, "w9": 1.87, "w13": 1.507, "w14": 2.5, "wlong": 0.25, "dig": 1.691, "punct": 0.9712,
        "nl": 1.267, "sp": 0.5, "acc": 3.326, "high": 0.8, "t_desc": 0.5, "t_names": -1.813, "props": 15.87,
        "ndesc": 1, "enum": 1, "js_w": 0.5812, "js_p": 0.7801, "f_w": 0.3, "f_p": 3.639, "turns": 1.479,
        "system": -3.527, "calls": 6, "results": 47.98, "tools": 6, "anytool": 515.6, "forced": 88.58, "fmt": 104.3,
        "thought": 2.106, "oldthought": 0.3103, "chat": 0.4538, "think": 29.47, "nothink": -0.04945, "one": 5.441,
    }),
    Family("gemini-3-api", r"gemini-3", "gemini", {
        "w3": 0.6, "w6": 1.318, "w9": 1.318, "w13": 1.574, "w14": 2.5, "wlong": 0.25, "dig": 2.074, "punct": 0.8106,
        "pmore": 0.1963, "nl": 2.892, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1.23, "t_names": 1.189,
        "props": 12.07, "ndesc": 7.859, "enum": 1, "system": -1.101, "results": 4.331, "tools": 12.42, "seal": 19.3,
        "oldthought": 2.499, "think": -0.08707, "one": 1.4,
    }),
    Family("gemini-api", r"gemini|gemma", "gemini", {
        "w3": 0.9344, "w6": 0.9421, "w9": 1.134, "w13": 1.178, "w14": 2.5, "wlong": 0.25, "dig": 2.111,
        "punct": 0.9807, "pmore": 0.02706, "nl": 1.218, "sp": 1.116, "acc": 0.8, "high": 1.16, "t_desc": 1.07,
        "t_names": 1, "props": 4.254, "js_p": 0.8872, "turns": 0.4101, "system": -0.6401, "calls": 11.27,
        "results": 6, "tools": 12.97, "forced": 38.01, "oldseal": 0.213, "oldthought": 2.233, "chat_tools": 2.734,
        "think": -0.5299, "named": -38.25, "one": 0.549,
    }),
    Family("gemini-3", r"gemini-3", "", {
        "w3": 0.9732, "w6": 0.906, "w9": 0.906, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 0.9193, "punct": 1.094,
        "nl": 1.06, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1.179, "t_names": 1.189, "props": 5.314,
        "ndesc": 7.859, "enum": 1, "system": 1.114, "results": 1.047, "fmt": 67.44, "thought": 2.353,
        "oldthought": 0.01372, "chat_tools": -14.98, "think": 1.879, "think_tools": -0.8189, "one": 0.2149,
    }),
    Family("gemini", r"gemini|gemma", "", {
        "w3": 0.9971, "w6": 1.05, "w9": 1.024, "w13": 1.014, "w14": 2.5, "wlong": 0.25, "dig": 1.951, "punct": 0.8844,
        "nl": 1.036, "sp": 1.321, "acc": 0.8, "high": 1.16, "t_desc": 1.136, "t_names": 0.09381, "props": 1.523,
        "js_p": 0.1956, "system": -1.079, "calls": 0.7347, "results": 6, "forced": 300.9, "fmt": 0.7918,
        "seal": 11.46, "oldseal": 0.213, "oldthought": 2.233, "chat_tools": -0.7823, "think": -0.5299,
        "named": -38.25,
    }),
    Family("gpt-5", r"gpt-[5-9]|codex", "", {
        "w3": 0.8255, "w6": 1.23, "w9": 1.145, "w13": 1.246, "w14": 2.5, "wlong": 0.25, "dig": 1.439, "punct": 0.5742,
        "nl": 1.424, "sp": 0.5, "acc": 0.8, "high": 0.32, "t_desc": 0.9804, "t_names": 1, "props": 5.637,
        "ndesc": 0.3664, "enum": 3.03, "f_w": 1.712, "turns": 4.195, "system": -1.305, "calls": 6, "results": 6,
        "tools": 5.92, "anytool": 13.56, "forced": 15.65, "fmt": 6.802, "seal": 9.534, "chat": -0.1481,
        "chat_tools": 82.06, "think": 0.4323, "think_tools": 1.504, "serial": 65.79, "nothink": 0.3146, "one": 2.149,
    }),
    Family("gpt-oss", r"gpt-oss", "", {
        "w3": 0.6, "w6": 1.209, "w9": 1.846, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1.027, "punct": 0.591,
        "pmore": 0.5074, "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.5778, "t_desc": 1.275, "t_names": 1,
        "props": 6.834, "ndesc": 1, "enum": 1, "f_w": 0.3, "f_p": 0.3, "turns": 5.678, "calls": 7.999, "results": 6,
        "anytool": 29.05, "forced": 7.553, "fmt": 92.21, "thought": 2.1, "think": 4, "one": 63.25,
    }),
    Family("gpt-4", r"gpt-|(^|/)o\d|chatgpt", "", {
        "w3": 1, "w6": 1.009, "w9": 1.009, "w13": 0.974, "w14": 2.5, "wlong": 0.25, "dig": 2.009, "punct": 0.9827,
        "sp": 1.628, "acc": 0.8, "high": 0.8, "t_desc": 0.9778, "t_names": 1, "props": 4, "ndesc": 1.24, "enum": 1,
        "js_w": 0.2208, "f_w": 1.706, "turns": 2.526, "system": 1.491, "calls": 6.913, "results": 6, "tools": 4.557,
        "anytool": 9.3, "forced": -0.948, "fmt": 4.626, "oldthought": 0.02867, "chat": 0.02596, "chat_tools": 4.876,
        "think": -0.974, "think_tools": 3.666, "named": 4.933, "one": 4.439,
    }),
    Family("grok-4.3", r"grok-4[.-]3", "", {
        "w3": 0.7909, "w6": 1.7, "w9": 0.66, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 0.4, "punct": 0.691,
        "pmore": 0.3, "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 0.981, "t_names": 1, "props": 4.154,
        "ndesc": 1, "enum": 1, "js_w": 1.262, "f_w": 0.3, "f_p": 0.3, "turns": 26.12, "system": -24.68, "calls": 18,
        "results": 6, "tools": 22.27, "anytool": 30.17, "fmt": 39.97, "seal": 9.036, "oldseal": 7.858, "one": 167.9,
    }),
    Family("grok-azure", r"grok", "azure", {
        "w3": 0.6, "w6": 0.6, "w9": 0.66, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 1.971, "punct": 2.083,
        "pmore": 0.3, "acc": 0.8, "high": 0.8, "t_desc": 0.5, "t_names": 1, "props": 8.25, "ndesc": 1, "enum": 1,
        "f_w": 0.3, "f_p": 0.3, "turns": 6.529, "calls": 366.1, "results": 6, "tools": 6, "anytool": 15.67,
        "fmt": 61.68, "one": 155.7,
    }),
    Family("grok", r"grok", "", {
        "w3": 1, "w6": 1, "w9": 1.1, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1, "punct": 1, "pmore": 0.3,
        "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 2, "t_names": 1, "props": 4, "ndesc": 1, "enum": 1,
        "f_w": 0.3, "f_p": 0.3, "turns": 4, "calls": 6, "results": 90.05, "tools": 13.8, "anytool": 176.8, "fmt": 10,
        "think": -97.2, "one": 146.7,
    }),
    Family("mistral", r"mistral|mixtral|magistral|pixtral|voxtral|codestral|devstral|ministral", "", {
        "w3": 0.6, "w6": 1.448, "w9": 1.352, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 1.957, "punct": 0.853,
        "pmore": 0.3, "nl": 0.079, "sp": 2.847, "acc": 0.8, "high": 0.8, "t_desc": 1.062, "t_names": 2.521,
        "props": 4, "ndesc": 1, "enum": 1, "js_w": 1.946, "turns": 3.518, "system": 10.98, "tools": 20.81,
        "anytool": 6.272, "forced": 2.025, "oldthought": 1.94, "chat": -0.9658, "think": 13.53, "nothink": 10.53,
        "none_tools": -119.6,
    }),
    Family("llama-4", r"llama-4", "", {
        "w3": 1.7, "w6": 1.7, "w9": 1.87, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1, "punct": 1, "pmore": 0.3,
        "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 0.5, "t_names": 1, "ndesc": 1, "enum": 1, "f_w": 0.3,
        "f_p": 0.3, "turns": 21.27, "calls": 6, "results": 6, "tools": 6, "anytool": 648.3, "fmt": 10,
        "none_tools": -681.5, "one": 3,
    }),
    Family("llama", r"llama", "", {
        "w3": 0.6, "w6": 0.6, "w9": 0.66, "w13": 0.974, "w14": 2.5, "wlong": 0.25, "dig": 0.4, "punct": 0.4,
        "pmore": 1.604, "acc": 0.8, "high": 0.8, "t_desc": 0.9778, "t_names": 1, "props": 4, "ndesc": 1.24, "enum": 1,
        "js_w": 0.2208, "f_w": 1.706, "system": -27.32, "calls": 6.913, "results": 6, "tools": 4.557, "anytool": 9.3,
        "forced": -0.948, "fmt": 4.626, "oldthought": 0.02867, "chat": 0.02596, "chat_tools": 4.876, "think": -0.974,
        "think_tools": 3.666, "named": 4.933, "one": 40.17,
    }),
    Family("deepseek", r"deepseek", "", {
        "w3": 1.348, "w6": 1, "w9": 0.8484, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 2.326, "punct": 0.6667,
        "pmore": 0.3658, "nl": 0.4328, "sp": 0.5, "acc": 0.8, "high": 0.32, "t_desc": 0.5, "t_names": 1, "props": 4,
        "ndesc": 1, "enum": 1, "js_w": 1.39, "f_w": 0.3, "f_p": 0.3, "turns": 0.4763, "system": -0.3599, "calls": 6,
        "results": 32.07, "tools": 30.08, "anytool": 219.8, "forced": -275.9, "fmt": 10, "thought": 1.822,
        "chat": -79.65, "think": 0.6667, "nothink": 0.6524, "none_tools": -325, "one": 82.18,
    }),
    Family("qwen-gpustack", r"qwen", "gpustack", {
        "w3": 0.935, "w6": 1, "w9": 1.524, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 2.022, "punct": 0.6504,
        "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 0.8296, "t_names": 1, "props": 11.97, "ndesc": 1,
        "enum": 1, "js_w": 0.1999, "f_w": 0.3, "f_p": 0.3, "turns": 0.9695, "system": 6.086, "tools": 6,
        "anytool": 174.8, "fmt": 10, "oldthought": 0.02784, "think": 0.6992, "nothink": -0.9945, "one": 7.051,
    }),
    Family("qwen", r"qwen", "", {
        "w3": 1.331, "w6": 0.7983, "w9": 1.095, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 2.03, "punct": 0.5994,
        "pmore": 0.3, "nl": 0.2593, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1.583, "t_names": 1, "props": 13.26,
        "ndesc": 1, "enum": 1, "f_w": 0.3, "f_p": 0.3, "turns": 4.979, "system": 2.669, "calls": 6, "results": 11.34,
        "tools": 6, "anytool": 81.03, "fmt": 109.7, "thought": 2.205, "think": -1.525, "nothink": 2.475, "one": 5.034,
    }),
    Family("glm", r"glm", "", {
        "w3": 0.9705, "w6": 0.9074, "w9": 0.66, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 0.8069, "punct": 0.4,
        "pmore": 0.3, "nl": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 0.5, "t_names": 1, "props": 21.74, "ndesc": 1,
        "enum": 1, "f_w": 0.3, "f_p": 0.1152, "system": -2.312, "calls": 6.47, "results": 6, "tools": 19.56,
        "anytool": 106.8, "forced": -9.309, "thought": 2.053, "oldthought": 4.531, "one": 8.708,
    }),
    Family("kimi-2.5", r"kimi-k2\.5", "", {
        "w3": 1, "w6": 1, "w9": 1.1, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1, "punct": 1, "pmore": 0.3,
        "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1, "t_names": 1, "props": 4, "ndesc": 1, "enum": 1,
        "f_w": 0.3, "f_p": 0.3, "turns": 4.4, "calls": 6, "results": 6, "tools": 28.3, "anytool": 6.1, "fmt": 10,
        "one": 1.9,
    }),
    Family("kimi", r"kimi|moonshot", "", {
        "w3": 0.7818, "w6": 1, "w9": 1.1, "w13": 1.6, "w14": 2.5, "wlong": 0.25, "dig": 1, "punct": 1, "pmore": 0.3,
        "nl": 0.5, "sp": 0.5, "acc": 0.8, "high": 0.8, "t_desc": 1, "t_names": 1, "props": 15.4, "ndesc": 1,
        "enum": 1, "f_w": 0.3, "f_p": 0.3, "calls": 6, "results": 20.72, "tools": 41, "fmt": 10, "one": 11.01,
    }),
    Family("sonar", r"sonar", "", {
        "w3": 1.117, "w6": 1, "w9": 1.063, "w13": 0.96, "w14": 2.5, "wlong": 0.25, "dig": 2.077, "punct": 0.5992,
        "nl": 0.5, "sp": 1.244, "acc": 0.8, "high": 0.8, "t_desc": 1, "t_names": 1, "props": 4, "ndesc": 1, "enum": 1,
        "system": 0.3823, "calls": 6, "results": 6, "tools": 6, "anytool": 10, "think": 0.8015, "one": 0.7302,
    }),
    Family("other", r"^", "", {
        "w3": 1, "w6": 1.009, "w9": 1.009, "w13": 0.974, "w14": 2.5, "wlong": 0.25, "dig": 2.009, "punct": 0.9827,
        "sp": 1.628, "acc": 0.8, "high": 0.8, "t_desc": 0.9778, "t_names": 1, "props": 4, "ndesc": 1.24, "enum": 1,
        "js_w": 0.2208, "f_w": 1.706, "turns": 2.526, "system": 1.491, "calls": 6.913, "results": 6, "tools": 4.557,
        "anytool": 9.3, "forced": -0.948, "fmt": 4.626, "oldthought": 0.02867, "chat": 0.02596, "chat_tools": 4.876,
        "think": -0.974, "think_tools": 3.666, "named": 4.933, "one": 4.439,
    }),
)
# fmt: on
