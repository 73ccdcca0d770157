"""What a response leaves behind, asked for with the official OpenAI client: kept by its maker, or by us."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from gophergate.app import Gateway
from gophergate.core.money import from_dollars
from gophergate.responses.store import MemoryResponses
from kit.answers import provider, script
from kit.gate import KEY, gate, inline, rows, url
from kit.nodes import client_key, node
from kit.operator import operator
from kit.responses_upstream import NativeResponses
from kit.upstream import Say, Upstream


def client(gateway: Gateway, key: str = KEY) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{url(gateway)}/v1", api_key=key, max_retries=0)


@asynccontextmanager
async def native(folder: Path, **options: Any) -> AsyncIterator[tuple[Gateway, Upstream, NativeResponses]]:
    """A gateway whose provider `up` keeps responses itself; `chat` is one that cannot."""
    maker = NativeResponses(**options)
    async with Upstream(maker) as upstream, Upstream(script("openai_chat")) as plain:
        providers = [provider("openai_responses", upstream.url), provider("openai_chat", plain.url, "chat")]
        async with gate(folder, *providers) as gateway:
            yield gateway, upstream, maker


# -- kept by its maker --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_the_maker_of_a_response_goes_on_with_it_and_gets_the_callers_own_bytes(
    stream: bool, tmp_path: Path
) -> None:
    """R-S4, R-S1: pinned and verbatim."""
    async with native(tmp_path) as (gateway, upstream, _), client(gateway) as sdk:
        previous = None
        for turn in (1, 2, 3):
            asked: dict[str, Any] = {"model": "up/m", "input": f"say {turn}", "previous_response_id": previous}
            if stream:
                async with sdk.responses.stream(**asked) as events:
                    async for event in events:
                        if event.type == "response.completed":
                            previous = event.response.id
                assert previous == f"resp_native_{turn}"
            else:
                told = await sdk.responses.create(**asked)
                assert (told.output_text, told.previous_response_id) == (f"turn {turn}", previous)
                previous = told.id
        assert upstream.asked[2].json["input"] == "say 3"
        assert upstream.asked[2].json["previous_response_id"] == "resp_native_2"
        kept = await rows(gateway, 3)
    assert [row.status for row in kept] == ["ok"] * 3
    assert "'resp_native_2' is kept by up/m, so the call stays there" in kept[2].decision


async def test_what_is_done_to_a_stored_response_is_done_at_its_maker_free_of_charge(tmp_path: Path) -> None:
    async with native(tmp_path) as (gateway, upstream, _), client(gateway) as sdk:
        made = await sdk.responses.create(model="up/m", input="hi")
        assert (await sdk.responses.retrieve(made.id, include=["reasoning.encrypted_content"])).output_text == "turn 1"
        assert [item.id async for item in sdk.responses.input_items.list(made.id, limit=5)] == ["msg_in"]
        await sdk.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            await sdk.responses.retrieve(made.id)
        asked = [f"{one.method} {one.target}" for one in upstream.asked[1:]]
        assert len(await rows(gateway)) == 1
    assert asked == [
        "GET /v1/responses/resp_native_1?include%5B%5D=reasoning.encrypted_content",
        "GET /v1/responses/resp_native_1/input_items?limit=5",
        "DELETE /v1/responses/resp_native_1",
    ]
    assert all(one.headers["authorization"] == "Bearer canary-up" for one in upstream.asked)
    assert not any(KEY in repr(one) for one in upstream.asked), "a client's key never goes upstream"


async def test_a_makers_own_refusal_reaches_the_caller_as_it_was(tmp_path: Path) -> None:
    async with native(tmp_path) as (gateway, _, maker), client(gateway) as sdk:
        made = await sdk.responses.create(model="up/m", input="hi")
        maker.kept.clear()
        with pytest.raises(openai.NotFoundError, match="Response with id 'resp_native_1' not found"):
            await sdk.responses.retrieve(made.id)


async def test_a_pin_holds_on_every_node_and_after_a_restart(tmp_path: Path) -> None:
    """Edge case 50: what nodes share is the store."""
    shared = MemoryResponses(time.monotonic)
    async with native(tmp_path) as (first, upstream, _):
        async with node(first, shared) as one, client(one) as sdk:
            made = await sdk.responses.create(model="up/m", input="hi")
        async with node(first, shared) as two, client(two) as sdk:
            told = await sdk.responses.create(model="up/m", input="on", previous_response_id=made.id)
            assert (told.output_text, (await sdk.responses.retrieve(made.id)).output_text) == ("turn 2", "turn 1")
    assert upstream.asked[1].json["previous_response_id"] == made.id


async def test_a_response_stays_with_the_key_that_made_it(tmp_path: Path) -> None:
    """R-S4: a vendor keeps a response for one account, and a provider may have keys of several."""
    accounts = {f"Bearer key-{name}": NativeResponses(f"resp_{name}") for name in ("one", "two", "three")}
    keys = [{"label": key[-5:], "api_key": key.removeprefix("Bearer ")} for key in accounts]
    up = {**provider("openai_responses", ""), "credentials": inline(keys)}
    del up["api_key"]
    async with (
        Upstream(lambda asked: accounts[asked.headers["authorization"]](asked)) as upstream,
        gate(tmp_path, {**up, "base_url": f"{upstream.url}/v1"}) as gateway,
        client(gateway) as sdk,
    ):
        for _ in range(4):
            made = await sdk.responses.create(model="up/m", input="hi")
            for turn in range(2, 5):
                made = await sdk.responses.create(model="up/m", input="on", previous_response_id=made.id)
                assert made.output_text == f"turn {turn}"
            assert (await sdk.responses.retrieve(made.id)).output_text == "turn 4"
            assert len({asked.headers["authorization"] for asked in upstream.asked}) == 1
            upstream.asked.clear()


GROUP = """
[[groups]]
name = "both"
strategy = "ordered"
targets = [{ model = "slow/m" }, { model = "up/m" }]
hedge_after = 30
"""


@pytest.mark.parametrize("stream", [False, True])
async def test_of_two_that_are_asked_side_by_side_the_one_that_answered_goes_on(stream: bool, tmp_path: Path) -> None:
    """R-S4: while nobody knows yet whose answer the client gets, each response is its own maker's."""
    maker = NativeResponses()
    async with Upstream(lambda _: Say(wait=60)) as silent, Upstream(maker) as upstream:
        providers = [provider("openai_responses", silent.url, "slow"), provider("openai_responses", upstream.url)]
        async with gate(tmp_path, *providers, sections=GROUP) as gateway, client(gateway) as sdk:
            if stream:
                async with sdk.responses.stream(model="both", input="hi") as events:
                    made = (await events.get_final_response()).id
            else:
                made = (await sdk.responses.create(model="both", input="hi")).id
            told = await sdk.responses.create(model="both", input="on", previous_response_id=made)
            assert (told.output_text, len(silent.asked)) == ("turn 2", 1)


