"""Where a provider's export and the ledger differ, and what explains it."""

from __future__ import annotations

from gophergate.billing.reconciling import compared, shown
from gophergate.ledger.exports import Line
from gophergate.store.prices import DayOfModel

MONDAY = 20_668
DAYS = ["2026-08-03", "2026-08-04", "2026-08-05"]


def ours(slot: int, model: str, **more: int) -> DayOfModel:
    counts = dict.fromkeys(("requests", "input", "cache_read", "cache_write", "cache_write_1h", "output"), 0)
    return DayOfModel(slot=slot, model=model, **(counts | {"cost": 0, "unpriced": 0, "estimated": 0} | more))


def named(model: str) -> str:
    return model.removesuffix("-2025-08-07")


def test_every_difference_has_its_reason() -> None:
    lines = [
        Line(day=DAYS[0], model="gpt-5-2025-08-07", requests=2, input=100, output=10, cost=500),
        Line(day=DAYS[0], model="gpt-4.1", requests=1, input=7, output=1, cost=70),
        Line(day=DAYS[1], model="gpt-5", requests=3, input=60, output=6, cost=999),
        Line(day=DAYS[1], model="", cost=40),
    ]
    stored = [
        ours(MONDAY, "gpt-5", requests=2, input=100, output=10, cost=400),
        ours(MONDAY + 1, "gpt-5", requests=2, input=50, output=6, cost=800, estimated=1, unpriced=1),
        ours(MONDAY + 2, "gpt-5", requests=1, input=1, cost=3),
    ]
    report = compared("openai", lines, stored, named)
    found = {(row.day, row.model): (row.cost, " | ".join(row.why)) for row in report.rows}
    assert (report.ours, report.theirs) == (1_203, 1_609)
    assert found[DAYS[0], "gpt-5"][0] == -100
    assert "same tokens at another price" in found[DAYS[0], "gpt-5"][1]
    assert found[DAYS[0], "gpt-4.1"] == (
        -70,
        "no call of it passed here: it was made with the same account elsewhere, or is no call",
    )
    assert "tokens differ: input -10 | calls differ: -1 | 1 calls have no price" in found[DAYS[1], "gpt-5"][1]
    assert "1 calls are our estimate" in found[DAYS[1], "gpt-5"][1]
    assert "attributes it to no model" in found[DAYS[1], ""][1]
    assert found[DAYS[2], "gpt-5"][0] == 3
    assert "the export has nothing of it" in found[DAYS[2], "gpt-5"][1]
    said = shown(report)
    assert (said["ours"], said["theirs"], said["drift"]) == ("0.000001203", "0.000001609", "-0.000000406")


def test_a_bill_without_models_is_held_against_whole_days() -> None:
    stored = [ours(MONDAY, "gpt-5", cost=400, requests=1), ours(MONDAY, "gpt-4.1", cost=100, requests=1)]
    report = compared("openai", [Line(day=DAYS[0], model="", cost=500)], stored, named)
    assert [(row.model, row.cost, row.why) for row in report.rows] == [("", 0, ())]


def test_an_export_of_tokens_alone_has_no_drift_of_money() -> None:
    report = compared("x", [Line(day=DAYS[0], model="m", input=5)], [ours(MONDAY, "m", input=5, cost=9)], named)
    assert (report.theirs, report.rows[0].cost, report.rows[0].why) == (None, None, ())
