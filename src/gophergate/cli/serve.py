"""`gophergate serve`: the settings of this process, handed to the gateway, until it has drained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gophergate.cli.options import places, settings_from

if TYPE_CHECKING:
    from gophergate.settings import Flag


@click.command("serve")
@places
@click.option("--host", metavar="H", help="Address to listen on.")
@click.option("--port", metavar="N", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--workers", metavar="N", type=int, help="Processes to serve with.")
@click.option("--demo", is_flag=True, help="Add the built-in simulator as the provider `demo`.")
@click.option("--json-logs", is_flag=True, help="Write log lines as JSON.")
def command(
    config: str | None,
    data: str | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    demo: bool,
    json_logs: bool,
) -> int:
    """Serve until SIGTERM or Ctrl-C, then let running streams finish."""
    from gophergate import heap

    heap.build_up()
    flags = list(_flags(host, port, workers, json_logs))
    settings = settings_from(config, data, flags=flags, demo=demo)
    import asyncio

    import uvloop

    from gophergate.cli.printing import warn
    from gophergate.process import serve

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, announce=warn))


def _flags(host: str | None, port: int | None, workers: int | None, json_logs: bool) -> Iterator[Flag]:
    from gophergate.settings import Flag

    if host is not None:
        yield Flag("--host", "server", "host", host)
    if port is not None:
        yield Flag("--port", "server", "port", port)
    if workers is not None:
        yield Flag("--workers", "server", "workers", workers)
    if json_logs:
        yield Flag("--json-logs", "logging", "format", "json")
