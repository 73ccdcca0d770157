"""Sound that comes in pieces of base64, which cannot simply stand one behind the other: each may end in padding."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64


class SoundPieces:
    """Makes pieces of base64 into pieces that can be put together: padding inside would end the data for a decoder.

    What is no base64 passes as it is. `rest` gives what the last piece left over.
    """

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = b""

    def joined(self, data: str) -> str:
        """As much of the sound so far as comes out even."""
        if not self._left and not data.endswith("="):
            return data
        try:
            whole = self._left + a2b_base64(data)
        except (Base64Error, ValueError):
            return data
        cut = len(whole) - len(whole) % 3
        self._left = whole[cut:]
        return b2a_base64(whole[:cut], newline=False).decode()

    def rest(self) -> str:
        """The end, with its padding; "" when everything came out even."""
        left, self._left = self._left, b""
        return b2a_base64(left, newline=False).decode()
