"""People who sign in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import Request, Response
from pydantic import AfterValidator, SecretStr
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, order_of, page_of, place_in
from gophergate.admin.shapes import Given, Id, Listing, Moment, Name, Shown
from gophergate.errors import BadRequest, Forbidden
from gophergate.store.users import Role, UserRow, Users

_LONGEST = 72
_SHORTEST = 8


def _password(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text.encode(errors="surrogatepass")) > _LONGEST:
        raise ValueError(f"a password may be at most {_LONGEST} bytes long (bcrypt reads no more)")
    return value


Password = Annotated[
    SecretStr,
    AfterValidator(_password),
    Member(min_length=_SHORTEST, max_length=_LONGEST, examples=["correct horse battery"]),
]


class UserShown(Shown):
    """A user, without the password."""

    id: str
    username: str
    display_name: str
    role: Role
    team_id: str | None
    disabled: bool
    created_at: Moment
    password_changed_at: Moment | None


class UserGiven(Given):
    """A new user."""

    username: Annotated[Name, Member(examples=["grace"])]
    password: Password
    role: Role = "viewer"
    display_name: Annotated[str, Member(max_length=120)] | None = None
    team_id: Id | None = None


class UserChange(Given):
    """What may change of a user; what is left out stays."""

    username: Name | None = None
    display_name: Annotated[str, Member(max_length=120)] | None = None
    role: Role | None = None
    team_id: Id | None = None
    disabled: bool | None = None


class PasswordGiven(Given):
    """A new password. One's own needs the `current` one."""

    password: Password
    current: SecretStr | None = None


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["username", "-username", "role", "-role", "created_at", "-created_at"] = "username",
    q: Sought = None,
    role: Role | None = None,
    team_id: Id | None = None,
    disabled: bool | None = None,
) -> Listing[UserShown]:
    """Users, by name where no other order is asked for."""
    rows = await Users(desk.rooms.database).page(
        order=order_of(sort, cursor), limit=limit + 1, text=q, role=role, team_id=team_id, disabled=disabled
    )
    return page_of(UserShown, rows, limit, place_in(sort))


async def get(user_id: Id, response: Response, desk: AtDesk) -> UserShown:
    """One user."""
    return _shown(response, await Users(desk.rooms.database).get(user_id))


async def create(given: UserGiven, response: Response, desk: AtDesk) -> UserShown:
    """Make a user."""
    _may_make(desk, given.role)
    hashed = await desk.rooms.passwords.hash(given.password.get_secret_value())
    user = UserRow(
        id=desk.rooms.ids.new(),
        username=given.username,
        display_name=given.display_name or given.username,
        role=given.role,
        team_id=given.team_id,
        created_at=desk.now(),
    )
    async with desk.change():
        await Users(desk.rooms.database).create(user, password_hash=hashed)
        await desk.note("create", "user", user.id, after=UserShown.model_validate(user))
    return _shown(response, user)


async def change(user_id: Id, given: UserChange, request: Request, response: Response, desk: AtDesk) -> UserShown:
    """Change a user. Their next request sees it."""
    users = Users(desk.rooms.database)
    said = {name: value for name, value in given.said().items() if value is not None or name == "team_id"}
    async with desk.change():
        before = await users.get(user_id)
        unchanged_since(request, UserShown.model_validate(before))
        _may_make(desk, before.role)
        after = msgspec.structs.replace(before, **said)
        _may_make(desk, after.role)
        await users.change(after)
        await _keep_an_owner(users, before)
        await desk.note(
            "change", "user", user_id, before=UserShown.model_validate(before), after=UserShown.model_validate(after)
        )
    desk.rooms.sessions.forget()
    return _shown(response, after)


async def delete(user_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a user and end their sessions."""
    users = Users(desk.rooms.database)
    if user_id == desk.who.user_id:
        raise BadRequest("You cannot remove yourself; another owner or administrator can.", code="is_yourself")
    async with desk.change():
        before = await users.get(user_id)
        unchanged_since(request, UserShown.model_validate(before))
        _may_make(desk, before.role)
        await users.delete(user_id)
        await _keep_an_owner(users, before)
        await desk.note("delete", "user", user_id, before=UserShown.model_validate(before))
    desk.rooms.sessions.forget()


async def set_password(user_id: Id, given: PasswordGiven, desk: AtDesk) -> UserShown:
    """Set a password: one's own with the current one, anybody's by an administrator. Ends all their sessions."""
    users = Users(desk.rooms.database)
    own = user_id == desk.who.user_id
    if not own:
        desk.require("people", "Only administrators set the password of somebody else.")
    before = await users.get(user_id)
    if own:
        found = await users.by_username(before.username)
        current = given.current.get_secret_value() if given.current is not None else ""
        subject = f"password {before.id}"
        desk.rooms.throttle.check(subject)
        desk.rooms.throttle.failed(subject)
        if found is None or not await desk.rooms.passwords.fits(current, found[1]):
            raise BadRequest("'current' must be the present password.", param="current", code="wrong_password")
        desk.rooms.throttle.succeeded(subject)
    else:
        _may_make(desk, before.role)
    hashed = await desk.rooms.passwords.hash(given.password.get_secret_value())
    async with desk.change():
        await users.set_password_hash(user_id, hashed, now=desk.now())
        await desk.note("set_password", "user", user_id, after={"username": before.username})
    desk.rooms.sessions.forget()
    return UserShown.model_validate(await users.get(user_id))


def _may_make(desk: Desk, role: Role) -> None:
    if role == "owner":
        desk.require("own", "Only an owner may make, change or remove owners.")


async def _keep_an_owner(users: Users, before: UserRow) -> None:
    if before.role == "owner" and await users.owners() == 0:
        raise Forbidden("This is the last owner. Make another one first.", code="last_owner")


def _shown(response: Response, user: UserRow) -> UserShown:
    return tagged(response, UserShown.model_validate(user))
