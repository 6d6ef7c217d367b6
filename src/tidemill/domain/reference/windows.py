"""The reference meaning of what looks at the rows around a row: window columns, dedupe, limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.reference.aggregates import aggregate
from tidemill.domain.reference.rows import group_rows, sort_rows
from tidemill.domain.transforms import AggregateOperation, LimitConfig, SortKey, WindowFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.reference.rows import Row, Rows, Value
    from tidemill.domain.transforms import DedupeConfig, WindowColumn

_AGGREGATES = {
    WindowFunction.SUM: AggregateOperation.SUM,
    WindowFunction.AVG: AggregateOperation.AVG,
    WindowFunction.MIN: AggregateOperation.MIN,
    WindowFunction.MAX: AggregateOperation.MAX,
    WindowFunction.COUNT: AggregateOperation.COUNT,
    WindowFunction.FIRST: AggregateOperation.FIRST,
    WindowFunction.LAST: AggregateOperation.LAST,
}
_WHOLE_GROUP = (WindowFunction.FIRST, WindowFunction.LAST)


def window_rows(rows: Rows, windows: Sequence[WindowColumn]) -> Rows:
    """The rows in their order with one column more per window; a later window sees the columns of the earlier ones."""
    for window in windows:
        rows = _with_window(rows, window)
    return rows


def dedupe_rows(rows: Rows, config: DedupeConfig) -> Rows:
    """One row of each group, where it stood in the source."""
    if not rows:
        return []
    groups = group_rows(rows, config.columns or list(rows[0])).values()
    place = 0 if config.keep == "first" else -1
    kept = {id(sort_rows(group, config.order_by)[place]) for group in groups}
    return [row for row in rows if id(row) in kept]


def sorted_rows(rows: Rows, keys: Sequence[SortKey]) -> Rows:
    """Rows by `keys`; rows that agree in them follow their other columns, so that the same rows always stand in the same order."""
    named = {k.column for k in keys}
    others = [SortKey(column=name) for name in (rows[0] if rows else ()) if name not in named]
    return sort_rows(rows, [*keys, *others])


def limit_rows(rows: Rows, limit: int | LimitConfig) -> Rows:
    """The first rows, in all or of each group, where they stood."""
    if isinstance(limit, int):
        return rows[:limit]
    kept = {id(row) for group in group_rows(rows, limit.per).values() for row in group[: limit.count]}
    return [row for row in rows if id(row) in kept]


def _with_window(rows: Rows, window: WindowColumn) -> Rows:
    values: dict[int, Value] = {}
    for group in group_rows(rows, window.partition_by).values():
        ordered = sort_rows(group, window.order_by)
        for index, row in enumerate(ordered):
            values[id(row)] = _value(window, ordered, index)
    return [{**row, window.name: values[id(row)]} for row in rows]


def _value(window: WindowColumn, ordered: Rows, index: int) -> Value:
    """What `window` holds at row `index` of its ordered group."""
    function = window.function
    if function is WindowFunction.ROW_NUMBER:
        return index + 1
    if function is WindowFunction.RANK:
        return 1 + min(i for i, row in enumerate(ordered) if _peers(row, ordered[index], window))
    if function is WindowFunction.DENSE_RANK:
        return len({_order_values(row, window) for row in ordered[: index + 1]})
    if function in (WindowFunction.LAG, WindowFunction.LEAD):
        other = index - window.offset if function is WindowFunction.LAG else index + window.offset
        return ordered[other][window.column] if window.column and 0 <= other < len(ordered) else None
    frame = _frame(window, ordered, index)
    return aggregate(_AGGREGATES[function], [True if window.column is None else row[window.column] for row in frame])


def _frame(window: WindowColumn, ordered: Rows, index: int) -> Rows:
    if window.rows is not None:
        return ordered[max(0, index + 1 - window.rows) : index + 1]
    return ordered if not window.order_by or window.function in _WHOLE_GROUP else ordered[: index + 1]


def _peers(row: Row, other: Row, window: WindowColumn) -> bool:
    return _order_values(row, window) == _order_values(other, window)


def _order_values(row: Row, window: WindowColumn) -> tuple[Value, ...]:
    return tuple(row[key.column] for key in window.order_by)
