"""A formula text as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tidemill.errors import FormulaError

MAX_LENGTH = 10_000

_TYPESET = {
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "==": "=",
    "<>": "!=",
    "&&": "and",
    "^": "**",
    "!": "not",
}
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | \{(?P<column>(?:[^{}]|\{\{|\}\})*)\}
  | `(?P<ticked>[^`]*)`
  | '(?P<single>(?:[^']|'')*)'
  | "(?P<double>(?:[^"]|"")*)"
  | “(?P<curly>[^”]*)”
  | ‘(?P<curly_single>[^’]*)’
  | (?P<operator>\|\||&&|==|!=|<>|<=|>=|\*\*|//|[-+*/%<>=(),&!^×·÷−–≤≥≠])
    """,
    re.VERBOSE,
)
_OPENERS = {"{": ("}", "column name"), "`": ("`", "column name"), "'": ("'", "text"), '"': ('"', "text"), "“": ("”", "text"), "‘": ("’", "text")}


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    COLUMN = "column"
    OPERATOR = "operator"
    STRAY = "stray"
    """A character that has no meaning in a formula; the parser names it when it gets there."""
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, text, column or sign of a formula."""

    kind: TokenKind
    text: str
    """The value: a text without its quotes, a column without its braces."""
    position: int
    end: int

    def is_operator(self, *texts: str) -> bool:
        return self.kind is TokenKind.OPERATOR and self.text in texts

    def is_word(self, *words: str) -> bool:
        return self.kind is TokenKind.NAME and self.text.lower() in words


def tokenize(text: str) -> list[Token]:
    """The tokens of a formula with an `END` behind them.

    Raises:
        FormulaError: The text is too long, or a quote or brace is not closed.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"the formula has {len(text):,} characters; {MAX_LENGTH:,} are allowed", fix="Split it into several columns.")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            tokens.append(_stray(text, position))
            position += 1
            continue
        if found.lastgroup != "space":
            tokens.append(_token(found))
        position = found.end()
    tokens.append(Token(TokenKind.END, "", len(text), len(text)))
    return tokens


def _token(found: re.Match[str]) -> Token:
    group = found.lastgroup or ""
    value = found.group(group)
    kind = TokenKind(group) if group in ("number", "name", "operator", "column") else TokenKind.TEXT
    if group == "operator":
        value = _TYPESET.get(value, value)
        kind = TokenKind.NAME if value in ("and", "not") else kind
    elif group == "column":
        value = value.replace("{{", "{").replace("}}", "}").strip()
    elif group == "ticked":
        kind, value = TokenKind.COLUMN, value.strip()
    elif group in ("single", "double"):
        quote = "'" if group == "single" else '"'
        value = value.replace(quote * 2, quote)
    return Token(kind, value, found.start(), found.end())


def _stray(text: str, position: int) -> Token:
    sign = text[position]
    if sign in _OPENERS:
        closer, what = _OPENERS[sign]
        raise FormulaError(
            f"the {what} that begins with `{sign}` at character {position + 1} is not closed",
            position=position,
            fix=f"Add the closing `{closer}`. A quote inside a text is written twice.",
        )
    return Token(TokenKind.STRAY, sign, position, position + 1)
