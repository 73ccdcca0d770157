"""Asking the gateway that runs, where somebody gave a token for it: it knows what no command can, such as how providers
are at this moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import Command

if TYPE_CHECKING:
    from gophergate.settings import Settings

TOKEN_VARIABLE = "GOPHERGATE_ADMIN_TOKEN"  # noqa: S105 - the name of a variable
_LIMIT = 64 << 20


def server_options(command: Command) -> Command:
    """`--server`. The token comes by the environment only: words of a command can be read by others."""
    return click.option(
        "--server",
        metavar="URL",
        help=f"The running gateway to ask, with the admin token in ${TOKEN_VARIABLE}; by default the configured one.",
    )(command)


async def ask_running(settings: Settings, server: str | None, path: str, body: Any) -> Any | None:
    """What the running gateway answers to a POST; None when no token was given, or, where no server was named, when
    none runs. Raises click.ClickException for a refusal, in the server's words, and for a named one that is not there.
    """
    import msgspec

    from gophergate.errors import UpstreamError
    from gophergate.transport.base import Ask, Timeouts
    from gophergate.transport.http1 import Http1Transport

    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        if server is not None:
            raise click.ClickException(f"{server} wants an admin token: put it into ${TOKEN_VARIABLE}.")
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.server.host, settings.server.host)  # noqa: S104 - no bind
    root = (server or f"http://{host}:{settings.server.port}").rstrip("/")
    headers = [
        (b"authorization", b"Bearer " + token.encode("latin-1", "replace")),
        (b"content-type", b"application/json"),
    ]
    ask = Ask(
        method="POST",
        url=root + path,
        headers=headers,
        body=msgspec.json.encode(body),
        timeouts=Timeouts(5, 120, 120, 300),
    )
    transport = Http1Transport()
    try:
        async with await transport.send(ask) as answer:
            text = await answer.read(_LIMIT)
            status = answer.status
    except UpstreamError as error:
        if server is None:
            return None
        raise click.ClickException(f"{root} cannot be asked: {error.message}") from None
    finally:
        await transport.aclose()
    try:
        said = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise click.ClickException(f"{root} answered {status} with something that is not JSON.") from None
    if status != 200:
        message = said.get("error", {}).get("message", "") if isinstance(said, dict) else ""
        raise click.ClickException(f"{root} refused with {status}: {message}")
    return said
