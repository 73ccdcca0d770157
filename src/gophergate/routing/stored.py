"""Asking a provider about something it keeps: no model runs, so there is no plan, one attempt and nothing to price."""

from __future__ import annotations

from collections.abc import Mapping

from gophergate.dialects.base import Dialect
from gophergate.errors import NotHere
from gophergate.providers.base import Provider, auth_headers
from gophergate.routing.asking import joined, refusal
from gophergate.routing.base import Deployment
from gophergate.transport.base import Answer, Ask, Transport


class StoredObjects:
    """Reaches what providers keep."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ask(
        self,
        deployment: Deployment,
        dialect: Dialect,
        method: str,
        path: str,
        *,
        label: str = "",
        query: bytes = b"",
        passing: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """The provider's answer, to be used as `async with`. It is asked on its key of that `label`, or on its first
        where there is none such. `path` and `query` are encoded; `passing` are the caller's headers, of which this
        vendor's go along.

        Raises NotHere (the provider does not speak the dialect any more), UpstreamRefused with its own words, and
        UpstreamError.
        """
        provider = deployment.provider
        root = provider.roots.get(dialect.name)
        if root is None:
            raise NotHere(f"'{provider.name}' does not keep this: it does not speak the dialect of this door.")
        keys = provider.credentials
        credential = next((key for key in keys if key.label == label), keys[0] if keys else None)
        headers = [(b"user-agent", b"gophergate"), *_vendor_headers(provider, passing or {})]
        if body:
            headers.append((b"content-type", b"application/json"))
        if credential is not None:
            headers.extend(auth_headers(provider.row.auth, credential.secret))
        answer = await self._transport.send(
            Ask(
                method=method,
                url=root + path + ("?" + query.decode("ascii", "replace") if query else ""),
                headers=headers,
                body=body,
                timeouts=deployment.timeouts,
                replayable=method in ("GET", "DELETE"),
            )
        )
        if not 200 <= answer.status < 300:
            async with answer:
                raise await refusal(answer, dialect, deployment, credential)
        return answer


def _vendor_headers(provider: Provider, passing: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    named = dict(provider.row.headers)
    for name in provider.row.forwards:
        value = passing.get(name)
        if value is not None:
            named[name] = joined(named.get(name), value) if name.endswith("-beta") else value
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in named.items()]
