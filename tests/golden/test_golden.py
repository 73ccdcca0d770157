"""The translation matrix as files: each request and answer of every dialect, as every dialect says it (R-T2, R-K1).

`requests/FROM/CASE/request.json` is written by hand, `to_TO.json` is what a provider that speaks TO is asked: headers
and what was dropped, then the body, its members in the order they are sent; or the sentence it is refused with.
`answers/FROM/CASE/answer.*` is what a provider said; `to_TO.*` what a client of TO hears, whole and streamed.
Compared byte for byte. `make goldens` writes them anew: read the difference before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gophergate.core.lifecycle import checked
from gophergate.dialects.base import Dialect, Stamp, Target, Traits, encode
from gophergate.errors import BadRequest, GatewayError
from kit.families import CHAT, EMBEDDINGS, family

HERE = Path(__file__).parent
UPDATING = os.environ.get("UPDATE_GOLDENS") == "1"
SPOKEN: dict[str, Dialect] = {**CHAT, **EMBEDDINGS}
STAMP = Stamp("abcdefghijklmnopqrstuvwx", 1_700_000_000)
REQUESTS = sorted(path.parent for path in HERE.glob("requests/*/*/request.json"))
ANSWERS = sorted(HERE.glob("answers/*/*/answer.*"))
TRAITS = {
    "anthropic_messages": Traits(max_output=64_000, thinking="budget"),
    "gemini": Traits(thinking="level"),
    "openai_chat": Traits(thinking="effort", max_tokens_member="max_completion_tokens"),
    "openai_responses": Traits(thinking="effort"),
}
"""What the model that is asked can do: a usual one of each vendor."""
ASKED = {
    "openai_chat": b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream_options":{"include_usage":true}}',
    "openai_responses": b'{"model":"m","input":"Hi"}',
    "anthropic_messages": b'{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"Hi"}]}',
    "gemini": b'{"contents":[{"parts":[{"text":"Hi"}]}]}',
    "ollama": b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}',
    "openai_embeddings": b'{"model":"m","input":"Hi"}',
    "gemini_embeddings": b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"Hi"}]}}]}',
    "ollama_embeddings": b'{"model":"m","input":"Hi"}',
    "cohere_embed": b'{"model":"m","texts":["Hi"],"input_type":"search_query","embedding_types":["float","base64"]}',
}
"""What the client whose answer is written had asked."""


def named(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def held(path: Path, made: bytes) -> None:
    """What was made stands in the file, byte for byte; or is put there."""
    if UPDATING:
        path.write_bytes(made)
    assert path.is_file(), f"{named(path)} is missing: `make goldens` writes it"
    assert path.read_bytes() == made, f"{named(path)} says otherwise: `make goldens` writes it anew"


def pretty(body: bytes) -> bytes:
    """The same members in the same order, on lines of their own."""
    return msgspec.json.format(body, indent=2) + b"\n"


@pytest.mark.parametrize(
    ("case", "to"),
    [(case, to) for case in REQUESTS for to in family(case.parent.name)],
    ids=lambda one: named(one) if isinstance(one, Path) else one,
)
def test_requests(case: Path, to: str) -> None:
    """R-K1: every recorded shape of a request, as every provider gets it."""
    request = SPOKEN[case.parent.name].read_request((case / "request.json").read_bytes(), model="m")
    traits = TRAITS.get(to, Traits())
    try:
        written = SPOKEN[to].write_request(request, Target(model="m", origin="up", traits=traits))
        told = {"dropped": written.dropped, "headers": dict(written.headers), "body": written.body}
    except BadRequest as error:
        told = {"refused": str(error), "param": error.param}
    held(case / f"to_{to}.json", pretty(encode(told)))


@pytest.mark.parametrize(
    ("said", "to"),
    [(s, to) for s in ANSWERS for to in family(s.parent.parent.name)],
    ids=lambda one: named(one) if isinstance(one, Path) else one,
)
def test_answers(said: Path, to: str) -> None:
    """R-T2: one answer, as every client hears it; R-T1 on the way."""
    reader = SPOKEN[said.parent.parent.name].reader(stream=said.suffix != ".json", origin="up")
    events = checked(reader.feed(said.read_bytes()) + reader.end())
    door = SPOKEN[to]

    def heard(stream: bool) -> bytes:
        writer = door.writer(door.read_request(ASKED[to], model="m"), STAMP, stream=stream)
        return b"".join(map(writer.write, events))

    mark = "" if said.stem == "answer" else said.stem.removeprefix("answer")
    if to in CHAT:
        held(said.with_name(f"to_{to}{mark}.stream.txt"), heard(True))
    held(said.with_name(f"to_{to}{mark}.json"), pretty(whole(door, lambda: heard(False))))


def whole(door: Dialect, heard: Callable[[], bytes]) -> bytes:
    """The body a client gets, or the error's."""
    try:
        return heard()
    except GatewayError as error:
        return door.write_error(error, "req_1")


def test_every_pair_is_there() -> None:
    """DESIGN 3: no dialect is without cases, so no pair is."""
    for kind in ("requests", "answers"):
        assert {path.name for path in (HERE / kind).iterdir()} == set(SPOKEN)
