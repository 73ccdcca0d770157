"""Forms with files: where their parts lie, one field replaced with every other byte kept, and what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.dialects.multipart import is_form, read_form
from gophergate.errors import BadRequest

TYPE = b"multipart/form-data; boundary=xYz"


def form(*parts: tuple[bytes, bytes], boundary: bytes = b"xYz", before: bytes = b"", after: bytes = b"") -> bytes:
    pieces = [b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary, head, content) for head, content in parts]
    return before + b"".join(pieces) + b"--" + boundary + b"--\r\n" + after


def named(name: str, more: str = "") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"{more}'.encode()


contents = st.binary(max_size=60).filter(lambda data: b"--xYz" not in data)


@settings(max_examples=60)
@given(st.lists(contents, max_size=4), contents, contents, st.binary(max_size=5).map(lambda b: b.replace(b"-", b"")))
def test_one_field_is_replaced_and_every_other_byte_kept(
    files: list[bytes], model: bytes, other: bytes, noise: bytes
) -> None:
    """Law 5: whatever the files hold, before and after the field, with a preamble and an epilogue."""
    around = [(named("file", f'; filename="{n}"'), data) for n, data in enumerate(files)]
    half = len(around) // 2
    before = noise + b"\r\n" if noise else b""

    def whole(value: bytes) -> bytes:
        return form(*around[:half], (named("model"), value), *around[half:], before=before, after=noise)

    read = read_form(whole(model), TYPE)
    part = read.field("model")
    assert part is not None
    assert read.body[part.start : part.end] == model
    assert [read.body[p.start : p.end] for p in read.parts if p.filename is not None] == files
    assert read.replaced([(part, other)]) == whole(other)


@pytest.mark.parametrize("short", range(-12, 12, 3))
def test_a_boundary_is_found_wherever_it_lies(short: int) -> None:
    """Forms are looked through a stretch at a time."""
    body = form((named("file", '; filename="f"'), b"x" * ((1 << 20) + short - 60)), (named("model"), b"m"))
    assert [part.name for part in read_form(body, TYPE).parts] == ["file", "model"]


@pytest.mark.parametrize(
    ("content_type", "head", "name", "filename", "kind"),
    [
        (TYPE, named("file", '; filename="a b.wav"') + b"\r\nContent-Type: audio/wav", "file", "a b.wav", "audio/wav"),
        (b'Multipart/Form-Data; a=b; Boundary="xYz"', b"content-disposition:form-data;name=file", "file", None, ""),
        (TYPE, named("file", "; filename=\"x\"; filename*=UTF-8''%e2%82%ac.mp3"), "file", "€.mp3", ""),
        (TYPE, named("file", '; filename="say %22hi%22.mp3"'), "file", 'say "hi".mp3', ""),
        (TYPE, named("file", '; filename="say \\"hi\\".mp3"'), "file", 'say "hi".mp3', ""),
        (TYPE, 'Content-Disposition: form-data; name="größe"'.encode(), "größe", None, ""),
    ],
)  # fmt: skip
def test_names_are_read_however_they_are_written(
    content_type: bytes, head: bytes, name: str, filename: str | None, kind: str
) -> None:
    assert is_form(content_type)
    [part] = read_form(form((head, b"x")), content_type).parts
    assert (part.name, part.filename, part.kind) == (name, filename, kind)


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (form(), b"multipart/form-data", "names no boundary"),
        (form(), b"multipart/form-data; boundary=" + b"b" * 71, "longer than 70"),
        (b"model=x", TYPE, "stands nowhere in the body"),
        (form((named("a"), b"x"))[:-9], TYPE, "ends before its closing boundary"),
        (b"--xYz and more\r\n", TYPE, "at byte 0 does not end its line"),
        (form((b"Content-Type: text/plain", b"x")), TYPE, "part 1 has no name"),
        (b"--xYz\r\nContent-Disposition: form-data; name=a\r\nx\r\n--xYz--", TYPE, "part 1 has no blank line"),
        (form(*[(named("a"), b"x")] * 257), TYPE, "more than 256 parts"),
    ],
)
def test_a_broken_form_says_what_is_wrong(body: bytes, content_type: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_form(body, content_type)


def test_fields_that_cannot_be_taken_are_named() -> None:
    twice = read_form(form((named("model"), b"a"), (named("model"), b"b")), TYPE)
    with pytest.raises(BadRequest, match="'model' 2 times"):
        twice.field("model")
    odd = read_form(form((named("model"), b"\xff")), TYPE)
    with pytest.raises(BadRequest, match="'model' is not UTF-8"):
        odd.text(odd.parts[0])
    with pytest.raises(BadRequest, match="boundary"):
        odd.replaced([(odd.parts[0], b"a\r\n--xYz--")])
    assert not is_form(b"application/json")
    assert not is_form(None)
