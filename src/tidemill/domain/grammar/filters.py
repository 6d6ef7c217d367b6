"""Sentences that keep or drop rows."""

from __future__ import annotations

from functools import partial

from tidemill.domain.grammar.condition_config import dropping, keeping
from tidemill.domain.grammar.conditions import Both, Cond, Either, Operand, Test, condition, grounded, values_list
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.phrasebook import filters as w
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import STOPWORDS, singular, word_list
from tidemill.domain.table_schema import ColumnType


def read_filter(c: Cursor) -> list[Act] | None:
    """`keep only orders where net > 40`, `exclude agent containing "bot"`, `drop rows without a city`."""
    found = c.longest(lambda: _verb_first(c), lambda: _verb_last(c))
    if found is None and c.context in ("filter", "exclude"):
        found = c.attempt(lambda: _bare(c, drops=c.context == "exclude"))
    return found


def read_bare_condition(c: Cursor) -> list[Act] | None:
    """A condition that is a whole item: `status in (404, 500)`, `visits >= 5`."""
    return _bare(c, drops=False)


def _bare(c: Cursor, *, drops: bool) -> list[Act] | None:
    sets = _row_sets(c, drops=drops)
    return _acts(sets, drops=drops) if sets else None


def _verb_first(c: Cursor) -> list[Act] | None:
    c.take("now", "we", "should", "must", "to", "let's")
    with c.saved() as keep:
        if c.take("do not", "don't", "never", "not"):
            if not c.take("drop", "remove", "exclude", "ignore", "discard"):
                return None if not c.sees(*w.KEEP_2) else _negated(c, keep)
            return None
    drops = c.take(*w.DROP)
    keeps = None if drops and not c.sees("everything except", "all but") else c.take(*w.KEEP)
    if drops is None and keeps is None:
        return None
    if drops and c.take("everything except", "all but", "all rows except", "everything but", "all rows but", "any rows except"):
        drops, keeps = None, "keep"
    c.take("only", "just")
    turned = c.attempt(lambda: _all_but(c))
    sets = turned or _row_sets(c, drops=drops is not None)
    if not sets:
        return None
    c.take(*w.FROM_THE_DATA)
    return _acts(sets, drops=(drops is not None) is not bool(turned))


def _all_but(c: Cursor) -> list[Cond] | None:
    """`all rows except those with stars below 2`, `everything unless stars is 5`."""
    c.row_noun() or c.attempt(lambda: (c.take("all", "any", "every"), _noun(c, []))[1] or None)
    c.take(",")
    if c.take("unless"):
        cond = condition(c)
        return [cond] if cond is not None else None
    if not c.take(*w.EXCEPT):
        return None
    return _row_sets(c, drops=True, noun_needed=True) or None


def _negated(c: Cursor, keep: object) -> list[Act] | None:
    c.i += 1
    sets = _row_sets(c, drops=True)
    if sets and callable(keep):
        keep()
    return _acts(sets, drops=True) if sets else None


def _verb_last(c: Cursor) -> list[Act] | None:
    """`Orders without a matching customer are not needed.`"""
    start = c.i
    sets = _row_sets(c, drops=True, noun_needed=True)
    if not sets:
        return None
    if c.take(*w.UNWANTED):
        return _acts(sets, drops=True)
    if c.take(*w.ALL_WE_NEED):
        return _acts(sets, drops=False)
    only = c.tokens[start].low == "only" or (start > 0 and c.tokens[start - 1].low == "only")
    if only and c.take(*w.WANTED):
        return _acts(sets, drops=False)
    return None


def _row_sets(c: Cursor, *, drops: bool, noun_needed: bool = False) -> list[Cond]:
    """Conditions of sets of rows: `rows where … and those without …` are two."""
    first = c.attempt(lambda: _row_set(c, noun_needed=noun_needed))
    found = [first] if first is not None else []
    while found and (more := c.attempt(lambda: _next_set(c))) is not None:
        found.append(more)
    del drops
    return found


