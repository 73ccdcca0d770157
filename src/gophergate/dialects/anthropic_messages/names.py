"""Ids and names of tools under the vendor's rule: letters, digits, `_` and `-` only, names at most 128 long.

What breaks the rule goes out spelled in letters that keep it, by a rule that can be read back, so nothing has to be
remembered between a request and its answer, or between processes.
"""

from __future__ import annotations

import re

from gophergate.errors import BadRequest

MAX_NAME = 128
_ALLOWED = re.compile(r"[a-zA-Z0-9_-]+")
_MARK = "ggx-"
_SPELLED = re.compile(r"_([0-9a-f]+)_")


def spelled(text: str) -> str:
    """`text` if the vendor takes it, else the mark and the text with each other character as `_<hex>_`.

    No two texts are spelled alike: a text that already begins with the mark is spelled too.
    """
    if _ALLOWED.fullmatch(text) and not text.startswith(_MARK):
        return text
    return _MARK + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in text)


def unspelled(text: str) -> str:
    """What `spelled` made this of; a text that it did not make is given back unchanged."""
    if not text.startswith(_MARK):
        return text
    try:
        read = _SPELLED.sub(lambda match: chr(int(match[1], 16)), text[len(_MARK) :])
    except (ValueError, OverflowError):
        return text
    return read if spelled(read) == text else text


def tool_name(name: str) -> str:
    """A tool's name as it goes out. Raises BadRequest when it is too long: cut names could not be told apart."""
    out = spelled(name)
    if len(out) > MAX_NAME:
        raise BadRequest(
            f"The tool name '{name[:40]}...' takes {len(out)} characters for the chosen model; at most {MAX_NAME} go.",
            param="tools",
            code="unsupported_content",
        )
    return out
