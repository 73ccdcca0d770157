"""Recorded answers of one file played to the clients of every dialect, and scored."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gophergate.core.events import Event, Failed
from gophergate.errors import GatewayError
from kit import exchanges, fidelity
from kit.fidelity_clients import Client
from kit.fidelity_compare import Score, verdicts
from kit.fidelity_said import Said, said_by
from kit.fidelity_whole import whole_of

ALL_MODES = os.environ.get("GOPHERGATE_FIDELITY") == "all"
"""Every answer to every client, both streamed and whole. Otherwise each is played as it was recorded, and every eighth
the other way too; long streams are told whole, and every eighth streamed: openai-python needs 100 us an event, of which
there are hundreds, and there are five clients."""

LONG = 20_000
"""Bytes from which a recorded stream is long."""

NOT_ANSWERS = frozenset({"40dfdb96e39a1ae9", "24fcdae96cae65b4"})
"""Filed under a chat path, and something else: a tracing service's JSON."""


def modes(record: exchanges.Record) -> Iterator[bool]:
    """Whether to stream the answer to the client: how it came, and now and then the other way."""
    if _is_chosen(record) or not _is_long(record):
        yield fidelity.is_stream(record)
    if _is_chosen(record) or _is_long(record):
        yield not fidelity.is_stream(record)


def _is_chosen(record: exchanges.Record) -> bool:
    return ALL_MODES or _number(record) % 8 == 0


def _is_long(record: exchanges.Record) -> bool:
    return fidelity.is_stream(record) and len(record["response_body"]) >= LONG


@dataclass
class Played:
    """The scores by client, how many originals there were, how many of them the vendor's SDK read too, and on how many
    of those it agrees with the plain reading."""

    scores: dict[str, Score]
    originals: int = 0
    read_twice: int = 0
    agreed: int = 0

    def reading(self, client: Client, record: exchanges.Record, dialect: str) -> Said:
        """What the original says. Read twice: by the vendor's SDK (long streams: every eighth), and plainly, from its
        JSON.

        SDKs refuse or drop what look-alikes add (lists for strings, reasoning in parts, usage in `x_groq`, an error in
        place of an end): where the two readings differ the plain one stands, and the page says how often.
        """
        body, stream = exchanges.response_bytes(record), fidelity.is_stream(record)
        plain = said_by(dialect, whole_of(dialect, body, stream=stream))
        self.originals += 1
        if _is_long(record) and not _is_chosen(record):
            return plain
        self.read_twice += 1
        try:
            self.agreed += said_by(dialect, client.play(body, stream=stream)) == plain
        except Exception:  # whatever an SDK raises at a body that its newest types refuse
            return plain
        return plain


def play_answers(file: str, dialect: str, clients: dict[str, Client]) -> Played:
    """All answers of one file in one dialect, to the clients of every dialect."""
    played = Played({client: Score() for client in clients})
    for record in fidelity.answers(file, dialect):
        if record["id"] in NOT_ANSWERS or not _is_answer(record, dialect):
            continue
        events = fidelity.read(record, origin="maker")
        if isinstance(events[-1], Failed):
            for client, score in played.scores.items():
                _score_failure(record, events, client, clients[client], score)
            continue
        original = played.reading(clients[dialect], record, dialect)
        for number, (client, score) in enumerate(played.scores.items()):
            if _is_plain(original) and not ALL_MODES and (_number(record) + number) % len(clients) > 1:
                continue  # nothing but words: two clients by turns
            _score(record, events, original, client, clients[client], score)
    return played


def _is_plain(said: Said) -> bool:
    return said.finish == "stop" and not (said.thought or said.calls or said.sources or said.media or said.refusal)


def _number(record: exchanges.Record) -> int:
    """A number that stays with a record, to choose by."""
    return zlib.crc32(record["id"].encode())


def _is_answer(record: exchanges.Record, dialect: str) -> bool:
    """False for other calls that share the path: a list of stored items, a deletion."""
    if dialect != "openai_responses" or fidelity.is_stream(record):
        return True
    whole = whole_of(dialect, exchanges.response_bytes(record), stream=False)
    return whole.get("object") == "response"


def _score(
    record: exchanges.Record, events: list[Event], original: Said, client: str, player: Client, score: Score
) -> None:
    same = client == fidelity.SPEAKS[record["endpoint"]]
    for stream in modes(record):
        where = f"{record['id']} {'streamed' if stream else 'whole'}"
        try:
            got = said_by(client, player.play(fidelity.write(events, client, stream=stream), stream=stream))
        except Exception as error:  # ours or the SDK's: either way the client has no answer
            score.check(False, where, "answer", f"{type(error).__name__}: {str(error)[:200]}")
            continue
        for aspect, holds, why in verdicts(original, got, client, same=same):
            if holds is None:
                score.untold[aspect] += 1
            else:
                score.check(holds, where, aspect, why)


def _score_failure(record: exchanges.Record, events: list[Event], client: str, player: Client, score: Score) -> None:
    """A failure inside a 200: the client's SDK raises, and never takes the reply for a finished one (law 3)."""
    for stream in (True, False):
        try:
            written = fidelity.write(events, client, stream=stream)
            if not stream:
                score.check(False, record["id"], "failure", "a whole body was written")
                continue
            said = said_by(client, player.play(written, stream=stream))
        except GatewayError:
            score.check(not stream, record["id"], "failure", "no error event was written")
        except Exception:  # each SDK has its own
            score.check(stream, record["id"], "failure", "the writer broke")
        else:
            score.check(not said.finish, record["id"], "failure", f"the client took it for a reply: {said}")
