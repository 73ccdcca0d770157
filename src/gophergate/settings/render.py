"""Settings as TOML: values, whole configurations, and the commented file that `gophergate init` writes.

What `to_toml` writes, `load` reads back to equal settings. It reveals secrets: its text is for files that hold
them, and nothing here is for showing. Showing is `explain`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import inspect

from gophergate.settings.convert import fields_of
from gophergate.settings.masking import Secret
from gophergate.settings.schema import Knobs

_WIDTH = 100
_HEAD = """\
# GopherGate's configuration. A line "# name = value" shows a default: take away the "# " to change it.
# The environment wins over this file: GOPHERGATE_SERVER__PORT=9090 is [server] port.
# A text "env:NAME" or "file:PATH" is read from there, so that no secret needs to stand here.
"""
_NOTES = {
    "database": "# By default a SQLite file in the data directory.\n",
    "security": (
        "# Without an encryption_key, the one in the data directory is used (SQLite only); keep a copy of it, as\n"
        "# without it no stored secret can be read.\n"
    ),
    "pricing": (
        "# Your own prices, in US dollars per million tokens:\n"
        '# overrides = { "openai/gpt-4.1" = { input = 2.00, output = 8.00, cache_read = 0.50 } }\n'
        "# See docs/pricing.md for tools, images, service tiers and long contexts.\n"
    ),
}
_EXAMPLES = """
# Providers. OPENAI_API_KEY and its like enable theirs without an entry here.
#
# [[providers]]
# name = "openai"                  # the prefix in "openai/gpt-4.1"
# kind = "openai"                  # anthropic, gemini, deepseek, ollama, ..., or compatible for any other
# api_key = "env:OPENAI_API_KEY"
# base_url = "https://api.openai.com/v1"
# models = ["gpt-4.1"]             # what to list; without it the provider is asked
# timeouts = { connect = 5, first_byte = 120, idle = 60, total = 600 }
# speaks = ["openai_responses"]    # which of its dialects to use, in order
# enabled = true

# Model groups: names of your own that resolve to a model.
#
# [[groups]]
# name = "fast"
# strategy = "weighted"            # ordered, weighted, least_latency, least_busy, cheapest, sticky, ...
# targets = [ { model = "openai/gpt-4.1-mini", weight = 3 }, { model = "deepseek/deepseek-chat" } ]
# fallbacks = ["openai/gpt-4.1"]

# Guards: what must not be in a request or an answer (docs/guards.md).
#
# [[guards]]
# name = "personal-data"
# kind = "pii"                     # keywords, regex, injection, webhook
# detect = ["email", "credit_card", "secret"]
# action = "mask"                  # block, warn
"""


def to_toml(knobs: Knobs) -> str:
    """The configuration file that says these knobs, without those that have their default. Reveals secrets."""
    return "\n".join(_document(knobs))


def template() -> str:
    """A configuration file that says nothing yet and shows everything that can be said."""
    return _HEAD + "".join(_sections()) + _EXAMPLES


def toml_value(value: object) -> str:
    """One value as TOML, tables inline. Secrets are revealed."""
    match value:
        case bool():
            return "true" if value else "false"
        case Secret():
            return _string(value.reveal())
        case str():
            return _string(value)
        case int():
            return str(value)
        case float():
            return repr(value)
        case Decimal():
            text = f"{value:f}"
            return text if "." in text else f"{text}.0"
        case msgspec.Struct():
            return toml_value(_said(value))
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case _:
            raise TypeError(f"TOML cannot say a {type(value).__name__}")


def _document(knobs: Knobs) -> Iterator[str]:
    for name, section in _said(knobs).items():
        entries = section if isinstance(section, tuple) else (section,)
        for entry in entries:
            if isinstance(entry, msgspec.Struct) and (said := _said(entry)):
                yield f"[[{name}]]" if isinstance(section, tuple) else f"[{name}]"
                yield from (f"{key} = {toml_value(value)}" for key, value in said.items())
                yield ""


def _said(struct: msgspec.Struct) -> dict[str, object]:
    """The members that differ from their default; None is how a struct says nothing."""
    info = fields_of(type(struct))
    values = {name: getattr(struct, name) for name in info}
    return {
        name: value
        for name, value in values.items()
        if value is not None and (info[name].required or value != info[name].default)
    }


def _sections() -> Iterator[str]:
    for name, field in fields_of(Knobs).items():
        if not isinstance(field.type, inspect.StructType):
            continue
        yield f"\n[{name}]\n{_NOTES.get(name, '')}"
        for key, knob in fields_of(field.type.cls).items():
            if isinstance(knob.default, str | int | float | tuple):
                yield textwrap.fill(meaning(knob), _WIDTH, initial_indent="# ", subsequent_indent="# ") + "\n"
                yield f"# {key} = {toml_value(knob.default)}\n"
            elif isinstance(knob.default, Secret) or knob.default is None:
                yield textwrap.fill(f"{key}: {meaning(knob)}", _WIDTH, initial_indent="# ", subsequent_indent="# ")
                yield "\n"


def meaning(knob: inspect.Field) -> str:
    """The schema's line about a knob."""
    kind = knob.type
    while isinstance(kind, inspect.Metadata):
        if kind.extra_json_schema and "description" in kind.extra_json_schema:
            return str(kind.extra_json_schema["description"])
        kind = kind.type
    return ""


def _string(text: str) -> str:
    """A basic string. JSON's escapes are TOML's too, but TOML wants DEL escaped as well."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    bare = text and all(character.isascii() and (character.isalnum() or character in "_-") for character in text)
    return text if bare else _string(text)
