from __future__ import annotations

import base64
import struct
import time
from collections import Counter
from typing import Any

import pytest

from gophergate.core.blocks import Media, Opaque, Text, ToolResult
from gophergate.core.events import Started, UsageSeen
from gophergate.core.request import Request, ServerTool, Tool, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.estimate import estimate, family_of
from gophergate.dialects.media_tokens import image_size, image_tokens
from gophergate.doors import dialects
from kit import exchanges

SPOKEN = {
    "chat.completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic_messages",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
}


def request(*texts: str, **more: Any) -> Request:
    blocks = tuple(Text(text=text) for text in texts)
    return Request(dialect="openai_chat", model="m", turns=(Turn(role="user", blocks=blocks),), **more)


def test_everything_that_is_said_counts() -> None:
    """R-C4: system, tools, tool results and images."""
    plain = estimate(request("Hello there"), "gpt-4.1")
    tool = Tool(name="weather", description="Tells the weather", parameters={"type": "object"})
    assert estimate(request("Hello there", tools=(tool,)), "gpt-4.1") > plain
    system = Turn(role="system", blocks=(Text(text="Be brief, please."),))
    asked = request("Hello there")
    assert estimate(Request(dialect="x", model="m", turns=(system, *asked.turns)), "gpt-4.1") > plain
    picture = Media(kind="image", media_type="image/png", data=base64.b64encode(png(512, 512)).decode())
    result = ToolResult(call_id="c", content=(Text(text="22 degrees"), picture))
    with_result = Request(dialect="x", model="m", turns=(*asked.turns, Turn(role="user", blocks=(result,))))
    assert estimate(with_result, "gpt-4.1") > plain + 255


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\x00\x00\x00"


@pytest.mark.parametrize(
    ("vendor", "width", "height", "tokens"),
    [
        ("claude", 1092, 1092, 1534),
        ("claude", 200, 200, 54),
        ("gemini", 384, 384, 258),
        ("gemini", 960, 540, 258 * 6),
        ("gpt", 1024, 1024, 765),
        ("gpt", 2048, 4096, 1105),
    ],
)
def test_pictures_follow_the_vendors_formulas(vendor: str, width: int, height: int, tokens: int) -> None:
    """The examples of the vendors' own pages (see `media_tokens.image_tokens`)."""
    assert abs(image_tokens(vendor, width, height) - tokens) <= tokens * 0.06


def test_sizes_are_read_from_every_usual_format() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03" * 12
    gif = b"GIF89a" + struct.pack("<HH", 40, 30) + b"\x00" * 4
    webp = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + b"\x27\x00\x00\x1d\x00\x00"
    for data in (png(40, 30), jpeg, gif, webp):
        assert image_size(data) == (40, 30)
    for data in (b"", b"\x89PNG", b"\xff\xd8\xff", b"nothing known", png(0, 9)):
        assert image_size(data) is None


def test_a_large_prompt_is_estimated_quickly() -> None:
    """R-P2: no stall. 5 MB well within what a loop may be held up, on a slow machine too."""
    large = request("Lorem ipsum dolor sit amet, 12 times. " * 140_000)
    began = time.perf_counter()
    assert estimate(large, "gpt-4.1") > 1_000_000
    assert time.perf_counter() - began < 1.0


def measurable(record: dict[str, Any]) -> tuple[Request, Usage, str] | None:
    """A recorded call whose prompt was words alone, its usage, and the model that answered."""
    name = SPOKEN.get(record["endpoint"])
    if name is None or record["status"] != 200 or not isinstance(record["request_body"], dict):
        return None
    dialect = dialects()[name]
    asked = dialect.read_request(exchanges.request_bytes(record), model="m")
    reader = dialect.reader(stream=record["framing"] != "json")
    usage, model = Usage(), ""
    for event in reader.feed(exchanges.response_bytes(record)) + reader.end():
        if isinstance(event, UsageSeen):
            usage = usage.merged(event.usage)
        elif isinstance(event, Started):
            model = event.model
    if not usage.total_input or usage.tool_uses or asked.previous_response_id:
        return None
    blocks = [block for turn in asked.turns for block in turn.blocks]
    blocks += [part for block in blocks if isinstance(block, ToolResult) for part in block.content]
    if any(isinstance(block, Media | Opaque) for block in blocks):
        return None
    if any(isinstance(tool, ServerTool) for tool in asked.tools):
        return None
    return asked, usage, model or str(record["request_body"].get("model", ""))


@exchanges.wanted
def test_how_near_the_estimates_come() -> None:
    """R-C4: within 10 % on most recorded exchanges; the page docs/counting.md tells the same numbers."""
    calls: Counter[str] = Counter()
    near: Counter[str] = Counter()
    for record in exchanges.every(*SPOKEN):
        found = measurable(record)
        if found is None:
            continue
        asked, usage, model = found
        family = family_of(model)
        calls[family] += 1
        near[family] += abs(estimate(asked, model) - usage.total_input) <= 0.1 * usage.total_input + 0.5
    told = {family: round(near[family] / calls[family], 2) for family in calls}
    print(f"within 10 %: {told}, of {dict(calls)}")
    assert sum(near.values()) / sum(calls.values()) > 0.64, told
    assert all(told[family] >= 0.8 for family in ("gpt-4", "claude", "claude-4", "gpt-oss", "mistral")), told
