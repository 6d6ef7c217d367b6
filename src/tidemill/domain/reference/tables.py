"""The reference meaning of the operations that put tables together or turn them: join, union, pivot, unpivot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.reference.aggregates import aggregate
from tidemill.domain.reference.rows import NotEvaluable, group_rows, literal, with_types
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import AggregateOperation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.reference.rows import Row, Rows, Value
    from tidemill.domain.transforms import JoinConfig, PivotConfig, UnionConfig, UnpivotConfig


@dataclass(frozen=True)
class Sides:
    """The column names of both sides of a join, also where they have no rows."""

    left: tuple[str, ...]
    right: tuple[str, ...]


def join_rows(left: Rows, right: Rows, config: JoinConfig, *, sides: Sides, after: TableSchema) -> Rows:
    """Rows of `left` with their matches, in the order of `left`; rows of `right` without a match at the end.

    A missing key matches nothing, not even another missing key.
    """
    left_keys, right_keys = (config.on, config.on) if config.on else (config.left_on, config.right_on)
    by_key = group_rows(right, right_keys)
    pairs = [(row, by_key.get(key, []) if None not in key else []) for row in left for key in [_key(row, left_keys)]]
    if config.how == "semi":
        return [row for row, matches in pairs if matches]
    if config.how == "anti":
        return [row for row, matches in pairs if not matches]
    joined = [_joined(row, match, config, sides) for row, matches in pairs for match in matches or _unmatched(config)]
    if config.how in ("right", "outer"):
        matched = {id(match) for _, matches in pairs for match in matches}
        joined += [_joined(None, row, config, sides) for row in right if id(row) not in matched]
    return with_types(joined, after)


def union_rows(tables: Sequence[Rows], config: UnionConfig, *, after: TableSchema) -> Rows:
    """The rows of all tables below each other, or the distinct ones of them."""
    rows = with_types([row for table in tables for row in table], after)
    return distinct(rows) if config.distinct else rows


def distinct(rows: Rows) -> Rows:
    """The first of each set of equal rows."""
    seen: dict[tuple[Value, ...], Row] = {}
    for row in rows:
        seen.setdefault(tuple(row.values()), row)
    return list(seen.values())


def pivot_rows(rows: Rows, config: PivotConfig, *, before: TableSchema) -> Rows:
    """One row per index; a cell no row belongs to holds `fill`, whatever the operation."""
    names = config.names if config.names is not None else _found_names(rows, config)
    operation = AggregateOperation(config.operation)
    kind = before.columns.get(config.values, ColumnType.INTEGER) if config.values else ColumnType.INTEGER
    wide: Rows = []
    for key, group in group_rows(rows, config.index).items():
        row = dict(zip(config.index, key, strict=True))
        for name in names:
            cell = [r for r in group if text_of(r[config.columns]) == name]
            values = [r[config.values] if config.values else True for r in cell]
            row[name] = aggregate(operation, values) if cell else _fill(config, operation, kind)
        wide.append(row)
    return wide


def unpivot_rows(rows: Rows, config: UnpivotConfig, *, after: TableSchema) -> Rows:
    """For each row one row per column, in the order of `columns`."""
    long: Rows = []
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in config.columns}
        long += [{**kept, config.name_to: name, config.value_to: row[name]} for name in config.columns]
    return with_types(long, after)


def text_of(value: Value) -> str | None:
    """A value as the name of a pivoted column."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _found_names(rows: Rows, config: PivotConfig) -> tuple[str, ...]:
    """The values that become columns; an empty text names none.

    Raises:
        NotEvaluable: Names agree with each other or with an index column but for case, which databases do not tell apart.
    """
    names = sorted({name for row in rows if (name := text_of(row[config.columns]))})
    if len({n.casefold() for n in (*names, *config.index)}) < len(names) + len(config.index):
        raise NotEvaluable("pivot", "two columns would get one name")
    return tuple(names)


def _fill(config: PivotConfig, operation: AggregateOperation, kind: ColumnType) -> Value:
    if config.fill is None:
        return None
    if operation is AggregateOperation.COUNT:
        return literal(config.fill, ColumnType.INTEGER)
    if operation in (AggregateOperation.AVG, AggregateOperation.MEDIAN):
        return literal(config.fill, ColumnType.NUMBER)
    return literal(config.fill, kind)


def _key(row: Row, names: Sequence[str]) -> tuple[Value, ...]:
    return tuple(row[n] for n in names)


def _unmatched(config: JoinConfig) -> list[Row | None]:
    return [None] if config.how in ("left", "outer") else []


def _joined(left: Row | None, right: Row | None, config: JoinConfig, sides: Sides) -> Row:
    row: Row = {name: left[name] if left is not None else None for name in sides.left}
    for name in sides.right:
        value = right[name] if right is not None else None
        if name not in config.on:
            row[name + config.suffix if name in row else name] = value
        elif left is None:
            row[name] = value
    return row
