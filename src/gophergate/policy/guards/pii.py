"""Personal data by its shape: addresses, numbers and secrets that prove themselves by form or checksum.

Digits of every script count (`\\d`), full-width letters and signs too. What cannot be told by its shape (names, street
addresses) is not looked for. Every expression is bounded in length and looks back over its steps for a bounded stretch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

from gophergate.policy.guards.detecting import Check, Detector, Find, Shape, as_it_is

_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f\uff21-\uff3a\uff41-\uff5a"
_DIGIT = r"\d"
_GAP = "[ \u00a0\u2009\u202f\u2010\u2011-]"
_WORD = re.compile(rf"[{_LETTERS}\d]")
_SEPARATORS = frozenset(" \u00a0\u2009\u202f\u2010\u2011-./()+\uff0b")


def _digits(text: str) -> str:
    """The digits of a candidate, of whatever script, as ASCII."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def _is_number(sign: str) -> bool:
    return sign.isdecimal() or sign in _SEPARATORS


def _begins_number(sign: str) -> bool:
    return sign.isdecimal() or sign in "+(\uff0b"


# -- e-mail -------------------------------------------------------------------------------------------------------

_LOCAL = rf"{_LETTERS}\d._%+'\uff0e-"


_MAIL_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-@\uff0e\uff20")


def _is_mail(sign: str) -> bool:
    return sign in _MAIL_SIGNS or _WORD.match(sign) is not None


_EMAIL = Shape(
    "EMAIL",
    rf"[{_LETTERS}\d_+][{_LOCAL}]{{0,63}}+[@\uff20](?:[{_LETTERS}\d](?:[{_LETTERS}\d-]{{0,62}})[.\uff0e]){{1,8}}[{_LETTERS}]{{2,24}}",
    alphabet=_is_mail,
    reach=700,
    needs="[@\uff20]",
)

# -- numbers ------------------------------------------------------------------------------------------------------


def _luhn(text: str, start: int, end: int) -> int:
    digits = _digits(text[start:end])
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) == 1:
        return -1
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return end if total % 10 == 0 else -1


def _card(expression: str) -> Shape:
    return Shape(
        "CREDIT_CARD",
        rf"(?<!\d){expression}(?!\d)",
        alphabet=_is_number,
        begins=_begins_number,
        reach=40,
        check=_luhn,
        needs=_DIGIT,
    )


_CARDS = (
    _card(rf"\d{{4}}({_GAP}?)\d{{4}}\1\d{{4}}\1\d{{4}}\1\d{{3}}"),
    _card(rf"\d{{4}}({_GAP}?)\d{{4}}\1\d{{4}}\1\d{{1,4}}"),
    _card(rf"\d{{4}}({_GAP}?)\d{{6}}\1\d{{4,5}}"),
    _card(r"\d{17,18}"),
)

_SSN = Shape(
    "US_SSN",
    rf"(?<!\d)(?!000|666|9\d\d)\d{{3}}({_GAP})(?!00)\d{{2}}\1(?!0000)\d{{4}}(?!\d)",
    alphabet=_is_number,
    begins=_begins_number,
    reach=20,
    needs=_DIGIT,
)


def _international(text: str, start: int, end: int) -> int:
    return _within(text, start, end, 7, 15)


def _phone(expression: str, check: Check = as_it_is) -> Shape:
    return Shape(
        "PHONE",
        rf"(?<![{_LETTERS}\d]){expression}(?![{_LETTERS}\d])",
        alphabet=_is_number,
        begins=_begins_number,
        reach=48,
        check=check,
        needs=_DIGIT,
    )


def _national(text: str, start: int, end: int) -> int:
    return _within(text, start, end, 9, 12)


def _within(text: str, start: int, end: int, least: int, most: int) -> int:
    """The end of a number of so many digits; groups that are too many are of something else."""
    while (count := len(_digits(text[start:end]))) > most:
        end -= 1
        while end > start and not (text[end - 1].isdecimal() and not text[end].isdecimal()):
            end -= 1
    return end if count >= least else -1


_DATE = r"\d{1,2}[/ -]\d{1,2}[/ -]\d{2,4}"
_BETWEEN = "[ \u00a0\u2009\u202f\u2010\u2011./()-]"
_PHONES = (
    _phone(rf"(?:[+\uff0b]{_BETWEEN}{{0,2}}|00(?=[1-9]))\d(?:{_BETWEEN}{{0,2}}\d){{6,14}}", _international),
    _phone(r"(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"),
    _phone(rf"(?!{_DATE})\(?0[1-9]\d{{0,4}}\)?(?:[ /-]|{_BETWEEN}{{2,3}})\d(?:[ /-]?\d){{4,9}}", _national),
)

# -- IBAN ---------------------------------------------------------------------------------------------------------

_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS: Mapping[str, int] = {one[:2]: int(one[2:]) for one in _IBANS.split(" ")}
"""Characters of an IBAN by country (the SWIFT registry of IBANs)."""
_LONGEST_IBAN = 72
_IBAN_BEGINS = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}")
_IBAN_OPEN = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 \u00a0-]*|[A-Za-z]{2}[0-9]?|[A-Za-z])\Z")


class _Iban:
    """International bank account numbers, by the length of their country and their checksum."""

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        decided = len(text)
        if not is_whole:
            least = max(start, len(text) - _LONGEST_IBAN)
            opened = _IBAN_OPEN.search(text, least)
            decided = opened.start() if opened is not None else decided
        finds: list[Find] = []
        at = start
        while (found := _IBAN_BEGINS.search(text, at)) is not None and found.start() < decided:
            end = _iban_end(text, found.start())
            if end < 0:
                at = found.start() + 1
            else:
                finds.append(Find(found.start(), end, "IBAN"))
                at = end
        return finds, max(decided, at if finds else start)


