"""Calls that are not chat, as operators see them: told apart, readable, and never offered where only chat is asked."""

from __future__ import annotations

from typing import Any

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit
from kit.gate import KEY
from kit.seeding import HOSTILE
from kit.serving import Serving

SOUND = ("song.wav", b"RIFF\x00\xff" * 500, "audio/wav")
ASKED: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "embeddings": (
        "/v1/embeddings",
        {"json": {"model": "demo/embed", "input": ["a gopher", HOSTILE]}},
        ("a gopher", HOSTILE, "0: 64 numbers: "),
    ),
    "images": (
        "/v1/images/generations",
        {"json": {"model": "demo/image", "prompt": "a red fox", "size": "64x64"}},
        ("a red fox", '"size": "64x64"', "image/png, "),
    ),
    "speech": (
        "/v1/audio/speech",
        {"json": {"model": "demo/speech", "input": "Read this", "voice": "v"}},
        ("Read this", "sound, WAV, 1.64 kB"),
    ),
    "moderations": (
        "/v1/moderations",
        {"json": {"model": "demo/moderation", "input": ["kill", "kiss"]}},
        ("kill", "0: flagged: violence", "1: not flagged"),
    ),
    "rerank": (
        "/v1/rerank",
        {"json": {"model": "demo/rerank", "query": "red fox", "documents": ["a fox", "red fox"]}},
        ("red fox", "document 1: 1"),
    ),
    "transcriptions": (
        "/v1/audio/transcriptions",
        {"files": {"file": SOUND}, "data": {"model": "demo/transcribe", "language": "en"}},
        ("file: song.wav, audio/wav", "language: en", "I got audio/wav of 3000 bytes."),
    ),
}


def test_calls_that_are_not_chat_are_told_apart_and_read(at: Visit, gateway: Serving, api: httpx2.Client) -> None:
    """Live, in the list and in the drawer; a picture is shown; the playground offers and replays chat alone."""
    page = at.go("live")
    expect(page.locator(".live-dot")).to_contain_text("Live")
    with httpx2.Client(base_url=gateway.url, headers={"authorization": f"Bearer {KEY}"}, timeout=30) as client:
        for path, body, _ in ASKED.values():
            client.post(path, **body).raise_for_status()
    first = page.locator(".livelist li", has_text="demo/embed")
    expect(first).to_contain_text("Embeddings")
    first.click()
    expect(page.locator(".turn", has_text="user")).to_contain_text(HOSTILE)
    page = at.go("calls")
    drawer = page.get_by_label("Call", exact=True)
    pick = page.locator("select[aria-label='Any operation']")
    offered = pick.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    assert set(ASKED) < set(offered)
    for operation, (_, _, seen) in ASKED.items():
        pick.select_option(operation)
        word = pick.locator("option:checked").inner_text()
        expect(page.locator(".vrow")).to_have_count(1)
        expect(page.locator(".vrow")).to_contain_text(word)
        page.locator(".vrow").click()
        expect(drawer.get_by_role("tab", name="Content")).to_be_visible()
        for text in seen:
            expect(drawer.locator(".turns")).to_contain_text(text)
        expect(drawer.get_by_role("button", name="Open in playground")).to_have_count(0)
        if operation == "images":
            at.until("document.querySelector('.turn img')?.naturalWidth === 64")
            assert at.flaws() == []
        page.keyboard.press("Escape")
    told = {row["name"]: row["operations"] for row in api.get("/api/models", params={"limit": 200}).json()["items"]}
    assert (told["demo/embed"], told["demo/echo"]) == (["embeddings"], ["chat"])
    assert {"chat", "embeddings", "images"} <= set(told["openai/gpt-4.1"])
    assert "embeddings" not in told["anthropic/claude-sonnet-4-5"]
    assert {"chat", "embeddings"} <= set(told["fast"])
    page = at.go("playground")
    page.locator(".picked").click()
    page.get_by_role("combobox", name="Search models").fill("demo/")
    expect(page.get_by_role("option", name="demo/echo")).to_have_count(1)
    assert page.get_by_role("option", name="demo/e").count() == 1


def test_whatever_was_kept_of_a_call_is_shown(at: Visit) -> None:
    """Every dialect's vectors, packed and plain; bodies that are cut, garbled, of another shape, or hold no object
    where one is due: there is always something to read, and nothing throws."""
    at.go("calls")
    odd = [
        "",
        "null",
        "5",
        '"x"',
        "[]",
        "{}",
        '{"data":',
        "\ufffd\ufffd",
        "--b\r\nname=",
        "<html>no</html>",
        "data: {}\n",
    ]
    odd += [
        f'{{"{name}":{value}}}'
        for name in (
            "data",
            "results",
            "embeddings",
            "embedding",
            "error",
            "choices",
            "text",
            "input",
            "requests",
            "documents",
            "content",
        )
        for value in ("null", "[null]", "[[null]]", '"x"', "{}", "7")
    ]
    read = "Object.keys(m.OPERATIONS).filter(m.isPlain).flatMap((operation) => given.flatMap((body) => m.operated("
    read += (
        "{ operation, bodies: { request: body, response: body, response_size: 1 } }).flatMap((turn) => turn.parts)))"
    )
    parts = at.module("operations.js", read, odd)
    assert len(parts) > len(odd) * 9
    assert all(isinstance(part["text"], str) for part in parts)
    one = (
        "m.operated({ operation: 'embeddings', bodies: { request: '{}', response: given, response_size: 1 } })[1].parts"
    )
    for answer, said in (
        ('{"data":[{"embedding":[1,2]}]}', "0: 2 numbers: 1, 2"),
        ('{"data":[{"embedding":"AAAA"}]}', "0: packed numbers, 3 B"),
        ('{"embeddings":[{"values":[1,2]}]}', "0: 2 numbers: 1, 2"),
        ('{"embedding":{"values":[1,2]}}', "0: 2 numbers: 1, 2"),
        ('{"embeddings":[[1,2]]}', "0: 2 numbers: 1, 2"),
        ('{"embedding":[1,2]}', "0: 2 numbers: 1, 2"),
        ('{"embeddings":{"int8":[[1,2]]}}', "0: 2 numbers: 1, 2"),
    ):
        assert at.module("operations.js", one, answer)[0]["text"] == said
