"""What came out of one run of the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Ended(msgspec.Struct, frozen=True):
    """Exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The output as JSON, of a command that went well."""
        assert self.status == 0, self.err
        return msgspec.json.decode(self.out)


Command = Callable[..., Ended]
