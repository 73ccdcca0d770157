"""Attempts to take a model over, by the words they are mostly made in. Heuristics: they find the common ones, in
English, and are best left to warn or monitor until their finds have been looked at."""

from __future__ import annotations

from gophergate.policy.guards.detecting import Detector
from gophergate.policy.guards.patterns import Expression

_ALL = r"(?:all\s+(?:of\s+)?|any\s+|every\s+)?(?:the\s+|your\s+|my\s+|these\s+|those\s+)?"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system)"
_ORDERS = r"(?:instructions?|prompts?|rules?|directions?|guidelines?|directives?|messages?|context|commands?)"

_EXPRESSIONS = (
    rf"\b(?:ignore|disregard|forget|override|bypass|neglect|skip)\s+{_ALL}(?:{_BEFORE}\s+){{1,2}}{_ORDERS}",
    r"\b(?:ignore|disregard|forget)\s+(?:everything|all|anything)\s+(?:above|before|you(?:'ve| have| were)\s+\w+)",
    rf"\bdo\s+not\s+(?:follow|obey)\s+{_ALL}(?:{_BEFORE}\s+)?{_ORDERS}",
    r"\b(?:reveal|show|print|repeat|output|display|leak|tell\s+me)\s+(?:me\s+)?(?:your|the)\s+"
    r"(?:(?:hidden|secret|original|initial|full|entire|exact)\s+){0,2}(?:system\s+)?(?:prompt|instructions)\b",
    r"\byou\s+are\s+(?:now\s+)?(?:in\s+)?(?:DAN|developer\s+mode|jailbroken|unrestricted|unfiltered)\b",
    r"\b(?:act|behave|respond|answer)\s+as\s+(?:if\s+)?(?:you\s+(?:have|had)\s+no|an?\s+unrestricted|an?\s+unfiltered)\b",
    r"\b(?:without|with\s+no)\s+(?:any\s+)?(?:ethical|moral|safety|content)\s+(?:guidelines?|restrictions?|filters?|limits?)",
    r"<\|(?:im_start|im_end|system|endoftext)\|>|\[/?INST\]|<</?SYS>>",
    r"(?:^|\n)\s*#{2,}\s*(?:new|updated|system)\s+(?:system\s+)?(?:instructions?|prompt)\b",
)

INJECTIONS: tuple[Detector, ...] = (
    Expression("|".join(_EXPRESSIONS), "INJECTION", case_sensitive=False, longest=4000),
)
"""One expression: the engine looks for all of them at once."""
