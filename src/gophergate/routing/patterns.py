"""Looking for text or a regular expression in what somebody wrote, in time that grows with the text and no faster.

Expressions run on Rust's `regex` engine (through pydantic-core), which does not go back over its steps: no expression
and no text can make it take exponential time, as Python's `re` can. It has no look-around and no back references; a
pattern that wants them is refused when it is saved.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

LONGEST_PATTERN = 1000
LONGEST_TEXT = 8192
"""Characters of a text that are looked at, from its beginning."""
_MOST_REPEATS = 64
_REPEATS = re.compile(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")


class BadPattern(ValueError):
    """A pattern that cannot be used; the message says why, for whoever wrote it."""


@lru_cache(maxsize=2048)
def finder(pattern: str, *, regex: bool, case: bool) -> Callable[[str], bool]:
    """Whether a text holds the pattern. `case`: capitals matter. Made once for each pattern; the first expression of a
    process imports the engine, so make it when a configuration is checked. Raises BadPattern."""
    if not pattern:
        raise BadPattern("it is empty")
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern(f"it has more than {LONGEST_PATTERN} characters")
    if regex:
        return _expression(pattern if case else f"(?i){pattern}", pattern)
    wanted = pattern if case else pattern.casefold()

    def holds(text: str) -> bool:
        seen = text[:LONGEST_TEXT]
        return wanted in (seen if case else seen.casefold())

    return holds


def _expression(expression: str, written: str) -> Callable[[str], bool]:
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    for counts in _REPEATS.finditer(written):
        if any(int(count) > _MOST_REPEATS for count in counts.groups() if count):
            raise BadPattern(f"it repeats something more than {_MOST_REPEATS} times: {counts.group()}")
    try:
        matches = SchemaValidator(core_schema.str_schema(pattern=expression, regex_engine="rust-regex"))
    except SchemaError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise BadPattern(lines[-1].removeprefix("error: ").removeprefix("SchemaError: ")) from None

    def holds(text: str) -> bool:
        return matches.isinstance_python(text[:LONGEST_TEXT].encode("utf-8", "replace").decode())

    return holds
