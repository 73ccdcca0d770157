"""Words of the Gemini wire that both of its ends use: member spelling, seals, reasons, status words.

References: ai.google.dev/api/generate-content (Content, Part, Candidate, FinishReason) and
google.golang.org/genproto rpc codes. Knows nothing of requests or replies as wholes.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Literal, NamedTuple

from gophergate.core.blocks import NO_EXTRA, Extra, Json, Seal
from gophergate.core.events import Reason
from gophergate.dialects.base import show_seal, unwrap_seal, wrap_seal
from gophergate.errors import BadRequest

NAME = "gemini"
SAID_FORMAT = "_responseFormat"
"""Note: the `responseFormat` that a format was read from, which is written again as it was said."""

_SNAKE = re.compile(r"(?<=[A-Za-z0-9])_([a-z0-9])")


def camel(message: Json) -> dict[str, Json]:
    """One protobuf message with its own member names in camelCase; nothing inside its members is touched.

    Google takes both spellings at every level and google-genai mixes them in one body. A member that is null is one
    that is not there, as everywhere in protobuf's JSON. What is no object is empty.
    """
    if not isinstance(message, dict):
        return {}
    if "_" not in "".join(message) and None not in message.values():
        return message
    return {
        _SNAKE.sub(lambda found: found[1].upper(), name): value for name, value in message.items() if value is not None
    }


def repeated(value: Json, where: str) -> list[Json]:
    """A repeated field's elements; protobuf JSON also takes a single element without its list. Raises BadRequest."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise BadRequest(f"'{where}' must be an array.", param=where)


def message(value: Json, where: str) -> dict[str, Json]:
    """A member that must be an object, in camelCase. Raises BadRequest."""
    if not isinstance(value, dict):
        raise BadRequest(f"'{where}' must be an object.", param=where)
    return camel(value)


def leftover(members: dict[str, Json], known: frozenset[str], prefix: str = "") -> dict[str, Json]:
    """The members without a canonical name, under `prefix` when they come from an inner message."""
    if known.issuperset(members):
        return {}
    return {prefix + name: value for name, value in members.items() if name not in known}


def as_extra(members: dict[str, Json]) -> Extra:
    """Members of this dialect as a node's extras."""
    return {NAME: members} if members else NO_EXTRA


def own_extra(extra: Extra) -> dict[str, Json]:
    """The members of a node that only this dialect has a word for."""
    return extra.get(NAME, {})


def inner(extra: dict[str, Json], prefix: str) -> dict[str, Json]:
    """The extras that belong inside an inner message, without their prefix."""
    return {name[len(prefix) :]: value for name, value in extra.items() if name.startswith(prefix)}


# -- media ------------------------------------------------------------------------------------------------------------

_URL_SAFE = str.maketrans("-_", "+/")
_BY_ENDING = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
Kind = Literal["image", "audio", "video", "document"]


def kind_of(media_type: str, url: str = "") -> Kind:
    """What a media type is to the canon; a URL without one is told by its ending, YouTube's are videos."""
    media_type = media_type or guessed_type(url)
    match media_type.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
    return "video" if not media_type and re.match(r"https?://(www\.)?(youtube\.com|youtu\.be)/", url) else "document"


def guessed_type(url: str) -> str:
    """The media type a URL's ending tells, "" when it tells none."""
    path = url.partition("?")[0].partition("#")[0]
    return _BY_ENDING.get(path.rpartition(".")[2].lower(), "")


def standard_base64(data: str) -> str:
    """Base64 in its standard alphabet: google-genai sends the URL-safe one, which other vendors do not take."""
    if "-" in data or "_" in data:
        data = data.translate(_URL_SAFE)
    return data if len(data) % 4 == 0 else data + "=" * (-len(data) % 4)


def is_upload(uri: str) -> bool:
    """True for a file that Google keeps (Files API, Cloud Storage): no other vendor could read it."""
    return uri.startswith(("gs://", "files/")) or "generativelanguage.googleapis.com/" in uri


