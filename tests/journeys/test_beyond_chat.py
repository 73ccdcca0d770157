"""The operations that go as they come, over real sockets: by the official client at the simulator, byte for byte to and
from a scripted provider, metered, guarded, and broken off."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from kit.exchanges import every, request_bytes, response_bytes, something, wanted
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream, body

KEYS = {"authorization": f"Bearer {KEY}"}
PATHS = {
    "images": "/v1/images/generations",
    "moderations": "/v1/moderations",
    "rerank": "/v1/rerank",
    "audio.speech": "/v1/audio/speech",
    "audio.transcriptions": "/v1/audio/transcriptions",
}
OPERATIONS = ("images", "image_edits", "moderations", "rerank", "speech", "transcriptions", "translations")


def up(kind: str, address: str, *models: str, name: str = "") -> dict[str, Any]:
    return {"name": name or kind, "kind": kind, "base_url": address, "api_key": "canary-up", "models": list(models)}


def speech(model: str, said: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"model": model, "input": said, "voice": "alloy", **more}


async def test_the_official_client_at_the_simulator(tmp_path: Path) -> None:
    """Law 1, O20, N1: every operation answers, is a row of its own name, and costs something."""
    sound = ("s.wav", b"RIFF" * 500, "audio/wav")
    async with (
        gate(tmp_path) as gateway,
        AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as client,
        httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as plain,
    ):
        drawn = await client.images.generate(model="demo/image", prompt="a fox", n=2, size="64x32")
        assert drawn.data is not None
        assert [bool(one.b64_json) for one in drawn.data] == [True, True]
        assert drawn.usage is not None
        assert (drawn.usage.input_tokens, drawn.usage.output_tokens) == (2, 200)
        pieces = await client.images.generate(model="demo/image", prompt="a fox", stream=True)
        assert [piece.type async for piece in pieces] == ["image_generation.completed"]
        edited = await client.images.edit(
            model="demo/image", prompt="green", image=[io.BytesIO(b"P"), io.BytesIO(b"Q")]
        )
        assert edited.usage is not None
        assert edited.usage.input_tokens_details.image_tokens == 200
        judged = await client.moderations.create(model="demo/moderation", input=["kill", "kiss"])
        assert [one.flagged for one in judged.results] == [True, False]
        asked = {"model": "demo/rerank", "query": "red fox", "documents": ["a fox", "red fox", "none"], "top_n": 2}
        ranked = (await plain.post("/rerank", json=asked)).json()
        assert [(one["index"], one["relevance_score"]) for one in ranked["results"]] == [(1, 1.0), (0, 0.5)]
        told = await client.audio.speech.create(**speech("demo/speech"))
        assert (told.response.headers["content-type"], told.content[:4]) == ("audio/wav", b"RIFF")
        heard = await client.audio.transcriptions.create(model="demo/transcribe", file=sound)
        assert heard.text == "I got audio/wav of 2000 bytes."
        streamed = await client.audio.transcriptions.create(model="demo/transcribe", file=sound, stream=True)
        events = [event async for event in streamed]
        assert events[-1].type == "transcript.text.done"
        form = {"files": {"file": sound}, "data": {"model": "demo/transcribe", "response_format": "srt"}}
        subtitles = await plain.post("/v1/audio/translations", **form)  # type: ignore[arg-type]
        assert subtitles.headers["content-type"].startswith("text/plain")
        assert subtitles.text.startswith("1\n00:00:00,000 --> ")
        for wrong, says in (("demo/echo", "does not serve images"), ("demo/nope", "does not exist")):
            with pytest.raises(openai.APIStatusError, match=says) as refused:
                await client.images.generate(model=wrong, prompt="x")
            assert refused.value.param == "model"
        with pytest.raises(openai.BadRequestError, match="does not serve chat"):
            await client.chat.completions.create(model="demo/image", messages=[{"role": "user", "content": "x"}])
        kept = await rows(gateway, 12)
    done = [row for row in kept if row.status == "ok"]
    assert {row.operation for row in done} == set(OPERATIONS)
    assert len(done) == 9
    assert all(row.usage_source == "provider" and row.cost for row in done)
    assert [row.http_status for row in kept if row.status != "ok"] == [400, 404, 400]


@wanted
async def test_every_recording_goes_through_byte_for_byte(tmp_path: Path) -> None:
    """R-S1, laws 1 and 5: requests but for the model's name, answers and refusals whole."""
    current: dict[str, Any] = {}

    def script(asked: Asked) -> Say:
        kind = current["response_headers"]["content-type"]
        return Say(status=current["status"], headers=(("content-type", kind),), pieces=(response_bytes(current),))

    played = [record for record in every(*PATHS) if record["request_body"] is not None]
    something(played)
    async with Upstream(script) as upstream:
        kinds = sorted({record["provider"] for record in played})
        async with (
            gate(tmp_path, *(up(kind, upstream.url, "m") for kind in kinds)) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as client,
        ):
            for record in played:
                current = record
                path = "/v1/images/edits" if record["url_path"].endswith("edits") else PATHS[record["endpoint"]]
                sent = request_bytes(record)
                model = json.dumps(record["model"]).encode()
                asked = sent.replace(model, json.dumps(f"{record['provider']}/{record['model']}").encode(), 1)
                answer = await client.post(path, content=asked)
                assert (answer.status_code, answer.content) == (record["status"], response_bytes(record)), record["id"]
                assert (
                    answer.headers["content-type"].split(";")[0]
                    == record["response_headers"]["content-type"].split(";")[0]
                )
                assert upstream.asked[-1].body == sent
                assert upstream.asked[-1].target == record["url_path"]
            kept = await rows(gateway, len(played))
    assert [row.status == "ok" for row in kept] == [record["status"] == 200 for record in played]
    assert {row.usage_source for row in kept if row.operation == "moderations"} == {"none"}
    assert all(row.cost is None for row in kept if row.usage is None), "nobody's price is never zero"


