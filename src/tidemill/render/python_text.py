"""Python source of values and of tables of values."""

from __future__ import annotations

import datetime as dt
from textwrap import wrap
from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.reference import Row, Rows, Value

_LINE = 100
_SPACE = "\N{SYMBOL FOR SPACE}"
"""Stands for the spaces within an item while lines are filled."""
IBIS_TYPES: Mapping[ColumnType, str] = {
    ColumnType.STRING: "string",
    ColumnType.INTEGER: "int64",
    ColumnType.NUMBER: "float64",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.TIMESTAMPTZ: "timestamp('UTC')",
    ColumnType.UNKNOWN: "string",
}


def value_source(value: Value) -> str:
    """A value as a literal; dates and times with the `dt` of `import datetime as dt`."""
    if isinstance(value, dt.datetime):
        parts = [value.year, value.month, value.day, value.hour, value.minute]
        parts += [value.second, value.microsecond] if value.microsecond else [value.second] if value.second else []
        zone = ", tzinfo=dt.UTC" if value.tzinfo else ""
        return f"dt.datetime({', '.join(map(str, parts))}{zone})"
    if isinstance(value, dt.date):
        return f"dt.date({value.year}, {value.month}, {value.day})"
    if isinstance(value, str):
        return text_source(value)
    return repr(value)


def rounded(value: Value) -> Value:
    """An expected value; numbers are compared up to rounding, so 21.599999999999998 may be shown as the 21.6 that is meant."""
    return float(f"{value:.14g}") if isinstance(value, float) else value


def same_rows(one: Rows, other: Rows) -> bool:
    """True if two lists hold the same rows, in whatever order, numbers up to rounding."""
    return sorted(map(_comparable, one)) == sorted(map(_comparable, other))


def _comparable(row: Row) -> list[str]:
    return [f"{v:.10g}" if isinstance(v, float) else repr(v) for v in row.values()]


def one_line(text: str) -> str:
    """Text for a docstring or a comment."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.replace("\\", "/").replace('"""', "'''").split())


def text_source(text: str) -> str:
    """A text as a literal in double quotes, as ruff formats it."""
    plain = repr(text)
    if plain.startswith('"') or '"' in text:
        return plain
    return f'"{plain[1:-1]}"'


def tuple_source(cells: Sequence[str]) -> str:
    """A tuple of literals."""
    return f"({cells[0]},)" if len(cells) == 1 else f"({', '.join(cells)})"


def rows_source(rows: Sequence[Sequence[Value]], notes: Sequence[str] = (), *, indent: int = 0) -> str:
    """A list of tuples, one a line, columns aligned, each line followed by its note."""
    if not rows:
        return "[]"
    cells = [[value_source(v) for v in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    pad = " " * indent
    lines = [_aligned(row, widths) for row in cells]
    noted = [f"{line}  # {one_line(note)}" if note else line.rstrip() for line, note in zip(lines, [*notes, *[""] * len(rows)], strict=False)]
    return "\n".join(["[", *(f"{pad}    {line}" for line in noted), f"{pad}]"])


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    if len(cells) == 1:
        return f"({cells[0]},),".ljust(widths[0] + 4)
    padded = [f"{cell},".ljust(width + 1) for cell, width in zip(cells[:-1], widths[:-1], strict=True)]
    return f"({' '.join([*padded, cells[-1]])}),".ljust(sum(widths) + 2 * len(widths) + 1)


def columns_source(columns: Mapping[str, ColumnType], *, indent: int = 0) -> str:
    """Names and Ibis types of columns as a dict literal."""
    return _filled("{", [f"{text_source(name)}: {text_source(IBIS_TYPES[kind])}" for name, kind in columns.items()], "}", indent)


def names_source(names: Sequence[str], *, indent: int = 0) -> str:
    """A list of texts."""
    return _filled("[", [text_source(n) for n in names], "]", indent)


def _filled(begin: str, items: Sequence[str], end: str, indent: int) -> str:
    """Items on one line, or on as few as they need."""
    line = f"{begin}{', '.join(items)}{end}"
    if indent + len(line) <= _LINE:
        return line
    pad = " " * (indent + 4)
    unbroken = ", ".join(item.replace(" ", _SPACE) for item in items)
    lines = wrap(unbroken, width=_LINE - 1 - len(pad), break_long_words=False, break_on_hyphens=False)
    return "\n".join(
        [begin, *(pad + text.replace(_SPACE, " ").rstrip() for text in lines[:-1]), f"{pad}{lines[-1].replace(_SPACE, ' ')},", " " * indent + end]
    )