def _iban_end(text: str, start: int) -> int:
    size = _IBAN_LENGTHS.get(text[start : start + 2].upper())
    if size is None:
        return -1
    signs: list[str] = []
    at = start
    while at < len(text) and len(signs) < size:
        sign = text[at]
        if sign.isascii() and sign.isalnum():
            signs.append(sign.upper())
        elif sign not in " \u00a0-" or at + 1 >= len(text) or text[at + 1] in " \u00a0-":
            return -1
        at += 1
    if len(signs) < size or (at < len(text) and text[at].isascii() and text[at].isalnum()):
        return -1
    number = "".join(signs[4:] + signs[:4])
    return at if int("".join(str(int(sign, 36)) for sign in number)) % 97 == 1 else -1


# -- IP addresses -------------------------------------------------------------------------------------------------

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF:.")


def _ipv6(text: str, start: int, end: int) -> int:
    said = text[start:end].rstrip(".")
    said = said[:-1] if said.endswith(":") and not said.endswith("::") else said
    try:
        ip_address(said)
    except ValueError:
        return -1
    return start + len(said)


_IPS = (
    Shape(
        "IP_ADDRESS",
        rf"(?<![\w.])(?a:{_BYTE}(?:\.{_BYTE}){{3}})(?!\w|\.\d)",
        alphabet="0123456789.".__contains__,
        reach=20,
        needs=_DIGIT,
    ),
    Shape(
        "IP_ADDRESS",
        r"(?<![\w:.])(?=[0-9A-Fa-f.]{0,46}:[0-9A-Fa-f.]{0,46}:)(?=[A-Fa-f:.]{0,44}[0-9])[0-9A-Fa-f:.]{3,46}(?![\w:.])",
        alphabet=_HEXADECIMAL.__contains__,
        reach=50,
        check=_ipv6,
        needs=":",
    ),
)

# -- secrets ------------------------------------------------------------------------------------------------------

_TOKENS = "|".join(
    (
        r"sk-(?:gg-|ant-|proj-|svcacct-|or-v1-|lf-)?[A-Za-z0-9_-]{20,3000}",
        r"gg-admin-[A-Za-z0-9_-]{16,300}",
        r"(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        r"gh[opsur]_[A-Za-z0-9]{30,300}",
        r"github_pat_[A-Za-z0-9_]{22,300}",
        r"glpat-[A-Za-z0-9_-]{20,300}",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,300}",
        r"AIza[A-Za-z0-9_-]{35}",
        r"ya29\.[A-Za-z0-9_-]{20,3000}",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,300}",
        r"npm_[A-Za-z0-9]{36}",
        r"pypi-[A-Za-z0-9_-]{50,1000}",
        r"hf_[A-Za-z0-9]{30,100}",
        r"xai-[A-Za-z0-9]{40,200}",
        r"gsk_[A-Za-z0-9]{40,200}",
        r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
        r"eyJ[A-Za-z0-9_-]{8,1300}\.eyJ[A-Za-z0-9_-]{8,1300}\.[A-Za-z0-9_-]{8,1300}",
    )
)
_TOKEN_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
_SECRET_TOKEN = Shape(
    "SECRET",
    rf"(?<![A-Za-z0-9])(?:{_TOKENS})",
    alphabet=_TOKEN_SIGNS.__contains__,
    reach=4096,
    needs=r"[-_A-Z.]",
)

_PEM_MARK = "-----BEGIN"
_PEM_HEAD = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_HEAD_OPEN = re.compile(r"-----BEGIN[A-Z0-9 ]{0,64}-{0,5}")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s:,\\-]{0,8000}")
_PEM_TAIL = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")


class _PrivateKey:
    """Private keys in PEM, also those that are cut off."""

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        finds: list[Find] = []
        at = start
        while (at := text.find(_PEM_MARK, at)) >= 0:
            end, is_decided = self._end(text, at)
            if not is_decided and not is_whole:
                return finds, at
            if end >= 0:
                finds.append(Find(at, end, "SECRET"))
            at = max(end, at + 1)
        decided = len(text)
        if not is_whole:
            sizes = range(len(_PEM_MARK) - 1, 0, -1)
            decided -= next((size for size in sizes if text.endswith(_PEM_MARK[:size])), 0)
        return finds, max(start, decided, finds[-1].end if finds else 0)

    def _end(self, text: str, at: int) -> tuple[int, bool]:
        """Where the key that begins here ends, -1 for none, and whether text to come cannot change that."""
        head = _PEM_HEAD.match(text, at)
        if head is None:
            return -1, _PEM_HEAD_OPEN.fullmatch(text, at) is None
        body = _PEM_BODY.match(text, head.end())
        assert body is not None  # noqa: S101 - it matches nothing, too
        tail = _PEM_TAIL.search(text, head.end(), body.end())
        if tail is not None:
            return tail.end(), True
        return body.end(), body.end() < len(text) or body.end() - head.end() == 8000


DETECTORS: Mapping[str, tuple[Detector, ...]] = {
    "email": (_EMAIL,),
    "phone": _PHONES,
    "credit_card": _CARDS,
    "iban": (_Iban(),),
    "us_ssn": (_SSN,),
    "ip_address": _IPS,
    "secret": (_SECRET_TOKEN, _PrivateKey()),
}
"""What a guard of kind "pii" can look for, by the words of its `detect`."""
