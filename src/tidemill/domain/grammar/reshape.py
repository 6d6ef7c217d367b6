"""Pivot and unpivot."""

from __future__ import annotations

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.literals import value
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.tokens import Kind

_OPERATIONS = {"sum": "sum", "total": "sum", "summed": "sum", "count": "count", "number": "count", "average": "avg", "mean": "avg", "avg": "avg", "minimum": "min", "lowest": "min", "maximum": "max", "highest": "max",
               "median": "median", "sums": "sum", "totals": "sum", "averages": "avg", "largest": "max", "smallest": "min", "min": "min", "max": "max"}  # fmt: skip
_JOINERS = (",", "and", ";", "with", "so that", "there is", "there are", "that has", "having", "it", "them", "the", "showing", "where", "put", "in the cells", "as", "into a table", "to wide format", "to a table", "the table", "a table", "that", "has", "is", "of", "should be", "we have", "we get", ":", "each cell holds", "each cell", "holds", "hold", "the cells", "cells", "in each cell", "contain", "shows", "to wide", "into wide format", "the values", "the result", "to get", "the data", "you get", "i get", "are", "filled with", "be", "should hold", "should show", "show", "in the cell", "table", "per cell", "go in the cells", "a wide table", "into a wide table", "-", "(", ")")  # fmt: skip


def read_pivot(c: Cursor) -> list[Act] | None:
    """`pivot it so that there is one row per team, one column per priority, and the sum of minutes in the cells; fill empty cells with 0`."""
    start = c.i
    c.take("make", "build", "create", "turn it into", "i want", "we want", "give me")
    c.take("a")
    if not c.take("pivot", "pivot the rest", "pivot the rows", "pivot the data", "pivot the result", "pivot the table", "pivot table", "cross-tab", "crosstab", "cross tabulate", "spread", "pivoted", "cross table", "cross-table"):
        c.i = start
        if not _rows_per_ahead(c):
            return None
    parts: dict[str, object] = {}
    while True:
        if c.attempt(lambda: _part(c, parts)):
            continue
        if not c.take(*_JOINERS):
            break
    while c.i > start and c.tokens[c.i - 1].text in (",", ";", "and", "with", "that", "-", "it"):
        c.i -= 1
    if "index" not in parts or "columns" not in parts:
        return None
    if "operation" not in parts:
        if "values" in parts:
            c.trouble("pivot", "It is not said how several values for one cell are put together.", "Say 'with the sum of X in the cells'.")
        return None
    if parts["operation"] != "count" and "values" not in parts:
        return None
    if parts["operation"] == "count":
        parts.pop("values", None)
    return [Operation(f"Pivot by {parts['columns']}", {"pivot": parts}, aggregates=True)]


def _rows_per_ahead(c: Cursor) -> bool:
    low = " ".join(t.low for t in c.tokens[c.i :])
    return ("one row per" in low or "one row for each" in low or "rows" in low) and ("column per" in low or "column for each" in low or "column for every" in low)


