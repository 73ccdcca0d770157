"""The one way a configuration fails: a place and a sentence."""

from __future__ import annotations

from gophergate.settings.schema import BUILT_IN, Source


class SettingsError(Exception):
    """A configuration that must not be used. Its text is one sentence, led by the place where one is known:
    `gophergate.toml:3:1: unknown key 'prot' in [server]; did you mean 'port'?`. Never holds a secret.
    """

    def __init__(self, sentence: str, source: Source = BUILT_IN) -> None:
        place = source.name
        if source.line:
            place = f"{place}:{source.line}:{source.column}"
        ending = "" if sentence.endswith((".", "?")) else "."
        super().__init__(f"{place}: {sentence}{ending}" if place else f"{sentence[0].upper()}{sentence[1:]}{ending}")
        self.source = source
