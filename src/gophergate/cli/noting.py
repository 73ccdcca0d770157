"""What a command changed, put into the audit log as the dashboard's changes are."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from gophergate.cli.opening import Opened

if TYPE_CHECKING:
    from gophergate.store.audit import AuditRow


def actor() -> str:
    """Who works at the command line: the name of the operating system's user."""
    try:
        return f"{getpass.getuser()} at the command line"
    except (OSError, KeyError, ImportError):  # a user without a name, as containers have them
        return "the command line"


class Change:
    """A change under way. `note` what was done before it ends."""

    def __init__(self, at: Opened) -> None:
        self._at = at

    async def note(
        self, action: str, kind: str, target_id: str | None, *, before: object = None, after: object = None
    ) -> None:
        """Put it on record. Secrets are masked by the names of their members."""
        from gophergate.auditing import entry
        from gophergate.store.audit import Audit

        at = self._at
        written: AuditRow = entry(
            at.ids.new(),
            at=at.now(),
            actor=actor(),
            action=action,
            kind=kind,
            target_id=target_id,
            before=before,
            after=after,
        )
        await Audit(at.database).add(written)


@asynccontextmanager
async def change(at: Opened) -> AsyncIterator[Change]:
    """One transaction for a change and its note."""
    async with at.database.write():
        yield Change(at)
