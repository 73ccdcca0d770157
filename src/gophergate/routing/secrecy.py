"""A provider may repeat the key it was asked with, most of all in an error: struck out before it is told (law 8)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from gophergate.errors import GatewayError, UpstreamRefused
from gophergate.providers.base import Provider

STRUCK = b"***"
_TELLING = 8
"""Characters of a key that was cut short which are too many to show."""


def secrets_of(provider: Provider) -> tuple[str, ...]:
    """Every key a provider is asked with."""
    return tuple(credential.secret for credential in provider.credentials if credential.secret)


def without(data: bytes, secrets: Iterable[str]) -> bytes:
    """What a provider said without its keys, however they are written: as they are, in JSON, in an address."""
    return _struck(data, _forms(secrets))


def _struck(data: bytes, forms: Iterable[bytes]) -> bytes:
    for form in forms:
        data = data.replace(form, STRUCK)
    return data


def _forms(secrets: Iterable[str]) -> list[bytes]:
    """Every way in which they are written, the longest first: one may begin with another."""
    forms: set[bytes] = set()
    for secret in secrets:
        written = {secret.encode(), msgspec.json.encode(secret)[1:-1], quote(secret, safe="").encode()}
        forms |= written | {form.replace(b"/", rb"\/") for form in written}
    return sorted(forms, key=len, reverse=True)


class Striking:
    """Takes the keys out of a provider's bytes on their way, however they are cut: an end that a key may begin with is
    held back until more is there. At most one byte less than a key is held."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = _forms(secrets)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may go on now."""
        data = _struck(self._held + data, self._forms)
        most = min(len(data), max(map(len, self._forms), default=1) - 1)
        size = next((size for size in range(most, 0, -1) if self._may_begin(data[-size:])), 0)
        self._held = data[len(data) - size :]
        return data[: len(data) - size]

    def end(self) -> bytes:
        """The bytes are over: what was held back, struck out where it is more than anybody's word for a kind of key."""
        held, self._held = self._held, b""
        return held if len(held) < _TELLING else STRUCK

    def _may_begin(self, ending: bytes) -> bool:
        return any(form.startswith(ending) for form in self._forms)


def strike(error: GatewayError, secrets: Iterable[str]) -> None:
    """Take the keys out of an error that was made of a provider's words."""
    if not secrets:
        return

    def said(text: str) -> str:
        return without(text.encode(errors="surrogatepass"), secrets).decode(errors="surrogatepass")

    error.message, error.code = said(error.message), said(error.code)
    error.args = (error.message,)
    if isinstance(error, UpstreamRefused):
        error.raw = said(error.raw)
        if error.spoken is not None:
            error.spoken = error.spoken._replace(body=without(error.spoken.body, secrets))
