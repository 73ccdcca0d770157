"""Parts and blocks that look alike in requests and replies: text, thoughts, media, and Google's own kinds.

Tool calls and results are in `calls`, because they need the conversation around them.
"""

from __future__ import annotations

import base64

from gophergate.core.blocks import Json, Media, Opaque, Seal, Text, Thought
from gophergate.dialects.gemini.wire import (
    NAME,
    as_extra,
    camel,
    guessed_type,
    inner,
    is_upload,
    kind_of,
    leftover,
    own_extra,
    standard_base64,
    taken_seal,
)
from gophergate.dialects.loss import refuse

_TEXT = frozenset({"text", "thought", "thoughtSignature"})
_MEDIA = frozenset({"inlineData", "fileData", "thought", "thoughtSignature"})
TRANSCRIPT = "audioTranscription"
_BLOB = frozenset({"mimeType", "data", "displayName"})
_FILE = frozenset({"mimeType", "fileUri", "displayName"})
_SIDE = frozenset({"thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"})
"""Members that accompany a part's content and are not its kind."""


def read_part(part: dict[str, Json]) -> Text | Thought | Media | Opaque:
    """The block of one part in camelCase that is neither a call nor a result.

    An unknown kind is kept whole as an `Opaque`. Members of the wrong type make the part opaque, never an error.
    """
    seal = seal_of(part)
    text = part.get("text")
    if isinstance(text, str) or not part.keys() - _TEXT:
        extra = as_extra(leftover(part, _TEXT))
        if part.get("thought") is True:
            taken = taken_seal(part["thoughtSignature"]) if seal else None
            return Thought(
                text=text or "",
                seal=seal,
                redacted=bool(taken and taken.redacted),
                item_id=taken.item_id if taken else "",
                summary=taken is None or taken.seal.dialect == NAME,
                extra=extra,
            )
        return Text(text=text or "", seal=seal, extra=extra)
    # A picture among the thoughts is no answer: only Google's clients know to tell it apart.
    media = _media(part, seal) if part.get("thought") is not True else None
    return media if media is not None else Opaque(dialect=NAME, label=kind_of_part(part), data=part)


def seal_of(part: dict[str, Json]) -> Seal | None:
    """The seal on a part, whatever its kind."""
    token = part.get("thoughtSignature")
    return taken_seal(token).seal if isinstance(token, str) and token else None


def kind_of_part(part: dict[str, Json]) -> str:
    """The member that says what a part is ("executableCode", ...)."""
    return next((name for name in part if name not in _SIDE), "part")


def _media(part: dict[str, Json], seal: Seal | None) -> Media | None:
    blob, file = camel(part.get("inlineData")), camel(part.get("fileData"))
    extra = leftover(part, _MEDIA)
    if isinstance(data := blob.get("data"), str):
        media_type = _word(blob, "mimeType")
        return Media(
            kind=kind_of(media_type),
            media_type=media_type,
            data=standard_base64(data),
            name=_word(blob, "displayName") or None,
            transcript=_word(camel(part.get(TRANSCRIPT)), "text") or None,
            seal=seal,
            extra=as_extra({**leftover(blob, _BLOB, "inlineData."), **extra}),
        )
    if isinstance(uri := file.get("fileUri"), str):
        media_type, upload = _word(file, "mimeType"), is_upload(uri)
        return Media(
            kind=kind_of(media_type, uri),
            media_type=media_type,
            url=None if upload else uri,
            file_id=uri if upload else None,
            dialect=NAME if upload else "",
            name=_word(file, "displayName") or None,
            seal=seal,
            extra=as_extra({**leftover(file, _FILE, "fileData."), **extra}),
        )
    return None


def _word(members: dict[str, Json], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def media_part(media: Media) -> dict[str, Json]:
    """The part (or functionResponse part) that holds a picture, sound, film or document.

    A `data:` URL is unpacked. Raises BadRequest for what only another vendor keeps.
    """
    media_type, data, url = media.media_type, media.data, media.url or media.file_id
    if media.text is not None:
        media_type = media_type or "text/plain"
        data = base64.b64encode(media.text.encode()).decode()
    elif media.url and media.url.startswith("data:"):
        head, _, data = media.url[5:].partition(",")
        media_type = media_type or head.partition(";")[0]
        if not head.endswith(";base64"):
            raise refuse(media, "Gemini", "its data URL is not in base64")
    elif media.file_id is not None and media.dialect != NAME:
        raise refuse(media, "Gemini", "the file was uploaded to another vendor")
    extra = own_extra(media.extra)
    named = {"displayName": media.name} if media.name else {}
    if data is not None:
        typed = {"mimeType": media_type or _default_type(media)}
        part: dict[str, Json] = {"inlineData": {**typed, "data": data, **named, **inner(extra, "inlineData.")}}
    elif url is not None:
        media_type = media_type or guessed_type(url)
        typed = {"mimeType": media_type} if media_type else {}
        part = {"fileData": {**typed, "fileUri": url, **named, **inner(extra, "fileData.")}}
    else:
        raise refuse(media, "Gemini", "it has no content")
    part.update((name, value) for name, value in extra.items() if "." not in name)
    return part


def _default_type(media: Media) -> str:
    match media.kind:
        case "image":
            return "image/png"
        case "audio":
            return "audio/wav"
        case "video":
            return "video/mp4"
        case _:
            return "application/pdf"


def text_part(text: str, *, thought: bool = False, extra: dict[str, Json] | None = None) -> dict[str, Json]:
    """A part of words; a thought without any (only its seal was given) has no text member."""
    part: dict[str, Json] = {} if thought and not text else {"text": text}
    if thought:
        part["thought"] = True
    return {**part, **extra} if extra else part
