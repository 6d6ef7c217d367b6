"""Values as people write them: numbers, dates, texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.tokens import Kind, Token
from tidemill.domain.grammar.vocabulary import MONTHS, NUMBER_WORDS, STOPWORDS
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import Scalar

_DAY_FIRST = re.compile(r"(\d{1,2})([./])(\d{1,2})[./](\d{4})")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.IGNORECASE)
_TRUE, _FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})


@dataclass(frozen=True)
class Span:
    """A stretch of days, first day included, `end` not: a day, a month, a year."""

    start: date
    end: date


def number_of(token: Token) -> int | float | None:
    """The number a token stands for; a percentage is its ratio."""
    if token.kind is Kind.WORD and token.low in NUMBER_WORDS:
        return NUMBER_WORDS[token.low]
    if token.kind is not Kind.NUMBER:
        return None
    text = token.text.replace(",", "").strip("$€£ ")
    percent = text.endswith("%")
    text = text.rstrip("% ")
    value = float(text) if "." in text else int(text)
    return float(f"{value / 100:.12g}") if percent else value


def number(c: Cursor) -> int | float | None:
    """A number with its sign."""
    with c.saved() as keep:
        negative = bool(c.take("-", "–", "minus", "negative"))
        c.take("$", "€", "£")
        token = c.peek()
        value = number_of(token) if token else None
        if value is None:
            return None
        c.i += 1
        if c.low() in ("million", "thousand", "k", "m"):
            return None
        if c.take("percent", "per cent"):
            value = value / 100
        keep()
        return -value if negative else value


def day_span(c: Cursor) -> Span | None:
    """A day, month or year: `2024-01-31`, `March 5th, 2025`, `5 March 2025`, `March 2025`, `2024`."""
    return c.attempt(lambda: _iso(c)) or c.attempt(lambda: _part_of_year(c)) or c.attempt(lambda: _worded(c)) or c.attempt(lambda: _year(c))


def _iso(c: Cursor) -> Span | None:
    token = c.peek()
    if token is None or not (token.kind is Kind.DATE or (token.kind is Kind.QUOTED and re.fullmatch(r"\d{4}-\d\d-\d\d", token.text))):
        return None
    if match := _DAY_FIRST.fullmatch(token.text):
        first, mark, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
        if mark == "/" and first <= 12 and second <= 12 and first != second:
            c.trouble("ambiguous-date", f"{token.text!r} can be read day first or month first.", "Write it as 2025-03-31.", sure=True)
            return None
        day, month = (second, first) if mark == "/" and second > 12 else (first, second)
        return _take_day(c, 1, year, month, day)
    if len(token.text) > 10:
        return None
    year, month, day = (int(p) for p in token.text.split("-"))
    return _take_day(c, 1, year, month, day)


def _worded(c: Cursor) -> Span | None:
    c.take("the")
    one, two, three = c.peek(), c.peek(1), c.peek(2)
    if one is None or two is None:
        return None
    if one.low in MONTHS and (hit := _ORDINAL.fullmatch(two.text)) and len(two.text) <= 4 and not (two.text.isdigit() and len(two.text) == 4):
        rest = 3 if three and three.text == "," else 2
        year = c.peek(rest)
        if year and re.fullmatch(r"\d{4}", year.text):
            return _take_day(c, rest + 1, int(year.text), MONTHS[one.low], int(hit[1]))
        c.trouble("date-without-year", f"'{one.text} {two.text}' has no year.", "Write the date as 2025-03-31.", sure=True)
        return None
    if one.low in MONTHS and re.fullmatch(r"(19|20)\d\d", two.text):
        c.i += 2
        return _month(int(two.text), MONTHS[one.low])
    if hit := _ORDINAL.fullmatch(one.text):
        rest = 2 if two.low == "of" else 1
        month, year = c.peek(rest), c.peek(rest + 1)
        if month and year and month.low in MONTHS and re.fullmatch(r"\d{4}", year.text):
            return _take_day(c, rest + 2, int(year.text), MONTHS[month.low], int(hit[1]))
    return None


def _part_of_year(c: Cursor) -> Span | None:
    """`the first quarter of 2025`, `Q1 2025`, `the second half of 2024`."""
    c.take("the")
    token = c.peek()
    hit = re.fullmatch(r"([qh])([1-4])", token.low) if token and token.kind is Kind.WORD else None
    if hit:
        c.i += 1
        kind, index = ("quarter" if hit[1] == "q" else "half"), int(hit[2])
    else:
        order = c.take(*_ORDER)
        kind_ = c.take("quarter", "half") if order else None
        if order is None or kind_ is None:
            return None
        kind, index = kind_, _ORDER[order]
    c.take("of", "in")
    c.take("the year")
    year = c.peek()
    if year is None or not re.fullmatch(r"(19|20)\d\d", year.text):
        return None
    parts, months = (4, 3) if kind == "quarter" else (2, 6)
    if index < 0 or index > parts:
        index = parts if index < 0 else 0
    if index == 0:
        return None
    c.i += 1
    first = date(int(year.text), (index - 1) * months + 1, 1)
    last = _month(int(year.text), index * months)
    return Span(first, last.end)


_ORDER = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "last": -1}


def _year(c: Cursor) -> Span | None:
    c.take("the year", "year")
    token = c.peek()
    if token is None or not re.fullmatch(r"(19|20)\d\d", token.text):
        return None
    c.i += 1
    year = int(token.text)
    return Span(date(year, 1, 1), date(year + 1, 1, 1))


def _month(year: int, month: int) -> Span:
    return Span(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))


def _take_day(c: Cursor, length: int, year: int, month: int, day: int) -> Span | None:
    try:
        start = date(year, month, day)
    except ValueError:
        c.trouble("no-such-date", f"There is no day {year}-{month:02}-{day:02}.", "Write a date of the calendar.", sure=True)
        return None
    c.i += length
    return Span(start, start + timedelta(days=1))


def value(c: Cursor, column: str | None) -> Scalar | None:
    """A literal that is compared with `column`, typed as that column asks; None if none stands here."""
    kind = c.scope.type_of(column) if column else ColumnType.UNKNOWN
    with c.saved() as keep:
        found = _value(c, column, kind)
        if found is not None:
            keep()
        return found


def _value(c: Cursor, column: str | None, kind: ColumnType) -> Scalar | None:
    token = c.peek()
    if token is None:
        return None
    if token.kind is Kind.QUOTED:
        c.i += 1
        return _fitting(c, token.text, column, kind)
    if kind is ColumnType.STRING and token.kind in (Kind.NUMBER, Kind.DATE) and token.text[-1:] != "%":
        return _string_number(c, token, column)
    if (amount := number(c)) is not None:
        return _checked_number(c, amount, token, column, kind)
    if token.kind is Kind.DATE:
        c.i += 1
        return token.text.replace(" ", "T") if len(token.text) > 10 else token.text
    if token.kind is Kind.TICK:
        c.i += 1
        return _fitting(c, token.text, column, kind)
    if kind is ColumnType.BOOLEAN and token.low in _TRUE | _FALSE:
        c.i += 1
        return token.low in _TRUE
    return _bare_text(c, column, kind)


def _string_number(c: Cursor, token: Token, column: str | None) -> Scalar | None:
    seen = c.scope.samples.get(column or "", ())
    c.i += 1
    if seen and token.text not in seen and any(_is_number(v) for v in seen):
        c.notes.append(f"`{column}` holds text; {token.text!r} is compared as text.")
    return token.text


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.,]+", text))


def _checked_number(c: Cursor, amount: int | float, token: Token, column: str | None, kind: ColumnType) -> Scalar | None:
    if token.text.endswith("%") and column:
        seen = [float(v) for v in c.scope.samples.get(column, ()) if re.fullmatch(r"-?\d+(\.\d+)?", v)]
        if not seen or max(seen) > 1:
            c.trouble(
                "percent",
                f"{token.text} of `{column}`: it is not clear whether the column holds 0.1 or 10 for 10 %.",
                "Write the number as the column holds it.",
            )
            return None
    if kind in (ColumnType.BOOLEAN, ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ):
        return None
    return amount


def _fitting(c: Cursor, text: str, column: str | None, kind: ColumnType) -> Scalar | None:
    """A quoted text as the column's type asks: `"404"` against numbers is 404."""
    if kind.is_numeric:
        stripped = text.replace(",", "")
        return (float(stripped) if "." in stripped else int(stripped)) if re.fullmatch(r"-?\d+(\.\d+)?", stripped) else text
    if kind is ColumnType.BOOLEAN and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in _TRUE
    if kind is ColumnType.STRING:
        check_spelling(c, text, column)
    return text


