"""`gophergate config explain`: every value that applies, masked, with the place that said it (R-G1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from

if TYPE_CHECKING:
    from gophergate.settings import Settings
    from gophergate.settings.explain import Explained


@click.group("config")
def command() -> None:
    """Show the configuration that applies, and where it comes from."""


@command.command("explain")
@places
@click.option("--demo", is_flag=True, help="As with `serve --demo`.")
@json_option
def explain_(config: str | None, data: str | None, demo: bool, as_json: bool) -> None:
    """Print each value and its source, and what was made at run time. Secrets are masked."""
    from gophergate.cli.opening import run
    from gophergate.cli.printing import print_json, print_table
    from gophergate.settings.explain import explain

    settings = settings_from(config, data, demo=demo)
    rows = [*explain(settings), *run(_made(settings))]
    if as_json:
        print_json(rows)
    else:
        print_table(("NAME", "VALUE", "SOURCE"), ((row.name, row.value, row.source) for row in rows))


async def _made(settings: Settings) -> list[Explained]:
    """What the database holds of the configuration, one line each; none where there is no database of today's yet."""
    from gophergate.cli.opening import opened_as_it_is
    from gophergate.cli.printing import warn
    from gophergate.errors import Unavailable
    from gophergate.settings.explain import Explained
    from gophergate.settings.render import toml_value
    from gophergate.store.groups import Groups
    from gophergate.store.guards import Guards
    from gophergate.store.models import Models
    from gophergate.store.providers import Providers
    from gophergate.store.revision import current_revision, is_behind

    if settings.database_file is not None and not settings.database_file.exists():
        return []
    rows: list[tuple[str, dict[str, Any], int]] = []
    try:
        async with opened_as_it_is(settings) as database:
            if is_behind(await current_revision(database)):
                return []
            for provider in await Providers(database).all():
                shown = {"kind": provider.kind, "api_key": provider.api_key_masked or "", "enabled": provider.enabled}
                rows.append((f"providers.{provider.name}", shown, provider.version))
            for model in await Models(database).all():
                price = {"price": model.price} if model.price else {}
                shown = {"enabled": model.enabled, "mapped_name": model.mapped_name or "", **price}
                rows.append((f"models.{model.name}", shown, model.version))
            groups = await Groups(database).published()
            rows += [(f"groups.{group.name}", group.definition, group.version) for group in groups]
            for guard in await Guards(database).all():
                secret = {"secret": guard.definition["secret"]["masked"]} if "secret" in guard.definition else {}
                rows.append((f"guards.{guard.name}", guard.definition | secret, guard.version))
            where = database.name
    except Unavailable as error:
        warn(f"What was made at run time is not shown: {error.message}")
        return []
    return [
        Explained(name, toml_value(_said(shown)), f"database {where}, version {version}", "Made at run time.")
        for name, shown, version in rows
    ]


def _said(value: Any) -> Any:
    """Without what is null, which TOML cannot say."""
    if isinstance(value, dict):
        return {name: _said(inner) for name, inner in value.items() if inner is not None}
    return [_said(inner) for inner in value] if isinstance(value, list | tuple) else value
