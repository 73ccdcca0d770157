"""The command `gophergate`: which commands there are, and how every one of them ends.

Exit status 0 done, 1 failed, 2 wrong words. Whatever goes wrong is one sentence on standard error, without a
traceback. Only click is imported here; each command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from gophergate import __version__

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("gophergate.cli.serve", "Serve until SIGTERM or Ctrl-C, then let running streams finish."),
    "init": ("gophergate.cli.init", "Write a commented gophergate.toml, the data directory and the encryption key."),
    "keys": ("gophergate.cli.keys", "Client keys: create, list, revoke, rotate."),
    "users": ("gophergate.cli.users", "Dashboard users: create, list, reset a password."),
    "models": ("gophergate.cli.models", "Models: list, show, price."),
    "providers": ("gophergate.cli.providers", "Providers: list, add, test."),
    "route": ("gophergate.cli.route", "Routing: explain, simulate, seed."),
    "logs": ("gophergate.cli.logs", "Show calls, newest last; follow them as they end."),
    "usage": ("gophergate.cli.usage", "Add up calls, tokens and cost."),
    "reprice": ("gophergate.cli.reprice", "Price past calls again, with the sums they stand in."),
    "reconcile": ("gophergate.cli.reconcile", "Hold a provider's export of usage or cost against the ledger."),
    "config": ("gophergate.cli.config", "Show the configuration that applies, and where it comes from."),
    "doctor": ("gophergate.cli.doctor", "Look for what would keep the gateway from working."),
    "backup": ("gophergate.cli.backup", "Copy the database into FILE, while the gateway serves."),
    "restore": ("gophergate.cli.restore", "Put a backup in the place of the database."),
    "import": ("gophergate.cli.importing", "Bring over what another program's database holds."),
    "db": ("gophergate.cli.db", "The database's schema: upgrade, current."),
}
"""Each command's module, which has the click command as `command`, and the first sentence of its help."""

TRACEBACK_VARIABLE = "GOPHERGATE_TRACEBACK"


class ReaderGone(Exception):
    """Whoever read our output has enough of it, as `head` does. click would make a failure of the OSError."""


class Commands(click.Group):
    """A group that imports a command when it is called, and none for `--help`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - narrows the type
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gophergate", message="%(prog)s %(version)s")
def cli() -> None:
    """GopherGate, an LLM gateway: every client's dialect to every provider, metered, limited and live."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process."""
    sys.exit(run(args))


def run(args: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. Prints the one sentence when it failed."""
    try:
        result = cli.main(args, prog_name="gophergate", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        return _fail(_usage_sentence(error), 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 1)
    except (click.Abort, KeyboardInterrupt):
        return _fail("Interrupted.", 1)
    except (ReaderGone, BrokenPipeError):
        # What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        return _fail(_sentence(error), 1)
    return result if isinstance(result, int) else 0


def _usage_sentence(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx is not None else "gophergate"
    return f"{error.format_message()} See `{command} --help`."


def _sentence(error: Exception) -> str:
    """What to say of an exception. Those of our own that are meant for people say it themselves."""
    from gophergate.cli.failures import is_for_people

    if is_for_people(error):
        return str(error)
    return f"A defect of GopherGate stopped this: {type(error).__name__}; set {TRACEBACK_VARIABLE}=1 to see where."


def _fail(sentence: str, status: int) -> int:
    sys.stderr.write(f"gophergate: {' '.join(sentence.split())}\n")
    return status
