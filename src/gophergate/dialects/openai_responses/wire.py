"""The vocabulary of the Responses wire that its two ends share: names, reasons, notes and careful access to members.

Source: https://platform.openai.com/docs/api-reference/responses and OpenAI's OpenAPI description 2.3.0. Nothing here
knows a whole request or reply.

Notes are extras whose names begin with an underscore: how a thing was written on this wire, where the canon has no
word for it and the same dialect must get it back. They are never the caller's own members.
"""

from __future__ import annotations

from gophergate.core.blocks import NO_EXTRA, Extra, Json
from gophergate.core.events import Reason

NAME = "openai_responses"
WHERE = "OpenAI Responses"
"""The dialect's name in messages to people."""

OUR_MARK = "gg"
"""Follows the prefix of every item id that we mint: `rs_gg...` is a thought that no provider keeps under that id."""

ITEM = "_item"
"""Note: an item's own members besides those the canon holds. On a Text it also says that a message begins here."""
PART = "_part"
"""Note: a content part's own members besides its text."""
PLAIN = "_plain"
"""Note: the content was a bare string."""
INSTRUCTIONS = "_instructions"
"""Note: the turn stood in the request's `instructions`."""
LIST = "_list"
"""Note: a tool's output was a list of parts, where one text would be written as a string."""
CUTS = "_cuts"
"""Note: offsets into a thought's text at which the joint between two parts stands."""
UNSAID_NAMESPACE = "_unsaid_namespace"
"""Note: the call named no namespace, though its tool has one: the tool was found by its name."""
PARTS = "_parts"
"""Note: "content" when a thought's text came from its content parts, not from its summary."""
EVENTS = "_events"
"""Note: what a server tool reported while it ran, as stream events."""
RESPONSE = "_response"
"""Note on a finish: the provider's response object but for what the canon holds."""

JOINT = "\n\n"
"""Stands between the parts of a thought."""

MESSAGE_ROLES = ("system", "developer", "user", "assistant")

READ_INCOMPLETE: dict[str, Reason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "max_messages": "length",
    "steered": "length",
    "content_filter": "content_filter",
}
"""`incomplete_details.reason`. A word that is not here counts as "length": the reply was cut."""

INCOMPLETE = ("max_output_tokens", "max_messages", "content_filter", "steered")
"""OpenAI's own words for it."""

WRITE_INCOMPLETE: dict[Reason, str] = {
    "length": "max_output_tokens",
    "context_exceeded": "max_output_tokens",
    "content_filter": "content_filter",
}
"""The reasons that make a response incomplete, and the word for those that another wire gave."""

UNFINISHED = frozenset({"queued", "in_progress"})
"""Statuses of a background response that was asked for and is not there yet."""


def own(extra: Extra) -> dict[str, Json]:
    """The members of this dialect among a node's extras. Not to be changed."""
    return extra.get(NAME) or {}


def extra_of(members: dict[str, Json]) -> Extra:
    """Members without a canonical name, as a node's extras."""
    return {NAME: members} if members else NO_EXTRA


def without(members: dict[str, Json], *names: str) -> dict[str, Json]:
    """The members but for `names`, nulls kept."""
    rest = dict(members)
    for name in names:
        rest.pop(name, None)
    return rest


def is_ours(item_id: str) -> bool:
    """True for an item id that a writer of ours minted."""
    return item_id.partition("_")[2].startswith(OUR_MARK)


ANSWERED = frozenset(
    {
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "error",
        "incomplete_details",
        "output",
        "output_text",
        "usage",
        "model",
        "text",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "previous_response_id",
        "store",
        "background",
        "prompt_cache_key",
        "safety_identifier",
        "user",
    }
)
"""Members of a response object that we answer ourselves, from the events or from the request. What else a provider
says of its reply (the temperature it used, its filters' verdicts) is its own to say."""
