"""The vocabulary of the Chat Completions wire that its two ends share: names, reasons, and careful accessors.

Source: https://platform.openai.com/docs/api-reference/chat. Look-alikes answer with any type in any member, so values
are taken through `text_of`, `object_of`, `list_of` and never indexed blindly.
"""

from __future__ import annotations

from gophergate.core.blocks import NO_EXTRA, Extra, Json, Seal
from gophergate.core.events import Reason
from gophergate.dialects.base import json_type, unwrap_seal, wrap_seal
from gophergate.dialects.members import object_of, text_of
from gophergate.errors import BadRequest

NAME = "openai_chat"
GEMINI = "gemini"
"""The dialect whose thought signatures Google's OpenAI door shows as `extra_content.google.thought_signature`."""

PLAIN_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text")
"""Members that hold readable reasoning as one string, by vendor (DeepSeek; OpenRouter, Groq; GitHub Copilot)."""

MARKS = ("cache_control", "prompt_cache_breakpoint")
"""Prompt-cache breakpoints: Anthropic's, which OpenRouter, Vercel and others take too, and OpenAI's own."""

NOTE_MEMBERS = "_reasoning_members"
"""In a thought's extras: the plain members that held it, where that was not just `reasoning_content`."""
NOTE_DETAIL = "_reasoning_detail"
"""In a thought's extras: the other members of the `reasoning_details` entry it came as."""
NOTE_THINKING = "_thinking_part"
"""In a thought's extras: the other members of the thinking part (Mistral's) it came as."""
NOTE_REASONING = "_reasoning"
"""In the extras of a request's reasoning: the members that said it, where that was not just `reasoning_effort`."""
NOTE_MARK = "_mark"
"""In the extras of a node: its prompt-cache breakpoint as it was said. The canon holds that there is one."""
NOTE_LEGACY = "_legacy"
"""In the extras of tools, calls and results: said through the old `functions` interface."""
NOTE_PART = "_part"
"""In the extras of media: the type of the part that held it, where that is not OpenAI's own."""
NOTE_BARE = "_bare"
"""In the extras of media: its data stood without `data:...;base64,` around it."""

READ_REASON: dict[str, Reason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "completed": "stop",
    "stop_sequence": "stop_sequence",
    "length": "length",
    "max_tokens": "length",
    "model_length": "context_exceeded",
    "model_context_window_exceeded": "context_exceeded",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
    "malformed_function_call": "malformed_tool_call",
}
"""Finish words in lower case. A word that is not here counts as "stop" and is kept as the native reason."""

FAILED_REASONS = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})
"""Finish words that tell of a broken generation: OpenRouter and Mistral, Z.AI, DeepSeek, SGLang."""

WRITE_REASON: dict[Reason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "context_exceeded": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "stop",
    # Google's own OpenAI door calls it a filter ("function_call_filter: ..."); "stop" would claim a whole answer.
    "malformed_tool_call": "content_filter",
}


def reason_of(word: str, stopped: Json) -> tuple[Reason, str | None]:
    """What a finish word means, and the stop sequence when `stopped`, which some servers put beside it, names one."""
    known = READ_REASON.get(word.lower())
    if known is None:
        known = "malformed_tool_call" if "MALFORMED" in word.upper() else "stop"
    if isinstance(stopped, str) and known == "stop" and stopped not in READ_REASON:
        return "stop_sequence", stopped
    return known, None


def own(extra: Extra) -> dict[str, Json]:
    """The members of a node that only this dialect has a word for."""
    return extra.get(NAME) or {}


def said(extra: Extra) -> dict[str, Json]:
    """The caller's own members among those: all but our notes, which begin with an underscore. A breakpoint is the
    caller's too."""
    members = own(extra)
    return {n: value for n, value in members.items() if not n.startswith("_")} | object_of(members.get(NOTE_MARK))


def own_extra(members: dict[str, Json]) -> Extra:
    """Extras of this dialect, from members that are not null."""
    if not members:
        return NO_EXTRA
    said = {name: value for name, value in members.items() if value is not None}
    return {NAME: said} if said else {}


def marked_extra(members: dict[str, Json]) -> Extra:
    """The same for a node that may have a breakpoint."""
    if not members:
        return NO_EXTRA
    marks = {name: members[name] for name in MARKS if isinstance(members.get(name), dict)}
    rest = {name: value for name, value in members.items() if name not in marks}
    return own_extra({**rest, NOTE_MARK: marks or None})


def others(members: dict[str, Json], known: frozenset[str]) -> dict[str, Json]:
    """The members that have no canonical name, nulls left out."""
    if known.issuperset(members):
        return {}
    return {name: value for name, value in members.items() if name not in known and value is not None}


def write_seal(seal: Seal) -> dict[str, Json]:
    """A seal of a text or a call as clients see it: Google's bare and in Google's place, with a note that names its
    maker (and keeps such a body off the verbatim path); every other one whole in the note."""
    if seal.dialect == GEMINI:
        note = wrap_seal(Seal("", seal.dialect, seal.origin))
        return {"google": {"thought_signature": seal.token}, "gophergate": {"seal": note}}
    return {"gophergate": {"seal": wrap_seal(seal)}}


def seal_in(extra_content: Json, origin: str = "") -> Seal | None:
    """The seal inside an `extra_content` member: Google's signature, or another maker's wrapped by us.

    Our own note beside Google's signature names its maker, so that it goes back only there.
    """
    content = object_of(extra_content)
    token = text_of(object_of(content.get("google")).get("thought_signature"))
    note = text_of(object_of(content.get("gophergate")).get("seal"))
    if note:
        sealed = unwrap_seal(note, NAME)
        return Seal(sealed.token or token, sealed.dialect, sealed.origin)
    return Seal(token, GEMINI, origin) if token else None


def mistyped(path: str, words: str, value: Json) -> BadRequest:
    """The error for a member that has the wrong type."""
    return BadRequest(f"'{path}' must be {words}, not {json_type(value)}.", param=path)
