from __future__ import annotations

import base64
import struct
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from gophergate.core.blocks import Media, Text, ToolResult
from gophergate.core.request import Request, Tool, Turn
from gophergate.dialects.estimate import estimate, family_of
from gophergate.dialects.media_tokens import image_size, image_tokens
from kit import exchanges
from kit.counted import Counted, every, left_out
from kit.fidelity_page import record_whole, row

PAGE = Path(__file__).parents[3] / "docs" / "counting.md"


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
    began = time.thread_time()
    assert estimate(large, "gpt-4.1") > 1_000_000
    assert time.thread_time() - began < 1.0


def is_near(call: Counted) -> bool:
    return call.near(estimate(call.request, call.model, service=call.service))


Told = dict[str, list[tuple[Counted, bool]]]
"""Calls by what is told of them, each with whether its estimate is near."""


def rows_of(told: Told) -> list[str]:
    """Rows of a table: the share that is near, of all calls, of those of words alone and of those with tools."""
    rows = []
    for name, calls in told.items():
        everything = [near for _, near in calls]
        plain = [near for call, near in calls if not call.request.tools]
        tools = [near for call, near in calls if call.request.tools]
        parts = (
            f"{sum(some) / len(some) * 100:.0f} % of {len(some)}" if some else "" for some in (everything, plain, tools)
        )
        rows.append(row(name, *parts))
    return rows


@exchanges.wanted
def test_how_near_the_estimates_come() -> None:
    """R-C4: within 10 % of recorded usage, by the dialect of the call and by tokeniser family, whatever the recordings;
    docs/counting.md tells what is measured here over those it was measured over."""
    doors: Told = defaultdict(list)
    families: Told = defaultdict(list)
    calls = [(call, is_near(call)) for call in every()]
    for call, near in calls:
        doors[call.request.dialect].append((call, near))
        families[family_of(call.model, call.service)].append((call, near))
    exchanges.something(calls)
    assert sum(near for _, near in calls) / len(calls) >= 0.9
    record_whole(PAGE, "by dialect", rows_of({**doors, "together": calls}))
    record_whole(PAGE, "by family", rows_of(families))
    record_whole(PAGE, "left out", [row(reason, count) for reason, count in sorted(left_out().items())])
