"""Content parts: text, pictures, files and sound inside a message or a tool's output, both ways.

A part keeps the members that the canon has no word for in the note `_part`, so that the same dialect gets it back as
it came; a part of an unknown type is an Opaque that no other dialect can carry.
"""

from __future__ import annotations

import base64
from typing import Any, Literal

from gophergate.core.blocks import NO_EXTRA, CacheMark, Citation, Extra, Json, Media, Opaque, Text
from gophergate.core.request import Role
from gophergate.dialects.base import Target
from gophergate.dialects.loss import Losses, refuse
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_responses.wire import NAME, PART, WHERE, extra_of, own, without

_OPENAI = frozenset({NAME, "openai_chat"})
"""Uploaded files are the vendor's, whichever of its two wires named them."""

_TEXTS = frozenset({"input_text", "output_text", "text"})
_AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_ENDINGS = {"text/plain": "txt", "text/markdown": "md", "application/pdf": "pdf"}
"""Endings of file names whose media type does not spell them. OpenAI tells a file's kind by its name."""


# -- reading -------------------------------------------------------------------------------------------------


def read_content(content: Json, role: Role) -> tuple[Text | Media | Opaque, ...]:
    """The parts of a message's content or a tool's output, which is a string or a list of them."""
    if isinstance(content, str):
        return (Text(text=content),)
    return tuple(_read_part(part, role) for part in list_of(content))


def _read_part(part: Json, role: Role) -> Text | Media | Opaque:
    if isinstance(part, str):
        return Text(text=part)
    members = object_of(part)
    kind = text_of(members.get("type"))
    if kind in _TEXTS:
        return _read_text(members, kind, role)
    if kind == "refusal":
        return Text(text=text_of(members.get("refusal")), refusal=True, extra=_note(members, "type", "refusal"))
    media = _read_media(members, kind)
    if media is not None:
        return media
    return Opaque(dialect=NAME, label=kind or "content part", data=part, optional=False, extra={NAME: {PART: True}})


def _read_text(members: dict[str, Any], kind: str, role: Role) -> Text:
    rest = without(members, "text")
    if role == "assistant":
        usual = kind == "output_text" and rest.get("annotations") == [] and len(rest) == 2
    else:
        usual = kind == "input_text" and len(rest) == 1
    return Text(
        text=text_of(members.get("text")),
        citations=read_annotations(members.get("annotations")),
        cache=_read_mark(members),
        extra=NO_EXTRA if usual else extra_of({PART: rest}),
    )


def _read_mark(members: dict[str, Any]) -> CacheMark | None:
    mark = members.get("prompt_cache_breakpoint")
    return CacheMark(text_of(mark.get("ttl"))) if isinstance(mark, dict) else None


def _note(members: dict[str, Any], *known: str) -> Extra:
    rest = without(members, *known)
    return extra_of({PART: rest}) if rest else NO_EXTRA


def _read_media(members: dict[str, Any], kind: str) -> Media | None:
    cache = _read_mark(members)
    if kind == "input_image":
        media_type, data, url = _address(members.get("image_url"))
        file_id = text_of(members.get("file_id")) or None
        if data is None and url is None and file_id is None:
            return None
        return Media(
            kind="image",
            media_type=media_type,
            data=data,
            url=url,
            file_id=file_id if data is None and url is None else None,
            dialect=NAME,
            detail=text_of(members.get("detail")) or None,
            cache=cache,
            extra=_note(members, "type", "image_url", "file_id", "detail"),
        )
    if kind == "input_file":
        return _read_file(members, cache)
    sound = object_of(members.get("input_audio"))
    if kind == "input_audio" and isinstance(sound.get("data"), str):
        word = text_of(sound.get("format"))
        return Media(
            kind="audio",
            media_type=_AUDIO_TYPES.get(word, f"audio/{word}" if word else ""),
            data=sound["data"],
            dialect=NAME,
            cache=cache,
            extra=extra_of({PART: members}),
        )
    return None


def _read_file(members: dict[str, Any], cache: CacheMark | None) -> Media | None:
    rest = without(members, "file_data", "file_url", "file_id", "filename", "detail")
    name = text_of(members.get("filename")) or None
    media_type, data, url = _address(members.get("file_data"))
    if data is None and url is not None:
        media_type, data, url = "", url, None  # Bare base64, as some clients send it.
    url = text_of(members.get("file_url")) or None if data is None else None
    file_id = text_of(members.get("file_id")) or None if data is None and url is None else None
    if data is None and url is None and file_id is None:
        return None
    kind = _kind_of(media_type)
    return Media(
        kind=kind,
        media_type=media_type,
        data=data,
        url=url,
        file_id=file_id,
        dialect=NAME,
        name=name,
        detail=text_of(members.get("detail")) or None,
        cache=cache,
        extra=extra_of({PART: rest}) if kind != "document" or len(rest) > 1 else NO_EXTRA,
    )


def _kind_of(media_type: str) -> Literal["image", "audio", "video", "document"]:
    family = media_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else "document"  # type: ignore[return-value]


