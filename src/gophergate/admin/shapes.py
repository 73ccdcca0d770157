"""How values cross the operators' API: money as decimal text in US dollars, times in RFC 3339, nothing unknown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints
from pydantic import Field as Member

from gophergate.core.money import from_dollars, to_dollars
from gophergate.times import rfc3339

T = TypeVar("T")


def microseconds(moment: datetime | None) -> int | None:
    """Unix microseconds of a time that was given."""
    return None if moment is None else round(moment.timestamp() * 1_000_000)


def _dollars(text: str) -> str:
    from_dollars(text)  # ValueError says what is wrong
    return text


Moment = Annotated[int, PlainSerializer(rfc3339, return_type=str), Member(json_schema_extra={"format": "date-time"})]
"""A time that is shown; Unix microseconds inside."""
Money = Annotated[int, PlainSerializer(to_dollars, return_type=str), Member(examples=["0.000123"])]
"""An amount that is shown; nano-dollars inside."""
Dollars = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$"),
    AfterValidator(_dollars),
    Member(description="US dollars, as decimal text.", examples=["12.50"]),
]
"""An amount that is given."""
Time = AwareDatetime
"""A time that is given."""
_SEEN = r"[^\s\x00-\x1f\x7f-\x9f]"
_SHOWN = r"[^\x00-\x1f\x7f-\x9f]"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=f"^{_SEEN}({_SHOWN}*{_SEEN})?$")]
"""What people call something: no control characters, no space at either end."""
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Given(BaseModel):
    """A request's body: every member is checked, an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000, defer_build=True)

    def said(self) -> dict[str, Any]:
        """The members that were given, as plain values."""
        return self.model_dump(exclude_unset=True)


class Shown(BaseModel):
    """A response's body, made from a row. `passing` members change by themselves: no part of its entity tag."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)
    passing: ClassVar[frozenset[str]] = frozenset()


class Sourced(Shown):
    """What the file or the database may hold. `standing` is its place in lists nobody sorts: the file's come first."""

    source: Literal["file", "database"]

    @property
    def standing(self) -> int:
        return 0 if self.source == "file" else 1


class Listing(Shown, Generic[T]):
    """One page. `next_cursor` begins the next, and is null after the last."""

    items: list[T]
    next_cursor: str | None = None


_Tokens = Annotated[int, Member(ge=1, le=1_000_000_000_000)]


class LimitsGiven(Given):
    """Requests and tokens a minute (all, input, output), calls at a time; null or left out is no limit."""

    rpm: Annotated[int, Member(ge=1, le=10_000_000)] | None = None
    tpm: _Tokens | None = None
    input_tpm: _Tokens | None = None
    output_tpm: _Tokens | None = None
    concurrency: Annotated[int, Member(ge=1, le=1_000_000)] | None = None


class LimitsShown(Shown):
    """Requests and tokens a minute (all, input, output), calls at a time; null is no limit."""

    rpm: int | None = None
    tpm: int | None = None
    input_tpm: int | None = None
    output_tpm: int | None = None
    concurrency: int | None = None
