"""The dashboard's files, as they are: one page at `/`, and what it loads below a path that changes with its content.

Read and compressed once, off the event loop; read again when a file has changed, so that whoever works on the dashboard
reloads the page and nothing else.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import msgspec

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

ROOT = Path(__file__).resolve().parent.parent / "dashboard"
PREFIX = "/assets/"
_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".json": b"application/json",
    ".LICENSE": b"text/plain; charset=utf-8",
}
POLICY = (
    b"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"content-security-policy", POLICY),
)


class Asset(msgspec.Struct, frozen=True):
    """One file, plain and compressed. `kept` assets may be kept for ever: their path changes with their content."""

    kind: bytes
    plain: bytes
    packed: bytes
    kept: bool


class Assets:
    """An ASGI application of two methods: GET and HEAD."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._served: Mapping[str, Asset] = {}
        self._state: object = None
        self._loading = asyncio.Lock()

    def serves(self, path: str) -> bool:
        """Whether a path is the dashboard's."""
        return path in ("/", "/favicon.ico") or path.startswith(PREFIX)

    async def __call__(self, scope: MutableMapping[str, Any], receive: object, send: Send) -> None:
        path = scope["path"]
        if path == "/" or not self._served:
            await self._refresh()
        asset = self._served.get(path)
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, b"The dashboard answers to GET and HEAD.", ((b"allow", b"GET, HEAD"),))
            return
        if asset is None:
            await _answer(send, 404, b"This file is of another version: reload the page.")
            return
        accepts = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        is_packed = b"gzip" in accepts and len(asset.packed) < len(asset.plain)
        body = asset.packed if is_packed else asset.plain
        headers = [
            (b"content-type", asset.kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"public, max-age=31536000, immutable" if asset.kept else b"no-cache"),
            (b"vary", b"accept-encoding"),
            *_HEADERS,
        ]
        if is_packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _refresh(self) -> None:
        async with self._loading:
            state = await asyncio.to_thread(_state, self._root)
            if state != self._state:
                self._served = await asyncio.to_thread(_load, self._root)
                self._state = state


async def _answer(send: Send, status: int, body: bytes, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *_HEADERS,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in _TYPES and path.is_file())


def _state(root: Path) -> object:
    return [(path, path.stat().st_mtime_ns) for path in _files(root)]


def _load(root: Path) -> dict[str, Asset]:
    """Every file by its path. The modules load each other by relative names, so one hash stands for all of them."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in _files(root)}
    page = files.pop("index.html")
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in files.items())).hexdigest()
    prefix = f"{PREFIX}{digest[:12]}/"
    served = {prefix + name: _asset(name, data, kept=True) for name, data in files.items()}
    served["/"] = _asset("index.html", page.replace(b"{{assets}}", prefix.rstrip("/").encode()), kept=False)
    served["/favicon.ico"] = _asset("icon.svg", files["icon.svg"], kept=False)
    return served


def _asset(name: str, data: bytes, *, kept: bool) -> Asset:
    kind = _TYPES[Path(name).suffix]
    return Asset(kind=kind, plain=data, packed=gzip.compress(data, 9, mtime=0), kept=kept)
