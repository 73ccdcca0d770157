"""Content parts: text, pictures, sound, files and video inside a message, both ways.

Besides OpenAI's own parts the look-alikes' are read: Mistral's `document_url`, Perplexity's `file_url`, the `video_url`
of OpenRouter and others. Which part a document came in is remembered in its extras, so it goes back the same way.
"""

from __future__ import annotations

from typing import Any, Literal

from gophergate.core.blocks import CacheMark, Json, Media, Opaque, Text, Thought
from gophergate.dialects.base import Target
from gophergate.dialects.loss import refuse
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_chat.wire import (
    MARKS,
    NAME,
    NOTE_BARE,
    NOTE_PART,
    NOTE_THINKING,
    marked_extra,
    others,
    own,
    said,
)

_FORMAT_BY_TYPE = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/pcm": "pcm16",
}
_TYPE_BY_FORMAT = {"mp3": "audio/mpeg", "wav": "audio/wav", "m4a": "audio/mp4", "pcm16": "audio/pcm"}
_Kind = Literal["image", "audio", "video", "document"]


def cache_mark(members: dict[str, Any]) -> CacheMark | None:
    """The breakpoint after a node, of either kind."""
    for name in MARKS:
        if name in members and isinstance(members[name], dict):
            return CacheMark(ttl=text_of(members[name].get("ttl")))
    return None


def read_part(part: Json) -> Text | Media | Opaque | Thought:
    """One part of a message's content list."""
    if isinstance(part, str):
        return Text(text=part)
    part = object_of(part)
    kind = text_of(part.get("type"))
    if kind in ("text", "input_text", "output_text"):
        rest = others(part, frozenset({"type", "text"}))
        return Text(text=text_of(part.get("text")), cache=cache_mark(part), extra=marked_extra(rest))
    if kind == "refusal":
        return Text(text=text_of(part.get("refusal")), refusal=True)
    if kind == "thinking":
        inner = part.get("thinking")
        said = text_of(inner) or "".join(text_of(object_of(p).get("text")) for p in list_of(inner))
        return Thought(text=said, extra={NAME: {NOTE_THINKING: others(part, frozenset({"type", "thinking"}))}})
    media = read_media(part)
    if media is not None:
        return media
    return Opaque(dialect=NAME, label=kind or "content part", data=part, optional=False, cache=cache_mark(part))


def read_media(part: dict[str, Any]) -> Media | None:
    """The media of a part; None when it is none that we know."""
    kind = text_of(part.get("type"))
    match kind:
        case "image_url" | "video_url" | "audio_url":
            held = part.get(kind)
            url, inner = (held, {}) if isinstance(held, str) else (text_of(object_of(held).get("url")), object_of(held))
            rest = _rest(part, kind, inner, "url", "detail")
            media_kind: _Kind = "image" if kind == "image_url" else "video" if kind == "video_url" else "audio"
            if kind == "audio_url":
                rest = {**rest, NOTE_PART: kind}
            return _located(media_kind, url, None, text_of(inner.get("detail")) or None, part, rest)
        case "input_audio":
            held = part.get(kind)
            inner = object_of(held)
            word = text_of(inner.get("format"))
            rest = _rest(part, kind, inner, "data", "format")
            if isinstance(held, str):  # Mistral: base64, or a URL
                rest = {**rest, NOTE_PART: "input_audio"}
                return _located("audio", held, None, None, part, rest)
            return Media(
                kind="audio",
                media_type=_TYPE_BY_FORMAT.get(word, f"audio/{word}" if word else ""),
                data=text_of(inner.get("data")),
                cache=cache_mark(part),
                extra=marked_extra(rest),
            )
        case "file":
            inner = object_of(part.get("file"))
            rest = _rest(part, kind, inner, "file_data", "file_id", "filename")
            name = text_of(inner.get("filename")) or None
            file_id = text_of(inner.get("file_id"))
            if file_id:
                return Media(
                    kind="document",
                    file_id=file_id,
                    dialect=NAME,
                    name=name,
                    cache=cache_mark(part),
                    extra=marked_extra(rest),
                )
            return _located("document", text_of(inner.get("file_data")), name, None, part, rest)
        case "document_url":  # Mistral
            name = text_of(part.get("document_name")) or None
            rest = _rest(part, kind, {}, "document_name") | {NOTE_PART: kind}
            return _located("document", text_of(part.get(kind)), name, None, part, rest)
        case "file_url":  # Perplexity; its `url` may be bare base64
            inner = object_of(part.get(kind))
            rest = _rest(part, kind, inner, "url", "file_name") | {NOTE_PART: kind}
            name = text_of(part.get("file_name")) or text_of(inner.get("file_name")) or None
            return _located("document", text_of(inner.get("url")), name, None, part, rest)
        case _:
            return None


