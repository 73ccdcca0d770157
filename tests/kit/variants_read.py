"""What an answer means, and whether its variants mean the same: to our readers, to the verbatim path and, through our
writers, to the vendors' SDKs."""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gophergate.core.blocks import Media, Text, Thought, ToolCall
from gophergate.core.events import Event, Failed
from gophergate.core.lifecycle import checked
from gophergate.core.reply import fold
from gophergate.dialects.base import Peek
from gophergate.routing.streams import VerbatimStream
from kit import exchanges, fidelity
from kit.answers import Said, answer
from kit.fidelity_clients import Client, clients
from kit.fidelity_said import said_by
from kit.ordered import SeenAccount, SeenOutlet, order
from kit.variants import Told, told, varied

GOLDEN = Path(__file__).parents[1] / "golden" / "answers"


_BESIDE: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "All of it."},
            "delta": {"role": "assistant", "content": ""},
            "finish_reason": "stop",
        }
    ],
}
"""As Perplexity's stream begins and ends."""


def own() -> Iterator[tuple[str, Told]]:
    """Answers that come with the tests: the goldens, and those of `kit.answers`."""
    said = Said(calls=(("weather", {"city": "Ulm"}), ("time", {"zone": "CET", "at": [1, 2]})))
    for dialect in fidelity.DIALECTS:
        for stream in (False, True):
            found = told(dialect, b"".join(answer(dialect, said, stream=stream).pieces))
            assert found is not None
            yield f"{dialect} {'streamed' if stream else 'whole'}", found
        if dialect == "openai_chat":
            yield "whole beside an empty delta", Told(dialect, "sse", (("", _BESIDE), ("", "[DONE]")))
        for path in sorted((GOLDEN / dialect).glob("*/answer.*")):
            if path.suffix != ".txt" and (found := told(dialect, path.read_bytes())) is not None:
                yield f"golden {dialect} {path.parent.name}", found


def recorded() -> Iterator[tuple[str, Told]]:
    """Recorded answers, where there are any."""
    for file, dialect in fidelity.cases():
        for record in fidelity.answers(file, dialect):
            found = told(dialect, exchanges.response_bytes(record))
            if found is not None and (found.framing == "sse") == fidelity.is_stream(record):
                yield f"{file} {record['id']}", found


def events_of(dialect: str, body: bytes, *, stream: bool, dice: random.Random | None = None) -> list[Event]:
    """Read in random pieces, held to the lifecycle (R-T1)."""
    reader = fidelity.DIALECTS[dialect].reader(stream=stream, origin="maker")
    events: list[Event] = []
    for piece in fidelity.cut(body, dice) if dice is not None else (body,):
        events += reader.feed(piece)
    return checked(events + reader.end())


def meaning(events: list[Event]) -> dict[str, Any]:
    """Of the first choice."""
    if isinstance(events[-1], Failed):
        return {"failed": True}
    reply = fold(events)
    blocks = reply.of_choice(0)
    usage = reply.usage
    return {
        "text": "".join(block.text for block in blocks if isinstance(block, Text)),
        "thought": "".join(block.text for block in blocks if isinstance(block, Thought)),
        "calls": [(block.name, _value(block.arguments)) for block in blocks if isinstance(block, ToolCall)],
        "media": sum(isinstance(block, Media) for block in blocks),
        "reason": reply.reason,
        "usage": (usage.total_input, usage.total_output, usage.reasoning) if usage is not None else None,
    }


def _value(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


def differs(original: Told, variant: Told, dice: random.Random) -> str:
    """What a variant was taken for that its original was not; "" where both say the same."""
    stream = original.framing != "body"
    before = meaning(events_of(original.dialect, original.bytes(), stream=stream))
    if "failed" in before:
        return ""
    after = meaning(events_of(variant.dialect, variant.bytes(), stream=stream, dice=dice))
    wrong = [
        f"{name}: {before[name]!r} became {after.get(name)!r}" for name in before if before[name] != after.get(name)
    ]
    return "; ".join(wrong)[:400]


def not_verbatim(variant: Told, dice: random.Random) -> str:
    """What the verbatim path did to a variant's bytes; "" where they are the same and were metered."""
    door = fidelity.DIALECTS[variant.dialect]
    placed = order(door, peek=Peek(model="m", stream=True))
    kind = b"application/x-ndjson" if variant.framing == "lines" else b"text/event-stream"
    stream = VerbatimStream(placed, door.reader(stream=True), kind)
    body = variant.bytes()
    for piece in fidelity.cut(body, dice):
        stream.feed(piece)
    stream.end()
    outlet, account = placed.outlet, placed.account
    assert isinstance(outlet, SeenOutlet)
    assert isinstance(account, SeenAccount)
    if account.blind:
        return "the tap could not read it"
    # What comes after the last word nobody waits for, and a last word that is missing may be put in.
    if not (outlet.sent.startswith(body) or body.startswith(outlet.sent)) or not outlet.finished:
        return f"{body[-300:]!r} became {outlet.sent[-300:]!r}"
    return ""


def misheard(original: Told, variant: Told, client: str, player: Client, *, stream: bool) -> str:
    """What the vendor's SDK made of a variant, written for its dialect, that it made not of the original."""
    heard = []
    for told_as in (original, variant):
        events = events_of(told_as.dialect, told_as.bytes(), stream=told_as.framing != "body")
        if isinstance(events[-1], Failed):
            return ""
        said = said_by(client, player.play(fidelity.write(events, client, stream=stream), stream=stream))
        for call in said.calls:
            call.id = ""
        heard.append(said)
    return "" if heard[0] == heard[1] else f"{heard[0]} became {heard[1]}"[:600]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--heard", action="store_true", help="by the vendors' SDKs too")
    said = parser.parse_args()
    dice = random.Random(said.seed)
    originals = [*own(), *([] if said.own else recorded())]
    found: Counter[str] = Counter()
    players = clients() if said.heard else {}
    for _ in range(said.count):
        where, original = dice.choice(originals)
        names, variant = varied(original, dice)
        try:
            why = differs(original, variant, dice)
            if not why and original.framing != "body":
                why = not_verbatim(variant, dice)
            for client, player in players.items():
                why = why or misheard(original, variant, client, player, stream=dice.random() < 0.5)
        except Exception as error:  # whatever breaks is what is looked for
            why = f"{type(error).__name__}: {error}"[:300]
        if why:
            found[f"{original.dialect}: {names}"] += 1
            if found[f"{original.dialect}: {names}"] < 3:
                print(f"{where}: {names}: {why}", flush=True)
    print(json.dumps(dict(found.most_common()), indent=1))


if __name__ == "__main__":
    main()
