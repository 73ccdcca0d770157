"""Guards: what requests and answers must not hold, and a try-out of what one would find."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field as Member
from pydantic import SecretStr, StringConstraints

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, by_name, has, page_at_hand
from gophergate.admin.shapes import Given, Listing, Moment, Shown, Sourced
from gophergate.configured import rule_of
from gophergate.errors import BadRequest, Forbidden, NotHere
from gophergate.settings import GuardSettings, Secret
from gophergate.store.guards import GuardRow

MOST_HITS = 5_000
"""Calls in which guards found something that are counted, the newest."""

Kind = Literal["pii", "keywords", "regex", "injection", "webhook"]
Where = Literal["input", "output", "both"]
Action = Literal["block", "mask", "warn"]
Mode = Literal["enforce", "monitor"]
OnError = Literal["closed", "open"]
Thing = Literal["email", "phone", "credit_card", "iban", "us_ssn", "ip_address", "secret"]

GuardName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), Member(examples=["personal-data"])
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1000), Member(examples=["ACME-[0-9]{6}"])]
ModelName = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\s]{0,254}$"), Member(examples=["openai/*"])]
ScopeId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"), Member(examples=["019a1f3c2b7e98a2037d10b4c1"])
]
Things = Annotated[
    list[Thing], Member(max_length=20, examples=[["email", "secret"]], description="For pii; none is all of them.")
]
Words = Annotated[list[Word], Member(max_length=1000, examples=[["project zephyr"]], description="For keywords.")]
Patterns = Annotated[list[Pattern], Member(max_length=50, description="For regex, in RE2's syntax.")]
ScopeIds = Annotated[list[ScopeId], Member(max_length=1000, examples=[["019a1f3c2b7e98a2037d10b4c1"]])]
Models = Annotated[list[ModelName], Member(max_length=1000)]
Url = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^(https?://[!-~]+)?$"),
    Member(examples=["https://guards.example.com/verdict"], description="For webhook: a public address."),
]
Signing = Annotated[
    SecretStr, Member(max_length=200, examples=["whsec_..."], description="For webhook: signs what is sent.")
]
Wait = Annotated[float, Member(gt=0, le=60, description="For webhook: seconds that a verdict may take.")]
Placeholder = Annotated[
    str, StringConstraints(max_length=64, pattern=r'^[^\x00-\x1f\x7f-\x9f"\\]*$'), Member(examples=["[removed]"])
]


class GuardMembers(Given):
    """The members of `[[guards]]` but for the name. Without `teams`, `clients` and `keys` (ids) it is for everybody,
    without `models` for every model. `placeholder` "" puts there what was found, as "[EMAIL]"."""

    kind: Kind
    where: Where = "both"
    action: Action = "block"
    mode: Mode = "enforce"
    detect: Annotated[Things, Member(default_factory=list)]
    keywords: Annotated[Words, Member(default_factory=list)]
    patterns: Annotated[Patterns, Member(default_factory=list)]
    case_sensitive: bool = False
    whole_words: bool = True
    url: Url = ""
    secret: Signing | None = None
    timeout: Wait = 5.0
    placeholder: Placeholder = ""
    teams: Annotated[ScopeIds, Member(default_factory=list)]
    clients: Annotated[ScopeIds, Member(default_factory=list)]
    keys: Annotated[ScopeIds, Member(default_factory=list)]
    models: Annotated[Models, Member(default_factory=list)]
    on_error: OnError = "closed"
    enabled: bool = True


class GuardGiven(GuardMembers):
    """A new guard."""

    name: GuardName


class GuardChange(Given):
    """What may change of a guard; what is left out stays. `secret` null takes it away."""

    kind: Kind | None = None
    where: Where | None = None
    action: Action | None = None
    mode: Mode | None = None
    detect: Things | None = None
    keywords: Words | None = None
    patterns: Patterns | None = None
    case_sensitive: bool | None = None
    whole_words: bool | None = None
    url: Url | None = None
    secret: Signing | None = None
    timeout: Wait | None = None
    placeholder: Placeholder | None = None
    teams: ScopeIds | None = None
    clients: ScopeIds | None = None
    keys: ScopeIds | None = None
    models: Models | None = None
    on_error: OnError | None = None
    enabled: bool | None = None


class GuardShown(Sourced):
    """A guard. `problem` says why one cannot be used: calls are refused meanwhile, unless it says `on_error` "open" or
    does not act anyhow."""

    name: str
    kind: Kind
    where: Where
    action: Action
    mode: Mode
    detect: list[str]
    keywords: list[str]
    patterns: list[str]
    case_sensitive: bool
    whole_words: bool
    url: str
    secret_masked: str | None
    timeout: float
    placeholder: str
    teams: list[str]
    clients: list[str]
    keys: list[str]
    models: list[str]
    on_error: OnError
    enabled: bool
    problem: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class Trial(Given):
    """A guard as it might be, and a text. `json`: the text is JSON, as a tool's arguments are. `name`: of a guard there
    is, whose secret signs where none is said; null signs nothing."""

    guard: GuardMembers
    name: GuardName | None = None
    text: Annotated[str, Member(max_length=20_000, examples=["Write to ann@example.com."])]
    json_: Annotated[bool, Member(alias="json")] = False


class FindShown(Shown):
    """A stretch of the text, in characters from its beginning, and what it is."""

    start: int
    end: int
    label: str


class TrialShown(Shown):
    """What the guard would find, and the text as it would go on: null where the call would be blocked. `found` counts
    by label."""

    finds: list[FindShown]
    found: dict[str, int]
    blocked: bool
    text: str | None


class GuardHit(Shown):
    """A guard, by name, also of one that is no more: `calls` in which it found something, `finds` in them."""

    guard: str
    calls: int
    finds: int


class GuardHits(Shown):
    """`is_whole` is false where there were more calls than are counted: then it is the newest of them."""

    items: list[GuardHit]
    is_whole: bool


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "kind", "-kind", "action", "-action", "created_at", "-created_at"] | None = None,
    q: Sought = None,
    kind: Kind | None = None,
) -> Listing[GuardShown]:
    """Guards, those of the file first and by name where no other order is asked for."""
    items = [_of_file(guard) for guard in desk.rooms.settings.guards]
    items += [_of_row(desk, row) for row in await desk.rooms.configuration.guards.all()]
    items = [one for one in items if has(q, one.name) and kind in (None, one.kind)]
    return page_at_hand(GuardShown, items, sort=sort or "standing", cursor=cursor, limit=limit, row_id=by_name)


async def hits(desk: AtDesk, hours: Annotated[int, Query(ge=1, le=24 * 31)] = 24) -> GuardHits:
    """In how many calls of the last hours each guard found something, and how often."""
    found = await desk.rooms.calls.guarded(desk.now() - hours * 3_600_000_000, team_id=desk.team, limit=MOST_HITS)
    calls: Counter[str] = Counter()
    finds: Counter[str] = Counter()
    for findings in found:
        calls.update({one.guard for one in findings})
        for one in findings:
            finds[one.guard] += sum(one.found.values())
    items = [GuardHit(guard=name, calls=calls[name], finds=finds[name]) for name in sorted(calls)]
    return GuardHits(items=items, is_whole=len(found) < MOST_HITS)


async def get(name: str, response: Response, desk: AtDesk) -> GuardShown:
    """One guard."""
    for guard in desk.rooms.settings.guards:
        if guard.name == name:
            return tagged(response, _of_file(guard))
    return tagged(response, _of_row(desk, await desk.rooms.configuration.guards.get(name)))


async def create(given: GuardGiven, response: Response, desk: AtDesk) -> GuardShown:
    """Make a guard. It is in force for calls that begin from now on."""
    _not_of_file(desk, given.name)
    definition = given.model_dump(exclude={"name", "secret"}, exclude_defaults=True)
    if given.secret is not None:
        secret = given.secret.get_secret_value()
        definition["secret"] = desk.rooms.configuration.guard_secret(given.name, secret)
    now = desk.now()
    row = GuardRow(name=given.name, definition=definition, created_at=now, updated_at=now)
    desk.rooms.configuration.guard_of(row)
    async with desk.change():
        await desk.rooms.configuration.guards.create(row)
        await desk.rooms.configuration.rebuilt()
        await desk.note("create", "guard", row.name, after=_of_row(desk, row))
    await desk.reconfigured()
    return await get(given.name, response, desk)


async def change(name: str, given: GuardChange, request: Request, response: Response, desk: AtDesk) -> GuardShown:
    """Change a guard; calls under way keep what they began with."""
    _not_of_file(desk, name)
    async with desk.change():
        row = await desk.rooms.configuration.guards.get(name)
        before = _of_row(desk, row)
        unchanged_since(request, before)
        said = given.said()
        definition = row.definition | {member: value for member, value in said.items() if value is not None}
        if given.secret is not None:
            secret = given.secret.get_secret_value()
            definition["secret"] = desk.rooms.configuration.guard_secret(name, secret)
        elif "secret" in said:
            definition.pop("secret", None)
        after = msgspec.structs.replace(row, definition=definition, updated_at=desk.now())
        desk.rooms.configuration.guard_of(after)
        after = await desk.rooms.configuration.guards.replace(after, expected_version=row.version)
        await desk.rooms.configuration.rebuilt()
        await desk.note("change", "guard", name, before=before, after=_of_row(desk, after))
    await desk.reconfigured()
    return await get(name, response, desk)


async def delete(name: str, request: Request, desk: AtDesk) -> None:
    """Remove a guard."""
    _not_of_file(desk, name)
    async with desk.change():
        before = _of_row(desk, await desk.rooms.configuration.guards.get(name))
        unchanged_since(request, before)
        await desk.rooms.configuration.guards.delete(name)
        await desk.rooms.configuration.rebuilt()
        await desk.note("delete", "guard", name, before=before)
    await desk.reconfigured()


async def try_out(given: Trial, desk: AtDesk) -> TrialShown:
    """Run a guard that need not exist on a text, as if it were enforced, and say what it would find."""
    from gophergate.policy.guards.trying import tried, tried_by_asking
    from gophergate.policy.guards.verdicts import Unanswered, nobody

    secret: Secret | None = None
    if given.guard.secret is not None:
        secret = Secret(given.guard.secret.get_secret_value())
    elif given.guard.kind == "webhook" and given.name is not None and "secret" not in given.guard.model_fields_set:
        secret = await _secret_of(desk, given.name)
    said = given.guard.model_dump(exclude={"secret"}, exclude_defaults=True)
    rule = rule_of(given.name or "try", {**said, "secret": secret, "mode": "enforce", "enabled": True})
    if rule.asks:
        consult = desk.rooms.configuration.consult
        try:
            ask = consult() if consult is not None else nobody
            went = await tried_by_asking(rule, given.text, ask, is_json=given.json_)
        except Unanswered as error:
            raise BadRequest(f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.", param="url") from None
    else:
        went = tried(rule, given.text, is_json=given.json_)
    return TrialShown(
        finds=[FindShown(start=one.start, end=one.end, label=one.label) for one in went.finds],
        found=went.found,
        blocked=went.text is None,
        text=went.text,
    )


async def _secret_of(desk: Desk, name: str) -> Secret | None:
    """That of a guard there is, None where there is no such guard."""
    for guard in desk.rooms.settings.guards:
        if guard.name == name:
            return guard.secret
    try:
        rule = desk.rooms.configuration.guard_of(await desk.rooms.configuration.guards.get(name))
    except NotHere:
        return None
    found: Secret | None = rule.definition.secret
    return found


def _not_of_file(desk: Desk, name: str) -> None:
    if name in {guard.name for guard in desk.rooms.settings.guards}:
        raise Forbidden(
            f"The guard '{name}' stands in {desk.rooms.settings.config_file} and is changed there.",
            code="owned_by_file",
        )


def _of_file(guard: GuardSettings) -> GuardShown:
    said = msgspec.structs.asdict(guard)
    secret = said.pop("secret")
    return GuardShown(source="file", secret_masked=str(secret) if secret else None, **_lists(said))


def _of_row(desk: Desk, row: GuardRow) -> GuardShown:
    said = {field.name: field.default for field in msgspec.structs.fields(GuardSettings)} | row.definition
    secret = said.pop("secret")
    return GuardShown(
        source="database",
        problem=desk.rooms.configuration.broken.get(f"guard {row.name}"),
        created_at=row.created_at,
        updated_at=row.updated_at,
        secret_masked=secret["masked"] if secret else None,
        **_lists({**said, "name": row.name}),
    )


def _lists(members: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in members.items()}
