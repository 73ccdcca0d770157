"""Model groups: draft, publish, roll back; and why a name resolves to what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Request, Response
from pydantic import Field as Member
from pydantic import StringConstraints

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, by_name, has, page_at_hand
from gophergate.admin.resilience import DisconnectGiven, Seconds, TimeoutsGiven
from gophergate.admin.shapes import Given, Listing, Moment, Shown, Sourced
from gophergate.configured import read_group
from gophergate.errors import Forbidden
from gophergate.routing.patterns import LONGEST_PATTERN
from gophergate.settings import GroupSettings
from gophergate.store.groups import GroupRow

Strategy = Literal[
    "ordered", "weighted", "least_latency", "least_busy", "cheapest", "sticky", "heuristic", "classifier"
]
GroupName = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\s]{0,254}$"), Member(examples=["fast"])]


class TargetGiven(Given):
    """What the group may resolve to, and its share under weighted."""

    model: GroupName
    weight: Annotated[float, Member(ge=0, le=1_000_000)] = 1.0


class RuleGiven(Given):
    """Where all that it says is so, `model` is asked, and `fallback` should that fail. A condition that is left out
    asks nothing; a tag is "name" or "name=value"; `pattern` is looked for in what the user said last."""

    model: GroupName
    fallback: GroupName | None = None
    pattern: Annotated[str, Member(max_length=LONGEST_PATTERN)] = ""
    regex: bool = False
    case: bool = False
    any_of_tags: Annotated[list[Annotated[str, Member(min_length=1)]], Member(max_length=100, default_factory=list)]
    max_input_tokens_lt: Annotated[int, Member(ge=1, le=2**31)] | None = None
    requires_reasoning: bool | None = None
    requires_tool_calling: bool | None = None
    has_multimodal_input: bool | None = None
    is_default_fallback: bool = False


class ClassifierGiven(Given):
    """Who rates requests, from 0 to `threshold`, and for how long a rating is good. `timeout` and `remember` are
    seconds."""

    model: GroupName
    threshold: Annotated[int, Member(ge=1, le=1000)] = 9
    timeout: Annotated[float, Member(gt=0, le=60)] = 5.0
    remember: Annotated[float, Member(ge=0, le=86_400)] = 3600.0
    instruction: Annotated[str, Member(max_length=8000)] = ""


class Members(Given):
    """The members of `[[groups]]`."""

    strategy: Strategy = "ordered"
    targets: Annotated[list[TargetGiven], Member(max_length=1000, default_factory=list)]
    fallbacks: Annotated[list[GroupName], Member(max_length=100, default_factory=list)]
    rules: Annotated[list[RuleGiven], Member(max_length=200, default_factory=list)]
    classifier: ClassifierGiven | None = None
    sticky_by: Literal["auto", "session", "user", "prompt"] = "auto"
    retries: Annotated[int, Member(ge=0, le=10)] | None = None
    retry_deadline: Seconds | None = None
    timeouts: TimeoutsGiven | None = None
    hedge_after: Annotated[float, Member(ge=1, le=600_000)] | None = None
    wait: Seconds | None = None
    disconnect: DisconnectGiven | None = None
    continue_streams: bool = False

    def definition(self) -> dict[str, Any]:
        """What is stored: only what was said, and differs from what is so anyhow."""
        said = self.model_dump(exclude={"name", "draft"}, exclude_defaults=True)
        return said | {"strategy": self.strategy, "targets": self.model_dump(include={"targets"})["targets"]}


class GroupGiven(Members):
    """A new group. `draft` keeps it out of force until it is published."""

    name: GroupName
    draft: bool = False


class GroupChange(Members):
    """A new version of a group, whole. `draft` keeps it out of force until it is published."""

    draft: bool = False


class Publication(Given):
    """Which version to put in force: the newest when none is named."""

    version: Annotated[int, Member(ge=1, le=2**31)] | None = None


class GroupShown(Sourced):
    """A group as it was last saved. `published` is the version in force, null while there is only a draft."""

    name: str
    version: int
    state: Literal["draft", "published", "retired"]
    published: int | None
    strategy: Strategy
    targets: list[dict[str, Any]]
    fallbacks: list[str]
    rules: list[dict[str, Any]]
    classifier: dict[str, Any] | None = None
    sticky_by: str = "auto"
    retries: int | None = None
    retry_deadline: float | None = None
    timeouts: dict[str, Any] | None = None
    hedge_after: float | None = None
    wait: float | None = None
    disconnect: dict[str, Any] | None = None
    continue_streams: bool = False
    problem: str | None = None
    created_at: Moment | None = None
    author_id: str | None = None


class Change(Shown):
    """A member that a version changed; null where it was not said."""

    member: str
    before: Any
    after: Any


class VersionShown(GroupShown):
    """A version of a group, and what it changed of the one before."""

    changes: list[Change]


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "strategy", "-strategy", "created_at", "-created_at"] | None = None,
    q: Sought = None,
    strategy: Strategy | None = None,
    state: Literal["draft", "published", "retired"] | None = None,
) -> Listing[GroupShown]:
    """Groups, those of the file first and by name where no other order is asked for."""
    configuration = desk.rooms.configuration
    published = {row.name: row.version for row in await configuration.groups.published()}
    items = [_of_file(group) for group in desk.rooms.settings.groups]
    items += [_of_row(desk, row, published.get(row.name)) for row in await configuration.groups.latest()]
    items = [
        one for one in items if has(q, one.name) and strategy in (None, one.strategy) and state in (None, one.state)
    ]
    return page_at_hand(GroupShown, items, sort=sort or "standing", cursor=cursor, limit=limit, row_id=by_name)


async def get(name: str, response: Response, desk: AtDesk) -> GroupShown:
    """One group."""
    return tagged(response, await _shown(desk, name))


async def versions(name: str, desk: AtDesk) -> Listing[VersionShown]:
    """Every version of a group, newest first, with what each changed."""
    _not_of_file(desk, name)
    rows = await desk.rooms.configuration.groups.versions(name)
    published = next((row.version for row in rows if row.state == "published"), None)
    items = []
    for row, older in zip(rows, [*rows[1:], None], strict=True):
        shown = _of_row(desk, row, published).model_dump(exclude={"created_at"})
        changes = _changes(older.definition, row.definition) if older is not None else []
        items.append(VersionShown(**shown, created_at=row.created_at, changes=changes))
    return Listing[VersionShown](items=items)


async def create(given: GroupGiven, response: Response, desk: AtDesk) -> GroupShown:
    """Make a group. A cycle, an empty group, a nest too deep are refused, the cycle shown."""
    _not_of_file(desk, given.name)
    await saved(desk, given.name, given.definition(), draft=given.draft, expected_version=0)
    return await get(given.name, response, desk)


async def change(name: str, given: GroupChange, request: Request, response: Response, desk: AtDesk) -> GroupShown:
    """Save a new version of a group."""
    _not_of_file(desk, name)
    before = await _shown(desk, name)
    unchanged_since(request, before)
    await saved(desk, name, given.definition(), draft=given.draft, expected_version=before.version, before=before)
    return await get(name, response, desk)


async def publish(name: str, response: Response, desk: AtDesk, given: Publication | None = None) -> GroupShown:
    """Put a version in force: a draft, or an older one to roll back to."""
    _not_of_file(desk, name)
    configuration = desk.rooms.configuration
    async with desk.change():
        rows = await configuration.groups.versions(name)
        version = given.version if given is not None and given.version is not None else rows[0].version
        row = await configuration.groups.publish(name, version)
        await configuration.rebuilt()
        published = next((one for one in rows if one.state == "published"), None)
        before = _of_row(desk, published, published.version) if published is not None else None
        await desk.note("publish", "group", name, before=before, after=_of_row(desk, row, row.version))
    await desk.reconfigured()
    return await get(name, response, desk)


async def delete(name: str, request: Request, desk: AtDesk) -> None:
    """Remove a group with its history."""
    _not_of_file(desk, name)
    async with desk.change():
        before = await _shown(desk, name)
        unchanged_since(request, before)
        await desk.rooms.configuration.groups.delete(name)
        await desk.rooms.configuration.rebuilt()
        await desk.note("delete", "group", name, before=before)
    await desk.reconfigured()


async def saved(
    desk: Desk,
    name: str,
    definition: dict[str, Any],
    *,
    draft: bool,
    expected_version: int,
    before: GroupShown | None = None,
) -> None:
    """Store a version of a group and put it in force, unless it is a draft. Raises ConfigurationProblem for one that
    cannot work, drafts too, with the member that is wrong; then nothing was stored."""
    configuration = desk.rooms.configuration
    group = read_group(name, definition)
    (await configuration.proposed({name: group})).check_members(group)
    async with desk.change():
        row = await configuration.groups.save(
            name,
            definition,
            state="draft" if draft else "published",
            expected_version=expected_version,
            author_id=desk.who.user_id or desk.who.token_id,
            now=desk.now(),
        )
        await configuration.rebuilt()
        in_force = before.published if before is not None else None
        after = _of_row(desk, row, in_force if draft else row.version)
        await desk.note("change" if expected_version else "create", "group", name, before=before, after=after)
    await desk.reconfigured()


def _not_of_file(desk: Desk, name: str) -> None:
    if name in {group.name for group in desk.rooms.settings.groups}:
        source = desk.rooms.settings.config_file or "the environment"
        raise Forbidden(f"The group '{name}' stands in {source} and is changed there.", code="owned_by_file")


async def _shown(desk: Desk, name: str) -> GroupShown:
    for group in desk.rooms.settings.groups:
        if group.name == name:
            return _of_file(group)
    rows = await desk.rooms.configuration.groups.versions(name)
    return _of_row(desk, rows[0], next((row.version for row in rows if row.state == "published"), None))


def _of_file(group: GroupSettings) -> GroupShown:
    definition = msgspec.to_builtins(group)
    definition.pop("name")
    return GroupShown(name=group.name, source="file", version=1, state="published", published=1, **definition)


def _of_row(desk: Desk, row: GroupRow, published: int | None) -> GroupShown:
    definition = {"strategy": "ordered", "targets": [], "fallbacks": [], "rules": []} | row.definition
    return GroupShown(
        name=row.name,
        source="database",
        version=row.version,
        state=row.state,
        published=published,
        problem=desk.rooms.configuration.broken.get(f"group {row.name}"),
        created_at=row.created_at,
        author_id=row.author_id,
        **definition,
    )


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Members that differ. Targets, rules and fallbacks by their place, so that one weight is one line."""
    was, now = dict(_flat(before)), dict(_flat(after))
    return [
        Change(member=member, before=was.get(member), after=now.get(member))
        for member in dict.fromkeys((*was, *now))
        if was.get(member) != now.get(member)
    ]


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{at}[{number}]")
    else:
        yield at, value
