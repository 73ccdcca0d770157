"""Admin tokens: for programs, with the permissions they were given and no more than their maker has at the time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Member

from gophergate.admin.desk import AtDesk
from gophergate.admin.paging import Cursor, Limit, page_of
from gophergate.admin.permissions import WITHIN_A_TEAM, Permission
from gophergate.admin.problems import WrongFields
from gophergate.admin.shapes import Given, Id, Listing, Moment, Name, Shown, Time
from gophergate.errors import Forbidden
from gophergate.secrets import make_admin_token
from gophergate.store.tokens import TokenRow, Tokens


class TokenShown(Shown):
    """A token, without the token."""

    id: str
    name: str
    last4: str
    scopes: list[str]
    team_id: str | None
    author_id: str | None
    expires_at: Moment | None
    revoked_at: Moment | None
    created_at: Moment


class TokenMade(TokenShown):
    """A new token, shown this once."""

    token: str


class TokenGiven(Given):
    """A new token. `scopes` are permissions you hold yourself; `team_id` confines it to one team. It ends with you."""

    name: Name
    scopes: Annotated[list[Permission], Member(min_length=1, max_length=7, examples=[["view"]])]
    team_id: Id | None = None
    expires_at: Time | None = None


async def list_(desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[TokenShown]:
    """Tokens, oldest first."""
    rows = await Tokens(desk.rooms.database).page(after=cursor, limit=limit + 1)
    return page_of(TokenShown, rows, limit, lambda row: row.id)


async def create(given: TokenGiven, desk: AtDesk) -> TokenMade:
    """Make a token."""
    beyond = [scope for scope in given.scopes if not desk.who.may(scope)]
    if beyond:
        raise Forbidden(f"You cannot give what you do not have: {', '.join(beyond)}.")
    if given.team_id is not None and not WITHIN_A_TEAM.issuperset(given.scopes):
        within = ", ".join(scope for scope in given.scopes if scope not in WITHIN_A_TEAM)
        raise WrongFields([("scopes", f"a token of one team cannot hold what is of all teams: {within}")])
    secret = make_admin_token()
    row = TokenRow(
        id=desk.rooms.ids.new(),
        name=given.name,
        last4=secret[-4:],
        scopes=tuple(dict.fromkeys(given.scopes)),
        team_id=given.team_id,
        author_id=desk.who.user_id or desk.who.author_id,
        expires_at=desk.end_given(given.expires_at),
        created_at=desk.now(),
    )
    shown = TokenShown.model_validate(row)
    async with desk.change():
        await Tokens(desk.rooms.database).create(row, digest=desk.rooms.keyring.hash_client_key(secret))
        await desk.note("create", "token", row.id, after=shown)
    return TokenMade(**shown.__dict__, token=secret)


async def revoke(token_id: Id, desk: AtDesk) -> TokenShown:
    """End a token for good."""
    async with desk.change():
        before = await Tokens(desk.rooms.database).get(token_id)
        row = await Tokens(desk.rooms.database).revoke(token_id, now=desk.now())
        if before.revoked_at is None:
            await desk.note(
                "revoke",
                "token",
                token_id,
                before=TokenShown.model_validate(before),
                after=TokenShown.model_validate(row),
            )
    desk.rooms.sessions.forget()
    return TokenShown.model_validate(row)