def _part(c: Cursor, parts: dict[str, object]) -> bool | None:
    c.articles()
    if c.take("one row per", "a row per", "one row for each", "a row for each", "rows per", "row per", "one line per", "index by", "index", "indexed by", "one row for every", "rows are", "rows =", "rows by", "rows :", "rows for", "single row per", "each row is a", "one row each"):
        names = c.columns(demanded=True)
        parts["index"] = names
        return bool(names) or None
    if c.take("one column per", "a column per", "one column for each", "a column for each", "columns per", "column per", "one column for every", "columns are", "columns =", "columns by", "columns from", "columns :", "columns for", "column for each", "columns"):
        c.take("the values of", "value of", "the different values of", "distinct value of", "each")
        name = c.column(demanded=True)
        if name:
            parts["columns"] = name
        return True if name else None
    if names_by := c.attempt(lambda: _by(c)):
        parts |= names_by
        return True
    if c.take("fill empty cells with", "empty cells with", "empty cells get", "fill missing cells with", "empty cells become", "fill gaps with", "missing combinations with", "empty cells are", "fill the gaps with", "empty cells should be", "missing cells with", "cells without rows get", "fill missing with", "fill with", "filling empty cells with", "missing combinations get", "empty cells as", "fill the empty cells with", "use", "fill empty ones with", "fill missing combinations with", "cells without rows are", "empty cells hold", "empty cells should hold", "empty cells should show", "empty cells show", "where there is nothing put", "if there is none put", "fill blanks with", "fill the empty ones with"):
        found = value(c, None)
        if found is None:
            return None
        c.take("for empty cells", "in empty cells", "for missing combinations", "where there is nothing", "for the empty cells", "in the empty cells", "where there are no rows")
        parts["fill"] = found
        return True
    if c.take("leave empty cells empty", "empty cells stay empty", "leave the empty cells empty", "empty cells remain empty", "leave missing cells empty", "leave them empty", "cells without rows stay empty", "leave empty cells missing", "empty cells stay missing", "leave cells without rows empty", "cells without data stay empty", "cells without a value stay empty", "cells with no data stay empty", "cells without data are empty", "cells with no rows stay empty"):
        return True
    word = c.take(*_OPERATIONS)
    if word is None:
        return None
    operation = _OPERATIONS[word]
    c.take("of", "of the")
    if operation == "count":
        name = c.column()
        if name is None and not c.row_noun():
            token = c.peek()
            if token is not None and token.kind is Kind.WORD and token.low not in ("in", "as", "per", "and"):
                return None
    else:
        name = c.column(demanded=True)
        if name is None:
            return None
        parts["values"] = name
    parts["operation"] = operation
    c.take("in the cells", "as values", "as the values", "as cell values", "as the value", "in each cell", "in the cell", "as cells", "as value", "in every cell", "as the cell value", "inside the cells", "in cells")
    return True


def _by(c: Cursor) -> dict[str, object] | None:
    """`minutes by team and priority` names rows and columns only with their roles: `team by priority`, `team as rows and priority as columns`."""
    name = c.column()
    if name is None:
        return None
    if c.take("as rows", "in the rows", "as the rows", "as row", "down the side", "goes down", "as index", "as the index", "on the rows", "in rows", "down", "as the row", "to rows", "goes in the rows"):
        return {"index": (name,)}
    if c.take("as columns", "in the columns", "as the columns", "as column", "across the top", "goes across", "across", "on the columns", "in columns", "become columns", "as column headers", "into columns", "become the columns", "as the column", "turned into columns", "to columns", "as the column headers", "goes in the columns"):
        return {"columns": name}
    if c.take("as values", "as the values", "in the cells", "as cells", "as value"):
        return {"values": name}
    return None


def read_unpivot(c: Cursor) -> list[Act] | None:
    """`unpivot the columns jan, feb and mar: the column name goes into month, the value into mm; station stays`."""
    if not c.take("unpivot", "melt", "turn", "reshape", "gather", "stack", "make long", "turn into rows", "transform", "bring", "convert"):
        return None
    sure = c.tokens[c.i - 1].low in ("unpivot", "melt", "unpivots")
    c.take("the table", "it", "the data", "to long format", "into long format", "from wide to long", "the table to long format", "to long")
    c.take(":", ",", "so that", "by stacking", "by turning", "with")
    c.take("the columns", "columns", "the month columns", "the value columns", "the")
    columns = c.columns(demanded=True)
    if not columns:
        return None
    columns = _through(c, columns)
    if not sure and not c.take("into rows", "to rows", "into long format", "from columns into rows", "into a long table", "to long format", "into long form", "into one row each", "from wide to long", "to long"):
        return None
    c.take("into rows", "to rows", "into long format", "to long format")
    parts: dict[str, object] = {"columns": columns}
    while True:
        if c.attempt(lambda: _long_part(c, parts)):
            continue
        if not c.take(",", ";", ":", "and", "with", "so that", "where", "(", ")", "-", "–", "."):
            break
    while c.tokens[c.i - 1].text in (",", ";", ":", "and", "with", "-", "(") and c.i > 1:
        c.i -= 1
    if "name_to" not in parts or "value_to" not in parts:
        c.trouble("unpivot", "It is not said what the two new columns are called.", "Say 'the column name goes into month, the value into amount'.")
        return None
    return [Operation(f"Unpivot {', '.join(columns[:4])}", {"unpivot": parts})]


def _through(c: Cursor, columns: tuple[str, ...]) -> tuple[str, ...]:
    """`jan to dec`: the columns between, in the order of the table."""
    with c.saved() as keep:
        if c.take("to", "through", "until", "up to", "-", "–"):
            last = c.column()
            names = list(c.scope.schema.columns)
            if last in names and columns[-1] in names and names.index(last) > names.index(columns[-1]):
                keep()
                return (*columns[:-1], *names[names.index(columns[-1]) : names.index(last) + 1])
    return columns