FORM = "multipart/form-data; boundary=b0"
HELD = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="s.wav"\r\n\r\n\xff\x00\r\n--b\r\n\r\n'


def form(**fields: str) -> bytes:
    parts = (
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n' for name, said in fields.items()
    )
    return HELD + "".join(parts).encode() + b"--b0--\r\n"


GUARDS = """
[[guards]]
name = "mail"
kind = "pii"
detect = ["email"]
where = "input"
action = "mask"
models = ["compatible/masked"]

[[guards]]
name = "both"
kind = "keywords"
keywords = ["zephyr"]
action = "mask"
models = ["compatible/guarded"]

[pricing]
unpriced = "block"
overrides = { "compatible/masked" = { input = 1.0 }, "compatible/guarded" = { input = 1.0 } }
"""


async def test_forms_guards_and_prices(tmp_path: Path) -> None:
    """Law 5, R-X7, R-U2: a form goes with only its model changed; a guard's words stand in their places, or the call is
    refused loudly; what is sold by the piece is priced by it."""
    answers: dict[str, Say] = {}
    async with Upstream(lambda asked: answers[asked.target]) as upstream:
        address = f"{upstream.url}/v1"
        compatible = up("compatible", address, "masked", "guarded")
        async with (
            gate(tmp_path, up("openai", address, "whisper-1", "tts-1"), compatible, sections=GUARDS) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as client,
        ):

            async def post(path: str, content: bytes | Mapping[str, Any]) -> httpx2.Response:
                if isinstance(content, bytes):
                    return await client.post(path, content=content, headers={"content-type": FORM})
                return await client.post(path, json=content)

            heard = b'{ "text": "Hi Zephyr", "duration": 2.5 }'
            answers["/v1/audio/transcriptions"] = body(heard)
            answers["/v1/audio/speech"] = Say(headers=(("content-type", "audio/mpeg"),), pieces=(b"\xff\xfb", b"\x01"))
            answers["/v1/rerank"] = body({"results": [{"index": 0, "document": {"text": "the zephyr"}}]})

            answer = await post("/v1/audio/transcriptions", form(model="openai/whisper-1", prompt="a@b.example"))
            assert answer.content == heard
            assert upstream.asked[-1].body == form(model="whisper-1", prompt="a@b.example")
            assert upstream.asked[-1].headers["content-type"] == FORM
            large = form(model="openai/whisper-1").replace(b"\xff\x00", b"\r\n--b" * 100_000)
            assert (await post("/v1/audio/transcriptions", large)).content == heard
            assert upstream.asked[-1].body == large.replace(b"openai/", b"")
            answer = await post("/audio/speech", speech("openai/tts-1", "Grüße"))
            assert (answer.content, answer.headers["content-type"]) == (b"\xff\xfb\x01", "audio/mpeg")
            assert upstream.asked[-1].headers["content-type"] == "application/json"

            answer = await post("/v1/audio/transcriptions", form(model="compatible/masked", prompt="ask a@b.example"))
            assert answer.content == heard
            assert upstream.asked[-1].body == form(model="masked", prompt="ask [EMAIL]")
            answer = await post("/v1/audio/speech", speech("compatible/masked", "Write to a@b.example"))
            assert answer.content == b"\xff\xfb\x01"
            assert upstream.asked[-1].json == speech("masked", "Write to [EMAIL]")

            answer = await post("/v1/audio/transcriptions", form(model="compatible/guarded"))
            assert answer.json() == {"text": "Hi [KEYWORD]", "duration": 2.5}
            asked = {"model": "compatible/guarded", "query": "q", "documents": ["the zephyr"]}
            answer = await post("/v1/rerank", asked)
            assert upstream.asked[-1].json == {**asked, "model": "guarded", "documents": ["the [KEYWORD]"]}
            assert answer.json()["results"][0]["document"] == {"text": "the [KEYWORD]"}
            before = len(upstream.asked)
            for path, refused in (
                ("/v1/audio/speech", speech("compatible/guarded")),
                ("/v1/audio/transcriptions", form(model="compatible/guarded", stream="true")),
            ):
                answer = await post(path, refused)
                assert (answer.status_code, answer.json()["error"]["code"]) == (400, "guard_cannot_apply"), answer.text
            for path, wrong in (("/v1/audio/transcriptions", form(prompt="x")), ("/v1/images/edits", HELD)):
                assert (await post(path, wrong)).status_code == 400
            assert len(upstream.asked) == before
            kept = await rows(gateway, 11)
    assert kept[0].usage is not None
    assert (kept[0].usage.units, kept[0].cost) == ({"audio_input_ms": 2500}, 250_000)
    assert kept[2].usage is not None
    assert (kept[2].usage.units, kept[2].cost) == ({"characters": 5}, 75_000)
    assert [(row.status, row.http_status) for row in kept[7:]] == [("refused", 400)] * 4


