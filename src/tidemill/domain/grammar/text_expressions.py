"""Calculations on texts in English: case, trimming, parts, joining."""

from __future__ import annotations

from collections.abc import Callable

from tidemill.domain.grammar.condition_config import literal
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.phrasebook import text_expressions as w
from tidemill.domain.grammar.text_edits import edited, initials
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.table_schema import ColumnType

Reader = Callable[[Cursor], "str | None"]
_PREFIXED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("lowercase", "lower case", "lowercased", "lower-case", "lower-cased", "lower", "small letters"), "lower({})"),
    (("uppercase", "upper case", "uppercased", "upper-case", "upper-cased", "upper", "capital letters", "capitals"), "upper({})"),
    (("trim", "trimmed", "stripped", "whitespace-trimmed", "trimmed version"), "trim({})"),
    (("length", "number of characters", "character count", "number of letters", "number of characters in"), "length({})"),
    (("title case", "title-case", "titlecase", "title-cased"), "title({})"),
    (("first letter", "first character", "initial", "initial letter"), "left({}, 1)"),
    (("last letter", "last character"), "right({}, 1)"),
    (("reverse", "reversed"), "reverse({})"),
    (("domain",), "split_part({}, '@', 2)"),
)
_BEHIND: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        (
            "in lower case",
            "in lowercase",
            "in small letters",
            "as lower case",
            "lowercased",
            "in lower-case",
            "converted to lower case",
            "to lower case",
            "to lowercase",
            "made lower case",
            "lowercase",
            "in lower case letters",
            "all lower case",
            "in lowercase letters",
        ),
        "lower({})",
    ),
    (
        (
            "in upper case",
            "in uppercase",
            "in capitals",
            "in capital letters",
            "as upper case",
            "uppercased",
            "in upper-case",
            "converted to upper case",
            "to upper case",
            "to uppercase",
            "made upper case",
            "uppercase",
            "all upper case",
            "in uppercase letters",
        ),
        "upper({})",
    ),
    (
        (
            "trimmed",
            "without surrounding spaces",
            "without leading and trailing spaces",
            "with surrounding spaces removed",
            "with spaces trimmed",
            "without spaces around it",
            "stripped of spaces",
            "stripped",
            "without the spaces around it",
            "with leading and trailing spaces removed",
        ),
        "trim({})",
    ),
    (("in title case",), "title({})"),
)


def text_function(c: Cursor, operand: Reader) -> str | None:
    """`lowercase of the trimmed email`, `first 3 characters of code`, `a in upper case`."""
    found = c.attempt(lambda: _prefixed(c, operand)) or c.attempt(lambda: _some_characters(c, operand)) or c.attempt(lambda: _replacing(c, operand))
    found = found or c.attempt(lambda: initials(c, operand))
    if found is None:
        found = c.attempt(lambda: _plain(c))
        behind = _behind(c, found) if found else None
        return behind if behind != found else None
    return _behind(c, found)


def _plain(c: Cursor) -> str | None:
    name = c.column()
    return f"{{{name}}}" if name and c.scope.type_of(name) in (ColumnType.STRING, ColumnType.UNKNOWN) else None


def _prefixed(c: Cursor, operand: Reader) -> str | None:
    c.articles()
    shape = next((shape for words, shape in _PREFIXED if c.take(*words)), None)
    if shape is None:
        return None
    with c.saved() as keep:
        if c.take("and", ",") and (second := next((s for words, s in _PREFIXED if c.take(*words)), None)):
            shape = shape.format(second)
            keep()
    c.take("version", "form")
    c.take("of", "in", "part of", "from", "of the")
    inner = operand(c)
    return shape.format(inner) if inner else None


def _behind(c: Cursor, text: str) -> str:
    while True:
        if not any(c.sees(*words) for words, _ in _BEHIND) and (changed := edited(c, text)) is not None:
            text = changed
            continue
        with c.saved() as keep:
            c.take("and", ",", ", and")
            shape = next((shape for words, shape in _BEHIND if c.take(*words)), None)
            if shape is None:
                return text
            keep()
            text = shape.format(text)


