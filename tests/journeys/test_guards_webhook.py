"""Guards whose verdict comes from an operator's endpoint (N8), over real sockets at every end."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.core.call import CallRecord
from gophergate.policy.guards.inquiry import MOST_ASKED
from gophergate.policy.guards.verdicts import MOST_ANSWERED
from gophergate.secrets import make_webhook_secret
from gophergate.webhooks import sign
from kit.answers import Said, provider, script
from kit.clients import CLIENTS
from kit.door_requests import asked
from kit.gate import KEY, gate, rows, url
from kit.operator import operator
from kit.upstream import Asked, Say, Upstream, body, sse
from kit.verdicts import NAME, finding, loopback_reached, saying, texts

DIALECTS = list(CLIENTS)
SECRET = make_webhook_secret()
NAMES = Said(thought=f"It is {NAME}.", text=f"Ask {NAME}, please", calls=(("weather", {"city": f"home of {NAME}"}),))
MASKED = ("It is [NAME].", "Ask [NAME], please", [("weather", {"city": "home of [NAME]"})])


@pytest.fixture(autouse=True)
def _reached() -> Iterator[None]:
    with loopback_reached():
        yield


def guard(endpoint: str, name: str = "names", **members: Any) -> str:
    """One guard of the file."""
    said = {"name": name, "kind": "webhook", "url": f"{endpoint}/verdict", "action": "mask", **members}
    return "\n[[guards]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


def found(row: CallRecord) -> dict[tuple[str, str, str], dict[str, int]]:
    return {(one.guard, one.action, one.where): one.found for one in row.guards}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DIALECTS)
async def test_requests_and_answers_are_masked_at_every_door(door: str, stream: bool, tmp_path: Path) -> None:
    """N8, R-X7, edge case 62: words, thoughts, arguments; nothing of a name goes either way, and one row says so."""
    async with (
        Upstream(finding()) as endpoint,
        Upstream(script(door, NAMES)) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(endpoint.url)) as gateway,
    ):
        got = await CLIENTS[door](url(gateway), KEY, "up/m", f"I am {NAME}.", stream)
        kept = await rows(gateway)
    assert "I am [NAME]." in up.asked[0].body.decode()
    assert NAME not in up.asked[0].body.decode()
    assert (got.thought, got.text, got.calls) == MASKED
    assert got.usage == (10, 7)
    assert [(row.status, row.usage_source) for row in kept] == [("ok", "provider")]
    assert found(kept[0]) == {("names", "mask", "input"): {"NAME": 1}, ("names", "mask", "output"): {"NAME": 3}}
    assert [one.json["where"] for one in endpoint.asked] == ["input", "output"]
    assert ("user", f"I am {NAME}.") in texts(endpoint.asked[0])
    assert ("assistant", f"Ask {NAME}, please") in texts(endpoint.asked[1])


async def test_what_goes_as_it_comes_is_asked_about_too(tmp_path: Path) -> None:
    """R-X7: words of a ranking both ways; of a picture that streams, and of speech not at all."""
    ranked = {"results": [{"index": 0, "relevance_score": 1.5, "document": {"text": f"by {NAME}"}}]}
    event = {"type": "image_generation.completed", "b64_json": "QQ==", "revised_prompt": NAME}
    answers = {
        "/v1/rerank": body(ranked),
        "/v1/images/generations": sse(b"data: " + json.dumps(event).encode() + b"\n\n"),
    }
    some = {"kind": "compatible", "name": "up", "models": ["m"]}
    async with (
        Upstream(finding()) as endpoint,
        Upstream(lambda asked: answers[asked.target]) as up,
        gate(tmp_path, {**some, "base_url": f"{up.url}/v1"}, sections=guard(endpoint.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"authorization": f"Bearer {KEY}"}, timeout=30) as client,
    ):
        said = {"model": "up/m", "query": NAME, "documents": [f"by {NAME}"]}
        answer = await client.post("/v1/rerank", json=said)
        assert answer.json()["results"] == [{**ranked["results"][0], "document": {"text": "by [NAME]"}}]
        assert up.asked[-1].json == {"model": "m", "query": "[NAME]", "documents": ["by [NAME]"]}
        answer = await client.post("/v1/images/generations", json={"model": "up/m", "prompt": "x", "stream": True})
        assert json.loads(answer.text.removeprefix("data: ")) == {**event, "revised_prompt": "[NAME]"}
        answer = await client.post("/v1/audio/speech", json={"model": "up/m", "input": "x", "voice": "v"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "guard_cannot_apply")
        assert len(up.asked) == 2
        kept = await rows(gateway, 3)
    assert [row.status for row in kept] == ["ok", "ok", "refused"]


async def test_what_is_asked_is_signed_and_says_whose_call_it_is(tmp_path: Path) -> None:
    """Standard Webhooks; the key itself is never told (law 8)."""
    async with (
        Upstream(saying({"verdict": "allow"})) as endpoint,
        Upstream(script("openai_chat")) as up,
        gate(
            tmp_path, provider("openai_chat", up.url), sections=guard(endpoint.url, secret=SECRET, where="input")
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked("openai_chat", "up/m", stream=False)
        raw = json.dumps({**said, "user": "u-1"}, indent=3).encode()
        answer = await client.post(path, content=raw)
        row = (await rows(gateway))[0]
    (question,) = endpoint.asked
    headers = question.headers
    signed = sign(SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), question.body)
    assert headers["webhook-signature"] == signed
    assert (question.method, question.target) == ("POST", "/verdict")
    told = question.json
    assert told.pop("texts") == [{"role": "user", "text": "Hi"}, {"role": "other", "text": "u-1"}]
    assert told == {
        "guard": "names",
        "where": "input",
        "model": "up/m",
        "team": row.team_id,
        "client": row.client_id,
        "key": row.key_id,
    }
    assert KEY.encode() not in question.body
    assert answer.status_code == 200
    assert up.asked[0].body == raw.replace(b'"up/m"', b'"m"')  # law 5: nothing was found
    assert row.guards == ()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", ["openai_chat", "anthropic_messages"])
async def test_a_request_is_blocked_before_anybody_is_asked(door: str, stream: bool, tmp_path: Path) -> None:
    """Law 1: one row. A verdict may block although the guard masks, and needs no place for it; header and row say what
    was done, not what might have been."""
    async with (
        Upstream(saying({"verdict": "block"})) as endpoint,
        Upstream(script(door)) as up,
        gate(tmp_path, provider(door, up.url), sections=guard(endpoint.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked(door, "up/m", stream=stream)
        answer = await client.post(path, json=said)
        kept = await rows(gateway)
    assert (answer.status_code, answer.headers["x-gophergate-guards"]) == (400, "names:block")
    assert "blocked by the guard 'names'" in answer.text
    assert up.asked == []
    assert [(row.status, row.http_status, row.error_code) for row in kept] == [("refused", 400, "content_blocked")]
    assert found(kept[0]) == {("names", "block", "input"): {"WEBHOOK": 1}}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", ["openai_chat", "anthropic_messages", "ollama"])
async def test_an_answer_is_blocked_before_a_word_of_it_is_seen(door: str, stream: bool, tmp_path: Path) -> None:
    """Held back whole: an HTTP refusal even of a stream. It is no failure of the provider's, and what was used is
    paid. A find is enough where the guard blocks."""
    async with (
        Upstream(finding()) as endpoint,
        Upstream(script(door, NAMES)) as up,
        gate(
            tmp_path,
            provider(door, up.url) | {"breaker": {"failures": 1}},
            sections=guard(endpoint.url, action="block", where="output"),
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked(door, "up/m", stream=stream)
        answer = await client.post(path, json=said)
        kept = await rows(gateway)
        assert not list(gateway.router.health.ill())
    assert answer.status_code == 400
    assert "Lovelace" not in answer.text
    assert [(row.error_code, len(row.attempts)) for row in kept] == [("content_blocked", 1)]
    assert found(kept[0]) == {("names", "block", "output"): {"NAME": 1}}
    assert kept[0].usage is not None
    assert kept[0].usage.output == 7


async def slow(_: Asked) -> Say:
    await asyncio.Event().wait()
    raise AssertionError("nobody wakes it")


FAILURES: dict[str, Callable[[Asked], Any]] = {
    "slow": slow,
    "refuses": saying({"verdict": "allow"}, 500),
    "no JSON": saying(b"fine by me"),
    "no verdict": saying({"verdict": "maybe"}),
    "nowhere": saying({"verdict": "mask"}),
    "outside": saying({"verdict": "mask", "finds": [{"text": 0, "start": 0, "end": 9999}]}),
    "no such text": saying({"verdict": "mask", "finds": [{"text": 99, "start": 0, "end": 1}]}),
    "odd label": saying({"verdict": "mask", "finds": [{"text": 0, "start": 0, "end": 1, "label": 'a"b'}]}),
    "large": saying({"verdict": "allow", "why": "x" * MOST_ANSWERED}),
    "cut": lambda _: Say(pieces=(b'{"verdict": "allow"}',), cut=True),
}


@pytest.mark.parametrize("where", ["input", "output"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_without_a_verdict_nothing_passes(failure: str, where: str, tmp_path: Path) -> None:
    """R-X7, deny by default: 503, one row that says why, no other deployment asked for what is no fault of its own."""
    timeout = 0.2 if failure == "slow" else 10.0
    async with (
        Upstream(FAILURES[failure]) as endpoint,
        Upstream(script("openai_chat", NAMES)) as up,
        gate(
            tmp_path, provider("openai_chat", up.url), sections=guard(endpoint.url, where=where, timeout=timeout)
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked("openai_chat", "up/m", stream=True)
        answer = await client.post(path, json=said)
        (row,) = await rows(gateway)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "guard_unanswered"
    assert endpoint.url not in answer.text
    assert answer.headers["x-gophergate-guards"] == "names:block"
    assert (row.status, row.error_code, len(row.attempts)) == ("error", "guard_unanswered", int(where == "output"))
    assert found(row) == {("names", "block", where): {"UNANSWERED": 1}}
    assert any("the guard 'names' gave no verdict" in step for step in row.decision)
    assert len(up.asked) == (where == "output")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", ["slow", "refuses", "gone"])
async def test_an_open_guard_lets_pass_what_it_got_no_verdict_on(failure: str, stream: bool, tmp_path: Path) -> None:
    """`on_error = "open"` is said by whoever wants it: the record and the header tell of it."""
    async with Upstream(FAILURES.get(failure, slow)) as endpoint, Upstream(script("openai_chat", NAMES)) as up:
        place = "http://127.0.0.1:9" if failure == "gone" else endpoint.url
        made = guard(place, on_error="open", timeout=0.2)
        async with gate(tmp_path, provider("openai_chat", up.url), sections=made) as gateway:
            got = await CLIENTS["openai_chat"](url(gateway), KEY, "up/m", "Hi", stream)
            (row,) = await rows(gateway)
    assert got.text == NAMES.text
    assert row.status == "ok"
    assert found(row) == {("names", "warn", side): {"UNANSWERED": 1} for side in ("input", "output")}


async def test_a_private_address_is_not_asked(tmp_path: Path) -> None:
    """R-X3: as webhooks, which go to public addresses."""
    async with Upstream(finding()) as endpoint, Upstream(script("openai_chat")) as up:
        made = guard(endpoint.url.replace("127.0.0.1", "127.0.0.2"))
        async with gate(tmp_path, provider("openai_chat", up.url), sections=made) as gateway:
            async with httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client:
                path, said = asked("openai_chat", "up/m", stream=False)
                answer = await client.post(path, json=said)
            (row,) = await rows(gateway)
    assert (answer.status_code, endpoint.asked, up.asked) == (503, [], [])
    assert any("no public address" in step for step in row.decision)


@pytest.mark.parametrize("on_error", ["closed", "open"])
@pytest.mark.parametrize("where", ["input", "output"])
async def test_there_is_a_most_that_is_asked_about(where: str, on_error: str, tmp_path: Path) -> None:
    """Bounded: more of it is refused, or passes and is put on record; nobody is asked about a part."""
    much = "word " * (MOST_ASKED // 5 + 1)
    async with (
        Upstream(finding()) as endpoint,
        Upstream(script("openai_chat", Said(text=much if where == "output" else "Hello"))) as up,
        gate(
            tmp_path, provider("openai_chat", up.url), sections=guard(endpoint.url, where=where, on_error=on_error)
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}, timeout=60) as client,
    ):
        path, said = asked("openai_chat", "up/m", stream=True)
        if where == "input":
            said["messages"] = [{"role": "user", "content": much}]
        answer = await client.post(path, json=said)
        (row,) = await rows(gateway)
    assert endpoint.asked == []
    if on_error == "closed":
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "guard_cannot_apply")
        assert found(row) == {("names", "block", where): {"TOO_LARGE": 1}}
    else:
        assert (answer.status_code, row.status) == (200, "ok")
        assert found(row) == {("names", "warn", where): {"TOO_LARGE": 1}}
        assert answer.text.rstrip().endswith("[DONE]")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("mode", ["warn", "monitor"])
async def test_what_only_watches_changes_nothing(mode: str, stream: bool, tmp_path: Path) -> None:
    """Law 5: the provider's bytes pass as they are, as they come, and the record says what was found."""
    said = {"action": "warn"} if mode == "warn" else {"mode": "monitor"}
    async with (
        Upstream(finding(verdict="block")) as endpoint,
        Upstream(script("openai_chat", NAMES)) as up,
        gate(tmp_path, provider("openai_chat", up.url), sections=guard(endpoint.url, **said)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, asks = asked("openai_chat", "up/m", stream=stream)
        asks["messages"] = [{"role": "user", "content": f"I am {NAME}"}]
        asks |= {"stream_options": {"include_usage": True}} if stream else {}
        answer = await client.post(path, json=asks)
        (row,) = await rows(gateway)
        wanted = script("openai_chat", NAMES)(up.asked[0])
    assert answer.content == b"".join(wanted.pieces)
    assert row.status == "ok"
    assert found(row) == {
        ("names", "warn" if mode == "warn" else "block", "input"): {"NAME": 1},
        ("names", "warn" if mode == "warn" else "block", "output"): {"NAME": 3},
    }
    assert answer.headers.get("x-gophergate-guards") == ("names:warn" if mode == "warn" else None)


async def test_endpoints_see_what_other_guards_have_left(tmp_path: Path) -> None:
    """What is masked here leaves for nobody; several endpoints are asked about the same texts, at the same time."""
    here = '\n[[guards]]\nname = "mail"\nkind = "pii"\ndetect = ["email"]\naction = "mask"\n'
    together = asyncio.Barrier(2)

    async def at_once(asked: Asked) -> Say:
        await together.wait()
        return finding()(asked)

    async with (
        Upstream(at_once) as first,
        Upstream(at_once) as second,
        Upstream(script("openai_chat")) as up,
        gate(
            tmp_path,
            provider("openai_chat", up.url),
            sections=here + guard(first.url, where="input") + guard(second.url, "more", where="input"),
        ) as gateway,
    ):
        await CLIENTS["openai_chat"](url(gateway), KEY, "up/m", f"{NAME}: ada@example.com", False)
        (row,) = await rows(gateway)
    assert "[NAME]: [EMAIL]" in up.asked[0].body.decode()
    assert ("user", f"{NAME}: [EMAIL]") in texts(first.asked[0])
    assert texts(first.asked[0]) == texts(second.asked[0])
    assert found(row) == {
        ("mail", "mask", "input"): {"EMAIL": 1},
        ("names", "mask", "input"): {"NAME": 1},
        ("more", "mask", "input"): {"NAME": 1},
    }


async def test_a_failed_answer_is_made_good_elsewhere_unseen(tmp_path: Path) -> None:
    """R-F1: nothing of the first was shown, so the second's answer is the only one, and the only one judged."""
    chunk = {"choices": [{"index": 0, "delta": {"content": f"I know {NAME}"}}]}
    cut = Say(
        headers=(("content-type", "text/event-stream"),),
        pieces=(b"data: %b\n\n" % json.dumps(chunk).encode(),),
        cut=True,
    )
    group = '[[groups]]\nname = "both"\ntargets = [{ model = "up/m" }, { model = "other/m" }]\n'
    async with (
        Upstream(finding()) as endpoint,
        Upstream(lambda _: cut) as up,
        Upstream(script("openai_chat")) as other,
        gate(
            tmp_path,
            provider("openai_chat", up.url),
            provider("openai_chat", other.url, "other"),
            sections=group + guard(endpoint.url, where="output"),
        ) as gateway,
    ):
        got = await CLIENTS["openai_chat"](url(gateway), KEY, "both", "Hi", True)
        (row,) = await rows(gateway)
    assert got.text == "Hello wörld"
    assert [one.provider for one in row.attempts][-1] == "other"
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("verdict", ["mask", "block"])
async def test_a_request_is_kept_as_the_endpoint_left_it(verdict: str, tmp_path: Path) -> None:
    """Law 8 for bodies: masked where the finds are known, and not at all where a verdict named no place."""
    endpoint_says = finding() if verdict == "mask" else saying({"verdict": "block"})
    async with (
        Upstream(endpoint_says) as endpoint,
        Upstream(script("openai_chat")) as up,
        gate(
            tmp_path,
            provider("openai_chat", up.url),
            sections='[logging]\nbodies = "all"\n' + guard(endpoint.url, where="input"),
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
        operator(gateway) as at,
    ):
        path, said = asked("openai_chat", "up/m", stream=False)
        said["messages"] = [{"role": "user", "content": f"Hi {NAME}"}]
        await client.post(path, json=said)
        (row,) = await rows(gateway)
        whole = await at.get(f"/api/calls/{row.id}")
        while whole["bodies"] is None:  # They are written after the row.
            await asyncio.sleep(0.02)
            whole = await at.get(f"/api/calls/{row.id}")
    assert NAME not in json.dumps(whole)
    assert ("Hi [NAME]" in (whole["bodies"]["request"] or "")) == (verdict == "mask")


async def test_guards_are_made_tried_and_changed_by_the_api(tmp_path: Path) -> None:
    """N8: the secret is sealed, shown to nobody, signs a try-out too, and can be taken away."""
    async with (
        Upstream(finding()) as endpoint,
        Upstream(script("openai_chat")) as up,
        gate(tmp_path, provider("openai_chat", up.url)) as gateway,
        operator(gateway) as at,
    ):
        members = {"kind": "webhook", "url": f"{endpoint.url}/verdict", "action": "mask", "timeout": 2.5}
        status, made = await at.ask("POST", "/api/guards", {"name": "names", **members, "secret": SECRET})
        assert (status, made["url"], made["timeout"]) == (201, members["url"], 2.5)
        assert made["secret_masked"] == f"...{SECRET[-4:]}"
        trial = {"guard": members, "name": "names", "text": f"😀 {NAME}!"}
        status, went = await at.ask("POST", "/api/guards/try", trial)
        assert status == 200, went
        assert went == {
            "finds": [{"start": 2, "end": 14, "label": "NAME"}],
            "found": {"NAME": 1},
            "blocked": False,
            "text": "😀 [NAME]!",
        }
        headers = endpoint.asked[-1].headers
        signed = sign(SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), endpoint.asked[-1].body)
        assert headers["webhook-signature"] == signed
        escaped = json.dumps({"who": NAME}).replace("A", "\\u0041")
        status, went = await at.ask("POST", "/api/guards/try", {**trial, "text": escaped, "json": True})
        assert (status, went["text"]) == (200, '{"who": "[NAME]"}')

        got = await CLIENTS["openai_chat"](url(gateway), KEY, "up/m", NAME, False)
        assert got.text == "Hello wörld"
        assert '"content":"[NAME]"' in up.asked[-1].body.decode().replace(": ", ":")

        before = await at.get("/api/audit")
        status, changed = await at.ask("PATCH", "/api/guards/names", {"secret": None, "timeout": 1})
        assert (status, changed["secret_masked"], changed["timeout"]) == (200, None, 1.0)
        await at.ask("POST", "/api/guards/try", trial)
        assert "webhook-signature" not in endpoint.asked[-1].headers
        for listed in (made, changed, before, await at.get("/api/guards")):
            assert SECRET not in json.dumps(listed)
            assert base64.b64encode(SECRET.encode()).decode() not in json.dumps(listed)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({}, "url"),
        ({"url": "http://user:pass@x.example/"}, "url"),
        ({"url": "ftp://x.example/"}, "guard.url"),
        ({"url": "https://x.example/", "secret": "not one"}, "secret"),
        ({"url": "https://x.example/", "keywords": ["a"]}, "keywords"),
        ({"url": "https://x.example/", "timeout": 0}, "guard.timeout"),
        ({"url": "http://127.0.0.1:9/"}, "url"),
    ],
)
async def test_a_guard_that_cannot_be_tried_says_why(members: dict[str, Any], param: str, tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as at:
        status, said = await at.ask("POST", "/api/guards/try", {"guard": {"kind": "webhook", **members}, "text": "x"})
    assert (status, said["error"]["param"]) == (400, param), said


async def test_counting_asks_too(tmp_path: Path) -> None:
    """R-X7: what is only counted leaves for a provider as well."""
    async with (
        Upstream(saying({"verdict": "block"})) as endpoint,
        Upstream(script("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url), sections=guard(endpoint.url)) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        said = {"model": "up/m", "messages": [{"role": "user", "content": NAME}]}
        answer = await client.post("/v1/messages/count_tokens", json=said)
    assert (answer.status_code, up.asked) == (400, [])


async def test_nobody_else_waits_for_a_slow_endpoint(tmp_path: Path) -> None:
    """Law 9: while fifty calls wait for a verdict that does not come, another model's calls are answered."""
    async with (
        Upstream(slow) as endpoint,
        Upstream(script("openai_chat")) as up,
        gate(
            tmp_path,
            provider("openai_chat", up.url),
            provider("openai_chat", up.url, "free"),
            sections=guard(endpoint.url, models=["up/m"], timeout=30.0),
        ) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}, timeout=60) as client,
    ):
        path, said = asked("openai_chat", "up/m", stream=False)
        waiting = [asyncio.ensure_future(client.post(path, json=said)) for _ in range(50)]
        while len(endpoint.asked) < 50:
            await asyncio.sleep(0.01)
        for _ in range(3):
            assert (await client.post(path, json={**said, "model": "free/m"})).status_code == 200
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        kept = await rows(gateway, 53)
        assert sorted(row.status for row in kept) == ["client_closed"] * 50 + ["ok"] * 3