def _address(value: Json) -> tuple[str, str | None, str | None]:
    """Media type, base64 data, URL: what an address says, itself or its bytes."""
    text = text_of(value)
    if not text.startswith("data:"):
        return "", None, text or None
    head, comma, data = text[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        return "", None, text
    return head.removesuffix(";base64"), data, None


def read_annotations(annotations: Json) -> tuple[Citation, ...]:
    """An output text's sources, each with its own wire object."""
    return tuple(read_annotation(entry) for entry in list_of(annotations) if isinstance(entry, dict))


def read_annotation(entry: dict[str, Any]) -> Citation:
    """url_citation, file_citation, container_file_citation, file_path."""
    start, end = entry.get("start_index"), entry.get("end_index")
    return Citation(
        url=text_of(entry.get("url")),
        title=text_of(entry.get("title")) or text_of(entry.get("filename")),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        dialect=NAME,
        native=entry,
    )


# -- writing -------------------------------------------------------------------------------------------------


def write_annotation(citation: Citation) -> dict[str, Json] | None:
    """A source as this wire's annotation: its own object, or a URL's; None for what has no place here."""
    if citation.dialect == NAME and citation.native is not None:
        return citation.native
    if not citation.url:
        return None
    return {
        "type": "url_citation",
        "start_index": citation.start or 0,
        "end_index": citation.end or 0,
        "url": citation.url,
        "title": citation.title,
    }


def show_annotation(citation: Citation) -> dict[str, Json] | None:
    """The same for a client, who is also shown a document that has only a name. The vendor would look for its id."""
    if citation.url or citation.dialect == NAME or not citation.title:
        return write_annotation(citation)
    return {"type": "file_citation", "index": citation.end or 0, "file_id": "", "filename": citation.title}


def write_text(text: Text, role: Role, losses: Losses) -> dict[str, Json]:
    """A text part of a message by `role`, or of a tool's output (role "user")."""
    note = own(text.extra).get(PART)
    if text.refusal:
        if role == "assistant":
            return {"type": "refusal", "refusal": text.text, **object_of(note)}
        return {"type": "input_text", "text": text.text}
    if isinstance(note, dict):
        return {"type": text_of(note.get("type")), "text": text.text, **without(note, "type")}
    if text.cache is not None:
        losses.drop("cache_control")
    if role != "assistant":
        if text.citations:
            losses.drop("citations")
        return {"type": "input_text", "text": text.text}
    annotations = [entry for entry in map(write_annotation, text.citations) if entry is not None]
    if len(annotations) < len(text.citations):
        losses.drop("citations")
    return {"type": "output_text", "text": text.text, "annotations": annotations}


def write_media(media: Media, target: Target, losses: Losses, *, crossing: bool) -> dict[str, Json]:
    """A picture, a document or (only as it came) sound. Raises BadRequest for what the wire has no part for."""
    note = object_of(own(media.extra).get(PART))
    if media.cache is not None and "prompt_cache_breakpoint" not in note:
        losses.drop("cache_control")
    if media.file_id is not None and media.dialect not in _OPENAI:
        raise refuse(media, WHERE, "it is a file uploaded to another vendor")
    if note.get("type") == "input_audio":
        return note
    if media.kind in ("audio", "video") and note.get("type") != "input_file":
        raise refuse(media, WHERE)
    if crossing and media.url is not None and media.kind not in target.traits.fetches:
        raise refuse(media, WHERE, "the model does not fetch addresses; send its bytes")
    if media.kind == "image" and note.get("type") != "input_file":
        return _write_image(media, note)
    return _write_file(media, note)


def _write_image(media: Media, note: dict[str, Json]) -> dict[str, Json]:
    part: dict[str, Json] = {"type": "input_image"}
    if media.file_id is not None:
        part["file_id"] = media.file_id
    else:
        part["image_url"] = media.url or f"data:{media.media_type or 'image/png'};base64,{media.data or ''}"
    if media.detail:
        part["detail"] = media.detail
    elif media.dialect != NAME:
        part["detail"] = "auto"  # the default, which OpenAI's types demand
    return {**part, **note}


def _write_file(media: Media, note: dict[str, Json]) -> dict[str, Json]:
    part: dict[str, Json] = {"type": "input_file"}
    name = media.name
    if media.file_id is not None:
        part["file_id"] = media.file_id
    elif media.url is not None:
        part["file_url"] = media.url
    elif media.text is not None:
        name = name or "document.txt"
        part["file_data"] = "data:text/plain;base64," + base64.b64encode(media.text.encode()).decode()
    elif media.dialect == NAME and not media.media_type:
        part["file_data"] = media.data
    else:
        media_type = media.media_type or "application/pdf"
        if not name and media.dialect != NAME:
            name = "document." + _ENDINGS.get(media_type, media_type.rpartition("/")[2])
        part["file_data"] = f"data:{media_type};base64,{media.data or ''}"
    if name:
        part["filename"] = name
    if media.detail and media.dialect == NAME:
        part["detail"] = media.detail
    return {**part, **note}


def write_part(
    block: Text | Media | Opaque, role: Role, target: Target, losses: Losses, *, crossing: bool
) -> dict[str, Json] | None:
    """Any part; None when it was optional and is dropped. Raises BadRequest for what cannot be carried."""
    match block:
        case Text():
            return write_text(block, role, losses)
        case Media():
            return write_media(block, target, losses, crossing=crossing)
        case Opaque():
            if block.dialect == NAME and isinstance(block.data, dict):
                return block.data
            if not block.optional:
                raise refuse(block, WHERE)
            losses.drop(block.label)
            return None
