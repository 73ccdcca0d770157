"""Values that must not be seen: the `Secret` type and how a secret, or a URL that holds one, is shown.

Showing is the only subject here; making, hashing and encrypting secrets lives in `gophergate.secrets`.
"""

from __future__ import annotations

import re

_SHOWN_FROM = 16
"""Characters a secret must have before its last four are shown: four of fewer would be too large a part."""

_TELLING_PREFIX = re.compile(r"^(?:sk|gsk|xai|pplx|csk|key|fw)-")
_STORE_URL = re.compile(r"(?:sqlite|postgres\w*|rediss?|unix)(?:\+\w+)?://")
_PASSWORD = re.compile(r"(?s)^([^:]+://[^:/?#@]*):.*@")
"""Up to the last "@": a password that should have been percent-encoded and was not is hidden whole."""
_CREDENTIAL_PARAMETER = re.compile(r"(?i)((?:^|[?&;])[^=&;]*(?:key|password|passwd|token|secret)[^=&;]*=)[^&;]*")


class Secret:
    """Text that shows itself masked wherever it is printed, formatted or logged (law 8).

    Only `reveal` gives the text, so that every use of a secret can be found by that name. Equality and hash
    are those of the text. May be pickled, to reach a worker process.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __str__(self) -> str:
        return mask(self._text)

    def __repr__(self) -> str:
        return f"Secret({mask(self._text)!r})"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._text,)


def mask(text: str) -> str:
    """What may be shown of a secret: a vendor's prefix and at most the last four characters.

    The URL of a database or of Redis keeps all but its password and any query member that sounds like a
    credential. Short secrets show nothing.
    """
    if _STORE_URL.match(text):
        return _CREDENTIAL_PARAMETER.sub(r"\1****", _PASSWORD.sub(r"\1:****@", text))
    if len(text) < _SHOWN_FROM:
        return "****" if text else ""
    prefix = _TELLING_PREFIX.match(text)
    return f"{prefix.group() if prefix else ''}...{text[-4:]}"
