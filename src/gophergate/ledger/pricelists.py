"""Price lists: genai-prices as it ships, and every newer one that was fetched, each with the time since when it holds.

Fetched lists lie as dated files in the data directory, so that a call can be priced by the list that was in force when
it was made. Nothing here asks the network (`price_refresh` does); parsing takes half a second, so call it in a thread.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo

MOST_KEPT = 400
"""Fetched lists that are kept: more than a year of daily changes, 100 kB each."""
_FILE = re.compile(r"([0-9]{10,12})-([0-9a-f]{12})\.json\.gz")
_FEWEST_PROVIDERS, _FEWEST_MODELS = 10, 300
_ANCHORS = (("openai", "gpt-4.1"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"))


class PriceList(msgspec.Struct, frozen=True):
    """One list. `since` is when it came into force here, Unix seconds; 0 for the one that shipped."""

    version: str
    since: int
    snapshot: DataSnapshot
    compiled: dict[tuple[object, ...], Any] = {}
    """What `compiled` has made of it, kept as long as the list."""


class Kept(msgspec.Struct, frozen=True, order=True):
    """A fetched list that is kept: since when, the first digits of its SHA-256, and its file."""

    since: int
    digest: str
    path: Path

    @property
    def version(self) -> str:
        """How rows name it."""
        return f"genai-prices {self.digest[:8]}"


class UnusablePrices(ValueError):
    """A fetched list that is none, or that lacks what every list has."""


def shipped() -> PriceList:
    """The list that came with the package."""
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    version = f"genai-prices {package_version('genai-prices')}"
    return PriceList(version, 0, DataSnapshot(providers=providers, from_auto_update=False))


def parsed(data: bytes, version: str = "", since: int = 0) -> PriceList:
    """A list from the JSON that genai-prices publishes for updates. Raises UnusablePrices with the reason."""
    # What its own updater calls; there is no public name for it.
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import _providers_from_raw

    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnusablePrices("it is not JSON") from None
    if not isinstance(raw, list):
        raise UnusablePrices("it is no list of providers")
    try:
        providers = _providers_from_raw(raw)
    except Exception as error:  # pydantic's and its own, whatever they are called in that version
        raise UnusablePrices(f"this version of genai-prices cannot read it ({type(error).__name__})") from None
    snapshot = DataSnapshot(providers, from_auto_update=True)
    if len(providers) < _FEWEST_PROVIDERS or sum(len(each.models) for each in providers) < _FEWEST_MODELS:
        raise UnusablePrices(f"it has only {len(providers)} providers; something is missing")
    for provider in providers:
        for each in provider.models:
            _check(each, f"{provider.id}/{each.id}")
    for price_id, model in _ANCHORS:
        try:
            snapshot.find_provider_model(model, None, price_id, None)
        except LookupError:
            raise UnusablePrices(f"it does not know {price_id}/{model}") from None
    return PriceList(version or f"genai-prices {hashlib.sha256(data).hexdigest()[:8]}", since, snapshot)


def _check(model: ModelInfo, name: str) -> None:
    """Raises UnusablePrices for what would fail only when a call is priced: a pattern that is none, an amount below
    zero or without an end."""
    clauses = [model.match]
    while clauses:
        clause: Any = clauses.pop()
        clauses += getattr(clause, "or_", None) or getattr(clause, "and_", None) or []
        if hasattr(clause, "regex"):
            try:
                re.compile(clause.regex)
            except re.error:
                raise UnusablePrices(f"the pattern of {name} is none") from None
    sets = [each.prices for each in model.prices] if isinstance(model.prices, list) else [model.prices]
    for prices in (*sets, *(variant.prices for variant in model.price_variants or ())):
        for value in vars(prices).values():
            tiers = getattr(value, "tiers", ())
            amounts = [getattr(value, "base", value), *(tier.price for tier in tiers)]
            if any(amount is not None and not (amount.is_finite() and amount >= 0) for amount in amounts):
                raise UnusablePrices(f"a price of {name} is no amount")


class PriceLists:
    """Every list there is. `folder` holds the fetched ones; None keeps to the one that shipped.

    `current` is parsed at most once; of older ones the two last asked for stay in memory.
    """

    def __init__(self, folder: Path | None = None, *, ships: Callable[[], PriceList] = shipped) -> None:
        self._folder = folder
        self._ships = ships
        self._current: PriceList | None = None
        self._shipped: PriceList | None = None
        self._older: dict[str, PriceList] = {}

    @property
    def current(self) -> PriceList:
        """The newest list that can be used: a kept one that cannot is passed over."""
        if self._current is None:
            self._current = next(filter(None, map(self._opened, reversed(self.kept()))), None) or self._base()
        return self._current

    def named(self) -> tuple[str, int]:
        """The version of the newest list and since when it holds (0: it shipped), without reading it."""
        if self._current is not None:
            return self._current.version, self._current.since
        kept = self.kept()
        if kept:
            return kept[-1].version, kept[-1].since
        return f"genai-prices {package_version('genai-prices')}", 0

    def kept(self) -> list[Kept]:
        """The fetched lists, the oldest first."""
        if self._folder is None or not self._folder.is_dir():
            return []
        found = ((_FILE.fullmatch(path.name), path) for path in self._folder.iterdir())
        return sorted(Kept(int(name[1]), name[2], path) for name, path in found if name is not None)

    def at(self, moment: float) -> PriceList:
        """The list that was in force at a moment (Unix seconds)."""
        for kept in reversed(self.kept()):
            if kept.since <= moment and (found := self._opened(kept)) is not None:
                return found
        return self._base()

    def since(self, moment: float) -> Iterator[PriceList]:
        """The list of that moment, then each later one: where the first does not know a model, the next may."""
        yield self.at(moment)
        for kept in self.kept():
            if kept.since > moment and (found := self._opened(kept)) is not None:
                yield found

    def keep(self, data: bytes, now: int) -> PriceList | None:
        """Take over a fetched list from now on: checked first, written to a file whole, then swapped. None when it is
        the one in force already. Raises UnusablePrices, OSError; then nothing has changed."""
        digest = hashlib.sha256(data).hexdigest()[:12]
        kept = self.kept()
        if kept and kept[-1].digest == digest:
            os.utime(kept[-1].path)  # When it was last seen to hold; its name says since when.
            return None
        found = parsed(data, since=now)
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{now}-{digest}.json.gz"
            half = path.with_suffix(".new")
            half.write_bytes(gzip.compress(data, mtime=0))
            os.replace(half, path)
            for old in kept[: max(0, len(kept) + 1 - MOST_KEPT)]:
                old.path.unlink(missing_ok=True)
        self._current = found
        return found

    def _base(self) -> PriceList:
        if self._shipped is None:
            self._shipped = self._ships()
        return self._shipped

    def _opened(self, kept: Kept) -> PriceList | None:
        if self._current is not None and self._current.version == kept.version:
            return self._current
        found = self._older.get(kept.version)
        if found is None:
            try:
                found = parsed(gzip.decompress(kept.path.read_bytes()), kept.version, kept.since)
            except (OSError, EOFError, UnusablePrices):
                return None
            if len(self._older) >= 2:
                self._older.pop(next(iter(self._older)))
            self._older[kept.version] = found
        return found
