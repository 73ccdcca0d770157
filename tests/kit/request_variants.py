"""Requests as another client might send them: unknown members at every level, members in another order, what is
optional null, marks for the cache everywhere, tools by the hundred, ids of any characters. None of it changes what is
asked, so all of it is read alike and written alike for every other vendor.

    PYTHONPATH=tests python -m kit.request_variants [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gophergate.core.request import Request
from gophergate.dialects.base import Target
from gophergate.errors import BadRequest
from kit import fidelity
from kit.mutations import copied
from kit.variants import UNKNOWN

Json = Any
GOLDEN = Path(__file__).parents[1] / "golden" / "requests"
FREE = frozenset(
    {
        *("arguments", "args", "input", "parameters", "input_schema", "parametersJsonSchema", "schema", "response"),
        *("parameters_json_schema", "response_schema", "responseSchema", "responseJsonSchema", "response_json_schema"),
        *("metadata", "labels", "logit_bias", "format", "env", "properties", "options", "client_metadata", "data"),
        "output_format",
    }
)
"""Members whose inside is the caller's or the tool's own."""
LISTED = frozenset({"input"})
"""Free where an object stands in it, the dialect's own where it is a list (the items of a response)."""


def own() -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Requests that come with the tests, each with its dialect."""
    for dialect in fidelity.DIALECTS:
        for path in sorted((GOLDEN / dialect).glob("*/request.json")):
            yield f"golden {path.parent.name}", dialect, json.loads(path.read_bytes())


def recorded() -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Recorded requests, where there are any."""
    for file, dialect in fidelity.cases():
        for record in fidelity.records(file, dialect):
            if fidelity.asked(record):
                yield f"{file} {record['id']}", dialect, record["request_body"]


def everywhere(value: Json, change: Callable[[dict[str, Json], str], dict[str, Json]], name: str = "") -> Json:
    """`change` done to every object of the dialect's own; `name` is the member it stands in."""
    if isinstance(value, dict):
        inner = {
            key: child
            if key in FREE and not (key in LISTED and isinstance(child, list))
            else everywhere(child, change, key)
            for key, child in value.items()
        }
        return change(inner, name)
    if isinstance(value, list):
        return [everywhere(child, change, name) for child in value]
    return value


def reordered(body: dict[str, Json], _: str, dice: random.Random) -> Json:
    def change(said: dict[str, Json], _: str) -> dict[str, Json]:
        names = list(said)
        dice.shuffle(names)
        return {name: said[name] for name in names}

    return everywhere(body, change)


def with_unknown(body: dict[str, Json], dialect: str, dice: random.Random) -> Json:
    def change(said: dict[str, Json], name: str) -> dict[str, Json]:
        if dialect == "gemini" and name == "tools":
            return said  # Each member of a tool is a tool of Google's.
        return {**said, f"x_future_{dice.randint(0, 9)}": dice.choice(UNKNOWN)}

    return everywhere(body, change)


NULLS = {
    "openai_chat": "name refusal tool_calls function_call audio annotations reasoning_content strict cache_control "
    "temperature top_p seed stop user logit_bias tools tool_choice response_format service_tier stream_options n",
    "openai_responses": "id status phase namespace temperature top_p user tools tool_choice instructions metadata "
    "truncation previous_response_id include strict description summary encrypted_content logprobs",
    "anthropic_messages": "cache_control citations title context is_error temperature top_p top_k metadata thinking "
    "stop_sequences tool_choice tools system container mcp_servers service_tier description caller",
    "gemini": "thought thoughtSignature role systemInstruction tools toolConfig safetySettings generationConfig "
    "cachedContent temperature topP topK id videoMetadata labels",
    "ollama": "tools format options images tool_calls think keep_alive tool_name thinking suffix template",
}


def with_nulls(body: dict[str, Json], dialect: str, dice: random.Random) -> Json:
    names = NULLS[dialect].split()
    return everywhere(body, lambda said, _: {**dict.fromkeys(dice.sample(names, 3)), **said})


def cached_everywhere(body: dict[str, Json], dialect: str, _: random.Random) -> Json:
    """As frameworks mark blocks, tools and whole messages, whether their vendor knows such marks or not."""
    if dialect in ("gemini", "ollama"):
        return body
    return everywhere(body, lambda said, name: {**said, "cache_control": {"type": "ephemeral"}} if name else said)


