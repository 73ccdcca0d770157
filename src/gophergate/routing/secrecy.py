"""A provider may repeat the key it was asked with, most of all in an error: struck out before it is told (law 8)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from gophergate.errors import GatewayError, UpstreamRefused
from gophergate.providers.base import Provider

STRUCK = b"***"


def secrets_of(provider: Provider) -> tuple[str, ...]:
    """Every key a provider is asked with."""
    return tuple(credential.secret for credential in provider.credentials if credential.secret)


def without(data: bytes, secrets: Iterable[str]) -> bytes:
    """What a provider said without its keys, however they are written: as they are, in JSON, in an address."""
    for secret in secrets:
        written = {secret.encode(), msgspec.json.encode(secret)[1:-1], quote(secret, safe="").encode()}
        for form in written | {form.replace(b"/", rb"\/") for form in written}:
            data = data.replace(form, STRUCK)
    return data


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
