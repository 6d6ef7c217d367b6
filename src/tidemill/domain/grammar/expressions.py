"""Calculations in English, read to formula text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tidemill.domain.grammar.condition_config import formula, literal
from tidemill.domain.grammar.conditions import condition
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.literals import number
from tidemill.domain.grammar.phrasebook import expressions as w
from tidemill.domain.grammar.text_expressions import glued, text_function
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import STOPWORDS
from tidemill.domain.table_schema import ColumnType

Signs = Sequence[tuple[str, str]]
_SUMS: Signs = (("plus", "+"), ("added to", "+"), ("minus", "-"), ("less", "-"), ("+", "+"), ("-", "-"), ("–", "-"), ("−", "-"))
_PRODUCTS: Signs = (
    ("times", "*"),
    ("multiplied by", "*"),
    ("multiplied with", "*"),
    ("*", "*"),
    ("×", "*"),
    ("·", "*"),
    ("x", "*"),
    ("divided by", "/"),
    ("multiply by", "*"),
    ("divide by", "/"),
    ("over", "/"),
    ("/", "/"),
    ("÷", "/"),
    ("%", "%"),
    ("modulo", "%"),
)
_MULTIPLES = {"twice": 2, "double": 2, "half": 0.5, "half of": 0.5, "triple": 3, "half the": 0.5, "twice the": 2, "double the": 2}
_UNITS = {"days": "day", "day": "day", "weeks": "week", "months": "month", "years": "year", "hours": "hour", "minutes": "minute", "seconds": "second"}
_CALLED = re.compile(r"[a-z_][a-z0-9_]*")


def expression(c: Cursor) -> str | None:
    """A calculation as formula text; None if none stands here."""
    first = c.longest(lambda: conditional(c), lambda: calculation(c), lambda: glued(c, operand))
    if first is None:
        return None
    first = _conditional_behind(c, first)
    return _rounded(c, first)


def calculation(c: Cursor) -> str | None:
    """Sums of products."""
    if (shifted := c.attempt(lambda: _shifted_date(c))) is not None:
        return shifted
    return _chain(c, _SUMS, lambda: _chain(c, _PRODUCTS, lambda: operand(c)))


def _chain(c: Cursor, signs: Signs, reader: Callable[[], str | None]) -> str | None:
    found = reader()
    if found is None:
        return None
    while more := c.attempt(lambda: _signed(c, signs, reader)):
        found += more
    return found


def _signed(c: Cursor, signs: Signs, reader: Callable[[], str | None]) -> str | None:
    sign = next((sign for phrase, sign in signs if c.take(phrase)), None)
    start = c.i
    right = reader() if sign else None
    if right and sign and sign in "+-" and _lone_percentage(c, start):
        c.trouble("percentage", "It is not said of what this percentage is.", "Write 'price times 1.19', or 'price plus 19% of price'.", at=start)
        return None
    return f" {sign} {right}" if right else None


def _lone_percentage(c: Cursor, start: int) -> bool:
    """True of `19 %` behind a plus, which people mean of what stands before it."""
    words = [t.low for t in c.tokens[start : c.i]]
    return "of" not in words and (words[0].endswith("%") or any(word in ("percent", "cent", "%") for word in words[1:3]))


def operand(c: Cursor) -> str | None:
    """One part of a calculation."""
    c.take("the value of", "value of")
    readers = (
        _imperative,
        _bracketed,
        _negative,
        _of_several,
        _whichever,
        _percent_change,
        _scaled,
        _month_text,
        _multiple,
        _percentage_of,
        _between_two,
        _date_part,
        _date_shift,
        text_function_of,
        _function_call,
        _rounding,
        _coalesced,
        _column,
        _number,
        _text,
        _fixed_date,
    )
    return c.first(readers)


def text_function_of(c: Cursor) -> str | None:
    return text_function(c, operand)


def _imperative(c: Cursor) -> str | None:
    """`multiply a by b`, `divide a by b`, `subtract b from a`."""
    verb = c.take("multiply", "divide", "subtract")
    one = operand(c) if verb else None
    two = operand(c) if one and c.take(*(("from",) if verb == "subtract" else ("by", "with"))) else None
    if not two:
        return None
    return f"({two} - {one})" if verb == "subtract" else f"({one} {'*' if verb == 'multiply' else '/'} {two})"


def _bracketed(c: Cursor) -> str | None:
    if not c.take("("):
        return None
    inner = expression(c)
    return f"({inner})" if inner and c.take(")") else None


def _negative(c: Cursor) -> str | None:
    if not c.take("-", "minus"):
        return None
    inner = operand(c)
    return f"-{inner}" if inner else None


def _multiple(c: Cursor) -> str | None:
    word = c.take(*_MULTIPLES)
    inner = operand(c) if word else None
    return f"{_MULTIPLES[word]} * {inner}" if inner and word else None


def _percentage_of(c: Cursor) -> str | None:
    """`20% of amount`."""
    token = c.peek()
    share = number(c)
    if share is None or token is None or not (token.text.endswith("%") or c.tokens[c.i - 1].low in ("percent", "cent")) or not c.take("of", "of the"):
        return None
    inner = operand(c)
    return f"{share} * {inner}" if inner else None


def _between_two(c: Cursor) -> str | None:
    """`the difference between a and b`, `the days between a and b`, `the product of a and b`."""
    c.articles()
    if unit := c.take(*w.NUMBER_OF_DAYS):
        return _date_difference(c, unit)
    for words, sign in (
        (("difference between", "difference of"), "-"),
        (("product of",), "*"),
        (("sum of", "total of"), "+"),
        (("ratio of", "ratio between", "quotient of"), "/"),
    ):
        if c.take(*words):
            one = operand(c)
            two = operand(c) if one and (c.take("and", "to") or (sign in "+*" and c.take(","))) else None
            if not two:
                return None
            if sign == "-" and _temporal(c, one):
                return None
            while sign in "+*" and (more := c.attempt(lambda: operand(c) if c.list_mark() else None)):
                two = f"{two} {sign} {more}"
            return f"({one} {sign} {two})"
    return _extreme(c)


def _extreme(c: Cursor) -> str | None:
    """`the smaller of a and b`."""
    word = c.take("smaller of", "lower of", "lesser of", "larger of", "higher of", "greater of", "bigger of")
    one = operand(c) if word else None
    two = operand(c) if one and c.take("and", "or") else None
    if not word or not two:
        return None
    return f"{'least' if word[0] in 'sl' and word != 'larger of' else 'greatest'}({one}, {two})"


def _of_several(c: Cursor) -> str | None:
    """`the average of q1, q2 and q3` of the columns of one row."""
    c.articles()
    word = c.take(*w.OF_SEVERAL)
    found = _operand_list(c) if word else []
    if word is None or len(found) < 2:
        return None
    if word.startswith(("average", "mean")):
        return f"(({' + '.join(found)}) / {len(found)})"
    low = word.startswith(("lowest", "smallest", "minimum", "earliest", "least"))
    return f"{'least' if low else 'greatest'}({', '.join(found)})"


def _whichever(c: Cursor) -> str | None:
    """`q1 or q2, whichever is larger`, `whichever is larger, q1 or q2`."""
    word = c.take(*w.WHICHEVER_IS_MORE, *w.WHICHEVER_IS_LESS)
    c.take(",", "of", ":")
    c.take("either", "the")
    one = c.column()
    two = c.column() if one and c.take("or", "and") else None
    if two is None:
        return None
    if word is None:
        c.take(",", "(", "-")
        word = c.take(*w.WHICHEVER_IS_MORE, *w.WHICHEVER_IS_LESS)
        c.take(")")
    if word is None:
        return None
    return f"{'greatest' if word in w.WHICHEVER_IS_MORE else 'least'}({{{one}}}, {{{two}}})"


def _percent_change(c: Cursor) -> str | None:
    """`the percent change from q1 to q2`."""
    c.articles()
    if not c.take("percent change from", "percentage change from", "change in percent from", "% change from", "percentage change between"):
        return None
    one = c.column()
    two = c.column() if one and c.take("to", "and") else None
    return f"(({{{two}}} - {{{one}}}) / {{{one}}} * 100)" if two else None


def _scaled(c: Cursor) -> str | None:
    """`amount in thousands`."""
    name = c.column()
    if name is None or not c.scope.type_of(name).is_numeric:
        return None
    word = c.take("in thousands", "in millions")
    return f"({{{name}}} / {1000 if word == 'in thousands' else 1000000})" if word else None


def _month_text(c: Cursor) -> str | None:
    """`the month of opened_on, like 2025-03`, `opened_on as YYYY-MM`."""
    c.articles()
    c.take("month of", "month from", "year and month of", "year-month of", "calendar month of", "month in")
    inner = c.column()
    if inner is None or not c.scope.type_of(inner).is_temporal:
        return None
    c.take(",")
    bracket = c.take("(")
    if not c.take(*w.WRITTEN_LIKE) or not _year_and_month(c) or (bracket and not c.take(")")):
        return None
    return f"format_date({{{inner}}}, '%Y-%m')"


def _year_and_month(c: Cursor) -> bool:
    """Consumes `2025-03` or `YYYY-MM`."""
    token = c.peek()
    if token is not None and (token.low == "yyyy-mm" or (token.kind is Kind.QUOTED and re.fullmatch(r"20\d\d-[01]\d|yyyy-mm", token.low))):
        c.i += 1
        return True
    if re.fullmatch(r"20\d\d-[01]\d", c.words_between(c.i, c.i + 3)) and not (c.peek(3) and c.low(3) == "-"):
        c.i += 3
        return True
    return False


def _temporal(c: Cursor, text: str | None) -> bool:
    return bool(text) and text[:1] == "{" and c.scope.type_of(text[1:-1]).is_temporal  # type: ignore[index]  # checked


def _date_difference(c: Cursor, words: str) -> str | None:
    word = next(w for w in reversed(words.split()) if w in _UNITS or w in ("nights", "day"))
    unit = _UNITS.get(word, "day")
    c.take("passed", "elapsed", "that passed", "it took")
    if c.take("between", "from", "between the"):
        one = operand(c)
        two = operand(c) if one and c.take("and", "to", "until", "till") else None
    elif c.take("since"):
        return None
    else:
        return None
    if not one or not two:
        return None
    kinds = {c.scope.type_of(x[1:-1]) for x in (one, two)}
    if unit not in ("day", "hour", "minute", "second") or (unit == "day" and ColumnType.TIMESTAMP in kinds):
        c.doubts.append((words, f"The {unit}s between two times are counted by the calendar: midnights (or boundaries) crossed."))
    return f"date_diff('{unit}', {one}, {two})"


def _date_part(c: Cursor) -> str | None:
    """`year of signed_up`, `the month from opened_on`, `the calendar week of day`."""
    c.articles()
    c.take("calendar", "iso")
    part = c.take(
        *w.PARTS,
        "day of the month",
        "hour of day",
        "hour of the day",
        "month name",
        "name of the month",
        "weekday name",
        "name of the weekday",
        "day name",
        "name of the day",
        "month number",
        "week number",
        "date",
        "first day of the month",
        "calendar date",
        "date part",
        "year part",
        "month part",
        "year and month",
    )
    if part is None or not c.take("of", "from", "in", "part of", "out of"):
        return None
    c.articles()
    inner = c.column()
    if inner is None:
        return None
    kind = c.scope.type_of(inner)
    if not kind.is_temporal and kind not in (ColumnType.UNKNOWN, ColumnType.STRING):
        return None
    if part in ("weekday",):
        c.doubts.append((f"weekday of {inner}", "It is read as a number, Monday being 1; say 'weekday name' for the name."))
    name = {
        "day of the month": "day",
        "hour of day": "hour",
        "hour of the day": "hour",
        "month name": "month_name",
        "name of the month": "month_name",
        "weekday name": "day_name",
        "name of the weekday": "day_name",
        "day name": "day_name",
        "name of the day": "day_name",
        "month number": "month",
        "week number": "week",
        "calendar date": "date",
        "date part": "date",
        "year part": "year",
        "month part": "month",
    }.get(part, part)
    if name == "first day of the month":
        return f"date(date_trunc('month', {{{inner}}}))"
    if name == "year and month":
        c.take("(", "as YYYY-MM", "as yyyy-mm")
        return f"format_date({{{inner}}}, '%Y-%m')"
    return f"{name}({{{inner}}})"


def _date_shift(c: Cursor) -> str | None:
    """`due_on plus 30 days`, `14 days after opened_on`."""
    amount = c.attempt(c.count)
    if amount is None or (unit := c.take(*_UNITS, "month", "week", "year", "hour")) is None:
        return None
    word = c.take("after", "before")
    inner = c.column() if word else None
    unit = _UNITS.get(unit, unit)
    return f"date_add({{{inner}}}, {amount if word == 'after' else -amount}, '{unit}')" if inner else None


def _shifted_date(c: Cursor) -> str | None:
    """`due_on plus 30 days`."""
    column = c.column()
    if column is None or not c.scope.type_of(column).is_temporal:
        return None
    sign = c.take("plus", "+", "minus", "-")
    count = c.count() if sign else None
    unit = c.take(*_UNITS, "week", "month", "year", "hour") if count is not None else None
    if unit is None or count is None:
        return None
    return f"date_add({{{column}}}, {count if sign in ('plus', '+') else -count}, '{_UNITS.get(unit, unit)}')"


def _function_call(c: Cursor) -> str | None:
    """`round(a, 2)`, `coalesce(a, b)`: a name and a bracket straight behind it."""
    token, bracket = c.peek(), c.peek(1)
    if (
        token is None
        or bracket is None
        or token.kind is not Kind.WORD
        or bracket.text != "("
        or bracket.start != token.end
        or not _CALLED.fullmatch(token.low)
    ):
        return None
    c.i += 2
    parts: list[str] = []
    while not c.take(")"):
        inner = expression(c)
        if inner is None or (not c.take(",", ";") and c.low() != ")"):
            return None
        parts.append(inner)
    return f"{token.low}({', '.join(parts)})"


def _rounding(c: Cursor) -> str | None:
    """`the rounded amount`, `absolute value of x`."""
    c.articles()
    if c.take("absolute value of", "absolute", "absolute difference between"):
        if c.tokens[c.i - 1].low == "between":
            one = operand(c)
            two = operand(c) if one and c.take("and") else None
            return f"abs({one} - {two})" if two else None
        inner = operand(c)
        return f"abs({inner})" if inner else None
    if c.take("square root of"):
        inner = operand(c)
        return f"sqrt({inner})" if inner else None
    return None


def _coalesced(c: Cursor) -> str | None:
    """`the first non-missing of a, b`, `a, or b if a is missing`."""
    c.articles()
    if c.take(*w.FIRST_NON_MISSING_OF):
        found = _operand_list(c)
        return f"coalesce({', '.join(found)})" if len(found) > 1 else None
    one = c.column()
    if one is None:
        return None
    c.take(",")
    if c.take(*w.OR_IF_THAT_IS_MISSING):
        c.take(",")
        two = operand(c)
        return f"coalesce({{{one}}}, {two})" if two else None
    if c.take(*w.IF_PRESENT):
        c.take(",")
        if c.take("otherwise", "else", "or else", "or"):
            two = operand(c)
            return f"coalesce({{{one}}}, {two})" if two else None
        return None
    if c.take("or"):
        two = operand(c)
        if two and c.take(
            "if it is missing",
            "if missing",
            "when it is missing",
            "if that is missing",
            "where it is missing",
            "when missing",
            f"if {one} is missing",
            f"when {one} is missing",
            "if there is none",
            f"where {one} is missing",
            "if it is empty",
            f"if {one} is empty",
            f"if there is no {one}",
            "if that is empty",
            "where missing",
            "if empty",
            "when that is missing",
        ):
            return f"coalesce({{{one}}}, {two})"
    return None


def _operand_list(c: Cursor) -> list[str]:
    first = operand(c)
    found = [first] if first else []
    while found and (more := c.attempt(lambda: operand(c) if c.list_mark() else None)):
        found.append(more)
    return found


def _column(c: Cursor) -> str | None:
    token = c.peek()
    if (token is None or token.kind is Kind.QUOTED) and (token is None or not c.scope.find(token.text, lenient=False).names):
        return None
    name = c.column()
    return f"{{{name}}}" if name else None


def _number(c: Cursor) -> str | None:
    found = number(c)
    if found is None:
        return None
    following = c.peek()
    return str(found) if following is None or following.low not in ("of", "days", "day", "hours", "weeks") else None


def _text(c: Cursor) -> str | None:
    token = c.peek()
    if token is None:
        return None
    if token.kind is Kind.QUOTED:
        c.i += 1
        return literal(token.text)
    if token.low in ("true", "false", "null") and token.kind is Kind.WORD:
        c.i += 1
        return token.low
    return None


def _fixed_date(c: Cursor) -> str | None:
    token = c.peek()
    if token is None or token.kind is not Kind.DATE or not re.fullmatch(r"\d{4}-\d\d-\d\d", token.text):
        return None
    c.i += 1
    return f"date('{token.text}')"


# --- if and else ----------------------------------------------------------------------------------------------------
def conditional(c: Cursor) -> str | None:
    """`if a > 3 then "x", else if … , otherwise "y"`."""
    if not c.take("if", "when", "in case", "where"):
        return None
    branches = [branch] if (branch := _branch(c)) else []
    while branches and (more := c.attempt(lambda: _next_branch(c))):
        branches.append(more)
    otherwise = _otherwise(c) if branches else None
    if otherwise is None:
        return None
    return _cases(branches, otherwise)


def _cases(branches: list[tuple[str, str]], otherwise: str) -> str:
    return "".join(f"if {test} then {result} else " for test, result in branches) + otherwise


def _branch(c: Cursor) -> tuple[str, str] | None:
    test = condition(c)
    if test is None:
        return None
    c.take(",")
    c.take(*w.THEN)
    result = result_value(c)
    return (formula(test), result) if result else None


def _next_branch(c: Cursor) -> tuple[str, str] | None:
    c.take(",", ";")
    if not c.take(*w.ELSE_IF):
        return None
    return _branch(c)


def _otherwise(c: Cursor) -> str | None:
    c.take(",", ";")
    c.take("and")
    if not c.take(*w.ELSE):
        return None
    c.take(",", ":", "->", "=>", "→", "=")
    c.take(*w.IS)
    return result_value(c)


def result_value(c: Cursor) -> str | None:
    """What a case gives: a calculation, or a single word that is no column."""
    found = c.attempt(lambda: glued(c, operand)) or c.attempt(lambda: calculation(c))
    if found is not None:
        return found
    token = c.peek()
    if token is None or token.kind is not Kind.WORD or token.low in STOPWORDS:
        return None
    c.i += 1
    return literal(token.text)


def _conditional_behind(c: Cursor, first: str) -> str:
    """`"hot" if score >= 80, "warm" if score >= 50, otherwise "cold"`."""
    with c.saved() as keep:
        branches: list[tuple[str, str]] = []
        result: str | None = first
        while result is not None:
            c.take(",")
            if not c.take(*w.IF):
                break
            test = condition(c)
            if test is None:
                return first
            branches.append((formula(test), result))
            with c.saved() as more:
                c.take(",", ";")
                c.take("and", "or")
                result = result_value(c)
                if result is not None and c.sees("if", "when", "where", "for", ", if"):
                    more()
                else:
                    result = None
        otherwise = (c.attempt(lambda: _otherwise(c)) or c.attempt(lambda: _value_otherwise(c))) if branches else None
        if otherwise is None:
            return first
        keep()
        return _cases(branches, otherwise)


def _value_otherwise(c: Cursor) -> str | None:
    """`…, "low" otherwise`."""
    c.take(",", ";")
    c.take("and", "or")
    found = result_value(c)
    return (
        found
        if found not in (None, "true", "false") and c.take("otherwise", "else", "in all other cases", "for the rest", "for all others", "if not")
        else None
    )


# --- rounding behind ------------------------------------------------------------------------------------------------
def digits(c: Cursor) -> int | None:
    """`to 2 decimals`, `to two decimal places`, `to the nearest whole number`, `to cents`."""
    if c.take(*w.TO_THE_NEAREST_INTEGER):
        return 0
    if c.take("to the cent", "to cents", "to the nearest cent"):
        return 2
    if not c.take("to", "at", "with", "on", "using"):
        return None
    count = 1 if c.take("one") else c.count()
    if count is None or not c.take(*w.DECIMALS):
        return None
    return count


def nearest(c: Cursor) -> int | None:
    """`to the nearest 10`, `to the nearest hundred`."""
    with c.saved() as keep:
        if not c.take("to the nearest", "to the next"):
            return None
        next_up = c.tokens[c.i - 1].low == "next"
        step = {"hundred": 100, "thousand": 1000, "ten": 10}.get(c.low()) or (c.count() if not c.take("one") else None)
        if step is None or step < 2 or next_up:
            return None
        if c.low() in ("hundred", "thousand", "ten") and not c.tokens[c.i - 1].text.isdigit():
            c.i += 1
        keep()
        return step


def _rounded(c: Cursor, text: str) -> str:
    with c.saved() as keep:
        c.take(",")
        c.take("and", "all", "then", "the result", "both")
        bracket = c.take("(")
        if word := c.take("round up", "round down"):
            c.take(*w.TO_THE_NEXT_INTEGER)
            if not bracket or c.take(")"):
                keep()
                return f"{'ceil' if word == 'round up' else 'floor'}({text})"
            return text
        if c.take("round", "round it", "round the result", "round that"):
            step = nearest(c)
            if step is not None and (not bracket or c.take(")")):
                keep()
                return f"round(({text}) / {step}, 0) * {step}"
            places = digits(c)
            if places is not None and (not bracket or c.take(")")):
                keep()
                return f"round({text}, {places})"
            if places is None and not bracket and c.done:
                keep()
                return f"round({text}, 0)"
    return text