def _rest(part: dict[str, Any], kind: str, inner: dict[str, Any], *known: str) -> dict[str, Json]:
    rest = others(part, frozenset({"type", kind, *known}))
    nested = {name: value for name, value in inner.items() if name not in known and value is not None}
    return {**rest, kind: nested} if nested else rest


def _located(
    kind: _Kind, where: str, name: str | None, detail: str | None, part: dict[str, Any], rest: dict[str, Json]
) -> Media:
    """Media by a URL, a data URL, or bare base64."""
    mark, extra = cache_mark(part), marked_extra(rest)
    media_type, data, url = "", None, None
    head, comma, tail = where.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        media_type, data = head[len("data:") : -len(";base64")], tail
    elif "://" in where[:16] or where.startswith("data:"):
        url = where
    else:
        data = where
        extra = marked_extra({**rest, NOTE_BARE: True})
    return Media(
        kind=kind, media_type=media_type, data=data, url=url, name=name, detail=detail, cache=mark, extra=extra
    )


def write_part(block: Text | Media | Opaque, target: Target) -> dict[str, Json]:
    """One part. Raises BadRequest for what no part can carry."""
    match block:
        case Text():
            return {"type": "text", "text": block.text, **said(block.extra)}
        case Media():
            return _write_media(block, target)
        case Opaque():
            if block.dialect != NAME or not isinstance(block.data, dict):
                raise refuse(block, "OpenAI Chat")
            return dict(block.data)


def _write_media(media: Media, target: Target) -> dict[str, Json]:
    rest, notes = said(media.extra), own(media.extra)
    form, bare = text_of(notes.get(NOTE_PART)), NOTE_BARE in notes
    if media.file_id is not None and media.dialect != NAME:
        raise refuse(media, "OpenAI Chat", "it is a file uploaded to another vendor")
    if media.text is not None:
        titled = f"{media.name}\n\n{media.text}" if media.name else media.text
        return {"type": "text", "text": titled, **rest}
    where = media.url
    if where is None:
        where = (media.data or "") if bare else f"data:{_type_of(media)};base64,{media.data or ''}"
    elif not form and media.kind in ("audio", "document") and media.kind not in target.traits.fetches:
        raise refuse(media, "OpenAI Chat", "the model does not fetch addresses; send its bytes")
    match media.kind:
        case "image":
            if media.file_id is not None:
                return _file({"file_id": media.file_id}, media, rest)
            inner = {"url": where, **({"detail": media.detail} if media.detail else {})}
            return _nested("image_url", inner, rest)
        case "video":
            return _nested("video_url", {"url": where}, rest)
        case "audio":
            return _write_audio(media, form, where, rest)
        case "document":
            if media.file_id is not None:
                return _file({"file_id": media.file_id}, media, rest)
            if form == "document_url":
                named = {"document_name": media.name} if media.name else {}
                return {"type": form, form: where, **named, **rest}
            if form == "file_url":
                named = {"file_name": media.name} if media.name else {}
                return {**_nested(form, {"url": where}, rest), **named}
            return _file({"file_data": where}, media, rest)


def _write_audio(media: Media, form: str, where: str, rest: dict[str, Json]) -> dict[str, Json]:
    if form == "audio_url":
        return _nested(form, {"url": where}, rest)
    if form == "input_audio":
        return {"type": form, form: where, **rest}
    if media.data is None:
        raise refuse(media, "OpenAI Chat", "sound goes as bytes, not by its address")
    word = _FORMAT_BY_TYPE.get(media.media_type, media.media_type.removeprefix("audio/"))
    inner: dict[str, Json] = {"data": media.data, **({"format": word} if word else {})}
    return _nested("input_audio", inner, rest)


def _type_of(media: Media) -> str:
    if media.media_type:
        return media.media_type
    return {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}.get(media.kind, "application/pdf")


def _file(inner: dict[str, Json], media: Media, rest: dict[str, Json]) -> dict[str, Json]:
    if media.name:
        inner["filename"] = media.name
    elif "file_data" in inner and media.data is not None and not own(media.extra):
        # OpenAI refuses file_data without a name, and takes the kind from the name's ending.
        inner["filename"] = "document." + (media.media_type.rpartition("/")[2] or "pdf")
    return _nested("file", inner, rest)


def _nested(kind: str, inner: dict[str, Json], rest: dict[str, Json]) -> dict[str, Json]:
    more = rest.pop(kind, None)
    if isinstance(more, dict):
        inner = {**inner, **more}
    return {"type": kind, kind: inner, **rest}