async def test_the_official_client_at_a_scripted_provider(tmp_path: Path) -> None:
    """R-T4: the client's own forms and streams, its answers as its provider gave them."""
    usage = {"input_tokens": 5, "input_tokens_details": {"text_tokens": 5, "image_tokens": 0}, "output_tokens": 9}
    about = {"created_at": 1, "size": "auto", "quality": "low", "background": "auto", "output_format": "png"}
    drawn = [
        {"type": "image_generation.partial_image", "b64_json": "QQ==", "partial_image_index": 0, **about},
        {"type": "image_generation.completed", "b64_json": "QUE=", "usage": {**usage, "total_tokens": 14}, **about},
    ]
    heard = [
        {"type": "transcript.text.delta", "delta": "Hi"},
        {"type": "transcript.text.done", "text": "Hi", "usage": {"type": "tokens", **usage, "total_tokens": 14}},
    ]
    streams = {
        "/v1/images/generations": [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in drawn],
        "/v1/audio/transcriptions": [
            *(f"data: {json.dumps(one)}\r\n\r\n".encode() for one in heard),
            b"data: [DONE]\n\n",
        ],
        "/v1/audio/speech": [b"data: %s\n\n" % json.dumps({"type": "speech.audio.done", "usage": usage}).encode()],
    }
    whole = {"/v1/images/edits": {"created": 1, "data": [{"url": "https://x.example/1.png"}]}}

    def script(asked: Asked) -> Say:
        if asked.target in whole:
            return body(whole[asked.target])
        return Say(headers=(("content-type", "text/event-stream"),), pieces=streams[asked.target])

    async with Upstream(script) as upstream:
        models = ("gpt-image-1", "gpt-4o-transcribe", "gpt-4o-mini-tts")
        async with (
            gate(tmp_path, up("openai", f"{upstream.url}/v1", *models)) as gateway,
            AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=KEY, max_retries=0) as client,
        ):
            pictures = await client.images.generate(model="gpt-image-1", prompt="a fox", stream=True, partial_images=1)
            assert [one.type async for one in pictures] == [one["type"] for one in drawn]
            sound = ("s.wav", b"RIFF\r\n--" * 90_000, "audio/wav")
            words = await client.audio.transcriptions.create(model="openai/gpt-4o-transcribe", file=sound, stream=True)
            assert [one.type async for one in words] == [one["type"] for one in heard]
            sent = upstream.asked[-1]
            assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
            assert (sent.body.count(sound[1]), b"openai/" in sent.body) == (1, False)
            edited = await client.images.edit(model="openai/gpt-image-1", prompt="green", image=io.BytesIO(b"P"))
            assert edited.data is not None
            assert edited.data[0].url == "https://x.example/1.png"
            async with client.audio.speech.with_streaming_response.create(
                **speech("openai/gpt-4o-mini-tts", stream_format="sse")
            ) as told:
                assert await told.read() == streams["/v1/audio/speech"][0]
            kept = await rows(gateway, 4)
    assert [row.operation for row in kept] == ["images", "transcriptions", "image_edits", "speech"]
    assert [row.cost for row in kept] == [385_000, 102_500, None, 111_000]
    assert [row.stream for row in kept] == [True, True, False, True]