def check_spelling(c: Cursor, text: str, column: str | None) -> None:
    """Notes a value that the data spells otherwise, which would silently match nothing."""
    seen = c.scope.samples.get(column or "", ())
    other = sorted({v for v in seen if v.lower() == text.lower()} - {text})
    if other and text not in seen:
        c.doubts.append(
            (
                text,
                (
                    f"`{column}` holds {', '.join(map(repr, other))}, not {text!r}. Upper and lower case count: "
                    f"write the value as the data has it, or add 'ignoring case'."
                ),
            )
        )


def _bare_text(c: Cursor, column: str | None, kind: ColumnType) -> str | None:
    if kind not in (ColumnType.STRING, ColumnType.UNKNOWN):
        return None
    seen = c.scope.samples.get(column or "", ())
    lows = {v.lower() for v in seen}
    for length in range(5, 0, -1):
        span = c.tokens[c.i : c.i + length]
        if len(span) < length or any(t.kind in (Kind.QUOTED, Kind.PATH) for t in span):
            continue
        phrase = c.words_between(c.i, c.i + length)
        if phrase.lower() in lows:
            c.i += length
            check_spelling(c, phrase, column)
            return phrase
    token = c.peek()
    if (
        token is None
        or token.kind is not Kind.WORD
        or token.low in STOPWORDS | {"null", "missing", "blank", "empty", "given", "known", "present", "set"}
    ):
        return None
    c.i += 1
    if seen:
        c.notes.append(f"No row of the source has {token.text!r} in `{column}` at present.")
    return token.text
