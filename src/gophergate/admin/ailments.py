"""What is not well now: open breakers and cooling credentials, as the routing has learned it from calls."""

from __future__ import annotations

from gophergate.admin.desk import AtDesk
from gophergate.admin.shapes import Listing, Moment, Shown


class AilmentShown(Shown):
    """What is wrong with a deployment ("openai/gpt-4.1") or a credential ("openai#default"), as this process knows it.
    `until` is when it is tried again at the earliest."""

    what: str
    provider: str
    kind: str
    state: str
    reason: str
    until: Moment


async def list_(desk: AtDesk) -> Listing[AilmentShown]:
    """Everything that calls are kept away from now. Nothing is listed of what is well."""
    found = desk.rooms.health.ailments()
    items = [
        AilmentShown(
            what=one.what,
            provider=one.what.partition("#" if one.kind == "credential" else "/")[0],
            kind=one.kind,
            state=one.state,
            reason=one.reason,
            until=int(one.until * 1_000_000),
        )
        for one in found
    ]
    return Listing[AilmentShown](items=sorted(items, key=lambda item: item.what))