def _next_set(c: Cursor) -> Cond | None:
    c.take(",")
    if not c.take(*w.AND):
        return None
    if not c.sees(*w.THOSE) and not (c.peek() and c.is_row_noun(c.tokens[c.i])):
        return None
    return _row_set(c, noun_needed=True)


def _row_set(c: Cursor, *, noun_needed: bool) -> Cond | None:
    extra: list[Cond] = []
    c.take("only")
    start = c.i
    c.take("all", "any", "every", "each", "all of", "all the")
    c.take("the", "those", "these", "such", "of the")
    noun = _noun(c, extra)
    relative = bool(c.take(*w.RELATIVES))
    if relative:
        c.take("is", "are") if c.tokens[c.i - 1].low in ("which", "that", "who") and c.sees("is not", "are not") is False else None
        c.take("the", "their", "its")
        if c.tokens[c.i - 1].low in ("with", "have", "having", "has", "are", "is", "were", "was"):
            c.i -= 1
    if noun_needed and not noun:
        return None
    if not noun and not relative:
        c.i = start
    cond = c.attempt(lambda: condition(c))
    if cond is None and noun and relative is False:
        cond = c.attempt(lambda: _from_value(c))
    if cond is None:
        if extra and not relative:
            return _all(extra)
        return c.attempt(lambda: _column_values(c)) if not noun_needed else None
    c.take("only") if False else None
    return _all([*extra, cond])


def _all(conds: list[Cond]) -> Cond:
    return conds[0] if len(conds) == 1 else Both(tuple(conds))


def _noun(c: Cursor, extra: list[Cond]) -> bool:
    """A word for the rows, with adjectives that exactly one column holds as a value."""
    if c.row_noun():
        return True
    with c.saved() as keep:
        found: list[Cond] = []
        while (token := c.peek()) and token.kind in (Kind.WORD, Kind.QUOTED) and len(found) < 3:
            if found and (c.is_row_noun(token) or _plural(c)):
                c.i += 1
                extra += found
                keep()
                return True
            negative = False
            word = token.text
            if token.low.startswith("non-"):
                negative, word = True, token.text[4:]
            column = next(iter(c.scope.find(word, lenient=False).names), None)
            if column is not None and c.scope.type_of(column) is ColumnType.BOOLEAN:
                c.i += 1
                found.append(Test(column, "equals", not negative))
                continue
            test = grounded(c, word)
            if test is None or token.low in STOPWORDS:
                break
            c.i += 1
            operands: list[Operand] = [test.operand]
            while not negative and (more := c.attempt(partial(_same_holder, c, test.column))):
                operands.append(more.operand)
            if len(operands) > 1:
                found.append(Test(test.column, "in_", tuple(o for o in operands if not isinstance(o, tuple))))
                continue
            found.append(Test(test.column, "not_equals" if negative else "equals", test.operand))
    with c.saved() as keep:
        c.take("the")
        token = c.peek()
        following = c.peek(1)
        if (
            token
            and token.kind is Kind.WORD
            and _plural(c)
            and following
            and (
                following.low in ("where", "whose", "with", "that", "which", "for", "having", "without", "who", "in", "from", "at", "when", "if")
                or following.low.endswith("er")
            )
            and not c.scope.find(token.text, lenient=False).names
        ):
            c.i += 1
            keep()
            return True
    return False


def _same_holder(c: Cursor, column: str) -> Test | None:
    """The next value of the same column: `gold or basic plans`."""
    if not c.list_mark() or c.done:
        return None
    test = grounded(c, c.tokens[c.i].text)
    if test is None or test.column != column:
        return None
    c.i += 1
    return test


_RISKY = frozenset(word_list("duplicate outlier column field value refund return cancellation error test unit"))


def _plural(c: Cursor) -> bool:
    """True if the word here is a plural that no column holds as a value, so that it can only name the rows."""
    token = c.peek()
    if token is None or token.kind is not Kind.WORD or token.low in STOPWORDS:
        return False
    word = singular(token.low)
    if word == token.low and token.low not in ("people", "staff", "children", "men", "women", "stock"):
        return False
    return word not in _RISKY and not c.scope.columns_holding(word) and not c.scope.columns_holding(token.low)