async def test_another_provider_cannot_go_on_and_one_that_is_gone_is_named(tmp_path: Path) -> None:
    """R-S4: if it is gone the error says so."""
    shared = MemoryResponses(time.monotonic)
    async with native(tmp_path / "a") as (first, _, _), node(first, shared) as one, client(one) as sdk:
        made = await sdk.responses.create(model="up/m", input="hi")
        with pytest.raises(openai.BadRequestError, match="only a model of 'up' can go on") as pinned:
            await sdk.responses.create(model="chat/m", input="on", previous_response_id=made.id)
        assert pinned.value.code == "response_pinned"
        refused = (await rows(one, 2))[-1]
        assert (refused.status, refused.error_code) == ("refused", "response_pinned")
        first.catalog.swap(first.catalog.current)
        one.catalog.swap(type(one.catalog.current)([p for n, p in one.catalog.current.providers.items() if n != "up"]))
        with pytest.raises(openai.BadRequestError, match="no longer configured") as gone:
            await sdk.responses.create(model="demo/echo", input="on", previous_response_id=made.id)
        assert gone.value.code == "deployment_gone"
        with pytest.raises(openai.NotFoundError, match="no longer configured"):
            await sdk.responses.retrieve(made.id)


async def test_a_background_response_of_its_maker_is_paid_once_when_it_is_first_seen_finished(tmp_path: Path) -> None:
    """R-B4: every billable path ends in the ledger, and in the budgets (law 6)."""
    async with native(tmp_path) as (gateway, _, maker), client(gateway) as sdk, operator(gateway) as admin:
        price = {"price": {"input": "1", "output": "2"}}
        assert (await admin.ask("PATCH", "/api/models/up/m", price))[0] == 200
        budget = await admin.make("/api/budgets", {"scope": "model", "scope_id": "up/m", "amount": "1"})
        made = await sdk.responses.create(model="up/m", input="hi", background=True)
        assert made.status == "queued"
        assert (await sdk.responses.retrieve(made.id)).status == "queued"
        assert [row.usage for row in await rows(gateway)] == [None]
        maker.finish(made.id)
        for _ in range(3):
            assert (await sdk.responses.retrieve(made.id)).output_text == "Done in the background."
        kept = await rows(gateway, 2)
        await asyncio.sleep(0.1)
        assert len(await rows(gateway, 2)) == 2
        spent = (await admin.get(f"/api/budgets/{budget['id']}"))["spent"]
        assert from_dollars(spent) == sum(row.cost or 0 for row in kept) > 0
        another = await sdk.responses.create(model="up/m", input="hi", background=True)
        assert (await sdk.responses.cancel(another.id)).status == "cancelled"
    assert [(row.operation, row.usage and row.usage.output) for row in kept] == [("chat", None), ("background", 3)]


