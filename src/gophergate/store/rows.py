"""A call's record as a database row and back. No SQL, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec.structs import asdict, astuple

from gophergate.core.call import Attempt, CallRecord, GuardFinding
from gophergate.core.usage import Usage
from gophergate.store.tables import calls

COLUMNS = tuple(column.name for column in calls.c if column.name != "seq")
"""What a row holds, in the order of `to_row` and `from_row`."""

_FIRST_COUNT = COLUMNS.index("input")
_AFTER_COUNTS = COLUMNS.index("usage_source")

_TAGS, _USAGE, _LISTS = map(CallRecord.__struct_fields__.index, ("tags", "usage", "attempts"))

_encode = msgspec.json.Encoder().encode
_tags = msgspec.json.Decoder(dict[str, str]).decode
_uses = msgspec.json.Decoder(dict[str, int]).decode
_attempts = msgspec.json.Decoder(tuple[Attempt, ...]).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_guards = msgspec.json.Decoder(tuple[GuardFinding, ...]).decode
_NO_USAGE = Usage()


def to_row(record: CallRecord) -> tuple[Any, ...]:
    """The values of a record in the order of COLUMNS. Empty collections become NULL: most are empty."""
    # Members and columns have one order (a test holds that), so that most of it is copied in one step.
    told = astuple(record)
    usage = record.usage or _NO_USAGE
    return (
        *told[:_TAGS],
        _text(record.tags),
        *told[_TAGS + 1 : _USAGE],
        *(astuple(usage) if usage.tool_uses is None and usage.units is None else _counts(usage)),
        *told[_USAGE + 1 : _LISTS],
        _text(record.attempts),
        _text(record.decision),
        _text(record.dropped),
        _text(record.guards),
        *told[_LISTS + 4 :],
    )


def _text(value: Collection[Any]) -> str | None:
    return _encode(value).decode() if value else None


def _counts(usage: Usage) -> tuple[Any, ...]:
    named = asdict(usage)
    for name in ("tool_uses", "units"):
        named[name] = None if named[name] is None else _encode(named[name]).decode()
    return tuple(named.values())


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
