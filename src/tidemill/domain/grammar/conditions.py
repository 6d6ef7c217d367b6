"""Conditions in English, read to a small tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.literals import Span, check_spelling, day_span, value
from tidemill.domain.grammar.phrasebook import conditions as w
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.units import take_unit
from tidemill.domain.grammar.vocabulary import singular
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import Scalar

Operand = Scalar | tuple[Scalar, ...]


class Cond:
    """A condition: one of the classes below."""


@dataclass(frozen=True)
class Test(Cond):
    """One part of a `Condition` of one column; `part` is its field name."""

    column: str
    part: str
    operand: Operand
    ignore_case: bool = False


@dataclass(frozen=True)
class Raw(Cond):
    """A comparison that only a formula can hold."""

    formula: str


@dataclass(frozen=True)
class Both(Cond):
    parts: tuple[Cond, ...]


@dataclass(frozen=True)
class Either(Cond):
    parts: tuple[Cond, ...]


@dataclass(frozen=True)
class Opposite(Cond):
    part: Cond


COMPARISONS: tuple[tuple[str, str], ...] = tuple(
    (phrase, part)
    for part, phrases in {
        "greater_than_or_equal": ">=|≥|=>|at least|no less than|not less than|no fewer than|not fewer than|not below|not under|greater "
        "than or equal to|"
        "more than or equal to|greater or equal to|greater than or equals|equal to or greater than|equal to or "
        "more than|equal to or above|on or after|from on or after|since|a minimum of|minimum|min|minimum of|at "
        "or above|no earlier than|from the start of|since the start of|since the beginning of|from the beginning of|"
        "not before|no lower than|not lower than|starting from|starting on|bigger than or equal to|above or equal "
        "to|not earlier than|not smaller than",
        "less_than_or_equal": "<=|≤|at most|no more than|not more than|no greater than|not greater than|up to|not above|not over|less "
        "than or equal to|"
        "less or equal to|smaller than or equal to|equal to or less than|equal to or below|on or before|no later "
        "than|not after|not later than|a maximum of|maximum|max|maximum of|not exceeding|at or below|"
        "by the end of|until the end of|up to the end of|till the end of|"
        "no higher than|not higher than|up to and including|until and including|through|below or equal to|under or equal to|not more than",
        "greater_than": ">|above|over|greater than|more than|larger than|bigger than|higher than|exceeds|exceed|exceeding|heavier "
        "than|older than|longer than|"
        "later than|after|beyond|strictly above|strictly greater than|strictly more than|newer than|costlier "
        "than|taller than|hotter than|warmer than|in excess of|"
        "has exceeded|exceeded|dearer than|faster than|after the end of",
        "less_than": "<|below|under|less than|smaller than|lower than|fewer than|before|earlier than|lighter than|shorter than|prior to|cheaper than|"
        "before the start of|before the beginning of|younger than|colder than|strictly below|strictly less than|strictly under|cooler than|slower than",
        "not_equals": (
            "!=|<>|≠|not equal to|not equals|does not equal|do not equal|other than|different from|anything "
            "but|differs from|anything other than|unequal to"
        ),
        "equals": "=|==|equals|equal to|equal|exactly|set to|exactly equal to|the same as|identical to|marked as|marked|recorded as",
        "not_contains": (
            "does not contain|do not contain|doesn't contain|not containing|does not include|don't contain|"
            "without the text|not contains|doesn't include|not contain"
        ),
        "contains": (
            "contains|containing|contain|includes the text|including the text|contains the text|contains "
            "the word|containing the word|containing the text|has the text|includes|mentions|mentioning"
        ),
        "not_starts_with": "does not start with|do not start with|doesn't start with|don't start with|not starting with|not start with|"
        "does not begin with|do not begin with|doesn't begin with|don't begin with|not beginning with|not begin with",
        "not_ends_with": "does not end with|do not end with|doesn't end with|don't end with|not ending with|not end with|does not end in|"
        "doesn't end in|not ending in",
        "starts_with": "starts with|starting with|begins with|beginning with|start with|begin with|starts in|prefixed with",
        "ends_with": "ends with|ending with|ends in|ending in|end with|end in",
        "matches": "matches the regex|matching the regex|matches the regular expression|matches the pattern|matching the pattern",
    }.items()
    for phrase in phrases.split("|")
)
_BY_LENGTH = tuple(sorted(COMPARISONS, key=lambda p: -len(p[0].split())))
_OPPOSITE = {
    "equals": "not_equals", "not_equals": "equals", "greater_than": "less_than_or_equal", "greater_than_or_equal": "less_than",
    "less_than": "greater_than_or_equal", "less_than_or_equal": "greater_than", "in_": "not_in", "not_in": "in_", "contains": "not_contains",
    "not_contains": "contains",
}  # fmt: skip


def condition(c: Cursor) -> Cond | None:
    """A condition with its `and`s and `or`s; `and` binds tighter, and both without brackets are doubted."""
    start = c.i
    first = c.attempt(lambda: _conjunction(c))
    if first is None:
        return None
    parts = [first]
    while more := c.attempt(
        lambda: _after(
            c, ("or", "or where", "or if", "or when", "or with", "or whose", "or that", "or which", "or else", "||"), lambda: _conjunction(c)
        )
    ):
        parts.append(more)
    if len(parts) == 1:
        return first
    if any(isinstance(p, Both) for p in parts) and not any(t.text == "(" for t in c.tokens[start : c.i]):
        c.doubts.append(
            (
                c.words_between(start, c.i),
                "It is not clear how 'and' and 'or' belong together here: 'and' was read first. Put brackets, as in '(A and B) or C'.",
            )
        )
    return Either(tuple(parts))


def _after(c: Cursor, marks: tuple[str, ...], reader: Callable[[], Cond | None]) -> Cond | None:
    c.take(",")
    return reader() if c.take(*marks) else None


def _conjunction(c: Cursor) -> Cond | None:
    first = c.attempt(lambda: _simple(c))
    if first is None:
        return None
    parts = [first]
    while more := c.attempt(lambda: _after(c, w.ANDS, lambda: _simple(c))):
        parts.append(more)
    return first if len(parts) == 1 else Both(tuple(parts))


def _simple(c: Cursor) -> Cond | None:
    return c.first(
        (
            _bracketed,
            _negated,
            _at_least_one,
            _neither_there,
            _value_of_column,
            _prefix_absent,
            _about_columns,
            _reversed,
            _without_subject,
            _adjective,
            _calculated,
        )
    )


def _bracketed(c: Cursor) -> Cond | None:
    if not c.take("("):
        return None
    inner = condition(c)
    return inner if inner is not None and c.take(")") else None


def _negated(c: Cursor) -> Cond | None:
    if c.take("neither"):
        one = _simple(c)
        other = _simple(c) if one and c.take("nor") else None
        return Both((opposite(one), opposite(other))) if one and other else None
    if not c.take("not", "it is not the case that"):
        return None
    inner = c.attempt(lambda: _bracketed(c)) or c.attempt(lambda: _about_columns(c))
    return opposite(inner) if inner else None


def _at_least_one(c: Cursor) -> Cond | None:
    """`at least one of phone and email is filled`."""
    if not c.take("at least one of", "any one of", "at least one out of"):
        return None
    c.take("the columns", "the")
    start = c.i
    names = c.columns(demanded=True)
    parts = predicate(c, names, start) if len(names) > 1 else None
    return Either(parts.parts) if isinstance(parts, Both | Either) and len(parts.parts) == len(names) else None


def _neither_there(c: Cursor) -> Cond | None:
    """`with neither phone nor email`."""
    if not c.take("with neither", "have neither", "has neither", "having neither", "that have neither"):
        return None
    names: list[str] = []
    while name := c.column(demanded=not names):
        names.append(name)
        c.take(",")
        if not c.take("nor", "and nor", "or"):
            break
    return Both(tuple(Test(n, "is_null", operand=True) for n in names)) if len(names) > 1 else None


def _value_of_column(c: Cursor) -> Cond | None:
    """`with a temporary contract`: a value that the column behind it holds."""
    if not c.take("with", "that have", "who have", "having", "have"):
        return None
    c.articles()
    token = c.peek()
    test = grounded(c, token.text) if token and token.kind is Kind.WORD else None
    if test is None:
        return None
    c.i += 1
    return test if c.column() == test.column else None


def opposite(cond: Cond) -> Cond:
    """The condition turned round, as English means it: a missing value is "not open"."""
    if isinstance(cond, Test):
        if cond.part == "is_null":
            return Test(cond.column, "is_null", not cond.operand)
        if cond.part in ("equals", "in_", "contains"):
            return Test(cond.column, _OPPOSITE[cond.part], cond.operand, cond.ignore_case)
    if isinstance(cond, Opposite):
        return cond.part
    return Opposite(cond)


def _spread(c: Cursor, names: tuple[str, ...], start: int, make: Callable[[str], Cond]) -> Cond:
    parts = tuple(make(n) for n in names)
    if len(parts) == 1:
        return parts[0]
    ored = any(t.low == "or" for t in c.tokens[start : c.i]) or any(t.low == "either" for t in c.tokens[max(start - 1, 0) : c.i])
    return Either(parts) if ored else Both(parts)


def _prefix_absent(c: Cursor) -> Cond | None:
    start = c.i
    phrase = c.take(*w.WITHOUT)  # fmt: skip
    if phrase and c.sees("both"):
        c.trouble("unclear", "'without both' can mean that one of them is missing, or both.", "Say 'where a is missing and b is missing', or 'or'.")
        return None
    if phrase:
        if c.take("null or", "empty or"):
            c.take("missing", "empty")
        names = c.columns(demanded=True)
        return _spread(c, names, start, lambda n: Test(n, "is_null", operand=True)) if names else None
    if c.take(*w.WITH_A):  # fmt: skip
        names = c.columns()
        rest = c.peek()
        if names and (rest is None or rest.text in ",.;)" or rest.low in ("and", "then")):
            return _spread(c, names, start, lambda n: Test(n, "is_null", operand=False))
    return None


def _about_columns(c: Cursor) -> Cond | None:
    start = c.i
    c.take(*w.THE)  # fmt: skip
    names = c.columns(demanded=_value_follows(c))
    if not names:
        return None
    c.take("of the row", "of the order", "of each row")
    cond = predicate(c, names, start)
    if cond is not None:
        c.subject = names
    return cond


def _value_follows(c: Cursor) -> bool:
    """True if the word here is compared with something, so that it must be a column."""
    ahead = [t.low for t in c.tokens[c.i : c.i + 4]]
    return any(w in ("is", "are", "=", "==", ">", "<", ">=", "<=", "equals", "contains", "!=", "above", "below", "exceeds") for w in ahead[1:])


def predicate(c: Cursor, names: tuple[str, ...], start: int) -> Cond | None:
    """What is said of the columns `names`: `is above 3`, `= 'x'`, `contains "bot" (ignore case)`."""
    c.take("value", "values")
    copula = bool(c.take(*w.COPULAS))
    c.take(*w.ALL)
    if c.take("not") and not c.sees(*w.MISSING):
        inner = _positive(c, names, start, bare=True)
        return opposite(inner) if inner else None
    if c.tokens[c.i - 1].low == "not":
        c.i -= 1
    if c.take("isn't", "aren't", "is n't", "wasn't"):
        inner = _positive(c, names, start, bare=True)
        return opposite(inner) if inner else None
    return _positive(c, names, start, bare=copula)


def _positive(c: Cursor, names: tuple[str, ...], start: int, *, bare: bool) -> Cond | None:
    if c.take("neither"):
        return _none_of_these(c, names)
    if len(names) == 1 and c.scope.type_of(names[0]).is_numeric and (bound := c.take(*_BOUNDS)):
        return Test(names[0], _BOUNDS[bound], 0)
    if len(names) > 1 and not bare and not c.sees(*w.ABSENT, *w.THERE, *(p for p, _ in COMPARISONS)):
        return None
    if (test := c.attempt(lambda: _presence(c))) is not None:
        return _spread(c, names, start, lambda n: Test(n, "is_null", operand=test))
    if (
        len(names) == 1
        and not c.sees("zero or", "zero and")
        and (sign := c.take("positive", "negative", "zero", "non-negative", "non-zero", "nonzero"))
        and c.scope.type_of(names[0]).is_numeric
    ):
        part = {"positive": "greater_than", "negative": "less_than", "zero": "equals", "non-negative": "greater_than_or_equal"}.get(
            sign, "not_equals"
        )
        return Test(names[0], part, 0)
    if len(names) > 1:
        conds = []
        place = c.i
        for name in names:
            c.i = place
            one = _one(c, name, bare=bare)
            if one is None:
                return None
            conds.append(one)
        return _spread(c, names, start, lambda n: conds[names.index(n)])
    return _one(c, names[0], bare=bare)


_BOUNDS = {
    "zero or negative": "less_than_or_equal", "negative or zero": "less_than_or_equal", "0 or negative": "less_than_or_equal",
    "negative or 0": "less_than_or_equal", "zero or positive": "greater_than_or_equal", "positive or zero": "greater_than_or_equal",
}  # fmt: skip


def _none_of_these(c: Cursor, names: tuple[str, ...]) -> Cond | None:
    """`is neither open nor late`."""
    found = [first] if len(names) == 1 and (first := value(c, names[0])) is not None else []
    while found and c.take("nor", ", nor", "or") and (more := value(c, names[0])) is not None:
        found.append(more)
    return Test(names[0], "not_in", tuple(found)) if len(found) > 1 else None


def _presence(c: Cursor) -> bool | None:
    """True: missing; False: there."""
    absent = c.take(*w.ABSENT)
    if absent or c.take(*w.THERE):
        rest = c.peek()
        return bool(absent) if rest is None or rest.low != "to" else None
    return None


def _one(c: Cursor, name: str, *, bare: bool) -> Cond | None:
    found = c.first((_between, _membership, _compared, _in_period), name)
    return found if found is not None else c.attempt(lambda: _bare_values(c, name, bare=bare))


def _is_temporal(c: Cursor, name: str) -> bool:
    kind = c.scope.type_of(name)
    if kind.is_temporal:
        return True
    if kind is ColumnType.STRING:
        seen = c.scope.samples.get(name, ())
        return bool(seen) and all(re.match(r"\d{4}-\d\d-\d\d", v) for v in seen)
    return kind is ColumnType.UNKNOWN


def _between(c: Cursor, name: str) -> Cond | None:
    if not c.take(*w.BETWEEN):
        return None
    inclusive = "exclusive" not in c.text.lower()
    if _is_temporal(c, name) and (low := day_span(c)):
        if c.take("onwards", "onward", "on", "or later", "and later", "and on"):
            return period(c, name, "greater_than_or_equal", low)
        high = day_span(c) if c.take(*w.AND) else None
        return _days(c, name, low, high) if high and inclusive else None
    first = value(c, name)
    take_unit(c, name)
    second = value(c, name) if first is not None and c.take("and", "to", "-", "–", "up to", "through") else None
    take_unit(c, name)
    if second is None or first is None or not inclusive:
        return None
    _inclusive_remark(c)
    return Test(name, "between", (first, second))


def _inclusive_remark(c: Cursor) -> None:
    with c.saved() as keep:
        c.take(",")
        bracket = c.take("(")
        if c.take(*w.INCLUSIVE) and (not bracket or c.take(")")):
            keep()


def _days(c: Cursor, name: str, low: Span, high: Span) -> Cond:
    _inclusive_remark(c)
    last = high.end - timedelta(days=1)
    if c.scope.type_of(name) in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ):
        return Both((Test(name, "greater_than_or_equal", low.start.isoformat()), Test(name, "less_than", high.end.isoformat())))
    return Test(name, "between", (low.start.isoformat(), last.isoformat()))


def period(c: Cursor, name: str, part: str, span: Span) -> Cond:
    """A comparison of a date or time with whole days: after a day means from the next day on."""
    _inclusive_remark(c)
    first, following = span.start.isoformat(), span.end.isoformat()
    is_date = c.scope.type_of(name) not in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ)
    one_day = span.end - span.start == timedelta(days=1)
    if is_date and one_day:
        return Test(name, part, first)
    match part:
        case "greater_than":
            return Test(name, "greater_than_or_equal", following)
        case "less_than" | "greater_than_or_equal":
            return Test(name, part, first)
        case "less_than_or_equal":
            return Test(name, "less_than", following)
    inside = Both((Test(name, "greater_than_or_equal", first), Test(name, "less_than", following)))
    return inside if part == "equals" else Opposite(inside)


def _in_period(c: Cursor, name: str) -> Cond | None:
    c.take(*w.IN)
    if not _is_temporal(c, name) or (span := day_span(c)) is None:
        return None
    if c.take(*w.ONWARDS):
        return period(c, name, "greater_than_or_equal", span)
    if c.take("or earlier", "or before", "and earlier", "and before"):
        return period(c, name, "less_than_or_equal", span)
    return period(c, name, "equals", span)


def _membership(c: Cursor, name: str) -> Cond | None:
    phrase = c.take(*w.IN_2)  # fmt: skip
    if not phrase:
        return None
    c.take(":")
    bracket = c.take("(", "[", "{")
    values = values_list(c, name)
    if not values or (bracket and not c.take(")", "]", "}")):
        return None
    part = "not_in" if phrase.startswith(("not", "none")) else "in_"
    return Test(name, part, tuple(values), ignore_case(c))


def values_list(c: Cursor, name: str) -> list[Scalar]:
    """`a, b or c`."""
    c.take("either", "the values", "the value")
    first = value(c, name)
    found = [] if first is None else [first]
    while found and (more := _next_value(c, name)) is not None:
        found.append(more)
    return found


def _next_value(c: Cursor, name: str) -> Scalar | None:
    before = c.peek(-1)
    with c.saved() as keep:
        comma, word = c.take(","), c.take("or", "and", "/", "nor", "|")
        if not (comma or word) or c.done or _starts_condition(c):
            return None
        token = c.tokens[c.i]
        if before and before.kind is Kind.QUOTED and token.kind is Kind.WORD and token.text not in c.scope.samples.get(name, ()):
            return None
        found = value(c, name)
        if found is None or (isinstance(found, str) and c.scope.type_of(name).is_numeric):
            return None
        keep()
        return found


def _starts_condition(c: Cursor) -> bool:
    """True if a column with something said of it stands here, rather than one more value."""
    token = c.peek()
    if token is None or token.kind in (Kind.QUOTED, Kind.NUMBER):
        return False
    with c.saved():
        if c.sees(*w.ONLY):
            return True
        c.take("the", "a", "an")
        return bool(c.column()) and (c.done or c.sees(*w.COPULAS, *(p for p, _ in COMPARISONS), "between", "in", "not", "missing", "isn't"))


def _compared(c: Cursor, name: str) -> Cond | None:
    part = next((part for phrase, part in _BY_LENGTH if c.take(phrase)), None)
    if part is None:
        return None
    c.take(*w.THE_2)
    if part in ("not_starts_with", "not_ends_with"):
        turned = _text_part(c, name, part.removeprefix("not_"))
        return None if turned is None else Opposite(turned)
    if part in ("starts_with", "ends_with", "contains", "not_contains", "matches"):
        return _text_part(c, name, part)
    if _is_temporal(c, name) and (span := c.attempt(lambda: day_span(c))):
        return period(c, name, part, span)
    if part in _SIGNS and (other := c.longest(lambda: _other_side(c, name), lambda: _calculated_side(c))) is not None:
        return Raw(f"{{{name}}} {_SIGNS[part]} {other}")
    if part in ("equals", "not_equals") and (found := values_list(c, name)):
        if len(found) == 1:
            return Test(name, part, found[0], ignore_case(c))
        return Test(name, "in_" if part == "equals" else "not_in", tuple(found), ignore_case(c))
    operand = value(c, name)
    if operand is None or (isinstance(operand, str) and c.scope.type_of(name).is_numeric):
        return None
    take_unit(c, name)
    return Test(name, part, operand)


_SIGNS = {"equals": "=", "not_equals": "!=", "greater_than": ">", "greater_than_or_equal": ">=", "less_than": "<", "less_than_or_equal": "<="}


def _calculated_side(c: Cursor) -> str | None:
    """`cost times 2`: a calculation with a column on the right side."""
    if c.calculation is None or (token := c.peek()) is None or token.kind is Kind.QUOTED:
        return None
    text = c.calculation(c)
    return text if text and "{" in text and not re.fullmatch(r"\{[^{}]*\}", text) else None


def _other_side(c: Cursor, name: str) -> str | None:
    """Another column, possibly times or plus a number, that `name` is compared with."""
    token = c.peek()
    if token is None or token.kind in (Kind.QUOTED, Kind.NUMBER, Kind.DATE):
        return None
    c.take("twice", "the", "its", "their")
    if c.tokens[c.i - 1].low == "twice":
        other = c.column()
        return f"2 * {{{other}}}" if other else None
    other = c.column()
    if other is None or other == name:
        return None
    kind = c.scope.type_of(other)
    if (
        kind is not c.scope.type_of(name)
        and not (kind.is_numeric and c.scope.type_of(name).is_numeric)
        and not (kind.is_temporal and c.scope.type_of(name).is_temporal)
    ):
        return None
    return f"{{{other}}}"


def _text_part(c: Cursor, name: str, part: str) -> Cond | None:
    found: list[str] = []
    while (token := c.peek()) and token.kind in (Kind.QUOTED, Kind.WORD, Kind.NUMBER, Kind.TICK, Kind.MARK):
        if token.kind is Kind.MARK and token.text not in "@#_/.+-":
            break
        c.i += 1
        found.append(token.text)
        with c.saved() as keep:
            if c.take(", or", "or") and (following := c.peek()) and following.kind is Kind.QUOTED:
                keep()
                continue
        break
    if not found:
        return None
    ignoring = ignore_case(c)
    tests: tuple[Cond, ...] = tuple(Test(name, part, text, ignoring) for text in found)
    if len(tests) == 1:
        return tests[0]
    return Both(tests) if part.startswith("not") else Either(tests)


def ignore_case(c: Cursor) -> bool:
    """Consumes a remark that upper and lower case do not matter."""
    with c.saved() as keep:
        c.take(",")
        bracket = c.take("(")
        if c.take(*w.IGNORE_CASE) and (not bracket or c.take(")")):
            keep()
            return True
    return False


def _bare_values(c: Cursor, name: str, *, bare: bool) -> Cond | None:
    """`is gold`, `is open or late`, `is 80 or more`; without a copula the value must be sure to be one."""
    token = c.peek()
    if token is None:
        return None
    c.take("either", "the", ":")
    start = c.i
    first = value(c, name)
    if first is None:
        return None
    take_unit(c, name)
    if c.take(*w.OR_MORE):
        return Test(name, "greater_than_or_equal", first)
    if c.take(*w.OR_LESS):
        return Test(name, "less_than_or_equal", first)
    if not bare and not _certain(c, name, first):
        return None
    c.i = start
    found = values_list(c, name)
    if c.take("but not") or not found:
        return None
    take_unit(c, name)
    return Test(name, "equals", found[0], ignore_case(c)) if len(found) == 1 else Test(name, "in_", tuple(found), ignore_case(c))


def _certain(c: Cursor, name: str, operand: Scalar) -> bool:
    previous = c.peek(-1)
    return (previous is not None and previous.kind is Kind.QUOTED) or str(operand) in c.scope.samples.get(name, ())


def _reversed(c: Cursor) -> Cond | None:
    """`more than 3 visits`, `heavier than 2.5 in weight_kg`, `at least 10 of quantity`."""
    c.take(*w.WITH)
    c.take("a")
    place = c.i
    part = next((part for phrase, part in _BY_LENGTH if c.take(phrase)), None)
    if part not in _SIGNS:
        return None
    after = c.i
    with c.saved():
        if day_span(c) is None and value(c, None) is None:
            return None
        c.take(*w.IN_3)
        counted = c.row_count if c.low() in ("rows", "row", "records", "entries", "lines") else ""
        name = counted or c.column()
        c.i += bool(counted)
        end = c.i
    if name is None:
        return None
    c.i = after
    if _is_temporal(c, name) and (span := c.attempt(lambda: day_span(c))):
        found: Cond = period(c, name, part, span)
    else:
        operand = value(c, name)
        if operand is None or (isinstance(operand, str) and place != after and c.scope.type_of(name) is not ColumnType.STRING):
            return None
        found = Test(name, part, operand)
    c.i = end
    c.subject = (name,)
    return found


def _without_subject(c: Cursor) -> Cond | None:
    """`above 10 and below 100`: the second condition is about the column of the first."""
    if not c.subject:
        return None
    c.take("it", "that", "this", "they", "the value", "the same column")
    token = c.peek()
    if token is None or not (c.sees("not", "is", "are", "between", "does", "has been", *(p for p, _ in COMPARISONS))):
        return None
    return predicate(c, c.subject, c.i)


def _adjective(c: Cursor) -> Cond | None:
    """`active`: a column of yes and no that is called so."""
    start = c.i
    negative = bool(c.take("not", "is not", "are not", "isn't", "aren't"))
    if not negative:
        c.take(*w.IS)
    token = c.peek()
    if token is None or token.kind is not Kind.WORD:
        return None
    name = next((n for n in (token.text, f"is_{token.low}", f"is_{singular(token.low)}") if c.scope.find(n, lenient=False).names), None)
    if name is None:
        return _grounded_adjective(c, negative=negative) if c.i > start else None
    column = c.scope.find(name, lenient=False).names[0]
    if c.scope.type_of(column) is not ColumnType.BOOLEAN:
        return None
    c.i += 1
    c.subject = (column,)
    return Test(column, "equals", not negative)


def _grounded_adjective(c: Cursor, *, negative: bool) -> Cond | None:
    """`that are paid or open`: values that exactly one column holds."""
    test = grounded(c, c.tokens[c.i].text)
    if test is None:
        return None
    values = values_list(c, test.column)
    if not values:
        return None
    c.subject = (test.column,)
    found = Test(test.column, "equals", values[0]) if len(values) == 1 else Test(test.column, "in_", tuple(values))
    return opposite(found) if negative else found


def _calculated(c: Cursor) -> Cond | None:
    """`quantity times unit_price is above 100`: something calculated is compared."""
    if c.calculation is None:
        return None
    c.take("the", "where", "whose")
    left = c.calculation(c)
    if left is None or left.count("{") < 1 or re.fullmatch(r"\{[^{}]*\}", left):
        return None
    c.take("is", "are", "comes to", "was")
    part = next((part for phrase, part in _BY_LENGTH if c.take(phrase)), None)
    right = c.calculation(c) if part in _SIGNS else None
    return Raw(f"{left} {_SIGNS[part]} {right}") if part and right else None


def grounded(c: Cursor, word: str) -> Test | None:
    """The test that "active customers" asks for, if exactly one column holds "active", spelled so."""
    holders = c.scope.columns_holding(word)
    if len(holders) != 1:
        return None
    name = holders[0]
    spelled = [v for v in c.scope.samples[name] if v.lower() == word.lower()]
    if len(set(spelled)) != 1:
        return None
    check_spelling(c, spelled[0], name)
    return Test(name, "equals", spelled[0])
