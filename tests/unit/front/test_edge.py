"""What becomes of handlers that fail, and of error envelopes that cannot be written."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gophergate.errors import ClientGone, GatewayError, RateLimited
from gophergate.front.base import Handler, Header, RawHeaders, Refusal
from gophergate.front.edge import Edge
from gophergate.front.inbound import ReceivedRequest
from gophergate.front.reply import RuledReply


class Slate(RuledReply):
    """A reply that only notes what is done to it."""

    def __init__(self) -> None:
        super().__init__(head_only=False)
        self.said: list[object] = []

    async def drain(self) -> None: ...

    def _open(self, status: int, headers: RawHeaders, length: int | None, bodiless: bool) -> None:
        if any(b"\n" in value for _, value in headers):
            raise ValueError("unfit")
        self.said.append((status, dict(headers)))

    def _put(self, data: bytes) -> None:
        self.said.append(data)

    def _finish(self) -> None:
        self.said.append("end")

    def _break(self) -> None:
        self.said.append("break")

    def _full(self) -> bool:
        return False


class NoDoors:
    def route(self, method: str, path: str) -> Handler | None:
        return None


class NoSource:
    def body_wanted(self, inbound: ReceivedRequest) -> None: ...


def edge(headers: RawHeaders = (), fault: Exception | None = None) -> Edge:
    def write(path: str, error: GatewayError, header: Header, request_id: str) -> Refusal:
        if fault is not None:
            raise fault
        return error.status, [*headers, (b"x-request-id", request_id.encode())], path.encode()

    return Edge(NoDoors(), write, new_id=lambda: "new-id")


def inbound(request_id: bytes | None = None) -> ReceivedRequest:
    headers = [] if request_id is None else [(b"x-request-id", request_id)]
    return ReceivedRequest(NoSource(), 1, "GET", "/p", b"/p", b"", headers, dict(headers), None, "", "http")


@pytest.mark.parametrize(
    ("sent", "used"),
    [
        (None, b"new-id"),
        (b"mine", b"mine"),
        (b"a b", b"new-id"),
        (b"", b"new-id"),
        (b"x" * 129, b"new-id"),
        (b"\xff", b"new-id"),
    ],
)
def test_a_callers_request_id_is_kept_when_it_is_a_word(sent: bytes | None, used: bytes) -> None:
    reply = Slate()
    edge().refuse(reply, "/p", RateLimited("slow"), sent)
    assert reply.said == [(429, {b"x-request-id": used}), b"/p", "end"]


@pytest.mark.parametrize("broken", [edge(fault=ZeroDivisionError()), edge([(b"x", b"a\nb")])])
def test_an_envelope_that_cannot_be_written_is_a_plain_500(broken: Edge, caplog: pytest.LogCaptureFixture) -> None:
    reply = Slate()
    broken.refuse(reply, "/p", RateLimited("slow"), None)
    assert reply.said == [(500, {b"content-type": b"text/plain"}), b"internal error\n", "end"]
    assert "new-id" in caplog.text


def test_a_client_that_is_gone_is_told_nothing_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Errors that a gone client causes on the way are no defects."""
    for error in (None, ClientGone("gone"), RateLimited("slow"), asyncio.CancelledError()):
        reply = Slate()
        reply.client_gone()
        edge().conclude(inbound(), reply, error)
        assert reply.said == []
    assert caplog.records == []


def test_a_defect_is_logged_even_when_nobody_is_left_to_hear_of_it(caplog: pytest.LogCaptureFixture) -> None:
    reply = Slate()
    reply.client_gone()
    edge().conclude(inbound(b"mine"), reply, ZeroDivisionError())
    assert reply.said == []
    assert "mine" in caplog.text


def test_cancellation_from_outside_breaks_the_reply_and_passes_on() -> None:
    reply = Slate()
    reply.start(200, [])
    with pytest.raises(asyncio.CancelledError):
        edge().conclude(inbound(), reply, asyncio.CancelledError())
    assert reply.said[-1] == "break"


def test_what_ends_the_process_passes_on() -> None:
    reply = Slate()
    with pytest.raises(KeyboardInterrupt):
        edge().conclude(inbound(), reply, KeyboardInterrupt())
    assert reply.said == ["break"]


def test_a_client_reported_gone_while_it_is_not_gets_no_clean_finish() -> None:
    reply = Slate()
    edge().conclude(inbound(), reply, ClientGone("gone"))
    assert reply.said == ["break"]


def test_a_callers_text_never_reaches_the_log_as_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    request = inbound()
    request.path = "/p\nforged line"
    edge().conclude(request, Slate(), ZeroDivisionError())
    assert "\nforged" not in caplog.records[0].getMessage()