async def test_sound_comes_as_it_is_made_and_ends_with_its_client(tmp_path: Path) -> None:
    """R-F3, laws 1 and 2: a piece arrives while the next is being made; a client that leaves closes the provider; a
    provider that breaks off breaks its client's connection, never a clean end."""
    held = asyncio.Event()
    kind = (("content-type", "audio/mpeg"),)
    script = [
        Say(headers=kind, pieces=(b"\xff\xfb" * 400,), hold=held),
        Say(headers=kind, pieces=(b"\xff\xfb" * 400, b"\x01"), cut=True),
        Say(status=503, pieces=(b'{"error":{"message":"busy"}}',)),
    ]
    async with Upstream(lambda _: script.pop(0)) as upstream:
        provider = {**up("openai", f"{upstream.url}/v1", "tts-1"), "retries": 0}
        async with (
            gate(tmp_path, provider) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), headers=KEYS, timeout=30) as client,
        ):
            asked = speech("openai/tts-1")
            async with client.stream("POST", "/v1/audio/speech", json=asked) as answer:
                assert answer.headers["content-type"] == "audio/mpeg"
                async for piece in answer.aiter_raw():
                    assert piece
                    break
            [row] = await rows(gateway, 1)
            assert (row.status, row.http_status, row.cost) == ("client_closed", 499, 75_000)
            for _ in range(200):
                if upstream.closed_early:
                    break
                await asyncio.sleep(0.01)
            assert upstream.closed_early == 1
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.post("/v1/audio/speech", json=asked)
            answer = await client.post("/v1/audio/speech", json=asked)
            assert (answer.status_code, answer.json()) == (503, {"error": {"message": "busy"}})
            kept = await rows(gateway, 3)
    assert [row.status for row in kept] == ["client_closed", "error", "error"]
    assert [row.error_code for row in kept] == ["client_closed", "upstream_broken", kept[2].error_code]
    assert kept[2].usage is None