def _from_value(c: Cursor) -> Cond | None:
    """`orders from Germany`: a value that exactly one column holds."""
    c.take(*w.PLACED)
    if not c.take(*w.FROM):
        return None
    if (named := c.attempt(lambda: _column_values(c))) is not None:
        return named
    token = c.peek()
    if token is None or token.kind not in (Kind.WORD, Kind.QUOTED):
        return None
    for length in (3, 2, 1):
        phrase = c.words_between(c.i, c.i + length).strip('"')
        if (test := grounded(c, phrase)) is not None and test.operand == phrase:
            values = values_list(c, test.column)
            if not values:
                return None
            c.notes.append(f"{phrase!r} is read as a value of `{test.column}`, the only column that holds it.")
            return test if len(values) == 1 else Test(test.column, "in_", tuple(values))
    return None


def _column_values(c: Cursor) -> Cond | None:
    """`the statuses attended, no_show and late_cancel`: a column's name, then values that it holds."""
    c.take("the")
    column = c.column()
    if column is None:
        return None
    c.take(":", "=")
    seen = c.scope.samples.get(column, ())
    found: list[str] = []
    while c.peek():
        for length in (4, 3, 2, 1):
            phrase = c.words_between(c.i, c.i + length).strip("\"'")
            if phrase in seen and c.i + length <= len(c.tokens):
                c.i += length
                found.append(phrase)
                break
        else:
            if not found or not c.list_mark():
                break
            continue
        with c.saved() as keep:
            if c.list_mark() and c.peek() and any(c.words_between(c.i, c.i + n).strip("\"'") in seen for n in (1, 2, 3, 4)):
                keep()
                continue
        break
    if not found:
        return None
    operand = found[0]
    return Test(column, "equals", operand) if len(found) == 1 else Test(column, "in_", tuple(found))


def _acts(sets: list[Cond], *, drops: bool) -> list[Act]:
    configs = [config for cond in sets for config in dropping(cond)] if drops else keeping(sets[0] if len(sets) == 1 else Either(tuple(sets)))
    return [Operation(_title(config, drops=drops), config) for config in configs]


def _title(config: dict[str, object], *, drops: bool) -> str:
    named = config.get("filter") or config.get("exclude")
    if isinstance(named, dict):
        return f"{'Exclude' if drops else 'Keep'} rows by {', '.join(named)}"
    if isinstance(dropped := config.get("drop_nulls"), dict):
        return f"Drop rows without {', '.join(dropped['columns']) or 'a value'}"
    return "Drop rows" if drops else "Keep rows"


def read_complete_rows(c: Cursor) -> list[Act] | None:
    """`drop rows with any missing value`, `remove rows with missing values`, `drop empty rows`."""
    if not c.take(*w.DROP):
        return None
    c.take("all", "any", "the")
    if c.take(*w.EMPTY_ROWS):
        return [Operation("Drop empty rows", {"drop_nulls": {"how": "all"}})]
    if c.row_noun() and c.take(*w.WITH_ANY_MISSING_VALUE):  # fmt: skip
        if c.take("in"):
            columns = c.columns(demanded=True)
            return [Operation(f"Drop rows without {', '.join(columns)}", {"drop_nulls": {"columns": columns}})] if columns else None
        return [Operation("Drop incomplete rows", {"drop_nulls": {}})]
    if c.take("incomplete rows", "incomplete records", "missing values", "nulls", "rows that are not complete", "na rows"):
        if c.tokens[c.i - 1].low in ("values", "nulls") and c.take("in", "from", "for"):
            columns = c.columns(demanded=True)
            return [Operation(f"Drop rows without {', '.join(columns)}", {"drop_nulls": {"columns": columns}})] if columns else None
        return [Operation("Drop incomplete rows", {"drop_nulls": {}})]
    return None