# -- seals ------------------------------------------------------------------------------------------------------------

SEAL_MARK = b"Z2cx"
"""Base64 of "gg1": a body at this door that holds it may carry another maker's seal (see base.SEAL_MARK_BYTES).

Google's SDKs decode `thoughtSignature` as base64, so a wrapped seal crosses this door as base64 text.
"""


class Sealed(NamedTuple):
    """A token as it came in: its seal, and what a thought must keep besides for its maker."""

    seal: Seal
    redacted: bool = False
    item_id: str = ""


def shown_seal(seal: Seal, *, redacted: bool = False, item_id: str = "") -> str:
    """`thoughtSignature` for a client: Google's own token bare, another maker's wrapped and in base64.

    A wrapped one also carries that the thought was redacted, and its Responses item id.
    """
    if seal.dialect == NAME:
        return show_seal(seal, NAME)
    text = wrap_seal(seal)
    if redacted or item_id:
        text = f"gg1|{'r' if redacted else ''}|{item_id}|{text}"
    return base64.b64encode(text.encode()).decode()


def taken_seal(token: str) -> Sealed:
    """What `shown_seal` gave, back again; any other token is Google's, its maker unknown."""
    if token.startswith("Z2cx"):
        try:
            text = base64.b64decode(standard_base64(token), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        flag = item_id = ""
        if text.startswith("gg1|") and text.count("|") >= 3:
            _, flag, item_id, text = text.split("|", 3)
        if text.startswith("gg1:") and text.count(":") >= 3:
            return Sealed(unwrap_seal(text, NAME), flag == "r", item_id)
    return Sealed(Seal(token, NAME))


# -- finish reasons ---------------------------------------------------------------------------------------------------

_REASONS: dict[str, Reason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
    "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
    "TOO_MANY_TOOL_CALLS": "malformed_tool_call",
    "MISSING_THOUGHT_SIGNATURE": "malformed_tool_call",
    "MALFORMED_RESPONSE": "malformed_tool_call",
    "CONTINUATION": "pause",
}
_NUMBERS = (
    "",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
    "UNEXPECTED_TOOL_CALL",
    "NO_IMAGE",
)
"""google.cloud.aiplatform.v1 Candidate.FinishReason by its number: some Vertex bodies carry the number."""

_WORDS: dict[Reason, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "context_exceeded": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "malformed_tool_call": "MALFORMED_FUNCTION_CALL",
    "pause": "OTHER",
}


def finish_word(value: Json) -> str:
    """A finish reason's word, from its word or number; "" while the candidate has not finished."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else "OTHER"
    if not isinstance(value, str) or value == "FINISH_REASON_UNSPECIFIED":
        return ""
    return value.upper()


def reason_of(word: str) -> Reason:
    """The canonical reason. Every word that is neither an end nor a broken call is the vendor withholding output."""
    return _REASONS.get(word, "content_filter")


def word_of(reason: Reason, native: str) -> str:
    """Google's word for a canonical reason; its own word stands when the reply was Google's."""
    if native.isupper() and (reason_of(native) == reason or (native == "STOP" and reason == "tool_calls")):
        return native
    return _WORDS[reason]


# -- status words (google.rpc.Code) -----------------------------------------------------------------------------------

KIND_BY_WORD: dict[str, str] = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "UNIMPLEMENTED": "invalid_request",
    "UNAUTHENTICATED": "authentication",
    "PERMISSION_DENIED": "permission",
    "NOT_FOUND": "not_found",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNAVAILABLE": "overloaded",
    "DEADLINE_EXCEEDED": "timeout",
}
STATUS_BY_WORD: dict[str, int] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_WORD_BY_STATUS: dict[int, str] = {
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}


def status_word(status: int) -> str:
    """Google's word for an HTTP status."""
    return _WORD_BY_STATUS.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