def _some_characters(c: Cursor, operand: Reader) -> str | None:
    c.articles()
    start = c.i
    side = c.take("first", "last", "leading", "trailing")
    count = c.count() if side else None
    if count is None or not c.take("characters", "letters", "digits", "chars", "character"):
        return None
    inner = operand(c) if c.take("of", "from", "in") else None
    if inner and inner.startswith("replace("):
        c.doubts.append(
            (c.words_between(start, c.i), "The characters are counted after the replacement; say it in two sentences if it is the other way round.")
        )
    return f"{'left' if side in ('first', 'leading') else 'right'}({inner}, {count})" if inner else None


def _replacing(c: Cursor, operand: Reader) -> str | None:
    """`name with "_" replaced by "-"`, `the part of email before "@"`."""
    c.articles()
    if c.take("part", "text", "everything"):
        first = c.take("before", "after", "before the", "after the")
        token = c.peek()
        if first and token and (token.kind is Kind.QUOTED or token.text in "@-_/"):
            c.i += 1
            inner = operand(c) if c.take("in", "of") else None
        else:
            inner = operand(c) if c.take("of") else None
            first = c.take("before", "after", "before the", "after the") if inner else None
            token = c.peek()
            if not first or token is None or not (token.kind is Kind.QUOTED or token.text in "@-_/"):
                return None
            c.i += 1
        if not inner or not first:
            return None
        return f"split_part({inner}, {literal(token.text)}, {1 if first.startswith('before') else 2})"
    return None


_SEPARATORS = {
    "space": " ",
    "blank": " ",
    "single space": " ",
    "comma": ",",
    "hyphen": "-",
    "dash": "-",
    "underscore": "_",
    "slash": "/",
    "colon": ":",
    "comma and a space": ", ",
    "comma and space": ", ",
    "semicolon": ";",
    "dot": ".",
    "single blank": " ",
    "pipe": "|",
}


def _separator(c: Cursor) -> str | None:
    c.take("a", "an", "one", "the")
    token = c.peek()
    if token is not None and token.kind is Kind.QUOTED:
        c.i += 1
        return token.text
    word = c.take(*_SEPARATORS)
    return _SEPARATORS[word] if word else None


def glued(c: Cursor, operand: Reader) -> str | None:
    """Texts put together: `first_name, a space and last_name`, `a and b joined with a hyphen`."""
    c.articles()
    asked = bool(c.take(*w.CONCATENATION_OF))
    first = operand(c)
    if first is None:
        return None
    parts = [first]
    while more := c.attempt(lambda: _next_part(c, operand)):
        parts.append(more)
    if len(parts) < 2:
        return None
    return _ending(c, parts, asked=asked)


def _next_part(c: Cursor, operand: Reader) -> str | None:
    marked = bool(c.take(","))
    if not (c.take(*w.AND) or marked):
        return None
    if (text := c.attempt(lambda: _separator(c))) is not None:
        return literal(text)
    return operand(c)


def _ending(c: Cursor, parts: list[str], *, asked: bool) -> str | None:
    c.take(",")
    c.take(*w.JOINED)
    verb = c.tokens[c.i - 1].low in (
        "joined",
        "separated",
        "together",
        "concatenated",
        "combined",
        "connected",
        "linked",
        "up",
        "join",
        "combine",
        "concatenate",
    )
    separator: str | None = None
    if c.take(*w.WITHOUT_A_SPACE):
        separator = ""
    elif c.take("with", "by", "using"):
        separator = _separator(c)
        if separator is None:
            return None
        c.take("between", "between them", "in between", "as separator", "as the separator", "in the middle")
        verb = True
    has_text = any(p.startswith(("'", '"')) for p in parts)
    if separator is None:
        return _concat(parts) if has_text or (verb and has_text) else None
    if separator and len(parts) > 1:
        parts = [x for p in parts for x in (p, literal(separator))][:-1]
    return _concat(parts) if verb or asked or separator == "" else None


def _concat(parts: list[str]) -> str:
    return f"concat({', '.join(parts)})"
