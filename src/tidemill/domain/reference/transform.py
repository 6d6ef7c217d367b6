"""One transform step, and a whole spec, on rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.formula import type_of
from tidemill.domain.formula_eval import evaluate_condition
from tidemill.domain.reference.aggregates import aggregate_rows
from tidemill.domain.reference.casts import cast_rows
from tidemill.domain.reference.formulas import formula_value, read_formula
from tidemill.domain.reference.rows import NotEvaluable, Row, Rows, literal, with_types
from tidemill.domain.reference.sql import sql_rows
from tidemill.domain.reference.tables import Sides, join_rows, pivot_rows, union_rows, unpivot_rows
from tidemill.domain.reference.windows import dedupe_rows, limit_rows, sorted_rows, window_rows
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.stages import stages
from tidemill.domain.table_schema import ColumnType, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.pipeline import PipelineSpec
    from tidemill.domain.stages import Stage
    from tidemill.domain.transforms import AddColumn, Condition, DropNullsConfig, TransformConfig

_LOSES_ORDER = ("join", "sql", "aggregate", "pivot", "unpivot")
"""Operations after which no engine promises an order of the rows."""


@dataclass(frozen=True)
class _Inputs:
    rows: Sequence[Rows]
    names: Sequence[str]
    schemas: Sequence[TableSchema]


def evaluate(spec: PipelineSpec, tables: Mapping[str, Rows], *, backwards: bool = False) -> dict[str, Rows]:
    """What each destination receives, by destination step name, from `tables`, the rows of each source by step name.

    Raises:
        NotEvaluable: A step's result cannot be told without running it.
        UnreadableValue: The pipeline fails at a value.
    """
    flow = schema_flow(spec)
    held: dict[str, Rows] = {}
    for name in flow.order:
        step = spec.by_name[name]
        if step.type == "source":
            held[name] = tables[name]
            continue
        read = spec.inputs_of(spec.steps.index(step))
        if step.type == "destination":
            held[name] = held[read[0]]
            continue
        try:
            held[name] = apply_transform(step.config, [held[n] for n in read], read, flow.inputs[name], backwards=backwards)
        except NotEvaluable as unknown:
            raise NotEvaluable(name, unknown.reason) from unknown
    return {s.name: held[s.name] for s in spec.steps if s.type == "destination"}


def apply_transform(
    config: TransformConfig, inputs: Sequence[Rows], names: Sequence[str], schemas: Sequence[TableSchema], *, backwards: bool = False
) -> Rows:
    """The rows that a transform step makes of its inputs.

    Args:
        config: The step's config.
        inputs: Rows of the tables it reads.
        names: Names of the steps they come from.
        schemas: Schemas of the tables it reads.
        backwards: Hands rows on in reverse where no engine promises their order (after a join, a grouping …). A result that differs
            then rests on something that may be otherwise in the next run.

    Raises:
        NotEvaluable: A Python step, or SQL beyond what can be trusted.
        UnreadableValue: A value makes the pipeline fail.
    """
    given = _Inputs(inputs, names, schemas)
    rows = inputs[0]
    for stage in stages(config, schemas, names):
        begun = _from_inputs(stage, config, given)
        rows = begun if begun is not None else apply_stage(stage, config, rows)
        if backwards and stage.operation in _LOSES_ORDER:
            rows = rows[::-1]
    return rows


def apply_stage(stage: Stage, config: TransformConfig, rows: Rows) -> Rows:
    """The rows after one operation of a step that works on one table."""
    if stage.operation == "aggregate":
        return with_types(aggregate_rows(rows, config.group_by or (), config.aggregations or ()), stage.after)
    if config.pivot and stage.operation == "pivot":
        return with_types(pivot_rows(rows, config.pivot, before=stage.before), stage.after)
    if config.unpivot and stage.operation == "unpivot":
        return unpivot_rows(rows, config.unpivot, after=stage.after)
    if config.dedupe and stage.operation == "dedupe":
        return dedupe_rows(rows, config.dedupe)
    if config.window and stage.operation == "window":
        return window_rows(rows, config.window)
    if config.sort and stage.operation == "sort":
        return sorted_rows(rows, config.sort)
    if config.limit is not None and stage.operation == "limit":
        return limit_rows(rows, config.limit)
    return _row_by_row(stage, config, rows)


def _from_inputs(stage: Stage, config: TransformConfig, given: _Inputs) -> Rows | None:
    """The rows of an operation that begins a step with its inputs; None if `stage` is not one."""
    if config.join and stage.operation == "join":
        sides = Sides(_names(given.rows[0], given.schemas[0]), _names(given.rows[1], given.schemas[1]))
        return join_rows(given.rows[0], given.rows[1], config.join, sides=sides, after=stage.after)
    if config.union and stage.operation == "union":
        return union_rows(given.rows, config.union, after=stage.after)
    if config.sql and stage.operation == "sql":
        by_name = dict(zip(given.names, given.schemas, strict=True))
        return sql_rows(config.sql, dict(zip(given.names, given.rows, strict=True)), by_name, after=stage.after)
    if stage.operation == "python":
        raise NotEvaluable("python", "it is a Python function, which is never executed here")
    return None


def _row_by_row(stage: Stage, config: TransformConfig, rows: Rows) -> Rows:
    kinds = stage.before.columns
    if config.cast and stage.operation == "cast":
        return cast_rows(rows, config.cast)
    if config.fill_nulls and stage.operation == "fill_nulls":
        fills = {name: literal(value, stage.after.columns[name]) for name, value in config.fill_nulls.items()}
        return with_types([{n: fills.get(n) if v is None else v for n, v in row.items()} for row in rows], stage.after)
    if config.drop_nulls and stage.operation == "drop_nulls":
        return [row for row in rows if not _dropped(row, config.drop_nulls)]
    if config.add_columns and stage.operation == "add_columns":
        return with_types(_with_columns(rows, config.add_columns, kinds), stage.after)
    if config.filter and stage.operation == "filter":
        return [row for row in rows if _holds(row, config.filter, kinds)]
    if config.exclude and stage.operation == "exclude":
        return [row for row in rows if not _holds(row, config.exclude, kinds)]
    if config.where and stage.operation == "where":
        where = read_formula(config.where)
        return [row for row in rows if formula_value(where, row, kinds) is True]
    return [_with_names(row, stage.operation, config) for row in rows]


def _dropped(row: Row, config: DropNullsConfig) -> bool:
    missing = [row[name] is None for name in config.columns or row]
    return any(missing) if config.how == "any" else all(missing)


def _with_columns(rows: Rows, added: Sequence[AddColumn], kinds: Mapping[str, ColumnType]) -> Rows:
    known = dict(kinds)
    for column in added:
        formula = read_formula(column.formula)
        rows = [{**row, column.name: formula_value(formula, row, known)} for row in rows]
        known[column.name] = type_of(formula, known)
    return rows


def _holds(row: Row, conditions: Mapping[str, Condition], kinds: Mapping[str, ColumnType]) -> bool:
    return all(evaluate_condition(condition, row[name], kinds.get(name, ColumnType.UNKNOWN)) for name, condition in conditions.items())


def _with_names(row: Row, operation: str, config: TransformConfig) -> Row:
    """The row after `rename`, `select` or `drop`."""
    renames = config.rename or {}
    if operation == "rename":
        return {renames.get(name, name): value for name, value in row.items()}
    if operation == "select":
        return {name: row[name] for name in config.select or ()}
    if operation == "drop":
        return {name: value for name, value in row.items() if name not in (config.drop or ())}
    return row


def _names(rows: Rows, schema: TableSchema) -> tuple[str, ...]:
    return tuple(rows[0]) if rows and not schema.complete else schema.names
