"""A call's record as a database row and back. No SQL, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gophergate.core.call import Attempt, CallRecord, GuardFinding
from gophergate.core.usage import Usage
from gophergate.store.tables import calls

COLUMNS = tuple(column.name for column in calls.c if column.name != "seq")
"""What a row holds, in the order of `to_row` and `from_row`."""

_FIRST_COUNT = COLUMNS.index("input")
_AFTER_COUNTS = COLUMNS.index("usage_source")

_encode = msgspec.json.Encoder().encode
_tags = msgspec.json.Decoder(dict[str, str]).decode
_uses = msgspec.json.Decoder(dict[str, int]).decode
_attempts = msgspec.json.Decoder(tuple[Attempt, ...]).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_guards = msgspec.json.Decoder(tuple[GuardFinding, ...]).decode
_NO_USAGE = Usage()


def to_row(record: CallRecord) -> tuple[Any, ...]:
    """The values of a record in the order of COLUMNS. Empty collections become NULL: most are empty."""
    r = record
    u = record.usage or _NO_USAGE
    return (
        r.id,
        r.request_id,
        r.started_at,
        r.status,
        r.http_status,
        r.door,
        r.operation,
        r.stream,
        r.organisation_id,
        r.team_id,
        r.user_id,
        r.client_id,
        r.key_id,
        r.session,
        r.end_user,
        _encode(r.tags).decode() if r.tags else None,
        r.model_requested,
        r.model,
        r.provider,
        u.input,
        u.cache_read,
        u.cache_write,
        u.cache_write_1h,
        u.audio_input,
        u.image_input,
        u.output,
        u.audio_output,
        u.image_output,
        u.reasoning,
        _encode(u.tool_uses).decode() if u.tool_uses is not None else None,
        _encode(u.units).decode() if u.units is not None else None,
        u.tier,
        u.provider_cost,
        r.usage_source,
        r.cost,
        r.price_version,
        r.finish_reason,
        r.latency_ms,
        r.first_token_ms,
        r.overhead_ms,
        _encode(r.attempts).decode() if r.attempts else None,
        _encode(r.decision).decode() if r.decision else None,
        _encode(r.dropped).decode() if r.dropped else None,
        _encode(r.guards).decode() if r.guards else None,
        r.error_code,
        r.error_message,
        r.client_ip,
        r.request_bytes,
        r.response_bytes,
    )


def from_row(row: Sequence[Any]) -> CallRecord:
    """The record of a row selected in the order of COLUMNS. A usage that reported nothing comes back as None."""
    value = dict(zip(COLUMNS, row, strict=True))
    counts = {name: value.pop(name) for name in COLUMNS[_FIRST_COUNT:_AFTER_COUNTS]}
    for name in ("tool_uses", "units"):
        if counts[name] is not None:
            counts[name] = _uses(counts[name])
    value["usage"] = Usage(**counts) if any(count is not None for count in counts.values()) else None
    value["stream"] = bool(value["stream"])
    value["tags"] = _tags(value["tags"]) if value["tags"] else {}
    value["attempts"] = _attempts(value["attempts"]) if value["attempts"] else ()
    value["decision"] = _names(value["decision"]) if value["decision"] else ()
    value["dropped"] = _names(value["dropped"]) if value["dropped"] else ()
    value["guards"] = _guards(value["guards"]) if value["guards"] else ()
    return CallRecord(**value)
