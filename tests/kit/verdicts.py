"""An operator's endpoint that gives verdicts, on a real socket: what it looks for, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from gophergate import process
from gophergate.transport.addresses import is_public
from kit.upstream import Asked, Say, body

NAME = "Ada Lovelace"


@contextmanager
def loopback_reached() -> Iterator[None]:
    """In this scope a gateway delivers to this machine too, which it must not otherwise."""
    reach = partial(process.deliver, is_allowed=lambda address: address == "127.0.0.1" or is_public(address))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "deliver", reach)
        yield


def finding(word: str = NAME, verdict: str = "mask", label: str = "NAME") -> Callable[[Asked], Say]:
    """An endpoint that finds a word wherever it stands."""

    def answer(asked: Asked) -> Say:
        finds = []
        for number, one in enumerate(asked.json["texts"]):
            at = one["text"].find(word)
            if at >= 0:
                finds.append({"text": number, "start": at, "end": at + len(word), "label": label})
        return body({"verdict": verdict if finds else "allow", "finds": finds})

    return answer


def saying(answer: dict[str, Any] | bytes, status: int = 200) -> Callable[[Asked], Say]:
    """An endpoint that says the same to everything."""
    return lambda _: body(answer, status)


def texts(asked: Asked) -> list[tuple[str, str]]:
    """Whose texts it was asked about, and which."""
    return [(one["role"], one["text"]) for one in asked.json["texts"]]
