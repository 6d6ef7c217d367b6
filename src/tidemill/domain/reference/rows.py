"""The rows that the reference evaluation works on, and what every operation needs of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tidemill.domain.table_schema import ColumnType
from tidemill.errors import TidemillError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tidemill.domain.table_schema import TableSchema
    from tidemill.domain.transforms import Scalar, SortKey

Value = str | int | float | bool | dt.date | dt.datetime | None
"""None is a missing value. TIMESTAMPTZ values are aware and in UTC, TIMESTAMP values are naive."""
Row = dict[str, Value]
Rows = list[Row]

MAX_INTEGER = 2**63 - 1


class NotEvaluable(Unsupported):
    """The reference evaluation cannot tell what a step gives; `step` and `reason` are in the context."""

    code = "not_evaluable"

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"`{step}` cannot be evaluated without running it: {reason}", step=step, reason=reason)
        self.step = step
        self.reason = reason


class UnreadableValue(TidemillError):
    """A value that a `cast` with `onError: fail` cannot read: the run of the pipeline fails at it."""

    code = "unreadable_value"


def group_rows(rows: Iterable[Row], columns: Sequence[str]) -> dict[tuple[Value, ...], Rows]:
    """Rows by their values in `columns`, groups in order of first appearance; a missing value is a key like any other."""
    groups: dict[tuple[Value, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[c] for c in columns), []).append(row)
    return groups


def sort_rows(rows: Iterable[Row], keys: Sequence[SortKey]) -> Rows:
    """Rows by `keys`, missing values last in both directions; ties stay in the order they came in."""
    ordered = list(rows)
    for key in reversed(keys):
        column = key.column
        present = [r for r in ordered if r[column] is not None]
        missing = [r for r in ordered if r[column] is None]
        present.sort(key=_by(column), reverse=key.direction == "desc")
        ordered = present + missing
    return ordered


def _by(column: str) -> Callable[[Row], Any]:
    # Python compares str by code point, False before True and 1 with 1.5: what a column of one type needs.
    return lambda row: row[column]


def converted(value: Value, kind: ColumnType) -> Value:
    """`value` as the type that `common_type` found for it: an integer becomes a number, a date the midnight it begins with."""
    if kind is ColumnType.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is ColumnType.TIMESTAMP and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    return value


def literal(value: Scalar, kind: ColumnType) -> Value:
    """A literal of the file as the type of the column it meets; ISO text becomes a date or time."""
    if kind is ColumnType.NUMBER and not isinstance(value, (str, bool)):
        return float(value)
    if isinstance(value, str) and kind is ColumnType.DATE:
        return dt.date.fromisoformat(value)
    if isinstance(value, str) and kind is ColumnType.TIMESTAMP:
        return dt.datetime.fromisoformat(value)
    if isinstance(value, str) and kind is ColumnType.TIMESTAMPTZ:
        at = dt.datetime.fromisoformat(value)
        return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return value


def with_types(rows: Sequence[Mapping[str, Value]], table: TableSchema) -> Rows:
    """Rows with the columns of `table`, in that order and of those types; a column that a row lacks is missing there.

    Columns that `table` does not name are left out, unless it is not complete: they follow then, as they are.
    """
    extra = [] if table.complete else list(dict.fromkeys(name for row in rows for name in row if name not in table))
    kinds = dict(table.columns) | dict.fromkeys(extra, ColumnType.UNKNOWN)
    return [{name: converted(row.get(name), kind) for name, kind in kinds.items()} for row in rows]
