"""Guards over real sockets: what a request must not bring to a provider, and an answer must not bring to a client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.core.call import CallRecord
from kit.answers import Said, provider, script
from kit.clients import CLIENTS
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.operator import operator
from kit.upstream import Asked, Say, Upstream, body

DIALECTS = list(CLIENTS)
MAIL, CARD = "ann.lee@example.com", "4111 1111 1111 1111"
LEAKS = Said(
    thought=f"They are {MAIL}.",
    text=f"Write to {MAIL} or pay with {CARD}, please",
    calls=(("weather", {"city": f"home of {MAIL}", "card": 4111111111111111}),),
)
MASKED = (
    "They are [EMAIL].",
    "Write to [EMAIL] or pay with [CREDIT_CARD], please",
    [("weather", {"city": "home of [EMAIL]", "card": "[CREDIT_CARD]"})],
)


def guard(name: str = "personal", **members: Any) -> str:
    """One guard of the file."""
    said = {"name": name, "kind": "pii", "action": "mask", **members}
    return "\n[[guards]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


def crumbled(answers: Callable[[Asked], Say], size: int = 1) -> Callable[[Asked], Say]:
    """The same answers in pieces of so many bytes, every @ in JSON written as an escape."""

    def answer(asked: Asked) -> Say:
        say = answers(asked)
        raw = b"".join(say.pieces).replace(b"@", b"\\u0040")
        if b"event-stream" in str(say.headers).encode() or b"ndjson" in str(say.headers).encode():
            say.pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        else:
            say.pieces = [raw]
        return say

    return answer


def found(row: CallRecord) -> dict[tuple[str, str, str], dict[str, int]]:
    return {(one.guard, one.action, one.where): one.found for one in row.guards}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DIALECTS)
async def test_answers_are_masked_at_every_door(door: str, stream: bool, tmp_path: Path) -> None:
    """Edge case 62, R-X7: words, thoughts and tool arguments, byte by byte, by the way that would be verbatim."""
    async with (
        Upstream(crumbled(script(door, LEAKS))) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(where="output")) as gateway,
    ):
        got = await CLIENTS[door](url(gateway), KEY, "up/m", "Hi", stream)
        kept = await rows(gateway)
    assert (got.thought, got.text, got.calls) == MASKED
    assert got.usage == (10, 7)
    assert [(row.status, row.usage_source) for row in kept] == [("ok", "provider")]
    assert found(kept[0]) == {("personal", "mask", "output"): {"EMAIL": 3, "CREDIT_CARD": 2}}


@pytest.mark.parametrize("upstream", DIALECTS)
async def test_answers_are_masked_whatever_language_they_come_in(upstream: str, tmp_path: Path) -> None:
    """Edge case 62."""
    async with (
        Upstream(crumbled(script(upstream, LEAKS), 7)) as up,
        gate(tmp_path, provider(upstream, up.url), sections=guard()) as gateway,
    ):
        for stream in (False, True):
            got = await CLIENTS["anthropic_messages"](url(gateway), KEY, "up/m", "Hi", stream)
            assert (got.thought, got.text, got.calls) == MASKED
        kept = await rows(gateway, 2)
    if upstream == "anthropic_messages":
        assert all("thinking signature" in row.dropped for row in kept)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DIALECTS)
async def test_requests_are_masked_before_anything_goes_upstream(door: str, stream: bool, tmp_path: Path) -> None:
    """R-X7: and the answer, which no guard is for, comes back whole."""
    async with (
        Upstream(script(door)) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(where="input")) as gateway,
    ):
        got = await CLIENTS[door](url(gateway), KEY, "up/m", f"I am {MAIL}, and pay by {CARD}", stream)
        kept = await rows(gateway)
        sent = up.asked[0].body.decode()
    assert got.text == "Hello wörld"
    assert "I am [EMAIL], and pay by [CREDIT_CARD]" in sent
    assert MAIL not in sent
    assert found(kept[0]) == {("personal", "mask", "input"): {"EMAIL": 1, "CREDIT_CARD": 1}}


@pytest.mark.parametrize("door", DIALECTS)
async def test_a_request_in_which_nothing_is_found_goes_out_as_it_came(door: str, tmp_path: Path) -> None:
    """Law 5: a guard that finds nothing changes nothing."""
    async with (
        Upstream(script(door)) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(where="input")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked(door, "m", stream=False)
        raw = json.dumps(said, indent=3).encode()
        answer = await client.post(path, content=raw)
        kept = await rows(gateway)
    assert answer.status_code == 200
    assert "x-gophergate-guards" not in answer.headers
    assert up.asked[0].body == raw
    assert kept[0].guards == ()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DIALECTS)
async def test_a_request_is_blocked_in_its_own_language(door: str, stream: bool, tmp_path: Path) -> None:
    """R-X7, law 1: a 400 that names the guard and not what it found, one row, nobody asked."""
    async with (
        Upstream(script(door)) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(action="block")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked(door, "up/m", stream=stream)
        answer = await client.post(path, content=json.dumps(said).replace("Hi", f"I am {MAIL}").encode())
        kept = await rows(gateway)
    assert answer.status_code == 400
    assert "blocked by the guard 'personal'" in answer.text
    assert MAIL not in answer.text
    assert answer.headers["x-gophergate-guards"] == "personal:block"
    assert up.asked == []
    assert [(row.status, row.http_status, row.error_code) for row in kept] == [("refused", 400, "content_blocked")]
    assert found(kept[0]) == {("personal", "block", "input"): {"EMAIL": 1}}


@pytest.mark.parametrize("door", DIALECTS)
async def test_an_answer_is_blocked_in_its_own_language(door: str, tmp_path: Path) -> None:
    """R-X7, law 2: whole, and at the beginning of a stream, an HTTP refusal; later the stream's own error event. It is
    no failure of the provider's: nobody else is asked, and no breaker opens."""
    late = Said(thought="", text=f"First of all, good morning to all of you. And then there is {MAIL}.", calls=())
    early = Said(thought="", text=f"{MAIL} is it", calls=())
    async with (
        Upstream(crumbled(script(door, late))) as up,
        Upstream(script(door, early)) as other,
        gate(
            tmp_path,
            provider(door, up.url) | {"breaker": {"failures": 1}},
            provider(door, other.url, "other"),
            sections=guard(action="block", where="output"),
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        for stream in (False, True):
            path, said = asked(door, "other/m", stream=stream)
            answer = await client.post(path, json=said)
            assert (answer.status_code, "guard 'personal'" in answer.text) == (400, True)
        path, said = asked(door, "up/m", stream=False)
        assert (await client.post(path, json=said)).status_code == 400
        path, said = asked(door, "up/m", stream=True)
        answer = await client.post(path, json=said)
        kept = await rows(gateway, 4)
        assert not list(gateway.router.health.ill())
    assert answer.status_code == 200
    assert "good" in answer.text
    assert "guard 'personal'" in answer.text
    assert "ann.lee" not in answer.text
    assert [(row.status, row.error_code) for row in kept] == [("refused", "content_blocked")] * 4
    assert [len(row.attempts) for row in kept] == [1] * 4
    assert all(row.usage is not None and row.usage.output for row in kept)
    assert len(up.asked) == len(other.asked) == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("mode", ["warn", "monitor"])
async def test_what_only_warns_or_monitors_lets_the_providers_bytes_pass(
    mode: str, stream: bool, tmp_path: Path
) -> None:
    """Law 5, R-X7: nothing is held back or written anew; the record says what was found, the caller is told of a
    warning in a header, as far as it is found before the head goes out."""
    said = {"action": "warn"} if mode == "warn" else {"mode": "monitor"}
    answers = crumbled(script("openai_chat", LEAKS), 5)
    async with (
        Upstream(answers) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=guard(**said)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, asks = asked("openai_chat", "up/m", stream=stream)
        asks["messages"][0]["content"] = f"I am {MAIL}"
        asks |= {"stream_options": {"include_usage": True}} if stream else {}
        answer = await client.post(path, json=asks)
        kept = await rows(gateway)
        direct = b"".join(answers(Asked("POST", "/", {}, json.dumps(asks).encode())).pieces)
    assert answer.content == direct
    assert MAIL in up.asked[0].body.decode()
    assert answer.headers.get("x-gophergate-guards") == ("personal:warn" if mode == "warn" else None)
    action = "warn" if mode == "warn" else "mask"
    assert found(kept[0]) == {
        ("personal", action, "input"): {"EMAIL": 1},
        ("personal", action, "output"): {"EMAIL": 3, "CREDIT_CARD": 2},
    }


async def test_the_simulator_is_guarded_as_any_provider(tmp_path: Path) -> None:
    async with gate(tmp_path, sections=guard(where="output", detect=["email"])) as gateway:
        for door in DIALECTS:
            for stream in (False, True):
                got = await CLIENTS[door](url(gateway), KEY, "demo/echo", f"I am {MAIL}, hello", stream)
                assert got.text == "I am [EMAIL], hello"


async def test_every_text_of_a_request_is_looked_at(tmp_path: Path) -> None:
    """R-X7: system, history, tool calls, tool results and files; what is signed stays as its maker signed it."""
    signed = {"type": "thinking", "thinking": f"of {MAIL}", "signature": "U0lHTkVE"}
    said = {
        "model": "up/m",
        "max_tokens": 99,
        "system": f"You serve {MAIL}.",
        "metadata": {"user_id": MAIL},
        "tools": [{"name": "mail", "description": f"Mails {MAIL}", "input_schema": {"type": "object"}}],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": MAIL}}],
            },
            {
                "role": "assistant",
                "content": [signed, {"type": "tool_use", "id": "toolu_1", "name": "mail", "input": {"to": MAIL}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": json.dumps({"from": MAIL}).replace("@", "\\u0040"),
                    },
                    {"type": "text", "text": f"and {MAIL}"},
                ],
            },
        ],
    }
    async with (
        Upstream(script("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url), sections=guard(where="input")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        answer = await client.post("/v1/messages", json=said)
        assert answer.status_code == 200, answer.text
        counted = await client.post(
            "/v1/messages/count_tokens", json={k: v for k, v in said.items() if k not in ("max_tokens",)}
        )
        assert counted.status_code == 200, counted.text
    assert [one.target for one in up.asked] == ["/v1/messages", "/v1/messages/count_tokens"]
    for one in up.asked:
        sent = one.body.decode()
        assert sent.count("ann.lee") == 1, sent
        assert signed in one.json["messages"][1]["content"]
        assert "ann.lee\\u0040" not in sent


async def test_only_whom_a_guard_is_for_is_guarded(tmp_path: Path) -> None:
    """R-G2: a guard made at run time holds for calls that begin from then on, for its clients and models alone."""
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        made = await admin.make("/api/clients", {"name": "guarded"})
        await admin.make(
            "/api/guards",
            {
                "name": "theirs",
                "kind": "keywords",
                "keywords": ["zephyr"],
                "clients": [made["id"]],
                "models": ["demo/*"],
            },
        )

        async def status(key: str, model: str = "demo/echo") -> int:
            async with httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": key}) as client:
                path, said = asked("openai_chat", model, stream=False)
                said["messages"] = [{"role": "user", "content": "about Zephyr"}]
                return (await client.post(path, json=said)).status_code

        theirs = made["key"]["key"]
        assert (await status(KEY), await status(theirs)) == (200, 400)
        assert (await admin.ask("PATCH", "/api/guards/theirs", {"models": ["other/*"]}))[0] == 200
        assert await status(theirs) == 200
        assert (await admin.ask("PATCH", "/api/guards/theirs", {"models": []}))[0] == 200
        assert await status(theirs) == 400
        await rows(gateway, 4)
        call = (await admin.get("/api/calls?failed=true"))["items"][0]
        assert call["guards"] == [
            {"guard": "theirs", "action": "block", "mode": "enforce", "where": "input", "found": {"KEYWORD": 1}}
        ]
        assert (await admin.ask("DELETE", "/api/guards/theirs"))[0] == 204
        assert await status(theirs) == 200


async def test_a_draft_says_what_it_would_find(tmp_path: Path) -> None:
    async with gate(tmp_path, sections=guard()) as gateway, operator(gateway) as admin:
        tries = {"guard": {"kind": "pii", "action": "mask"}, "text": f"I am {MAIL}."}
        _, went = await admin.ask("POST", "/api/guards/try", tries)
        assert went == {
            "finds": [{"start": 5, "end": 24, "label": "EMAIL"}],
            "found": {"EMAIL": 1},
            "blocked": False,
            "text": "I am [EMAIL].",
        }
        blocks = {"guard": {"kind": "regex", "patterns": ["am .*@"]}, "text": f"I am {MAIL}."}
        _, went = await admin.ask("POST", "/api/guards/try", blocks)
        assert (went["blocked"], went["text"], went["found"]) == (True, None, {"PATTERN": 1})
        wrong = {"guard": {"kind": "regex", "patterns": ["ok", "("]}, "text": ""}
        status, problem = await admin.ask("POST", "/api/guards/try", wrong)
        assert (status, problem["error"]["param"]) == (400, "patterns.1")
        assert "missing )" in problem["error"]["message"]
        shown = await admin.get("/api/guards/personal")
        assert (shown["source"], shown["action"]) == ("file", "mask")
        assert (await admin.ask("PATCH", "/api/guards/personal", {"action": "warn"}))[0] == 403


async def test_what_was_found_in_a_request_is_not_kept_with_it(tmp_path: Path) -> None:
    """Bodies are kept as the guards left them: masked in the request, and as the client got it in the answer."""
    log = '[logging]\nbodies = "all"\n'
    async with (
        Upstream(script("openai_chat", LEAKS)) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=log + guard()) as gateway,
        operator(gateway) as admin,
    ):
        await CLIENTS["openai_chat"](url(gateway), KEY, "up/m", f"I am {MAIL}", True)
        row = (await rows(gateway))[0]
        whole = await admin.get(f"/api/calls/{row.id}")
        while whole["bodies"] is None:  # They are written after the row.
            await asyncio.sleep(0.02)
            whole = await admin.get(f"/api/calls/{row.id}")
    assert "I am [EMAIL]" in whole["bodies"]["request"]
    assert MAIL not in json.dumps(whole)


async def test_what_cannot_be_guarded_is_refused_by_name(tmp_path: Path) -> None:
    """R-X7: a rule that cannot apply to a route refuses loudly."""
    async with (
        Upstream(lambda _: body({"id": "resp_1", "object": "response.compaction"})) as up,
        gate(tmp_path, provider("openai_responses", up.url), sections=guard(where="output")) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        compacted = await client.post("/v1/responses/compact", json={"model": "up/m", "input": "Hi"})
        path, said = asked("openai_chat", "demo/echo", stream=False)
        sound = await client.post(
            path, json=said | {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
        )
    for answer in (compacted, sound):
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "guard_cannot_apply"
        assert "'personal'" in answer.json()["error"]["message"]
    assert up.asked == []


async def test_hits_are_counted_by_guard(tmp_path: Path) -> None:
    """In how many calls, and how often; of calls that nothing was found in none."""
    async with (
        Upstream(script("openai_chat", LEAKS)) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=guard() + guard("idle", detect=["iban"])) as gateway,
        operator(gateway) as at,
    ):
        for words in (f"I am {MAIL}", "Hi"):
            await CLIENTS["openai_chat"](url(gateway), KEY, "up/m", words, False)
        await rows(gateway, 2)
        hits = await at.get("/api/guard-hits")
        status, said = await at.ask("GET", "/api/guard-hits?hours=0")
    assert hits == {"items": [{"guard": "personal", "calls": 2, "finds": 11}], "is_whole": True}
    assert (status, said["error"]["param"]) == (400, "hours")
