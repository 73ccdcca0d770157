"""Records of calls as the columns of rows, and a row as its record. No SQL, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from gophergate.core.call import Attempt, CallRecord, GuardFinding
from gophergate.core.usage import Usage
from gophergate.store.tables import calls

COLUMNS = tuple(column.name for column in calls.c if column.name != "seq")
"""What a row holds, in the order of `to_columns` and `from_row`."""

_FIRST_COUNT = COLUMNS.index("input")
_AFTER_COUNTS = COLUMNS.index("usage_source")

_USAGE = CallRecord.__struct_fields__.index("usage")
_TEXTS = tuple(map(CallRecord.__struct_fields__.index, ("tags", "attempts", "decision", "dropped", "guards")))
_USES = tuple(map(Usage.__struct_fields__.index, ("tool_uses", "units")))

_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_tags = msgspec.json.Decoder(dict[str, str]).decode
_uses = msgspec.json.Decoder(dict[str, int]).decode
_attempts = msgspec.json.Decoder(tuple[Attempt, ...]).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
read_findings = msgspec.json.Decoder(tuple[GuardFinding, ...]).decode
_NO_USAGE = Usage()


def to_columns(records: Collection[CallRecord]) -> list[Sequence[Any]]:
    """The values of these records, at least one, column by column in the order of COLUMNS. Empty collections become
    NULL: most are empty."""
    # Members and columns have one order (a test holds that), so that nearly all is done by the interpreter's own loops.
    told: list[Sequence[Any]] = list(zip(*map(astuple, records), strict=True))
    nothing = (None,) * len(records)
    for at in _TEXTS:
        told[at] = _texts(told[at]) if any(told[at]) else nothing
    usages = told[_USAGE]
    if None in usages:
        usages = [usage or _NO_USAGE for usage in usages]
    used: list[Sequence[Any]] = list(zip(*map(astuple, usages), strict=True))
    for at in _USES:
        if used[at] != nothing:
            used[at] = [None if uses is None else _encode(uses).decode() for uses in used[at]]
    told[_USAGE : _USAGE + 1] = used
    return told


def _texts(values: Sequence[Collection[Any]]) -> list[str | None]:
    """Each as JSON, None for an empty one."""
    lines = _encode_lines(values).decode().split("\n")
    return [line if value else None for line, value in zip(lines, values, strict=False)]


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
    value["guards"] = read_findings(value["guards"]) if value["guards"] else ()
    return CallRecord(**value)
