from __future__ import annotations

from gophergate.core.blocks import Seal, Text, Thought, ToolCall
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started
from gophergate.core.reply import Reply
from gophergate.dialects.toolnames import Restorer
from gophergate.routing.listener import Listener
from gophergate.routing.seals import MemorySeals, call_keys, kept_of, read_kept, token_key

SEAL = Seal("token", "gemini", "up")


class Said:
    """A reader that gives what it was given."""

    finished = False

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def feed(self, data: bytes) -> list[Event]:
        return [self._events[byte] for byte in data]

    def end(self) -> list[Event]:
        return []

    def tail(self) -> bytes:
        return b""


def heard(*events: Event) -> list[Reply]:
    kept: list[Reply] = []
    restorer: Restorer | None = None
    listener = Listener(Said(list(events)), restorer, kept.append)
    assert listener.feed(bytes(range(len(events)))) == list(events)
    return kept


def test_a_listener_keeps_what_was_sealed_and_no_words() -> None:
    """R-S3."""
    [reply] = heard(
        Started(id="1"),
        BlockOpened(0, Thought()),
        BlockGrew(0, "Hm."),
        BlockGrew(0, seal=SEAL),
        BlockClosed(0),
        BlockOpened(1, Text(text="")),
        BlockGrew(1, "many words"),
        BlockClosed(1),
        BlockOpened(2, ToolCall(id="call_1", name="weather")),
        BlockGrew(2, '{"a": 1, "b": 2}'),
        BlockClosed(2),
        Finished(reason="tool_calls"),
    )
    assert reply.blocks[0] == Thought(text="Hm.", seal=SEAL)
    assert reply.blocks[1] == Text(text="")
    kept = read_kept(kept_of(reply, "up", "m"))
    same = ToolCall(id="another", name="weather", arguments='{"b":2,"a":1}')
    by_id, by_words = call_keys(ToolCall(id="call_1", name="weather", arguments='{"a": 1, "b": 2}'))
    assert list(call_keys(same))[1] == by_words, "the order of members says nothing"
    assert kept[by_id] == kept[by_words]
    assert kept[by_id].thoughts == ((0, Thought(text="Hm.", seal=SEAL)),)
    assert (kept[token_key("token")].origin, kept[token_key("token")].model) == ("up", "m")


def test_a_reply_without_seals_is_not_kept() -> None:
    call = ToolCall(id="call_1", name="weather", arguments="{}")
    assert heard(Started(), BlockOpened(0, call), BlockClosed(0), Finished(reason="tool_calls")) == []


async def test_the_store_forgets_the_oldest_and_the_old() -> None:
    """Law 9: a bound in bytes and a time to live, each for every owner."""
    now = 0.0
    store = MemorySeals(lambda: now, limit_bytes=10_000, ttl=60.0)
    for number in range(100):
        await store.put("one", {f"key{number}": bytes(700)})
    assert store.statistics()["bytes"] <= 10_000
    assert await store.get("one", ["key0"]) == {}
    assert set(await store.get("one", ["key99", "nothing"])) == {"key99"}
    await store.put("one", {"huge": bytes(20_000)})
    assert store.statistics() == {"entries": 0, "bytes": 0, "owners": 0}
    await store.put("one", {"key": b"1"})
    now = 61.0
    assert await store.get("one", ["key"]) == {}
    await store.put("two", {"key": b"2"})
    assert not store.may_hold("one")
    assert await store.get("two", ["key"]) == {"key": b"2"}


def test_a_token_is_one_in_both_alphabets_of_base64() -> None:
    """Google's SDKs decode a signature and encode it again, in the alphabet that Google's own answers do not use."""
    assert token_key("a+b/c==") == token_key("a-b_c")
    assert token_key("a+b/c==") != token_key("a+b/d==")


def test_a_call_is_known_by_what_a_client_without_namespaces_says() -> None:
    """Behind Ollama's door a call comes back under its flat name, a free-form one as a function of one string."""
    made = ToolCall(id="c1", name="f", namespace="n", arguments="x", custom=True)
    back = ToolCall(id="", name="n__f", arguments='{"input": "x"}')
    assert list(call_keys(made))[1] == list(call_keys(back))[1]
