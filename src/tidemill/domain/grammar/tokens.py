"""Splits a sentence into tokens that keep their place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from tidemill.domain.grammar.vocabulary import LEMMAS


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    QUOTED = "quoted"
    """Text in quotation marks: a value, or a column where only a column can stand."""
    TICK = "tick"
    """Text in backticks or braces."""
    PATH = "path"
    """A file name with a known ending, or a URL."""
    DATE = "date"
    MARK = "mark"
    """An operator or punctuation mark."""


@dataclass(frozen=True)
class Token:
    """One token; `start` and `end` are offsets into the text it came from."""

    kind: Kind
    text: str
    start: int
    end: int

    @cached_property
    def low(self) -> str:
        return self.text.lower()

    @cached_property
    def lemma(self) -> str:
        """The base form of a known verb, else the word in lower case."""
        return LEMMAS.get(self.low, self.low) if self.kind is Kind.WORD else self.low

    @cached_property
    def forms(self) -> tuple[str, str]:
        return self.low, self.lemma


ENDINGS = r"(?:csv|tsv|txt|jsonl|json|ndjson|parquet|pq|sqlite3|sqlite|db)"
_FILE = re.compile(rf"[^\n]{{1,300}}\.{ENDINGS}", re.IGNORECASE)
_TOKEN = re.compile(
    rf"""
    (?P<tick>`[^`\n]{{1,300}}`|\{{[^{{}}\n]{{1,300}}\}})
  | (?P<quoted>"[^"\n]{{0,500}}"|“[^”\n]{{0,500}}”|«[^»\n]{{0,500}}»|(?<!\w)'[^'\n]{{0,500}}'(?!\w)|(?<!\w)‘[^’\n]{{0,500}}’(?!\w))
  | (?P<url>(?:https?|postgres(?:ql)?|mysql|mariadb|s3|gs|gcs|az|abfs)://[^\s,;)"'`]{{1,500}})
  | (?P<path>(?<![\w/])(?:[\w~-]|\.(?=[\w./]))[\w./~+-]{{0,200}}?\.{ENDINGS}(?![\w])|/[\w./~+-]{{1,200}}?\.{ENDINGS}(?![\w]))
  | (?P<date>\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{{1,9}})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}(?!\w))
  | (?P<number>(?:[$€£]\s?)?(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:\s?[%€£](?!\w))?(?![\w]))
  | (?P<word>\w+(?:[-'’]\w+)*)
  | (?P<mark>->|=>|→|:=|==|!=|<>|>=|<=|≥|≤|≠|\*\*|\|\||\.\.\.|…|[^\w\s])
    """,
    re.VERBOSE | re.IGNORECASE,
)


def tokenise(text: str) -> tuple[Token, ...]:
    """The tokens of `text`, white space left out."""
    found = []
    for match in _TOKEN.finditer(text):
        group, words = match.lastgroup, match.group()
        kind = Kind(group) if group in _KINDS else Kind.PATH
        if kind in (Kind.QUOTED, Kind.TICK):
            words = words[1:-1]
            if _FILE.fullmatch(words) and text[match.start() - 1 : match.start()] != "(":
                kind = Kind.PATH
        found.append(Token(kind, words, match.start(), match.end()))
    return tuple(found)


_KINDS = frozenset(k.value for k in Kind) - {"path"}
