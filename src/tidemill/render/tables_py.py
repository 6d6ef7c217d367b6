"""The lines of a step function for the operations that put tables together or turn them: join, union, pivot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType
from tidemill.render.literals_py import literal_source
from tidemill.render.plan import Order
from tidemill.render.python_text import text_source
from tidemill.render.step_text import POSITION, named_values, names_of, new_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.table_schema import TableSchema
    from tidemill.domain.transforms import JoinConfig, PivotConfig, UnionConfig
    from tidemill.render.step_text import StepText

_CELLS = {"avg": "mean", "min": "min", "max": "max", "median": "median"}
_LEFT, _RIGHT = "_left_position", "_right_position"


def join_lines(text: StepText, join: JoinConfig, tables: Sequence[str], *, ordered: bool) -> None:
    """Joins the first table with the second; with `ordered`, rows follow the left table, then the right one."""
    left, right = tables[0], tables[1]
    filters = join.how in ("semi", "anti")
    if ordered and filters:
        text.number_rows()
        left = text.table
    elif ordered:
        text.say(f"numbered_left = {left}.mutate({_LEFT}=ibis.row_number())")
        text.say(f"numbered_right = {right}.mutate({_RIGHT}=ibis.row_number())")
        left, right = "numbered_left", "numbered_right"
    pairs = list(zip(join.left_on, join.right_on, strict=True))
    # Ibis leaves the right one of two key columns of the same name away; both stay, so it gets its new name before.
    if same := [a for a, b in pairs if a == b and not filters]:
        right = f"{right}.rename({new_names({name + join.suffix: name for name in same})})"
        pairs = [(a, b + join.suffix if a in same and a == b else b) for a, b in pairs]
    keys = ", ".join([*map(text_source, join.on), *(f"({text_source(a)}, {text_source(b)})" for a, b in pairs)])
    options = [f"[{keys}]", *([f"how={text_source(join.how)}"] if join.how != "inner" else [])]
    if not filters:
        options.append(f"rname={text_source('{name}' + join.suffix)}")
    text.assign(f"{left}.join({right}, {', '.join(options)})")
    _one_key(text, join)
    if ordered and not filters:
        text.assign(f'table.mutate({POSITION}=ibis.row_number().over(order_by=["{_LEFT}", "{_RIGHT}"])).drop("{_LEFT}", "{_RIGHT}")')
        text.has_position = True


def _one_key(text: StepText, join: JoinConfig) -> None:
    """Keys given with `on` appear once, with the value of the side that has one."""
    if join.how not in ("left", "right", "outer") or not join.on:
        return
    if join.how != "left":
        values = {k: f"ibis.coalesce({text.column(k)}, {text.column(k + join.suffix)})" for k in join.on}
        text.assign(f"table.mutate({named_values(values)})")
    text.assign(f"table.drop({', '.join(text_source(k + join.suffix) for k in join.on)})")


def union_lines(
    text: StepText, union: UnionConfig, tables: Sequence[str], inputs: Sequence[TableSchema], *, after: TableSchema, ordered: bool
) -> None:
    """Puts tables below each other, columns matched by name; DuckDB keeps them in this order."""
    alike = after.complete and all(dict(s.columns) == dict(after.columns) for s in inputs)
    text.assign(f"ibis.union({', '.join(tables)})" if alike else f"_union({', '.join(tables)})")
    if union.distinct and ordered:
        text.number_rows()
        place = f'ibis.row_number().over(group_by={text.all_columns(after)}, order_by="{POSITION}")'
        text.assign(f"table.mutate(_place={place})")
        text.assign('table.filter(table["_place"] == 0).drop("_place")')
    elif union.distinct:
        text.assign("table.distinct()")


def pivot_lines(text: StepText, pivot: PivotConfig, before: TableSchema, after: Order) -> None:
    """One aggregated column per value; a cell that no row belongs to holds `fill`."""
    in_source_order = after is Order.SOURCE
    if in_source_order:
        text.number_rows()
    column = text.column(pivot.columns)
    shown = column if before.columns.get(pivot.columns) is ColumnType.STRING else f'{column}.cast("string")'
    first = {POSITION: f'{text.table}["{POSITION}"].min()'} if in_source_order else {}
    if pivot.names is not None:
        cells = {n: _cell(text, pivot, before, f"{shown} == {text_source(n)}") for n in pivot.names}
        arguments = named_values(cells | first)
    else:
        text.say(f"names = _names_in({column}, [{', '.join(map(text_source, pivot.index))}])")
        each = f"**{{name: {_cell(text, pivot, before, f'{shown} == name')} for name in names}}"
        arguments = ", ".join([each, *(f"{n}={v}" for n, v in first.items())])
    text.assign(f"{text.table}.group_by({names_of(pivot.index)}).aggregate({arguments})")
    text.has_position = in_source_order
    if after is Order.STABLE:
        text.assign(f"table.order_by({names_of(pivot.index)})")


def _cell(text: StepText, pivot: PivotConfig, before: TableSchema, match: str) -> str:
    kind = before.columns.get(pivot.values or "", ColumnType.UNKNOWN)
    values = text.column(pivot.values) if pivot.values else text.table
    if pivot.operation == "sum":
        total = f"{values}.fill_null(0).sum(where={match})"
        return total if pivot.fill is None else f"{total}.fill_null({literal_source(pivot.fill, kind)})"
    if pivot.operation == "count":
        fill = "None" if pivot.fill is None else literal_source(pivot.fill, ColumnType.INTEGER)
        counted = f"{values}.count(where={match})"
        return counted if fill == "0" and not pivot.values else _where_rows(text, match, counted, fill)
    cell = f"{values}.{_CELLS[pivot.operation]}(where={match})"
    if pivot.fill is None:
        return cell
    number = ColumnType.NUMBER if pivot.operation in ("avg", "median") else kind
    return _where_rows(text, match, cell, literal_source(pivot.fill, number))


def _where_rows(text: StepText, match: str, cell: str, fill: str) -> str:
    """The cell if a row belongs to it, else `fill`."""
    return f"({text.table}.count(where={match}) > 0).ifelse({cell}, {fill})"
