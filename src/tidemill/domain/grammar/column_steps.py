"""Sentences that change columns: add, rename, choose, convert, fill."""

from __future__ import annotations

import re

from tidemill.domain.grammar.casting import read_cast
from tidemill.domain.grammar.condition_config import formula
from tidemill.domain.grammar.conditions import condition
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import digits, expression
from tidemill.domain.grammar.literals import number, value
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.windows import window_operations
from tidemill.domain.table_schema import ColumnType

__all__ = ["read_add", "read_cast", "read_choice", "read_drop_columns", "read_fill", "read_rename", "read_replace", "read_round"]
_ADD = ("add", "calculate", "compute", "derive", "work out", "create", "add a column", "add a new column", "add the column", "create a column", "create a new column", "make a column", "make a new column", "add column", "add columns", "new column", "new columns",
        "add a column called", "add a column named", "add a new column called", "add a new column named", "create a column called", "create a column named", "with a column", "introduce", "define", "determine", "set", "add a field", "add the field", "make", "a column", "figure out", "give each row a", "give every row a",
        "build", "add another column", "add the columns", "put", "insert a column", "add two columns", "add a column for", "add an extra column", "append a column", "also add", "we need a column", "i need a column", "include a column", "let", "produce", "flag", "there should be a column", "get", "form", "label", "add a computed column", "also a column", "an extra column", "add a yes/no column", "a new column", "find", "add a calculated column", "generate", "build a column", "add a derived column", "generate a column", "compute a column", "compute the column", "calculate a column", "calculate the column", "compute a new column", "calculate a new column", "create the column", "add new column", "add the new column", "insert", "we want a column", "create columns", "introduce a column", "introduce a new column", "have a column")  # fmt: skip
_EQUALS = ("=", ":", ":=", "as", "is", "which is", "being", "that is", "equal to", "equals", "it is", "holding", "that holds", "which holds", "containing", "with the value", "defined as", "computed as", "calculated as", "from", "as the", "->", "which equals", "that equals", "with", "to", "given by", "obtained as", "to be", "made of", "should be", "shall be", "will be",
           "which should be", "for", "made from", "built from", "is the", "where it is", "showing", "consisting of", "that contains", "which contains", "that shows", "saying", "by taking", "set to", "that says", "which is the", ", which is", ", the", ", as", "by", "←", "that should be", "computed from", "must be", "becomes", "is just", "simply", "is simply", "means", "that gives", "giving", "based on", "reading", "worked out as", "formed from", "formed by")  # fmt: skip


def read_add(c: Cursor) -> list[Act] | None:
    """`add gross = unit_price * quantity`, `for each team, add x, the running total of …`, `a * b as c`."""
    per = c.attempt(lambda: _leading_per(c)) or ()
    verb = c.take(*_ADD)
    if verb is None and c.context not in ("add",) and not per and not _assignment_ahead(c):
        return None
    acts = c.attempt(lambda: _named_first(c, per)) or c.attempt(lambda: _named_last(c, per))
    if acts is None:
        return None
    while more := c.attempt(lambda: _further(c, per)):
        acts += more
    return acts


def _assignment_ahead(c: Cursor) -> bool:
    following = c.peek(1)
    return following is not None and following.text in ("=", ":=", "<-") and c.i == 0


def _leading_per(c: Cursor) -> tuple[str, ...] | None:
    if not c.take("for each", "per", "for every", "within each", "by", "in each", "within"):
        return None
    keys = c.columns(demanded=True)
    return keys if keys and (c.take(",", ":", "-", "–") or c.sees("add", "calculate", "compute", "number", "rank", "work out", "also", "create")) else None