async def test_compacting_in_the_background_is_come_back_to_and_paid_once(tmp_path: Path) -> None:
    """Issue 3: compact and background, native where the target has them."""
    async with native(tmp_path) as (gateway, upstream, maker), client(gateway) as sdk:
        said = {"model": "up/m", "input": "a long story", "background": True}
        made: Any = await sdk.post("/responses/compact", body=said, cast_to=object)
        assert made["status"] == "queued"
        assert upstream.asked[-1].json == {**said, "model": "m"}
        waiting: Any = await sdk.get(f"/responses/{made['id']}", cast_to=object)
        assert waiting["status"] == "queued"
        maker.compacted()
        for _ in range(2):
            ready: Any = await sdk.get(f"/responses/{made['id']}", cast_to=object)
            assert ready["output"][0]["type"] == "compaction"
        kept = await rows(gateway, 2)
    assert [(row.operation, row.usage and row.usage.output) for row in kept] == [("compact", None), ("background", 3)]


async def test_compacting_is_a_call_like_any_other_and_refused_by_name_where_nobody_can(tmp_path: Path) -> None:
    async with native(tmp_path) as (gateway, upstream, _), client(gateway) as sdk:
        done = await sdk.responses.compact(model="up/m", input="a long story")
        assert (done.object, done.output[0].type) == ("response.compaction", "compaction")
        assert (upstream.asked[0].target, upstream.asked[0].json) == (
            "/v1/responses/compact",
            {"model": "m", "input": "a long story"},
        )
        with pytest.raises(openai.BadRequestError, match="'chat/m' cannot compact"):
            await sdk.responses.compact(model="chat/m", input="a long story")
        kept = await rows(gateway, 2)
    assert [(row.operation, row.status, row.usage and row.usage.input) for row in kept] == [
        ("compact", "ok", 7),
        ("compact", "refused", None),
    ]


# -- kept by us ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic_messages", "gemini", "ollama"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_goes_on_at_a_provider_that_keeps_nothing(
    dialect: str, stream: bool, tmp_path: Path
) -> None:
    """Its earlier turns, tool call and result among them, are put back into the input."""
    async with Upstream(script(dialect)) as upstream:
        async with gate(tmp_path, provider(dialect, upstream.url)) as gateway, client(gateway) as sdk:
            asked: dict[str, Any] = {"model": "up/m", "input": "What is the weather?"}
            first = await sdk.responses.create(**asked)
            [call] = [item for item in first.output if item.type == "function_call"]
            result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"}]
            if stream:
                async with sdk.responses.stream(model="up/m", input=result, previous_response_id=first.id) as events:
                    second = await events.get_final_response()  # type: ignore[misc]
            else:
                second = await sdk.responses.create(model="up/m", input=result, previous_response_id=first.id)
            assert second.previous_response_id == first.id
            third = await sdk.responses.retrieve(second.id)
            assert third.output_text == second.output_text
            listed = [item.type async for item in sdk.responses.input_items.list(second.id, order="asc", limit=2)]
        sent = upstream.asked[-1].body
    assert b"What is the weather?" in sent
    assert b"22 degrees" in sent
    assert b"Ulm" in sent, "the call itself went along"
    assert listed[0] == "message"
    assert listed[-1] == "function_call_output"
    assert listed.count("function_call") == 1


async def test_a_conversation_moves_from_a_provider_that_keeps_nothing_to_one_that_does(tmp_path: Path) -> None:
    """Thoughts that the next provider could not place are left out; the rest goes along as plain items."""
    async with native(tmp_path) as (gateway, upstream, _), client(gateway) as sdk:
        first = await sdk.responses.create(model="chat/m", input="hello")
        [call] = [item for item in first.output if item.type == "function_call"]
        result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"}]
        second = await sdk.responses.create(model="up/m", input=result, previous_response_id=first.id)
        assert second.output_text == "turn 1"
        third = await sdk.responses.create(model="up/m", input="more", previous_response_id=second.id)
        assert third.output_text == "turn 2"
    sent = upstream.asked[0].json
    assert "previous_response_id" not in sent
    assert [item["type"] for item in sent["input"]] == ["message", "message", "function_call", "function_call_output"]


