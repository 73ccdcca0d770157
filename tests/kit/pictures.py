"""Pictures of the dashboard's pages, to be looked at.

PYTHONPATH=tests python -m kit.pictures ADDRESS FOLDER [--theme light|dark] [--width N] [--whole] [PLACE ...]

`--whole` shows what lies below the window too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kit.browser import browser, visit

PLACES = (
    "overview?range=30d", "live", "calls?range=7d", "analytics?range=30d", "costs?range=30d", "costs?tab=budgets",
    "costs?tab=unpriced", "costs?tab=prices", "clients", "clients/new", "teams/teams", "teams/budgets", "guards",
    "guards/personal-data", "guards?open=new", "users/people",
    "users/tokens", "audit", "audit?actor=nobody", "playground", "models", "models/openai/gpt-4.1", "groups",
    "groups/fast", "groups?open=new", "providers", "providers/openai", "providers/openai?tab=keys",
    "providers?open=new", "settings/configuration", "settings/backup", "settings/sessions", "settings/about", "welcome",
)  # fmt: skip


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("address")
    words.add_argument("folder", type=Path)
    words.add_argument("--theme", action="append", choices=["light", "dark"])
    words.add_argument("--width", action="append", type=int)
    words.add_argument("--whole", action="store_true")
    words.add_argument("places", nargs="*")
    asked = words.parse_intermixed_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with browser() as launched:
        for theme in asked.theme or ["light", "dark"]:
            for width in asked.width or [1440, 390]:
                with visit(launched, asked.address, width=width, theme=theme) as visiting:
                    visiting.sign_in()
                    for place in asked.places or PLACES:
                        page = visiting.go(place)
                        page.wait_for_timeout(250)
                        name = place.replace("/", "-").replace("?", "-").replace("=", "-").replace("&", "-")
                        page.screenshot(path=asked.folder / f"{name}-{theme}-{width}.png", full_page=asked.whole)
                    for complaint in visiting.complaints:
                        print(f"{theme} {width}: {complaint}")


if __name__ == "__main__":
    main()
