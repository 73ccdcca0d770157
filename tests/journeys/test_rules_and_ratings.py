"""Groups that choose by rules and by ratings, through the whole server: who answers, why, and what a rating costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from kit.gate import KEY, gate, rows, url
from kit.operator import operator

BEARER = {"authorization": f"Bearer {KEY}"}
GROUPS = """
[[groups]]
name = "by-rules"
strategy = "heuristic"
targets = [{ model = "demo/echo" }]
rules = [
  { model = "demo/think", requires_reasoning = true },
  { model = "demo/down", fallback = "demo/lorem", pattern = '^story\\b', regex = true },
]

[[groups]]
name = "by-rating"
strategy = "classifier"
targets = [{ model = "demo/echo" }, { model = "demo/think" }, { model = "demo/lorem" }]
classifier = { model = "demo/echo", timeout = 2 }
rules = [{ model = "demo/lorem", pattern = "urgent" }]

[[groups]]
name = "slow-judge"
strategy = "classifier"
targets = [{ model = "demo/echo" }, { model = "demo/think" }]
classifier = { model = "demo/slow", timeout = 0.2 }
"""


async def chat(gateway: Gateway, model: str, text: str, **more: Any) -> httpx2.Response:
    """One chat call of the first key's."""
    headers = {**BEARER, **more.pop("headers", {})}
    async with httpx2.AsyncClient(base_url=url(gateway)) as client:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        return await client.post("/v1/chat/completions", json=body, headers=headers)


def answered_by(response: httpx2.Response) -> str:
    """The deployment that answered a call that went well."""
    assert response.status_code == 200, response.text
    return str(response.headers["x-gophergate-model"])


async def test_rules_choose_and_their_fallback_answers_when_the_first_fails(tmp_path: Path) -> None:
    """O27: the decision stands on the row."""
    async with gate(tmp_path, sections=GROUPS) as gateway:
        assert answered_by(await chat(gateway, "by-rules", "hello")) == "demo/echo"
        assert answered_by(await chat(gateway, "by-rules", "hello", reasoning_effort="high")) == "demo/think"
        assert answered_by(await chat(gateway, "by-rules", "Story time")) == "demo/lorem"
        found = await rows(gateway, 3)
        assert "no rule fits" in " ".join(found[0].decision)
        assert "rule 1 fits (it asks for reasoning)" in " ".join(found[1].decision)
        assert found[2].attempts[0].model == "down"
        # Edge case 67: who answered is priced and recorded, never the group.
        assert [(row.model_requested, row.model) for row in found][:2] == [("by-rules", "echo"), ("by-rules", "think")]
        assert all(row.cost and row.price_version for row in found)


async def test_a_rating_is_a_call_of_its_own_beside_the_one_it_is_for(tmp_path: Path) -> None:
    """O28: metered, linked, and asked once for a prompt."""
    async with gate(tmp_path, sections=GROUPS) as gateway:
        headers = {"x-request-id": "mine-1", "x-gophergate-session": "s-1"}
        assert answered_by(await chat(gateway, "by-rating", "9", headers=headers)) == "demo/lorem"
        rating, call = await by_operation(gateway, 2)
        assert (rating.request_id, rating.session, rating.tags) == ("mine-1", "s-1", {"for": call.id})
        assert (rating.model, rating.provider, rating.status, rating.door) == ("echo", "demo", "ok", "ollama")
        assert rating.key_id == call.key_id
        assert rating.cost
        assert "classifier: rated 9 of 9 (by demo/echo), so demo/lorem" in call.decision
        assert answered_by(await chat(gateway, "by-rating", "9")) == "demo/lorem"
        assert answered_by(await chat(gateway, "by-rating", "1")) == "demo/echo"
        found = await rows(gateway, 5)
        assert [row.operation for row in found].count("classify") == 2
        assert "(remembered for this prompt)" in " ".join(found[2].decision)


async def by_operation(gateway: Gateway, at_least: int) -> tuple[CallRecord, CallRecord]:
    """The rating and the call it is for."""
    found = await rows(gateway, at_least)
    assert len(found) == at_least
    rating = next(row for row in found if row.operation == "classify")
    return rating, next(row for row in found if row.operation == "chat")


@pytest.mark.parametrize(
    ("model", "text", "answers", "reason"),
    [
        ("by-rating", "no number at all", "demo/echo", "which is no number"),
        ("by-rating", "an urgent word", "demo/lorem", "rule 1 fits"),
        ("by-rating", "77", "demo/echo", "which is not from 0 to 9"),
        ("slow-judge", "5", "demo/echo", "did not answer within 0.2 seconds"),
    ],
)
async def test_without_a_rating_rules_and_order_choose(
    tmp_path: Path, model: str, text: str, answers: str, reason: str
) -> None:
    """Edge case 66: words, out of range, too late."""
    async with gate(tmp_path, sections=GROUPS) as gateway:
        assert answered_by(await chat(gateway, model, text)) == answers
        rating, call = await by_operation(gateway, 2)
        assert reason in " ".join(call.decision)
        assert rating.status == ("client_closed" if model == "slow-judge" else "ok")


async def test_a_rating_is_paid_by_the_same_budget_and_no_part_of_the_same_rate(tmp_path: Path) -> None:
    """R-B4: what cannot be paid for is not asked for. A rating is no request of the key's."""
    async with gate(tmp_path, sections=GROUPS) as gateway, operator(gateway) as admin:
        client_id = (await admin.get("/api/clients"))["items"][0]["id"]
        key = await admin.make("/api/keys", {"client_id": client_id, "limits": {"rpm": 2}})
        headers = {"authorization": f"Bearer {key['key']}"}
        for text in ("1", "9"):
            assert (await chat(gateway, "by-rating", text, headers=headers)).status_code == 200
        assert (await chat(gateway, "by-rating", "5", headers=headers)).status_code == 429
        spent = sum(row.cost or 0 for row in await rows(gateway, 5) if row.key_id == key["id"])
        budget = await admin.make(
            "/api/budgets", {"scope": "key", "scope_id": key["id"], "amount": "1.00", "period": "total"}
        )
        assert budget["spent"] == f"{spent / 1e9:.9f}".rstrip("0")


async def test_a_key_needs_no_leave_for_the_model_that_rates(tmp_path: Path) -> None:
    async with gate(tmp_path, sections=GROUPS) as gateway, operator(gateway) as admin:
        client_id = (await admin.get("/api/clients"))["items"][0]["id"]
        key = await admin.make("/api/keys", {"client_id": client_id, "models": ["by-rating"]})
        headers = {"authorization": f"Bearer {key['key']}"}
        assert answered_by(await chat(gateway, "by-rating", "5", headers=headers)) == "demo/think"
        assert (await chat(gateway, "demo/echo", "5", headers=headers)).status_code == 403


async def test_a_key_confined_to_a_wildcard_may_name_its_models_without_their_provider(tmp_path: Path) -> None:
    """What a key may use is the model, however it is named; a group it may only use by name."""
    async with gate(tmp_path, sections=GROUPS) as gateway, operator(gateway) as admin:
        client_id = (await admin.get("/api/clients"))["items"][0]["id"]
        key = await admin.make("/api/keys", {"client_id": client_id, "models": ["demo/*"]})
        headers = {"authorization": f"Bearer {key['key']}"}
        assert answered_by(await chat(gateway, "echo", "hi", headers=headers)) == "demo/echo"
        assert answered_by(await chat(gateway, "demo/lorem", "hi", headers=headers)) == "demo/lorem"
        assert (await chat(gateway, "by-rules", "hi", headers=headers)).status_code == 403