async def test_no_client_finds_the_response_of_another(tmp_path: Path) -> None:
    async with native(tmp_path) as (gateway, upstream, _), client(gateway) as sdk:
        theirs = await client_key(gateway, "another", "sk-gg-another-0000000000000000000000")
        async with client(gateway, theirs) as stranger:
            for made in (
                await sdk.responses.create(model="up/m", input="secret"),
                await sdk.responses.create(model="chat/m", input="secret"),
            ):
                before = len(upstream.asked)
                for attempt in (
                    stranger.responses.retrieve(made.id),
                    stranger.responses.delete(made.id),
                    stranger.responses.cancel(made.id),
                    stranger.responses.input_items.list(made.id),
                ):
                    with pytest.raises(openai.NotFoundError):
                        await attempt
                with pytest.raises(openai.BadRequestError) as unknown:
                    await stranger.responses.create(model="up/m", input="x", previous_response_id=made.id)
                assert unknown.value.code == "previous_response_not_found"
                assert len(upstream.asked) == before
                assert (await sdk.responses.retrieve(made.id)).id == made.id


async def test_what_is_not_to_be_stored_is_not_and_what_was_deleted_is_gone(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        passing = await sdk.responses.create(model="demo/echo", input="hi", store=False)
        assert passing.store is False
        kept = await sdk.responses.create(model="demo/echo", input="hi")
        await sdk.responses.delete(kept.id)
        for made in (passing, kept):
            with pytest.raises(openai.NotFoundError):
                await sdk.responses.retrieve(made.id)
            with pytest.raises(openai.BadRequestError):
                await sdk.responses.create(model="demo/echo", input="on", previous_response_id=made.id)


async def test_an_incomplete_response_is_kept_as_what_it_is(tmp_path: Path) -> None:
    """Edge case 50: `response.incomplete` on max tokens."""
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        kinds = []
        stream = await sdk.responses.create(model="demo/lorem", input="hi", max_output_tokens=16, stream=True)
        async for event in stream:
            kinds.append(event.type)
            if event.type == "response.incomplete":
                shown = await sdk.responses.retrieve(event.response.id)
    assert kinds[-1] == "response.incomplete"
    assert (shown.status, shown.incomplete_details and shown.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )


# -- in the background, by us -------------------------------------------------------------------------------------


async def test_a_background_response_is_answered_at_once_made_meanwhile_and_polled(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        made = await sdk.responses.create(model="demo/slow", input="one two", background=True)
        assert (made.status, made.background, made.output) == ("queued", True, [])
        shown = await sdk.responses.retrieve(made.id)
        assert shown.status == "in_progress"
        with pytest.raises(openai.BadRequestError) as early:
            await sdk.responses.create(model="demo/echo", input="on", previous_response_id=made.id)
        assert early.value.code == "response_not_finished"
        while shown.status == "in_progress":
            await asyncio.sleep(0.05)
            shown = await sdk.responses.retrieve(made.id)
        assert (shown.status, shown.output_text, shown.background) == ("completed", "one two", True)
        kept = await rows(gateway, 2)
    assert [(row.status, row.usage and row.usage.output) for row in kept if row.model == "slow"] == [("ok", 2)]


async def test_a_background_response_is_cancelled_and_stays_so_with_one_row(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        made = await sdk.responses.create(model="demo/slow", input="one two three four", background=True)
        for _ in range(2):
            assert (await sdk.responses.cancel(made.id)).status == "cancelled"
        [row] = await rows(gateway)
        assert (await sdk.responses.retrieve(made.id)).status == "cancelled"
        plain = await sdk.responses.create(model="demo/echo", input="x")
        with pytest.raises(openai.BadRequestError, match="background"):
            await sdk.responses.cancel(plain.id)
        await asyncio.sleep(0.1)
        assert gateway.server.statistics()["running"] == 0
    assert row.status == "client_closed"


async def test_a_background_response_that_fails_says_so_to_whoever_asks(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        made = await sdk.responses.create(model="demo/down", input="x", background=True)
        [row] = await rows(gateway)
        shown = await sdk.responses.retrieve(made.id)
        with pytest.raises(openai.BadRequestError, match="store"):
            await sdk.responses.create(model="demo/echo", input="x", background=True, store=False)
    assert (shown.status, shown.error is not None) == ("failed", True)
    assert (row.status, row.http_status) == ("error", 502)


async def test_a_background_stream_goes_on_when_its_client_has_gone(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        stream = await sdk.responses.create(model="demo/slow", input="one two", background=True, stream=True)
        async for event in stream:
            if event.type == "response.created":
                made = event.response
                break
        await stream.close()
        [row] = await rows(gateway)
        shown = await sdk.responses.retrieve(made.id)
    assert (shown.status, shown.output_text) == ("completed", "one two")
    assert row.status == "ok"


async def test_every_stored_path_wants_a_key(tmp_path: Path) -> None:
    """R-X1."""
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        made = await sdk.responses.create(model="demo/echo", input="hi")
        async with client(gateway, "sk-gg-wrong-wrong") as stranger:
            for attempt in (
                stranger.responses.retrieve(made.id),
                stranger.responses.delete(made.id),
                stranger.responses.cancel(made.id),
                stranger.responses.input_items.list(made.id),
                stranger.responses.compact(model="demo/echo", input="x"),
            ):
                with pytest.raises(openai.AuthenticationError):
                    await attempt
        assert (await sdk.responses.retrieve(made.id)).id == made.id


# -- as events again ------------------------------------------------------------------------------------------


async def told_again(sdk: AsyncOpenAI, response_id: str, after: int | None = None) -> list[Any]:
    more = {} if after is None else {"starting_after": after}
    return [event async for event in await sdk.responses.retrieve(response_id, stream=True, **more)]


async def test_a_finished_response_is_told_again_as_its_events(tmp_path: Path) -> None:
    """Issue 3: `stream` and `starting_after` of a response that is kept here, of every kind of item."""
    async with (
        Upstream(script("anthropic_messages")) as up,
        gate(tmp_path, provider("anthropic_messages", up.url)) as gateway,
        client(gateway) as sdk,
    ):
        made = await sdk.responses.create(model="up/m", input="hi")
        events = await told_again(sdk, made.id)
        shown = await sdk.responses.retrieve(made.id)
        later = await told_again(sdk, made.id, after=3)
        beyond = await told_again(sdk, made.id, after=999)
        streamed = await sdk.responses.create(model="up/m", input="hi", stream=True)
        first, *_ = [event async for event in streamed]
        anew = await told_again(sdk, first.response.id)
        # Its events had other numbers than those of the response told anew, so that some would be missed.
        with pytest.raises(openai.BadRequestError, match="without 'starting_after'"):
            await told_again(sdk, first.response.id, after=3)
        with pytest.raises(openai.BadRequestError, match="starting_after"):
            await sdk.get(f"/responses/{made.id}?stream=true&starting_after=-2", cast_to=object)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events][:2] == ["response.created", "response.in_progress"]
    assert events[0].response.id == made.id
    assert (events[0].response.status, events[0].response.output) == ("in_progress", [])
    assert events[-1].type == "response.completed"
    assert events[-1].response == shown
    assert [event.item for event in events if event.type == "response.output_item.done"] == shown.output
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == shown.output_text
    assert later == events[4:]
    assert [event.type for event in anew] == [event.type for event in events]
    assert [(event.type, event.sequence_number) for event in beyond] == [("response.completed", 1000)]


async def test_a_background_stream_is_taken_up_where_it_was_lost_running_and_finished(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        stream = await sdk.responses.create(model="demo/slow", input="one two three", background=True, stream=True)
        seen: list[Any] = []
        async for event in stream:
            seen.append(event)
            if event.type == "response.output_text.delta":
                break
        await stream.close()
        made = seen[0].response
        rest = await told_again(sdk, made.id, after=seen[-1].sequence_number)  # while it is made
        again = await told_again(sdk, made.id)
        last = await told_again(sdk, made.id, after=rest[-2].sequence_number)
    events = seen + rest
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "one two three"
    assert events[-1].type == "response.completed"
    assert again == events
    assert last == rest[-1:]


async def test_what_runs_without_events_is_refused_by_name_and_what_was_cancelled_says_so(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, client(gateway) as sdk:
        quiet = await sdk.responses.create(model="demo/slow", input="one two three", background=True)
        with pytest.raises(openai.BadRequestError, match="made without a stream"):
            await told_again(sdk, quiet.id)
        stream = await sdk.responses.create(model="demo/slow", input="one two three", background=True, stream=True)
        async for event in stream:
            if event.type == "response.created":
                made = event.response
            elif event.type == "response.output_text.delta":
                break
        following = asyncio.create_task(told_again(sdk, made.id))
        await asyncio.sleep(0)
        await sdk.responses.cancel(made.id)
        events = await following
        await stream.close()
        again = await told_again(sdk, made.id)
    assert events[-1].response.status == again[-1].response.status == "cancelled"