def with_empty_turns(body: dict[str, Json], dialect: str, _: random.Random) -> Json:
    """An empty text beside what a turn says (opencode, LangChain): other vendors may be told it, or not."""
    member, empty = {
        "anthropic_messages": ("messages", {"type": "text", "text": ""}),
        "openai_chat": ("messages", {"type": "text", "text": ""}),
        "gemini": ("contents", {"text": ""}),
    }.get(dialect, ("", {}))
    turns = body.get(member)
    if not isinstance(turns, list):
        return body
    inside = "parts" if dialect == "gemini" else "content"
    told = [
        {**turn, inside: [empty, *turn[inside]]}
        if isinstance(turn, dict) and isinstance(turn.get(inside), list) and turn.get("role") == "user"
        else turn
        for turn in turns
    ]
    return {**body, member: told}


VARIANTS: dict[str, Callable[[dict[str, Json], str, random.Random], Json]] = {
    made.__name__: made for made in (reordered, with_unknown, with_nulls, cached_everywhere, with_empty_turns)
}


def varied(body: dict[str, Json], dialect: str, dice: random.Random) -> tuple[str, dict[str, Json]]:
    """One or two of the variants, with their names."""
    names = dice.sample(list(VARIANTS), dice.choice((1, 1, 2)))
    made = copied(body)
    for name in names:
        made = VARIANTS[name](made, dialect, dice)
    return " + ".join(names), made


def read(dialect: str, body: dict[str, Json]) -> Request | str:
    """The request, or why it was refused."""
    try:
        raw = json.dumps(body).encode()
        door = fidelity.DIALECTS[dialect]
        peek = door.peek(raw, model="m" if dialect == "gemini" else "")
        json.loads(door.edit(raw, model="n", ask_usage=True))
        return door.read_request(raw, model=peek.model)
    except BadRequest as error:
        return error.message


def written(request: Request, target: str) -> Json:
    """For another vendor: its body, or why it was refused."""
    try:
        return fidelity.DIALECTS[target].write_request(request, Target(model="m", origin="o")).body
    except BadRequest as error:
        return error.message


def plain(value: Json) -> Json:
    """Without what is one dialect's own, marks for a cache, and texts that say nothing."""
    if isinstance(value, dict):
        own_alone = ("extra", "cache", "cache_control", "native", "dialect", "data")
        kept = {n: plain(v) for n, v in value.items() if n not in own_alone}
        return {n: v for n, v in kept.items() if v is not None}
    if isinstance(value, list):
        kept_of = [plain(v) for v in value]
        return [v for v in kept_of if not (isinstance(v, dict) and v.get("text") == "" and len(v) < 6)]
    return value


def _json(request: Request) -> Json:
    return json.loads(msgspec.json.encode(request))


def differs(dialect: str, body: dict[str, Json], variant: dict[str, Json]) -> str:
    """What a variant was taken for that its original was not; "" where both ask the same of everybody."""
    before, after = read(dialect, body), read(dialect, variant)
    if isinstance(before, str):
        return ""
    if isinstance(after, str):
        return f"refused: {after}"
    was, became = plain(_json(before)), plain(_json(after))
    has_empty = '"text": ""' in json.dumps(variant)
    wrong = [
        f"{name}: {was[name]!r:.150} became {became.get(name)!r:.150}" for name in was if was[name] != became.get(name)
    ]
    if wrong:
        return "; ".join(wrong)
    for target in fidelity.DIALECTS:
        if target == dialect or has_empty:
            written(after, target)
        elif (one := plain(copied(written(before, target)))) != (other := plain(copied(written(after, target)))):
            names = [n for n in {*one, *other} if one.get(n) != other.get(n)] if isinstance(other, dict) else [other]
            return f"for {target}: {names}: {[(str(one.get(n))[:150], str(other.get(n))[:150]) for n in names]}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    dice = random.Random(said.seed)
    originals = [*own(), *recorded()]
    found: Counter[str] = Counter()
    for _ in range(said.count):
        where, dialect, body = dice.choice(originals)
        names, variant = varied(body, dialect, dice)
        try:
            why = differs(dialect, body, variant)
        except Exception as error:  # whatever breaks is what is looked for
            why = f"{type(error).__name__}: {error}"[:300]
        if why:
            found[f"{dialect}: {names}"] += 1
            if found[f"{dialect}: {names}"] < 3:
                print(f"{where}: {names}: {why[:500]}", flush=True)
    print(json.dumps(dict(found.most_common()), indent=1))


if __name__ == "__main__":
    main()
