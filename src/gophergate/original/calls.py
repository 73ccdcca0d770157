"""The request log: each row a call in its own week's table, counted in the roll-ups in the same transaction.

A row's id is worked out from what it says, so that a second import finds it there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from gophergate.original import values
from gophergate.original.carry import Carrier

_BATCH = 500
PRICE_VERSION = "imported"


async def carry_calls(at: Carrier, *, is_dry: bool) -> None:
    """Every row of the request log; `at.progress` hears of each batch. A dry run reads them and writes none."""
    batch: dict[str, CallRecord] = {}
    read = 0
    for number, facts in enumerate(at.source.rows("calls"), 1):
        read += 1
        try:
            record = call_of(facts, number, at)
        except ValueError as error:
            at.report.count(f"left out: {error}")
        else:
            batch[record.id] = record
        if read == _BATCH:
            await _written(at, batch, read, is_dry=is_dry)
            batch, read = {}, 0
    await _written(at, batch, read, is_dry=is_dry)


async def _written(at: Carrier, batch: Mapping[str, CallRecord], read: int, *, is_dry: bool) -> None:
    if batch:
        records = list(batch.values())
        known = await at.calls.known(records)
        new = [record for record in records if record.id not in known]
        made = len(new) if is_dry else len(await at.calls.write(new, look_first=True)) if new else 0
        for what, number in (
            ("made", made),
            ("there", len(known)),
            ("of a time that is kept no more", len(new) - made),
        ):
            if number:
                at.report.count(what, number)
    at.progress(read)


def call_of(facts: Mapping[str, Any], number: int, at: Carrier) -> CallRecord:
    """A row as a call. Raises ValueError for one that says no time, or a number that is none."""
    started_at = values.moment(facts["at"])
    if started_at is None:
        raise ValueError("it says no time")
    status, http_status = values.ended(facts["status"], facts["http_status"], facts["error"])
    usage = _usage(facts)
    ref = values.words(facts["client"])
    model = values.words(facts["model"]) or None
    provider = values.words(facts["provider"]) or None
    if model is not None and provider is not None:
        model = model.removeprefix(f"{provider}/")
    said = f"{values.words(facts['row']) or number}|{started_at}|{ref}|{provider}|{model}"
    call_id = "imp" + hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
    decision = values.words(facts["decision"])
    return CallRecord(
        id=call_id,
        request_id=values.words(facts["request_id"])[:200] or call_id,
        started_at=started_at,
        status=status,
        http_status=http_status,
        door="openai_chat",
        operation="chat",
        stream=values.is_on(facts["stream"] or False, None),
        client_id=at.client_ids.get(ref),
        session=values.words(facts["session"])[:200] or None,
        model_requested=values.words(facts["model_requested"]) or model or "",
        model=model,
        provider=provider,
        usage=usage,
        usage_source="provider" if usage is not None else "none",
        cost=values.nanodollars(facts["cost"]) if usage is not None else None,
        price_version=PRICE_VERSION if usage is not None else None,
        latency_ms=values.milliseconds(facts["ms"]) or 0.0,
        first_token_ms=values.milliseconds(facts["first_ms"]),
        decision=(decision[:2000],) if decision else (),
        error_message=values.words(facts["error"])[:2000] or None,
        client_ip=values.words(facts["address"])[:64] or None,
    )


def _usage(facts: Mapping[str, Any]) -> Usage | None:
    """Disjoint counts: the original's prompt tokens hold what was read from and written to a cache."""
    prompt, output = values.count(facts["prompt"]), values.count(facts["output"])
    if prompt is None and output is None:
        return None
    read, written = values.count(facts["cache_read"]), values.count(facts["cache_write"])
    fresh = prompt
    if prompt is not None and prompt >= (read or 0) + (written or 0):
        fresh = prompt - (read or 0) - (written or 0)
    return Usage(
        input=fresh,
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=values.count(facts["reasoning"]),
    )
