"""The operators' API against its own OpenAPI document: no server error, no status that is not documented, wrong input
refused, right input taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture import engine
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from gophergate.admin.routes import ROUTES
from kit.gate import PASSWORD
from kit.serving import Serving, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(autouse=True)
def _what_cannot_be_wrong_is_soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis draws 459 times before it says that nothing fits: most of the time of these tests, for operations that
    have nothing to be wrong in. All others give all their examples within 60, and always the same (`derandomize`)."""
    monkeypatch.setattr(engine, "INVALID_THRESHOLD_BASE", 60)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("schema") / "gate") as made:
        yield made


@pytest.fixture(scope="module")
def token(gateway: Serving) -> str:
    answer = httpx2.post(f"{gateway.url}/api/auth/login", json={"username": "admin", "password": PASSWORD}, timeout=30)
    return str(answer.json()["token"])


@pytest.fixture(scope="module")
def described(gateway: Serving, token: str) -> Any:
    schema = schemathesis.openapi.from_url(f"{gateway.url}/api/openapi.json", timeout=60)
    schema.config.update(headers={"Authorization": f"Bearer {token}"})
    # A made-up etag is a right one of another version.
    accepting = schema.config.checks.positive_data_acceptance
    accepting.expected_statuses = [*accepting.expected_statuses, "412"]
    return schema


MEANT = {
    "POST /api/users": "a password has at most 72 bytes, whatever its characters",
    "POST /api/users/{user_id}/password": "a password has at most 72 bytes, whatever its characters",
    "POST /api/tokens": "a token of one team holds nothing that is of all teams",
    "POST /api/keys": "ip_allow must be addresses or networks",
    "PATCH /api/keys/{key_id}": "ip_allow must be addresses or networks",
    "POST /api/providers": "the kind must be one of the registry, and what it needs must be there",
    "PATCH /api/providers/{name}": "the kind must be one of the registry",
    "POST /api/groups": "a group has targets and does not lead back to itself",
    "PUT /api/groups/{name}": "a group has targets and does not lead back to itself",
    "POST /api/groups/explain": "the request must be one that its door can read",
    "POST /api/groups/simulate": "a group has targets and does not lead back to itself",
    "POST /api/guards": "what a guard looks for must be of its kind, and its expressions be some",
    "PATCH /api/guards/{name}": "what a guard looks for must be of its kind, and its expressions be some",
    "POST /api/guards/try": "what a guard looks for must be of its kind, and its expressions be some",
    "POST /api/budgets": "the scope must be there, and the time zone known",
    "PATCH /api/budgets/{budget_id}": "the time zone must be known",
    "POST /api/budgets/{budget_id}/raise": "until is a moment to come",
    "POST /api/limits": "the scope must be there, and have no limits of its own",
    "POST /api/webhooks": "the address must be one that can be asked",
    "PATCH /api/webhooks/{webhook_id}": "the address must be one that can be asked",
    "POST /api/reconciliations": "the provider must be there, and its file be one that is understood",
    "GET /api/usage": "since comes before until",
}
"""Where input may fit the schema and still mean nothing, and why no schema can say so."""


def may_mean_nothing(operation: Any) -> bool:
    """Whether input of the right form may be refused: those of MEANT, and every list in pages, whose cursor is one that
    the same list gave."""
    return operation.label in MEANT or "cursor" in {each.name for each in operation.query}


PARTS = sorted({route.path.split("/")[2] for route in ROUTES})
"""What the paths begin with behind /api/: a test each, so that several processes share the work."""


@pytest.fixture(scope="module")
def operations(described: Any) -> list[Any]:
    return [found.ok() for found in described.get_all_operations()]


def test_every_operation_belongs_to_a_part(operations: list[Any]) -> None:
    assert {operation.path.split("/")[2] for operation in operations} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_every_operation_keeps_its_word(operations: list[Any], part: str) -> None:
    """All of schemathesis' checks on every operation, with valid input and with input that is not. But for the one on
    credentials: it counts a request with a good token and a bad cookie as unsigned (test_every_route.py has those)."""
    wrong = []
    tried = 0
    mine = [each for each in operations if each.path.split("/")[2] == part and each.path != "/api/auth/logout"]
    for operation in mine:
        excluded = [ignored_auth, *([positive_data_acceptance] if may_mean_nothing(operation) else [])]
        for mode in schemathesis.GenerationMode:

            @settings(
                max_examples=4,
                deadline=None,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                database=None,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: Any) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(excluded_checks=excluded)  # noqa: B023 - called before the loop goes on

            try:
                check()
            except Unsatisfiable:
                if mode is schemathesis.GenerationMode.POSITIVE:
                    wrong.append(f"{operation.label}: no input was found that it would take")
                continue  # nothing of this operation can be wrong
            except BaseExceptionGroup as error:
                wrong.append(f"{operation.label} ({mode}): {error.exceptions[0]}")
            except Exception as error:
                wrong.append(f"{operation.label} ({mode}): {error}")
    assert not wrong, "\n\n".join(wrong)
    assert tried >= 4 * len(mine)


def test_every_body_and_answer_has_an_example_that_fits_it(gateway: Serving) -> None:
    document = httpx2.get(f"{gateway.url}/api/openapi.json", timeout=30).json()
    schemas = document["components"]["schemas"]
    wrong = []
    for name, schema in schemas.items():
        if not schema.get("examples"):
            wrong.append(f"{name} has no example")
            continue
        whole = {**schema, "components": {"schemas": schemas}}
        for example in schema["examples"]:
            wrong += [f"{name}: {error}" for error in jsonschema_rs.validator_for(whole).iter_errors(example)]
    assert not wrong, "\n".join(wrong[:20])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            for part in [*bodies, *operation["responses"].values()]:
                for kind, media in part.get("content", {}).items():
                    if kind == "application/json" and not path.endswith(("/export", "/backup")):  # these are files
                        assert "$ref" in str(media["schema"]) or media["schema"].get("examples"), (method, path)


def test_every_operation_has_a_summary_an_answer_and_a_permission(gateway: Serving) -> None:
    document = httpx2.get(f"{gateway.url}/api/openapi.json", timeout=30).json()
    ids = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["x-needs"], (method, path)
            assert "422" not in operation["responses"]
            ids.add(operation["operationId"])
    assert len(ids) == sum(len(operations) for operations in document["paths"].values())
