"""What a translation costs between every two dialects, in byte codes of the interpreter: exact, whatever else runs.

    PYTHONPATH=bench python -m gatebench.translations [CLIENT PROVIDER]

A small call (system, one user's turn, one tool) and its answer of 0.4 kB, whole and as a stream. Lines are the clients'
dialects, columns the providers'. Byte codes stand for time as far as the work is ours: to msgspec each job is a call.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any

from gophergate.core.blocks import Text
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.request import Request, Tool, Turn
from gophergate.core.usage import Usage
from gophergate.dialects.base import Dialect, Stamp, Target, encode
from gophergate.doors.chat import dialects

MODEL = "some-model"
STAMP = Stamp("a" * 24, 1_760_000_000)
PIECES = 40
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def asked(dialect: str) -> Request:
    """The call, as if it had been said in that dialect."""
    return Request(
        dialect=dialect,
        model=MODEL,
        turns=(
            Turn(role="system", blocks=(Text(text="You are a helpful assistant."),)),
            Turn(role="user", blocks=(Text(text="Say something about foxes and dogs, in a hundred words. " * 2),)),
        ),
        tools=(Tool(name="weather", description="The weather of a city.", parameters=_SCHEMA),),
        max_output_tokens=512,
        temperature=0.7,
    )


def told() -> list[Event]:
    """The answer."""
    words = [BlockGrew(0, "The quick ") for _ in range(PIECES)]
    return [
        Started(id="reply-1", model=MODEL, created=STAMP.now),
        BlockOpened(0, Text(text="")),
        *words,
        BlockClosed(0),
        UsageSeen(Usage(input=60, output=90, cache_read=0)),
        Finished(reason="stop", native_reason=""),
    ]


def counted(work: Callable[[], object]) -> Counter[CodeType]:
    """The byte codes that `work` runs, by function, once it has run before."""
    work()
    counts: Counter[CodeType] = Counter()

    def inside(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            counts[frame.f_code] += 1
        return inside

    def entered(frame: FrameType, _event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return inside

    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(None)
    return counts


def written(client: Dialect, request: Request, events: Iterable[Event], *, stream: bool) -> bytes:
    """An answer in that dialect."""
    writer = client.writer(request, STAMP, stream=stream)
    return writer.write_all(events) if not stream else b"".join([writer.write(event) for event in events])


def read(provider: Dialect, body: bytes, *, stream: bool) -> list[Event]:
    """Its events."""
    reader = provider.reader(stream=stream, origin="some")
    return reader.feed(body) + reader.end()


def request_cost(client: Dialect, provider: Dialect) -> Counter[CodeType]:
    """A request read and written."""
    target = Target(model=MODEL, origin="some")
    body = encode(client.write_request(asked(client.name), target).body)
    return counted(lambda: provider.write_request(client.read_request(body, model=MODEL), target))


def answer_cost(client: Dialect, provider: Dialect, *, stream: bool) -> Counter[CodeType]:
    """An answer read and written."""
    request = asked(client.name)
    body = written(provider, asked(provider.name), told(), stream=stream)
    return counted(lambda: written(client, request, read(provider, body, stream=stream), stream=stream))


WORKS: dict[str, Callable[[Dialect, Dialect], Counter[CodeType]]] = {
    "request": request_cost,
    "whole answer": lambda client, provider: answer_cost(client, provider, stream=False),
    f"stream of {PIECES} pieces": lambda client, provider: answer_cost(client, provider, stream=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    spoken = dialects()
    parser.add_argument("pair", nargs="*", help="a client's dialect and a provider's, to be told by function")
    pair = [spoken[name] for name in parser.parse_args().pair]
    for what, cost in WORKS.items():
        if pair:
            counts = cost(pair[0], pair[1])
            print(f"{what}: {counts.total()}")
            for code, count in counts.most_common():
                print(f"{count:8} {code.co_qualname} {code.co_filename.rpartition('gophergate/')[2]}")
            continue
        print(f"{what:20}" + "".join(f"{name:>20}" for name in spoken))
        for name, client in spoken.items():
            print(f"{name:20}" + "".join(f"{cost(client, to).total():20}" for to in spoken.values()))


if __name__ == "__main__":
    main()
