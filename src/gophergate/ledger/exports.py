"""Providers' own exports of usage and cost, read into lines by day and model. Pure: bytes in, values out.

OpenAI: the answers of `/v1/organization/usage/*` and `/v1/organization/costs`, and the CSV of its dashboard
(platform.openai.com/docs/api-reference/usage); Anthropic: those of `/v1/organizations/usage_report/messages` and
`cost_report`, and the CSV of its console (platform.claude.com/docs/en/api/admin). Columns are known by name, in any
order; what is not known is passed over, and what is needed and missing is named.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from gophergate.core.money import NANOS_PER_DOLLAR
from gophergate.errors import BadRequest

Kind = Literal["openai", "anthropic"]
COUNTS = ("requests", "input", "cache_read", "cache_write", "cache_write_1h", "output")


class UnreadableExport(BadRequest):
    """The file is no export that is understood; the message names the column or the line."""

    code = "unreadable_export"


class Line(msgspec.Struct, kw_only=True):
    """What a provider says of one model on one day (UTC, "2026-08-05"). `model` is "" where it names none. Counts are
    disjoint, as in `core.usage`, and None where the export has no such column; `cost` is nano-dollars."""

    day: str
    model: str
    requests: int | None = None
    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    cost: int | None = None


def read_export(data: bytes, kind: Kind | None = None) -> list[Line]:
    """The lines of an export, those of a day and model added up, in order of day and model. `kind` is whose export it
    is, for a CSV whose columns do not say. Raises UnreadableExport."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableExport(f"The file is not UTF-8 text (byte {error.start}).") from None
    lines = _json(text) if text.lstrip()[:1] in ("{", "[") else _csv(text, kind)
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        known = found.setdefault((line.day, line.model), Line(day=line.day, model=line.model))
        for name in (*COUNTS, "cost"):
            more = getattr(line, name)
            if more is not None:
                setattr(known, name, (getattr(known, name) or 0) + more)
    if not found:
        raise UnreadableExport("The file has no line with a day.")
    return [found[key] for key in sorted(found)]


# -- JSON ---------------------------------------------------------------------------------------------------------


def _json(text: str) -> Iterator[Line]:
    try:
        said = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise UnreadableExport(f"The file is not JSON: {error}.") from None
    pages = said if isinstance(said, list) else [said]
    number = 0
    for page in pages:
        buckets = page.get("data", [page]) if isinstance(page, dict) else None
        if not isinstance(buckets, list):
            raise UnreadableExport("The JSON has no list of buckets under `data`.")
        for bucket in buckets:
            number += 1
            yield from _bucket(bucket, f"bucket {number}")


def _bucket(bucket: object, where: str) -> Iterator[Line]:
    if not isinstance(bucket, dict) or not isinstance(bucket.get("results"), list):
        raise UnreadableExport(f"{where} has no list `results`.")
    began = bucket.get("starting_at", bucket.get("start_time"))
    if began is None:
        raise UnreadableExport(f"{where} has neither `start_time` (OpenAI) nor `starting_at` (Anthropic).")
    day = _day(began, f"{where}, its start")
    for place, result in enumerate(bucket["results"]):
        if not isinstance(result, dict):
            raise UnreadableExport(f"{where}, result {place + 1} is no object.")
        at = f"{where}, result {place + 1}"
        yield _anthropic_result(result, day, at) if "starting_at" in bucket else _openai_result(result, day, at)


def _openai_result(result: Mapping[str, Any], day: str, at: str) -> Line:
    if "amount" in result:
        amount = result["amount"]
        if not isinstance(amount, dict):
            raise UnreadableExport(f"{at}: `amount` is no object with `value` and `currency`.")
        _in_dollars(amount.get("currency"), at)
        return Line(
            day=day,
            model=_line_item(result.get("line_item")),
            cost=_nanos(amount.get("value"), f"{at}: `amount.value`"),
        )
    if "input_tokens" not in result and "num_model_requests" not in result:
        raise UnreadableExport(f"{at} has neither `amount` nor `input_tokens`: it is no result that is understood.")
    return _openai_counts(result, day, str(result.get("model") or ""), at)


def _openai_counts(row: Mapping[str, Any], day: str, model: str, at: str) -> Line:
    """OpenAI's `input_tokens` hold what was read from and written to the cache."""
    total = _count(row, "input_tokens", at)
    read, wrote = _count(row, "input_cached_tokens", at), _count(row, "input_cache_write_tokens", at)
    return Line(
        day=day,
        model=model,
        requests=_count(row, "num_model_requests", at),
        input=None if total is None else max(0, total - (read or 0) - (wrote or 0)),
        cache_read=read,
        cache_write=wrote,
        output=_count(row, "output_tokens", at),
    )


def _anthropic_result(result: Mapping[str, Any], day: str, at: str) -> Line:
    model = str(result.get("model") or "")
    if "amount" in result:
        _in_dollars(result.get("currency"), at)
        cents = _nanos(result["amount"], f"{at}: `amount`", per=100)
        return Line(day=day, model=model, cost=cents)
    if "uncached_input_tokens" not in result:
        raise UnreadableExport(
            f"{at} has neither `amount` nor `uncached_input_tokens`: it is no result that is understood."
        )
    written = result.get("cache_creation")
    nested = written if isinstance(written, dict) else {}
    return Line(
        day=day,
        model=model,
        input=_count(result, "uncached_input_tokens", at),
        cache_read=_count(result, "cache_read_input_tokens", at),
        cache_write=_count(nested, "ephemeral_5m_input_tokens", at),
        cache_write_1h=_count(nested, "ephemeral_1h_input_tokens", at),
        output=_count(result, "output_tokens", at),
    )


# -- CSV ----------------------------------------------------------------------------------------------------------

_COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("usage_date_utc", "start_time_iso", "start_time", "starting_at", "date", "usage_date", "day", "timestamp"),
    "model": ("model_version", "model", "model_name", "line_item", "snapshot_id"),
    "requests": ("num_model_requests", "requests", "n_requests", "request_count"),
    "fresh": ("usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens"),
    "total_input": ("input_tokens", "prompt_tokens", "n_context_tokens_total"),
    "cache_read": (
        "usage_input_tokens_cache_read",
        "cache_read_input_tokens",
        "input_cached_tokens",
        "cached_tokens",
        "cache_read_tokens",
    ),
    "cache_write": (
        "usage_input_tokens_cache_write_5m",
        "cache_creation_5m_input_tokens",
        "usage_input_tokens_cache_write",
        "cache_creation_input_tokens",
        "input_cache_write_tokens",
    ),
    "cache_write_1h": ("usage_input_tokens_cache_write_1h", "cache_creation_1h_input_tokens"),
    "output": ("usage_output_tokens", "output_tokens", "completion_tokens", "n_generated_tokens_total"),
    "cost": ("amount_value", "cost_usd", "cost", "amount", "cost_in_usd"),
    "currency": ("amount_currency", "currency"),
}
_ANTHROPIC = {
    "usage_date_utc",
    "model_version",
    "usage_output_tokens",
    "uncached_input_tokens",
    "cache_read_input_tokens",
}


def _csv(text: str, kind: Kind | None) -> Iterator[Line]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        names = [re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_") for name in next(reader)]
    except StopIteration:
        raise UnreadableExport("The file is empty.") from None
    except csv.Error as error:
        raise UnreadableExport(f"The first line is no CSV: {error}.") from None
    at = {
        meaning: next((names.index(name) for name in known if name in names), -1) for meaning, known in _COLUMNS.items()
    }
    if at["day"] < 0:
        raise UnreadableExport(f"No column says the day; one of {', '.join(_COLUMNS['day'][:5])} is needed.")
    if all(at[name] < 0 for name in ("fresh", "total_input", "output", "cost")):
        raise UnreadableExport(
            "No column says tokens or cost; known are "
            f"{', '.join(_COLUMNS[name][0] for name in ('fresh', 'total_input', 'output', 'cost'))}."
        )
    is_anthropic = bool(_ANTHROPIC & set(names)) or (kind == "anthropic" and "amount_value" not in names)
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            where = f"line {reader.line_num}"
            cells = {meaning: row[place].strip() if 0 <= place < len(row) else "" for meaning, place in at.items()}
            if len(row) < len(names) and not cells["day"]:
                raise UnreadableExport(f"{where} has {len(row)} columns, the header {len(names)}.")
            yield _row(cells, where, is_anthropic=is_anthropic)
    except csv.Error as error:
        raise UnreadableExport(f"line {reader.line_num} is no CSV: {error}.") from None


def _row(cells: Mapping[str, str], where: str, *, is_anthropic: bool) -> Line:
    day = _day(cells["day"], f"{where}, its day")
    counts = {
        name: _count(cells, name, where)
        for name in ("requests", "cache_read", "cache_write", "cache_write_1h", "output")
    }
    fresh, total = _count(cells, "fresh", where), _count(cells, "total_input", where)
    if fresh is None and total is not None:
        held = 0 if is_anthropic else (counts["cache_read"] or 0) + (counts["cache_write"] or 0)
        fresh = max(0, total - held)
    cost = None
    if cells["cost"]:
        _in_dollars(cells["currency"] or None, where)
        cost = _nanos(cells["cost"], f"{where}, its cost")
    model = cells["model"] if is_anthropic else _line_item(cells["model"])
    return Line(day=day, model=model, input=fresh, cost=cost, **counts)


# -- values -------------------------------------------------------------------------------------------------------


def _day(said: object, where: str) -> str:
    """The day in UTC of Unix seconds or of a date and time."""
    try:
        if isinstance(said, int | float) or (isinstance(said, str) and re.fullmatch(r"[0-9]{9,11}", said)):
            return datetime.fromtimestamp(float(said), UTC).strftime("%Y-%m-%d")
        text = str(said).strip().replace("/", "-")
        found = datetime.fromisoformat(text)
        return (found.astimezone(UTC) if found.tzinfo else found).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        raise UnreadableExport(f"{where}: '{str(said)[:40]}' is no date.") from None


def _count(row: Mapping[str, Any], name: str, where: str) -> int | None:
    said = row.get(name)
    if said is None or said == "":
        return None
    try:
        number = Decimal(str(said).replace(",", ""))
        if number != int(number) or number < 0:
            raise ValueError
        return int(number)
    except (ValueError, InvalidOperation, OverflowError):
        raise UnreadableExport(f"{where}: `{name}` is '{str(said)[:40]}', no count.") from None


def _nanos(said: object, where: str, *, per: int = 1) -> int:
    try:
        amount = Decimal(str(said).strip().lstrip("$").replace(",", ""))
        if not amount.is_finite():
            raise ValueError
        return int((amount * NANOS_PER_DOLLAR / per).to_integral_value())
    except (ValueError, InvalidOperation):
        raise UnreadableExport(f"{where} is '{str(said)[:40]}', no amount.") from None


def _in_dollars(currency: object, where: str) -> None:
    if currency not in (None, "") and str(currency).lower() != "usd":
        raise UnreadableExport(f"{where} is in {str(currency)[:10]}; only US dollars can be held against the ledger.")


def _line_item(said: object) -> str:
    """The model of a cost's line item ("gpt-4o-2024-08-06, input"); "" for one of none ("Web search tool calls")."""
    text = str(said or "").partition(",")[0].strip()
    return "" if " " in text else text