def _further(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    if not c.list_mark() and not c.take(";"):
        return None
    c.take("and", "also", "then")
    verb = c.take("a column", "a new column", "column", "the column", "another column", "another", "add", "also")
    token, following = c.peek(), c.peek(1)
    if token is None or following is None or token.kind not in (Kind.WORD, Kind.TICK, Kind.QUOTED):
        return None
    if following.text not in ("=", ":", ":=", ",") and not verb and following.low not in ("as", "is"):
        return None
    return _named_first(c, per)


def _named_first(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    c.take("a new column", "a column", "the column", "new column", "column", "a new field", "a field", "field", "an extra column", "columns", "the new column", "another column", "a", "an")
    c.take("called", "named", ":", "which i call", "we call")
    name = c.new_name()
    if name is None:
        return None
    while c.take(","):
        if c.sees("the", "a", "which", "as", "being", "it"):
            break
    mark = c.take(*_EQUALS)
    previous = c.peek(-1)
    if mark is None and not (previous and previous.text == ","):
        return None
    c.take("the value of", "the result of", "calculated as", "computed as", "equal to") if mark in ("as", "is", "which is") else None
    if (found := c.attempt(lambda: window_operations(c, name, per))) is not None:
        return [*found, *_rounding(c, name)]
    if per:
        c.trouble("per", "A calculation within each row does not depend on a group.", "Say what runs over the group: 'running total', 'rank', 'previous value', 'share'.")
        return None
    text = c.longest(lambda: _yes_no(c), lambda: expression(c), lambda: _buckets(c, name), lambda: _truth(c))
    if text is None:
        text = c.attempt(lambda: _raw(c))
        if text is None:
            return None
        c.trouble("formula", f"The formula of `{name}` cannot be read: {text!r}.", "A formula may use columns, + - * /, comparisons, if … then … else and the functions of docs/formulas.md.", sure=True)
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


def _named_last(c: Cursor, per: tuple[str, ...]) -> list[Act] | None:
    """`the product of a and b as c`, `unit_price times quantity and call it gross`."""
    if per:
        return None
    c.articles()
    text = expression(c)
    if text is None:
        return None
    c.take(",")
    if not c.take("as", "called", "named", "and call it", "call it", "->", "→", "=>", "into", "and name it", "name it", "as a new column", "in a new column", "as column", "and store it as", "and store it in", "as a column", "in a column called", "into a column called", "and call that", "and call the result", "as new column", "calling it", "as a new column called", "in a new column called", "as a column called", "into a new column", "to get", "to give", "giving"):
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
        c.take("otherwise false", "else false", "and false otherwise", "false otherwise", "or not")
    return f"coalesce({formula(test)}, false)" if test is not None else None


def _buckets(c: Cursor, name: str) -> str | None:
    """`small below 10, medium below 100, otherwise large`, with or without "of amount" before."""
    del name
    c.take("band", "bands", "bucket", "buckets", "class", "classes", "a band", "the band", "the bands", "a label")
    c.take("of", "by", "from", "for", "on", "based on")
    c.articles()
    subject = c.column()
    if subject is not None:
        c.take(":", ",", "-", "–", "(", "as", "into", "in")
        c.subject = (subject,)
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
    return "".join(f"if {test} then {label} else " for test, label in branches) + otherwise


def _label_otherwise(c: Cursor) -> str | None:
    label = _label(c)
    if label is None or not c.take("otherwise", "else", "for the rest", "for everything else", "above that", "in all other cases", "above", "for all others", "from there on", "for all other rows", "for anything else", "if not", "for others", "beyond that", "beyond", "for the others", "in other cases"):
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
            c.take("if", "for", "when", "where", "means", "is", "=", ":", "(")
            c.take("it is", "values", "the value is", "scores", "anything", "a value", "everything", "amounts", "with")
            test = condition(c)
            if test is not None:
                c.take(")")
                keep()
                return formula(test), label
    test = condition(c)
    if test is None:
        return None
    c.take(",")
    c.take("is", "are", "->", "=>", "→", ":", "=", "then", "becomes", "gets", "counts as", "we call", "should be", "called", "as", "means", "get", "goes to")
    label = _label(c)
    return (formula(test), label) if label else None


def read_rename(c: Cursor) -> list[Act] | None:
    """`rename a to b and c to d`, `call the column a b`."""
    if not c.take("rename", "rename the column", "rename the columns", "rename column", "rename columns", "change the name of", "change the column name", "rename the field", "change the header"):
        if c.context != "rename":
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
    if old is None or not c.take("to", "as", "into", "->", "=>", "→", "=", ":", "becomes", "is called", "should be called", "to be", "is now", "should be"):
        return None
    new = c.new_name()
    return (old, new) if new else None


_SELECT = ("keep only the columns", "keep the columns", "keep columns", "keep only columns", "select", "select the columns", "keep only", "keep", "only keep", "only the columns", "only columns", "select columns", "retain", "retain the columns", "only output", "output the columns", "the output has the columns",
           "show only", "take the columns", "take only the columns", "only keep the columns", "reduce to the columns", "we need the columns", "we only need the columns", "i only need the columns", "columns", "return", "leave only the columns", "restrict to the columns", "output only the columns", "show", "pick", "pick the columns", "use only the columns", "just keep", "include only the columns", "include the columns", "we only need", "i only need", "output only", "the result has the columns", "the columns", "the result should have the columns", "use the columns", "the columns we need are", "the final columns are", "final columns", "only", "limit the columns to", "limit to the columns", "include only", "the output should have the columns", "keep just the columns", "keep just", "project", "project to", "we want the columns", "only need the columns", "reduce it to the columns", "only need", "keep the fields", "only show", "retain only", "retain only the columns", "select only the columns", "select only", "in the output keep", "the file should have the columns", "the output should contain the columns", "the output should contain only", "the output needs the columns", "we want only the columns", "only include the columns", "only include", "only return", "only show the columns")  # fmt: skip


def read_choice(c: Cursor) -> list[Act] | None:
    """`keep the columns a, b and c`: the columns that stay."""
    if c.take("drop all columns except", "remove all columns except", "drop everything except", "remove all columns but", "drop all columns but", "drop every column except", "drop all other columns except", "remove all other columns except", "drop all the columns except", "remove every column except"):
        pass
    elif not c.take(*_SELECT) and c.context != "select":
        return None
    c.take("only", "just", "these", "the following", "in this order", "the columns", "columns", ":")
    c.take(":", "columns")
    c.take("the")
    names = c.columns(demanded=c.sees("column") or c.tokens[max(c.i - 1, 0)].low in ("columns", "select") or c.context == "select")
    if not names:
        return None
    with c.saved() as keep:
        c.take(",")
        c.take("(")
        if c.take("in this order", "in that order", "in the order given", "and drop the rest", "and nothing else", "only", "drop the rest", "columns", "and drop everything else", "and drop all other columns", "and no other columns", "drop the other columns", "and drop the others", "and drop the other columns", "nothing else", "and remove the rest", "and leave out the rest", "in exactly this order", "and no others", "and discard the rest", "the rest can go", "the others can go", "the rest is not needed", "the rest are not needed", "and remove all others", "and no more", "in that sequence", "and ignore the rest"):
            c.take(")")
            keep()
    return [Operation("Choose columns", {"select": names})]


def read_drop_columns(c: Cursor) -> list[Act] | None:
    """`drop the columns a and b`, `drop a`."""
    if not c.take("drop", "remove", "delete", "discard", "leave out", "get rid of", "omit", "throw away", "we don't need", "we do not need", "exclude", "strip", "hide", "throw out", "take out", "do not keep", "don't keep", "i don't need", "don't output", "leave off") and c.context != "drop":
        return None
    c.take("the", "both", "also", "only")
    said = c.take("columns", "column", "the columns", "the column", "fields", "field", "the fields", "the field", "helper columns", "helper column")
    names = c.columns(demanded=bool(said))
    if not names:
        return None
    behind = c.tokens[c.i - 1].low in ("column", "columns", "field", "fields")
    if not said and not behind and c.context != "drop" and not _certainly_column(c, names):
        return None
    c.take("from the result", "from the output", "from the table", "from it", "again", "afterwards", "from the data")
    return [Operation(f"Drop {', '.join(names)}", {"drop": names})]


def _certainly_column(c: Cursor, names: tuple[str, ...]) -> bool:
    previous = c.tokens[c.i - 1]
    rest = c.peek()
    return (previous.kind in (Kind.TICK, Kind.QUOTED) or previous.text in names or previous.low in [n.lower() for n in names]) and (rest is None or rest.text in ",;.)" or rest.low in ("and", "then", "from", "again"))


def read_fill(c: Cursor) -> list[Act] | None:
    """`fill missing department with "x", and missing salary with 0`."""
    fills: dict[str, object] = {}
    while pair := c.attempt(lambda: _fill_pair(c, first=not fills)):
        fills |= pair
    return [Operation(f"Fill {', '.join(fills)}", {"fill_nulls": fills})] if fills else None


_MISSING = ("missing", "empty", "null", "blank", "any missing", "missing values in", "missing values of", "empty values in", "nulls in", "blanks in", "the missing", "missing values for", "the missing values in", "empty cells in", "gaps in", "missing value in", "the missing values of", "null values in", "the gaps in", "missing entries in", "blank values in", "the blanks in", "the nulls in", "any missing values in", "any empty", "any blank", "empty entries in", "a missing", "an empty", "na in", "all missing")  # fmt: skip
_FILL = ("fill", "fill in", "replace", "fill up", "set", "substitute", "impute", "put", "use", "treat", "default", "turn", "make", "change", "write", "fill the", "fill in the", "count", "read", "regard")


def _fill_pair(c: Cursor, *, first: bool) -> dict[str, object] | None:
    if not first and not c.list_mark():
        return None
    c.take("and")
    verb = c.take(*_FILL)
    said = c.take(*_MISSING)
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
        if not c.take("where it is missing", "if missing", "when missing", "where missing", "if it is missing", "when it is missing") and verb not in ("fill", "fill in", "fill up", "impute", "default"):
            return None
    c.take("values", "value", "cells", "entries")
    if not c.take("with", "by", "to", "as", "becomes", "->", "=", "into", "using", "is", "should be", "should become", "become", "→", "=>", "get", "gets", "should read", "means", "count as", "counts as", "should count as", "are", "will be", "should be set to", "should be replaced with", "should be replaced by", "should be filled with", "is set to", "are set to", "being", "should get"):
        return None
    return _filled(c, names)


def _filled(c: Cursor, names: tuple[str, ...]) -> dict[str, object] | None:
    c.take("the value", "the text", "a", "the word", "the number", "value", "text")
    filled: dict[str, object] = {}
    place = c.i
    for name in names:
        c.i = place
        token = c.peek()
        found = value(c, name) if token else None
        if found is None or (token and token.kind is Kind.WORD and c.scope.find(token.text, lenient=False).names):
            return None
        filled[name] = found
    c.take("where it is missing", "if missing", "when missing", "where missing", "if it is missing", "when it is missing", "instead", "if it is empty", "in the output")
    return filled


def _put(c: Cursor) -> dict[str, object] | None:
    """`put 0 where days is missing`, `use "x" for missing city`."""
    place = c.i
    token = c.peek()
    if token is None:
        return None
    c.i += 1
    c.take("in", "into", "for", "as")
    if not c.take("where", "if", "when", "wherever", "missing", "a missing", "empty", "rows without", "every missing", "whenever", "the missing", "any missing", "all missing"):
        return None
    names = c.columns(demanded=True)
    c.take("values", "value")
    c.take("is missing", "are missing", "is empty", "is blank", "is null", "is not given", "is not there")
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
    if not names or not (none_there or c.take("is missing", "are missing", "is empty", "is blank", "is null", "is not given", "is not there", "has no value", "is not set", "is absent", "are empty", "is not filled in", "is unknown")):
        return None
    c.take(",")
    c.take("then")
    if not c.take("put", "use", "write", "set it to", "fill in", "insert", "fill it with", "make it", "set", "it should be", "take", "use the value", "enter", "it becomes", "treat it as", "it is", "show", "replace it with", "replace it by", "it counts as", "fill with", "put in", "assume", "count it as", "it should say", "set them to", "fill them with"):
        return None
    filled = _filled(c, names)
    c.take("there", "instead", "in", "as the value")
    return filled


def _default(c: Cursor) -> dict[str, object] | None:
    """`a missing salary counts as 0` comes through the general form; this is `salary defaults to 0`."""
    column = c.column()
    if column is None or not c.take("defaults to", "default to", "default is", "is filled with", "should be filled with", "should default to", "missing ->", "missing =", "missing becomes"):
        return None
    return _filled(c, (column,))


def read_round(c: Cursor) -> list[Act] | None:
    """`round avg_c to 2 decimals`."""
    verb = c.take("round", "round the", "round off")
    if verb is None:
        return None
    c.take("both", "all of")
    names = c.columns(demanded=True)
    places = digits(c) if names else None
    if places is None:
        return None
    columns = tuple({"name": n, "formula": f"round({{{n}}}, {places})"} for n in names)
    return [Operation(f"Round {', '.join(names)}", {"add_columns": columns})]


def read_replace(c: Cursor) -> list[Act] | None:
    """`make email lower case`, `trim name`, `uppercase the country`, `divide price by 100`, `replace "x" with "y" in city`."""
    for reader in (_changed_case, _trimmed, _arithmetic, _value_replaced, _flagged):
        if (found := c.attempt(lambda r=reader: r(c))) is not None:  # type: ignore[misc]  # called at once
            return found
    return None


_CASES = {"lower case": "lower", "lowercase": "lower", "lower-case": "lower", "small letters": "lower", "upper case": "upper", "uppercase": "upper", "upper-case": "upper", "capitals": "upper", "capital letters": "upper", "title case": "title", "lower case letters": "lower", "upper case letters": "upper"}


def _changed_case(c: Cursor) -> list[Act] | None:
    verb = c.take("lowercase", "uppercase", "lower-case", "upper-case", "lower", "upper", "make", "turn", "convert", "put", "change", "write", "set", "bring", "trim and lowercase", "trim and uppercase", "transform", "normalise", "normalize", "strip and lowercase")
    if verb is None:
        return None
    names = c.columns(demanded=verb not in ("make", "turn", "convert", "put", "change", "write", "set", "bring", "transform", "normalise", "normalize"))
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
    if not c.take("trim", "strip", "trim spaces from", "strip spaces from", "remove surrounding spaces from", "trim whitespace from", "strip whitespace from", "remove leading and trailing spaces from", "trim the spaces around", "trim whitespace around", "trim spaces around", "strip leading and trailing spaces from", "trim the spaces from", "trim the whitespace from", "remove leading and trailing whitespace from", "remove the spaces around", "trim the whitespace around", "cut the spaces around", "trim leading and trailing spaces from", "trim the", "remove spaces around", "remove extra spaces around"):
        return None
    names = c.columns(demanded=True)
    if not names or any(c.scope.type_of(n) not in (ColumnType.STRING, ColumnType.UNKNOWN) for n in names):
        return None
    shape = "trim({})"
    if c.take("and make it", "and turn it into", "and convert it to", "and make them", "and convert them to", "and put it in", "and turn them into", "and change it to", "and put them in"):
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
        return _reformed((column,), f"replace({{}}, '{before.text}', '{after.text}')")
    if any(before.text in v and before.text != v for v in seen):
        c.doubts.append((before.text, "It is not clear whether whole values or parts of texts are replaced; whole values were."))
    return _reformed((column,), f"if {{}} = '{before.text}' then '{after.text}' else {{}}")


def _flagged(c: Cursor) -> list[Act] | None:
    """`flag rows where amount > 100 as big`: a column of true and false."""
    if not c.take("flag", "mark", "tag"):
        return None
    c.row_noun()
    if not c.take("where", "whose", "with", "that have", "if"):
        return None
    test = condition(c)
    name = c.new_name() if test is not None and c.take("as", "in a column called", "in column", "in a column", "in a new column", "in a new column called", "in the column") else None
    return [Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": f"coalesce({formula(test)}, false)"},)})] if name and test is not None else None
