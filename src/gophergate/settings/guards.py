"""The knobs of one guard: what a text must not hold, whose, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gophergate.settings.masking import Secret

Text = Annotated[str, Meta(min_length=1)]


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One guard."""

    name: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")],
        Meta(description="How refusals, records and headers call it."),
    ]
    kind: Annotated[
        Literal["pii", "keywords", "regex", "injection", "webhook"],
        Meta(
            description="What it looks for: personal data and secrets, words, expressions, attempts to take over; or "
            "what an endpoint of yours finds."
        ),
    ]
    where: Annotated[
        Literal["input", "output", "both"], Meta(description="Whether it looks at requests, answers or both.")
    ] = "both"
    action: Annotated[
        Literal["block", "mask", "warn"],
        Meta(description="Refuse the call, put a placeholder in the place of what was found, or only say so."),
    ] = "block"
    mode: Annotated[
        Literal["enforce", "monitor"], Meta(description="Act, or only put on record what would have been acted on.")
    ] = "enforce"
    detect: Annotated[
        tuple[Text, ...],
        Meta(
            description="For pii: email, phone, credit_card, iban, us_ssn, ip_address, secret; all where none is said."
        ),
    ] = ()
    keywords: Annotated[tuple[Text, ...], Meta(description="For keywords: words and phrases.")] = ()
    patterns: Annotated[tuple[Text, ...], Meta(description="For regex: expressions in RE2's syntax.")] = ()
    case_sensitive: Annotated[bool, Meta(description="Whether capitals matter to keywords and patterns.")] = False
    whole_words: Annotated[bool, Meta(description="Whether a keyword counts only as a word of its own.")] = True
    url: Annotated[str, Meta(description="For webhook: the public address that is asked, http or https.")] = ""
    secret: Annotated[
        Secret | None,
        Meta(description='For webhook: signs what is sent, "whsec_" and base64; best as "env:NAME" or "file:PATH".'),
    ] = None
    timeout: Annotated[
        float, Meta(gt=0, le=60, description="For webhook: seconds that a verdict may take, all in all.")
    ] = 5.0
    placeholder: Annotated[
        str, Meta(description='What a mask puts there; by default what was found, as "[EMAIL]".')
    ] = ""
    teams: Annotated[tuple[Text, ...], Meta(description="Ids of the teams it is for.")] = ()
    clients: Annotated[tuple[Text, ...], Meta(description="Ids of the clients it is for.")] = ()
    keys: Annotated[
        tuple[Text, ...],
        Meta(description="Ids of the keys it is for; without teams, clients and keys it is for everybody."),
    ] = ()
    models: Annotated[
        tuple[Text, ...],
        Meta(description='The models it is for, by names and patterns as "openai/*"; without any for every model.'),
    ] = ()
    on_error: Annotated[
        Literal["closed", "open"],
        Meta(
            description="Whether what is too large to look at, or gets no verdict, is refused, or passes and is put on "
            "record."
        ),
    ] = "closed"
    enabled: Annotated[bool, Meta(description="Whether it is in force.")] = True
