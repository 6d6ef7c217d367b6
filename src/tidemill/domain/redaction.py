"""Covers secrets in text before it leaves the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from tidemill.domain.values import FrozenModel

MASK = "[secret {number}]"
_MIN_SECRET = 4
"""Shorter values stand in ordinary words; covering them would tear the text apart."""

_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^\s/:@]*:(?P<secret>[^\s/@]+)(?=@)"),
    re.compile(r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|hf_[A-Za-z0-9]{20,}|ya29\.[\w-]{20,})"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"\b(?:bearer|basic)\s+(?P<secret>(?=[^\s\"',;]*\d)[^\s\"',;]{12,})", re.IGNORECASE),
    re.compile(
        r"\b(?:(?:api|access|secret|private|auth|account|client)[-_ ]?(?:key|token|secret)[-_ ]?(?:id)?|password|passwd|passphrase|pwd|"
        r"token|secret)\b"
        r"[\"']?\s*(?:[:=]|\bis\b)\s*[\"'`]?(?P<secret>(?!env:|file:)[^\s\"'`,;&]{4,})",
        re.IGNORECASE,
    ),
)
"""What is a secret by its form, or by the word before it. Linear in the length of the text."""


class Redacted(FrozenModel):
    """A text without its secrets."""

    text: str
    """Each secret is `[secret 1]`, `[secret 2]` …; the same secret has the same number everywhere."""
    count: int
    """How many different secrets there were."""


def redact(text: str) -> Redacted:
    """Cover private keys, passwords in URLs, keys of known forms, and what is called a password, key or token."""
    masks: dict[str, str] = {}

    def mask(match: re.Match[str]) -> str:
        secret = match.groupdict().get("secret") or match.group()
        covered = masks.setdefault(secret, MASK.format(number=len(masks) + 1))
        return match.group().replace(secret, covered)

    for pattern in _PATTERNS:
        text = pattern.sub(mask, text)
    return Redacted(text=text, count=len(masks))


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which the given secrets are `***`, also where they stand percent-encoded."""
    for secret in secrets:
        if len(secret) >= _MIN_SECRET:
            for form in sorted({secret, quote(secret, safe=""), quote(secret)}, key=len, reverse=True):
                text = text.replace(form, "***")
    return text
