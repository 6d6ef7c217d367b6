"""Sentences that change columns: add, rename, choose, convert, fill."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from tidemill.domain.formula import parse_formula, type_of
from tidemill.domain.grammar.condition_config import formula, literal
from tidemill.domain.grammar.conditions import condition
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import digits, expression, nearest, result_value
from tidemill.domain.grammar.literals import number, value
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.phrasebook import column_steps as w
from tidemill.domain.grammar.phrasebook import expressions as ew
from tidemill.domain.grammar.scope import Scope
from tidemill.domain.grammar.text_edits import read_text_edit
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.windows import window_operations
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.errors import FormulaError


def read_add(c: Cursor) -> list[Act] | None:
    """`add gross = unit_price * quantity`, `for each team, add x, the running total of …`, `a * b as c`."""
    per = c.attempt(lambda: _leading_per(c)) or ()
    if per:
        c.take("we need", "i need", "we want", "i want", "we also need", "show")
    verb = c.take(*w.ADD) or c.attempt(lambda: _given_to_each(c))
    if (
        verb is None
        and c.context not in ("add",)
        and not per
        and not _assignment_ahead(c)
        and not c.sees("multiply", "divide", "subtract", "rank", "number the")
    ):
        return None
    acts = c.longest(lambda: _named_first(c, per), lambda: _window_last(c, per), lambda: _named_last(c, per))
    if acts is None:
        return None
    c.scope = _extended(c.scope, acts)
    while more := c.attempt(lambda: _further(c, per)):
        acts += more
        c.scope = _extended(c.scope, more)
    return acts


def _extended(scope: Scope, acts: list[Act]) -> Scope:
    """The scope with the columns that `acts` add, for what follows in the same sentence."""
    columns = dict(scope.schema.columns)
    for act in acts:
        for added in act.config.get("add_columns", ()) if isinstance(act, Operation) else ():  # type: ignore[attr-defined]  # dicts
            try:
                columns[added["name"]] = type_of(parse_formula(added["formula"]), columns)
            except FormulaError:
                return scope
    return replace(scope, schema=TableSchema(columns, complete=scope.schema.complete))


def _given_to_each(c: Cursor) -> str | None:
    """`give each remaining call a …`."""
    if not c.take("give", "assign", "label", "classify", "tag", "put") or not c.take("each", "every", "all"):
        return None
    if c.tokens[c.i - 2].low in ("label", "classify", "tag") and (follower := c.peek(1)) and follower.low in (":", "as", "with", ","):
        c.i += 2
        return "label"
    for length in (1, 2, 3):
        follower = c.peek(length)
        if follower is not None and follower.low in ("a", "an", "the") and all(t.kind is Kind.WORD for t in c.tokens[c.i : c.i + length]):
            c.i += length + 1
            return "give"
    return None


def _assignment_ahead(c: Cursor) -> bool:
    following = c.peek(1)
    return following is not None and following.text in ("=", ":=", "<-") and c.i == 0


def _leading_per(c: Cursor) -> tuple[str, ...] | None:
    if not c.take(*w.FOR_EACH):
        return None
    keys = c.columns(demanded=True)
    return keys if keys and (c.take(",", ":", "-", "–") or c.sees(*w.ADD_2)) else None


def _further(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    if not c.list_mark() and not c.take(";"):
        return None
    c.take("and", "also", "then")
    verb = c.take(*w.COLUMN)
    token, following = c.peek(), c.peek(1)
    if token is None or following is None or token.kind not in (Kind.WORD, Kind.TICK, Kind.QUOTED):
        return None
    if following.text not in ("=", ":", ":=", ",") and not verb and following.low not in ("as", "is"):
        return None
    return _named_first(c, per)


def _named_first(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    if c.sees("running", "rank", "number the", "a running", "cumulative"):
        return None
    if c.take(*w.NEW_COLUMN) and c.low() in ("=", ":=", "<-") and c.tokens[c.i - 1].low not in ("column", "field"):
        c.i -= 1
        name: str | None = c.tokens[c.i].text
        c.i += 1
    else:
        c.take("called", "named", ":", "which i call", "we call")
        name = c.new_name()
    if name is None:
        return None
    while c.take(","):
        if c.sees("the", "a", "which", "as", "being", "it"):
            break
    mark = c.take(*w.EQUALS)
    previous = c.peek(-1)
    if mark is None and not (previous and previous.text == ","):
        return None
    c.take("it is", "this is", "it should be", "that is", "it gets")
    c.take("the value of", "the result of", "calculated as", "computed as", "equal to") if mark in ("as", "is", "which is") else None
    if (found := c.attempt(lambda: window_operations(c, name, per))) is not None:
        return [*found, *_rounding(c, name)]
    if per:
        c.trouble(
            "per",
            "A calculation within each row does not depend on a group.",
            "Say what runs over the group: 'running total', 'rank', 'previous value', 'share'.",
        )
        return None
    text = c.longest(lambda: _yes_no(c), lambda: expression(c), lambda: _truth(c), lambda: _buckets(c, name))
    if text is None:
        text = c.attempt(lambda: _raw(c))
        if text is None:
            return None
        c.trouble(
            "formula",
            f"The formula of `{name}` cannot be read: {text!r}.",
            "A formula may use columns, + - * /, comparisons, if … then … else and the functions of docs/formulas.md.",
            sure=True,
        )
        return None
    return [Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": text},)})]


def _rounding(c: Cursor, name: str) -> list[Act]:
    with c.saved() as keep:
        c.take(",")
        c.take("and")
        bracket = c.take("(")
        if c.take("round", "round it") and (places := digits(c)) is not None and (not bracket or c.take(")")):
            keep()
            return [Operation(f"Round {name}", {"add_columns": ({"name": name, "formula": f"round({{{name}}}, {places})"},)})]
    return []


def _raw(c: Cursor) -> str | None:
    """Text that looks like program code, for the message about it."""
    rest = c.words_between(c.i, len(c.tokens))
    return rest if re.search(r"\w\(|__|\blambda\b|\w\.\w+\(", rest) else None


def _window_last(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    """`a running total of amount per customer in order of day, called running`: the name comes last."""
    start = c.i
    if window_operations(c, "result", per) is None:
        return None
    c.take(",")
    name = c.new_name() if c.take(*w.NAMED) else None
    if name is None:
        return None
    end, c.i = c.i, start
    found = window_operations(c, name, per)
    c.i = end
    return [*found, *_rounding(c, name)] if found else None


def _named_last(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    """`the product of a and b as c`, `unit_price times quantity and call it gross`."""
    if per:
        return None
    c.articles()
    text = expression(c)
    if text is None:
        return None
    c.take(",")
    if not c.take(*w.AS):
        return None
    name = c.new_name()
    if name is None or re.fullmatch(r"\{[^{}]*\}", text):
        return None
    return [Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": text},)})]


def _yes_no(c: Cursor) -> str | None:
    """`"yes" if a > 3, otherwise "no"` is an expression; this is `yes where a > 3, else no` without quotation marks."""
    first = c.peek()
    if first is None or first.kind is not Kind.WORD or first.low not in ("yes", "no", "true", "false", "y", "n"):
        return None
    c.i += 1
    if not c.take("if", "when", "where", "for"):
        return None
    test = condition(c)
    c.take(",", ";")
    c.take("and")
    if test is None or not c.take("else", "otherwise", "or", "if not", "or else"):
        return None
    c.take(",")
    other = c.peek()
    if other is None or other.low not in ("yes", "no", "true", "false", "y", "n"):
        return None
    c.i += 1
    if {first.low, other.low} == {"true", "false"}:
        return f"if {formula(test)} then {first.low} else {other.low}"
    return f"if {formula(test)} then '{first.text}' else '{other.text}'"


def _truth(c: Cursor) -> str | None:
    """`true where score is above 80`, `whether a is missing`."""
    if not c.take("whether", "true if", "true when", "true where", "true for rows where"):
        return None
    test = condition(c)
    c.take(",")
    if test is not None:
        c.take(*w.OTHERWISE_FALSE)
    return f"coalesce({formula(test)}, false)" if test is not None else None


def _buckets(c: Cursor, name: str) -> str | None:
    """`small below 10, medium below 100, otherwise large`, with or without "of amount" before."""
    del name
    subject_behind = _subject_behind(c)
    c.take(*w.BAND)
    c.take("of", "by", "from", "for", "on", "based on")
    c.articles()
    subject = c.column()
    if subject is not None:
        c.take(*w.MARKS)
        c.subject = (subject,)
    elif subject_behind:
        c.subject = (subject_behind,)
    branches: list[tuple[str, str]] = []
    while branch := c.attempt(lambda: _band(c, first=not branches)):
        branches.append(branch)
    if not branches:
        return None
    c.skip(",", ";")
    c.take("and", "or")
    from tidemill.domain.grammar.expressions import _otherwise

    otherwise = c.attempt(lambda: _otherwise(c)) or c.attempt(lambda: _label_otherwise(c))
    if otherwise is None:
        return None
    c.take(")")
    if subject is None and subject_behind:
        c.take(",")
        c.take(*w.BASED_ON)
        c.column()
    return "".join(f"if {test} then {label} else " for test, label in branches) + otherwise


def _subject_behind(c: Cursor) -> str | None:
    """The column of `…, based on amount`, which stands behind the bands."""
    with c.saved():
        while not c.done:
            if c.take(*w.BASED_ON):
                return c.column()
            c.i += 1
    return None


def _label_otherwise(c: Cursor) -> str | None:
    label = _label(c)
    if label is None or not c.take(*w.OTHERWISE):
        return None
    return label


def _label(c: Cursor) -> str | None:
    token = c.peek()
    if token is None or token.kind not in (Kind.QUOTED, Kind.WORD, Kind.TICK) or token.low in ("otherwise", "else", "if", "when"):
        return None
    c.i += 1
    return "'" + token.text.replace("'", "''") + "'"


def _band(c: Cursor, *, first: bool) -> tuple[str, str] | None:
    if not first:
        c.skip(",", ";")
        c.take("and", "then", "or")
    with c.saved() as keep:
        label = _label(c)
        if label is not None:
            c.take(*w.IF)
            c.take(*w.IT_IS)
            test = condition(c)
            if test is not None:
                c.take(")")
                keep()
                return formula(test), label
    test = condition(c)
    if test is None:
        return None
    c.take(",")
    c.take(*w.IS)
    label = _label(c)
    return (formula(test), label) if label else None


def read_rename(c: Cursor) -> list[Act] | None:
    """`rename a to b and c to d`, `call the column a b`."""
    if not c.take(*w.RENAME) and c.context != "rename":
        return None
    c.take(":")
    pairs: dict[str, str] = {}
    while pair := c.attempt(lambda: _rename_pair(c, first=not pairs)):
        pairs[pair[0]] = pair[1]
    return [Operation(f"Rename {', '.join(pairs)}", {"rename": pairs})] if pairs else None


def _rename_pair(c: Cursor, *, first: bool) -> tuple[str, str] | None:
    if not first and not c.list_mark():
        return None
    c.take("rename")
    old = c.column(demanded=True)
    if old is None or not c.take(*w.TO):
        return None
    new = c.new_name()
    return (old, new) if new else None


def read_choice(c: Cursor) -> list[Act] | None:
    """`keep the columns a, b and c`: the columns that stay."""
    if c.take(*w.DROP_ALL_COLUMNS_EXCEPT):
        pass
    elif not c.take(*w.SELECT) and c.context != "select":
        return None
    c.take(*w.ONLY)
    c.take(":", "columns")
    c.take("the")
    names = c.columns(demanded=c.sees("column") or c.tokens[max(c.i - 1, 0)].low in ("columns", "select") or c.context == "select")
    if not names:
        return None
    with c.saved() as keep:
        c.take(",")
        c.take("(")
        if c.take(*w.IN_THIS_ORDER):
            c.take(")")
            keep()
    return [Operation("Choose columns", {"select": names})]


def read_drop_columns(c: Cursor) -> list[Act] | None:
    """`drop the columns a and b`, `drop a`."""
    if not c.take(*w.KEEP_EVERYTHING_EXCEPT) and c.context != "drop":
        return None
    c.take("the", "both", "also", "only")
    said = c.take(*w.COLUMNS)
    names = c.columns(demanded=bool(said))
    if not names:
        return None
    behind = c.tokens[c.i - 1].low in ("column", "columns", "field", "fields")
    if not said and not behind and c.context != "drop" and not _certainly_column(c, names):
        return None
    c.take(*w.FROM_THE_RESULT)
    return [Operation(f"Drop {', '.join(names)}", {"drop": names})]


def _certainly_column(c: Cursor, names: tuple[str, ...]) -> bool:
    previous = c.tokens[c.i - 1]
    rest = c.peek()
    return (previous.kind in (Kind.TICK, Kind.QUOTED) or previous.text in names or previous.low in [n.lower() for n in names]) and (
        rest is None or rest.text in ",;.)" or rest.low in ("and", "then", "from", "again")
    )


def read_fill(c: Cursor) -> list[Act] | None:
    """`fill missing department with "x", and missing salary with 0`."""
    fills: dict[str, object] = {}
    while pair := c.attempt(partial(_fill_pair, c, first=not fills)):
        fills |= pair
    return [Operation(f"Fill {', '.join(fills)}", {"fill_nulls": fills})] if fills else None


def _fill_pair(c: Cursor, *, first: bool) -> dict[str, object] | None:
    if not first and not c.list_mark():
        return None
    c.take("and")
    verb = c.take(*w.FILL)
    said = c.take(*w.MISSING)
    if verb in ("put", "use", "write") and not said:
        return _put(c)
    if verb is None and said is None:
        return c.attempt(lambda: _where_missing(c)) or c.attempt(lambda: _default(c))
    if first and verb is None and c.context != "fill" and c.tokens[c.i - 1].low not in ("missing", "empty", "null", "blank", "in"):
        return None
    names = c.columns(demanded=True)
    if not names:
        return None
    if said is None:
        c.take("values")
        if not c.take(
            "where it is missing", "if missing", "when missing", "where missing", "if it is missing", "when it is missing"
        ) and verb not in ("fill", "fill in", "fill up", "impute", "default"):
            return None
    c.take("values", "value", "cells", "entries")
    if not c.take(*w.WITH):
        return None
    return _filled(c, names)


def _filled(c: Cursor, names: tuple[str, ...]) -> dict[str, object] | None:
    c.take(*w.VALUE)
    filled: dict[str, object] = {}
    place = c.i
    for name in names:
        c.i = place
        token = c.peek()
        found = value(c, name) if token else None
        if found is None or (token and token.kind is Kind.WORD and c.scope.find(token.text, lenient=False).names):
            return None
        filled[name] = found
    c.take(*w.WHERE_IT_IS_MISSING)
    return filled


def _put(c: Cursor) -> dict[str, object] | None:
    """`put 0 where days is missing`, `use "x" for missing city`."""
    place = c.i
    token = c.peek()
    if token is None:
        return None
    c.i += 1
    c.take("in", "into", "for", "as")
    if not c.take(*w.WHERE):
        return None
    names = c.columns(demanded=True)
    c.take("values", "value")
    c.take(*w.IS_MISSING)
    end = c.i
    c.i = place
    filled = _filled(c, names) if names else None
    c.i = end
    return filled


def _where_missing(c: Cursor) -> dict[str, object] | None:
    """`where days_absent is missing, put 0`."""
    if not c.take("where", "if", "when", "wherever", "in case", "whenever"):
        return None
    c.take("the", "a", "there is no")
    none_there = c.tokens[c.i - 1].low == "no"
    names = c.columns(demanded=True)
    if not names or not (none_there or c.take(*w.IS_MISSING_2)):
        return None
    c.take(",")
    c.take("then")
    if not c.take(*w.PUT):
        return None
    filled = _filled(c, names)
    c.take("there", "instead", "in", "as the value")
    return filled


def _default(c: Cursor) -> dict[str, object] | None:
    """`a missing salary counts as 0` comes through the general form; this is `salary defaults to 0`."""
    column = c.column()
    if column is None or not c.take(*w.DEFAULTS_TO):
        return None
    return _filled(c, (column,))


def read_round(c: Cursor) -> list[Act] | None:
    """`round avg_c to 2 decimals`."""
    verb = c.take("round", "round the", "round off")
    if verb is None:
        return None
    c.take("both", "all of")
    names = c.columns(demanded=True)
    if names and (word := c.take("up", "down")):
        c.take(*ew.TO_THE_NEXT_INTEGER)
        return _reformed(names, f"{'ceil' if word == 'up' else 'floor'}({{}})")
    if names and (step := nearest(c)) is not None:
        return _reformed(names, f"round({{}} / {step}, 0) * {step}")
    places = digits(c) if names else None
    if places is None:
        return None
    columns = tuple({"name": n, "formula": f"round({{{n}}}, {places})"} for n in names)
    return [Operation(f"Round {', '.join(names)}", {"add_columns": columns})]


def read_replace(c: Cursor) -> list[Act] | None:
    """`make email lower case`, `trim name`, `uppercase the country`, `divide price by 100`, `replace "x" with "y" in city`."""
    return c.first((read_text_edit, _changed_case, _trimmed, _arithmetic, _value_replaced, _sorted_in_two, _flagged, _overwritten, _from_other))


_CASES = {
    "lower case": "lower",
    "lowercase": "lower",
    "lower-case": "lower",
    "small letters": "lower",
    "upper case": "upper",
    "uppercase": "upper",
    "upper-case": "upper",
    "capitals": "upper",
    "capital letters": "upper",
    "title case": "title",
    "lower case letters": "lower",
    "upper case letters": "upper",
}


def _changed_case(c: Cursor) -> list[Act] | None:
    verb = c.take(*w.LOWERCASE)
    if verb is None:
        return None
    names = c.columns(
        demanded=verb not in ("make", "turn", "convert", "put", "change", "write", "set", "bring", "transform", "normalise", "normalize")
    )
    if not names:
        return None
    shape = "{}"
    function = verb.split()[-1].replace("case", "").strip("-")
    if function in ("lower", "upper"):
        shape = f"{function}(trim({{}}))" if verb.startswith(("trim", "strip")) else f"{function}({{}})"
    else:
        c.take("all", "entirely")
        c.take("to", "into", "in")
        word = c.take(*_CASES)
        if word is None:
            return None
        shape = f"{_CASES[word]}({{}})"
    return _reformed(names, shape)


def _reformed(names: tuple[str, ...], shape: str) -> list[Act]:
    columns = tuple({"name": n, "formula": shape.replace("{}", f"{{{n}}}")} for n in names)
    return [Operation(f"Rewrite {', '.join(names)}", {"add_columns": columns})]


def _trimmed(c: Cursor) -> list[Act] | None:
    if not c.take(*w.TRIM):
        return None
    names = c.columns(demanded=True)
    if not names or any(c.scope.type_of(n) not in (ColumnType.STRING, ColumnType.UNKNOWN) for n in names):
        return None
    shape = "trim({})"
    if c.take(*w.AND_MAKE_IT):
        word = c.take(*_CASES)
        if word is None:
            return None
        shape = f"{_CASES[word]}(trim({{}}))"
    return _reformed(names, shape)


def _arithmetic(c: Cursor) -> list[Act] | None:
    verb = c.take("divide", "multiply")
    if verb is None:
        return None
    names = c.columns(demanded=True)
    amount = number(c) if names and c.take("by", "with") else None
    if amount is None or c.sees("as", "called", "named", "->", "and call it", "into"):
        return None
    return _reformed(names, f"{{}} {'/' if verb == 'divide' else '*'} {amount}")


def _value_replaced(c: Cursor) -> list[Act] | None:
    if not c.take("replace", "change", "substitute", "turn"):
        return None
    c.take("the value", "the values", "every", "all", "value", "the text")
    before, _ = c.peek(), c.peek()
    if before is None or before.kind is not Kind.QUOTED:
        return None
    c.i += 1
    column = c.column(demanded=True) if c.take("in", "of") else None
    if not c.take("with", "by", "to", "into"):
        return None
    after = c.peek()
    if after is None or after.kind is not Kind.QUOTED:
        return None
    c.i += 1
    if column is None:
        column = c.column(demanded=True) if c.take("in", "of") else None
    if column is None:
        return None
    seen = c.scope.samples.get(column, ())
    if seen and before.text not in seen:
        if not any(before.text in v for v in seen):
            return None
        return _reformed((column,), f"replace({{}}, {literal(before.text)}, {literal(after.text)})")
    if any(before.text in v and before.text != v for v in seen):
        c.doubts.append((before.text, "It is not clear whether whole values or parts of texts are replaced; whole values were."))
    return _reformed((column,), f"if {{}} = {literal(before.text)} then {literal(after.text)} else {{}}")


def _flagged(c: Cursor) -> list[Act] | None:
    """`flag rows where amount > 100 as big`: a column of true and false."""
    if not c.take("flag", "mark", "tag"):
        return None
    c.row_noun()
    if not c.take("where", "whose", "with", "that have", "if"):
        return None
    test = condition(c)
    name = c.new_name() if test is not None and c.take(*w.AS_2) else None
    return (
        [Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": f"coalesce({formula(test)}, false)"},)})]
        if name and test is not None
        else None
    )


def _sorted_in_two(c: Cursor) -> list[Act] | None:
    """`mark rows where amount > 100 as "big" in a new column size, all others as "small"`."""
    if not c.take("flag", "mark", "tag", "label"):
        return None
    c.row_noun()
    if not c.take("where", "whose", "with", "that have", "if"):
        return None
    test = condition(c)
    one = result_value(c) if test is not None and c.take("as", "with") else None
    name = c.attempt(lambda: _in_column(c)) if one else None
    c.take(",", ";")
    c.take("and")
    two = result_value(c) if one and c.take(*w.ALL_OTHERS) and c.take("as", "with", "get", "are") else None
    name = name or (c.attempt(lambda: _in_column(c)) if two else None)
    if test is None or not name or not two:
        return None
    return [Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": f"if {formula(test)} then {one} else {two}"},)})]


def _in_column(c: Cursor) -> str | None:
    c.take(",")
    return c.new_name() if c.take(*w.AS_2) else None


def _overwritten(c: Cursor) -> list[Act] | None:
    """`set tier to "vip" where spend is above 100`, `where spend is above 100 set tier to "vip"`."""
    test = None
    if c.take("where", "if", "when", "for rows where", "in rows where", "for all rows where", "wherever"):
        test = condition(c)
        c.take(",", "then")
        if test is None:
            return None
    column = c.column(demanded=True) if c.take("set", "change", "make") else None
    found = result_value(c) if column and c.take("to", "=", "into") else None
    if found is None or column is None:
        return None
    if test is None:
        test = condition(c) if c.take(*w.FOR_ROWS_WHERE) else None
    if test is None:
        return None
    return _reformed((column,), f"if {formula(test)} then {found} else {{}}")


def _from_other(c: Cursor) -> list[Act] | None:
    """`replace missing nickname with first_name`, `where nickname is missing, use first_name`."""
    if c.take("where", "if", "when", "wherever", "whenever"):
        c.take("the")
        column = c.column(demanded=True)
        if not column or not c.take(*w.IS_MISSING_2):
            return None
        c.take(",")
        c.take("then")
        if not c.take(*w.PUT):
            return None
    else:
        if not c.take(*w.FILL) or not c.take(*w.MISSING):
            return None
        column = c.column(demanded=True)
        c.take("values", "value", "cells", "entries")
        if not column or not c.take(*w.WITH):
            return None
    c.take("the value of", "the value in", "value of", "that of", "the value from", "the values of", "the values from")
    c.take("the column", "column")
    token = c.peek()
    other = c.column() if token and token.kind is not Kind.QUOTED else None
    kinds = (c.scope.type_of(column), c.scope.type_of(other or ""))
    if other is None or other == column or (kinds[0] is not kinds[1] and not all(k.is_numeric for k in kinds)):
        return None
    c.take("instead", "there", "in its place", "of the same row")
    return _reformed((column,), f"coalesce({{}}, {{{other}}})")
