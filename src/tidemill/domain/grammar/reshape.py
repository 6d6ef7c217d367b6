"""Pivot and unpivot."""

from __future__ import annotations

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.literals import value
from tidemill.domain.grammar.operations import Act, CellFill, Operation
from tidemill.domain.grammar.phrasebook import reshape as w
from tidemill.domain.grammar.tokens import Kind

_OPERATIONS = {
    "sum": "sum",
    "total": "sum",
    "summed": "sum",
    "count": "count",
    "number": "count",
    "average": "avg",
    "mean": "avg",
    "avg": "avg",
    "minimum": "min",
    "lowest": "min",
    "maximum": "max",
    "highest": "max",
    "median": "median",
    "sums": "sum",
    "totals": "sum",
    "averages": "avg",
    "largest": "max",
    "smallest": "min",
    "min": "min",
    "max": "max",
}


def read_pivot(c: Cursor) -> list[Act] | None:
    """`pivot it so that there is one row per team, one column per priority, and the sum of minutes in the cells; fill empty cells with 0`."""
    start = c.i
    c.take(*w.MAKE)
    c.take("a")
    if not c.take(*w.PIVOT) and not _rows_per_ahead(c):
        c.i = start
        return None
    parts: dict[str, object] = {}
    while True:
        if c.attempt(lambda: _part(c, parts)):
            continue
        if not c.take(*w.JOINERS):
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
    return ("one row per" in low or "one row for each" in low or "rows" in low) and (
        "column per" in low or "column for each" in low or "column for every" in low
    )


def _part(c: Cursor, parts: dict[str, object]) -> bool | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    c.articles()
    if c.take(*w.ONE_ROW_PER):
        names = c.columns(demanded=True)
        parts["index"] = names
        return bool(names) or None
    if c.take(*w.ONE_COLUMN_PER):
        c.take("the values of", "value of", "the different values of", "distinct value of", "each")
        name = c.column(demanded=True)
        if name:
            parts["columns"] = name
        return True if name else None
    if names_by := c.attempt(lambda: _by(c)):
        parts |= names_by
        return True
    if c.take(*w.FILL_EMPTY_CELLS_WITH):
        found = value(c, None)
        if found is None:
            return None
        c.take(*w.FOR_EMPTY_CELLS)
        parts["fill"] = found
        return True
    if c.take(*w.LEAVE_EMPTY_CELLS_EMPTY):
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
    c.take(*w.IN_THE_CELLS)
    return True


def _by(c: Cursor) -> dict[str, object] | None:
    """`minutes by team and priority` names rows and columns only with their roles: `team by priority`, `team as rows and priority as columns`."""
    name = c.column()
    if name is None:
        return None
    if c.take(*w.AS_ROWS):
        return {"index": (name,)}
    if c.take(*w.AS_COLUMNS):
        return {"columns": name}
    if c.take("as values", "as the values", "in the cells", "as cells", "as value"):
        return {"values": name}
    return None


def read_cell_remark(c: Cursor) -> list[Act] | None:
    """`Cells without data stay empty`, behind a pivot; `fill empty cells with 0`."""
    parts: dict[str, object] = {}
    if c.take("fill", "set", "put") and c.take("missing", "empty", "the empty", "blank"):
        c.take("cells", "combinations", "ones")
        if not c.take("with", "to", "as"):
            return None
        found = value(c, None)
        return None if found is None else [CellFill(found)]
    if not c.take(*w.CELLS):
        return None
    if c.take("without", "with no", "that have no"):
        c.take("any", "a")
        if not c.take(*w.DATA) and not c.row_noun() and not c.column():
            return None
    if c.take(*w.STAY_EMPTY):
        return [CellFill(None)]
    if c.take(*w.GET):
        found = value(c, None)
        return None if found is None else [CellFill(found)]
    del parts
    return None


def read_unpivot(c: Cursor) -> list[Act] | None:
    """`unpivot the columns jan, feb and mar: the column name goes into month, the value into mm; station stays`."""
    if not c.take(*w.UNPIVOT):
        return None
    sure = c.tokens[c.i - 1].low in ("unpivot", "melt", "unpivots")
    c.take(*w.TABLE)
    c.take(":", ",", "so that", "by stacking", "by turning", "with")
    c.take("the columns", "columns", "the month columns", "the value columns", "the")
    columns = c.columns(demanded=True)
    if not columns:
        return None
    columns = _through(c, columns)
    if not sure and not c.sees(*w.INTO_ROWS, "into two columns", "into two new columns", "into the two columns"):
        return None
    if not sure and not c.sees("into rows with", "into rows of"):
        c.take(*w.INTO_ROWS)
    if not c.sees("into rows with", "into rows of"):
        c.take("into rows", "to rows", "into long format", "to long format")
    parts: dict[str, object] = {"columns": columns}
    while True:
        if c.attempt(lambda: _long_part(c, parts)):
            continue
        if not c.take(*w.MARKS):
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


def _long_part(c: Cursor, parts: dict[str, object]) -> bool | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    if c.take("a"):
        pass
    if c.take(*w.KEEP):
        if c.tokens[c.i - 1].low in ("stay", "are", "stays"):
            return True
        c.take("are", ":")
        columns = c.columns()
        c.take("as they are", "as is", "as it is", "as ids", "unchanged", "as identifiers")
        return _all_others(c, columns, parts)
    if staying := c.attempt(lambda: _stays(c)):
        return _all_others(c, staying, parts)
    for key, words in (("name_to", w.NAME_PARTS), ("value_to", w.VALUE_PARTS)):
        with c.saved() as keep:
            if c.take(*words) and (c.take(*w.GOES_INTO)):
                name = c.new_name()
                if name:
                    parts[key] = name
                    keep()
                    return True
    with c.saved() as keep:
        if c.take(*w.COLUMNS):
            c.take("called", ":", "named", ",")
            c.take("the columns", "columns")
            name = c.new_name()
            if name and c.take(*w.FOR_THE_COLUMN_NAME):
                parts["name_to"] = name
                keep()
                return True
            if name and c.take(*w.FOR_THE_VALUE):
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
            if name and c.take(*w.FOR_THE_VALUE_2):
                parts["value_to"] = name
                keep()
                return True
    return None


def _stays(c: Cursor) -> tuple[str, ...] | None:
    columns = c.columns()
    return columns if columns and c.take(*w.STAY) else None


def _all_others(c: Cursor, kept: tuple[str, ...], parts: dict[str, object]) -> bool | None:
    unpivoted = parts["columns"]
    assert isinstance(unpivoted, tuple)
    others = set(c.scope.schema.columns) - set(unpivoted)
    if c.scope.schema.complete and set(kept) != others:
        c.trouble("unpivot", f"The columns that stay are {sorted(others)}, not only {sorted(kept)}.", "Drop the others in a sentence of its own.")
        return None
    return True