_NAME_PARTS = ("column name", "column names", "the column name", "name", "names", "the name", "the column names", "the names", "column names go", "variable", "header", "the header", "the old column name", "name of the column", "the name of the column", "their names", "the headers", "headers", "the former column name", "the original column name", "the names of the columns", "the month name", "the former column names")  # fmt: skip
_VALUE_PARTS = ("value", "values", "the value", "the values", "their values", "the cell value", "the cell values", "the numbers", "cell values", "the number", "the figures", "cells", "the cells")  # fmt: skip


def _long_part(c: Cursor, parts: dict[str, object]) -> bool | None:
    if c.take("a"):
        pass
    if c.take("keep", "keeping", "leave", "the other columns stay", "all other columns stay", "other columns stay as they are", "everything else stays", "the rest stays", "the others stay", "the other columns stay as they are", "id columns"):
        if c.tokens[c.i - 1].low in ("stay", "are", "stays"):
            return True
        c.take("are", ":")
        columns = c.columns()
        c.take("as they are", "as is", "as it is", "as ids", "unchanged", "as identifiers")
        return _all_others(c, columns, parts)
    if columns := c.attempt(lambda: _stays(c)):
        return _all_others(c, columns, parts)
    for key, words in (("name_to", _NAME_PARTS), ("value_to", _VALUE_PARTS)):
        with c.saved() as keep:
            if c.take(*words) and (c.take("goes into", "go into", "goes to", "go to", "into", "in", "to", "as", "becomes", "become", "->", "=>", "=", "called", "is called", "goes in", "go in", "should be called", "are called", "named", "column", "in a column called", "into a column called", "land in", "lands in", "go in a column called", "goes in a column called", "goes into a column called", "go into a column called", "ends up in", "end up in", "being", "as column", "is", "are", "should go into", "goes into the column", "go into the column", "should go to", "into the column", "shall be called", "will be called", "to be called")):
                name = c.new_name()
                if name:
                    parts[key] = name
                    keep()
                    return True
    with c.saved() as keep:
        if c.take("columns", "two columns", "new columns", "the columns", "into", "into the columns", "into columns", "as", "one column", "giving", "the new columns are", "giving the columns", "to", "a column", "into two columns", "and two columns"):
            c.take("called", ":", "named")
            name = c.new_name()
            if name and c.take("for the column name", "for the name", "(the column name)", "(column name)", "(the old column name)", "for the column names", "(name)", "for the names", "(the name)", "with the column name", "holding the column name", "with the old column name", "with the name", "for the former column name", "for the old column names", "for the old column name"):
                parts["name_to"] = name
                keep()
                return True
            if name and c.take("for the value", "(the value)", "(value)", "for the values", "with the value", "holding the value", "with the values", "(the values)", "for the number", "for the numbers"):
                parts["value_to"] = name
                keep()
                return True
            if name and c.take("and", ","):
                second = c.new_name()
                if second:
                    parts["name_to"], parts["value_to"] = name, second
                    keep()
                    return True
    if "name_to" in parts and "value_to" not in parts:
        with c.saved() as keep:
            name = c.new_name()
            if name and c.take("for the value", "(the value)", "(value)", "for the values", "with the value", "with the values", "holding the value"):
                parts["value_to"] = name
                keep()
                return True
    return None


def _stays(c: Cursor) -> tuple[str, ...] | None:
    columns = c.columns()
    return columns if columns and c.take("stay", "stays", "remain", "are kept", "stay as they are", "is kept", "stays as it is", "are ids", "are the id columns", "stay unchanged", "are identifiers", "remains", "remain as they are", "stay as columns", "are repeated", "stay in place", "stays in place") else None


def _all_others(c: Cursor, kept: tuple[str, ...], parts: dict[str, object]) -> bool | None:
    unpivoted = parts["columns"]
    assert isinstance(unpivoted, tuple)
    others = set(c.scope.schema.columns) - set(unpivoted)
    if c.scope.schema.complete and set(kept) != others:
        c.trouble("unpivot", f"The columns that stay are {sorted(others)}, not only {sorted(kept)}.", "Drop the others in a sentence of its own.")
        return None
    return True
