"""Which branches of a step a row reaches, found by following the row through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tidemill.domain.formula import type_of
from tidemill.domain.formula_eval import evaluate_condition
from tidemill.domain.reference import UnreadableValue
from tidemill.domain.reference.formulas import formula_value, read_formula
from tidemill.domain.reference.transform import apply_stage
from tidemill.domain.stages import Stage, stages
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import CastConfig
from tidemill.render.bounds import condition_labels
from tidemill.render.formula_branches import formula_branches, formula_margins
from tidemill.render.sample_hints import Hints, hints_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tidemill.domain.reference import Row
    from tidemill.domain.transforms import Condition, Scalar, TransformConfig

_ROW_OPERATIONS = ("cast", "fill_nulls", "drop_nulls", "add_columns", "filter", "exclude", "where", "rename", "select", "drop")
"""Operations that look at one row at a time."""
_KEEPS_ROWS = ("cast", "fill_nulls", "add_columns", "rename", "select", "drop")


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    labels: tuple[str, ...]
    """The branches it reached, in words a reader understands."""
    row: Row | None
    """The row as the operations on whole tables see it; None if it was dropped on the way."""
    progress: float
    """How far it came; an integer part for operations passed, a fraction for conditions held."""
    failed: bool = False
    """True if the pipeline fails at it."""


@dataclass(frozen=True)
class Operation:
    """One operation of one of the steps that are followed."""

    config: TransformConfig
    stage: Stage

    @property
    def name(self) -> str:
        return self.stage.operation


@dataclass(frozen=True)
class RowTrace:
    """The way of a row through one step or several: first the operations on single rows, then those on the whole table."""

    columns: Mapping[str, ColumnType]
    """The columns of the rows that are followed: those of the input, or of the joined or united inputs."""
    on_rows: tuple[Operation, ...]
    on_table: tuple[Operation, ...]
    """From the first operation on the whole table to the end of the step it belongs to."""
    opaque: bool = field(default=False)
    """True if the first operation is SQL or Python, which rows cannot be followed through."""

    @classmethod
    def of(cls, configs: Sequence[TransformConfig], inputs: Sequence[TableSchema], names: Sequence[str]) -> RowTrace:
        """The way through `configs`, each of which reads the one before it; the first reads `inputs`."""
        operations: list[Operation] = []
        schemas = inputs
        for config in configs:
            done = stages(config, schemas, names)
            operations += [Operation(config, stage) for stage in done]
            schemas, names = [done[-1].after if done else schemas[0]], ["input"]
            if any(stage.operation not in (*_ROW_OPERATIONS, "join", "union") for stage in done):
                break
        columns = inputs[0].columns
        opaque = bool(operations) and operations[0].name in ("sql", "python")
        if operations and operations[0].name in ("join", "union"):
            columns = operations.pop(0).stage.after.columns
        end = next((i for i, o in enumerate(operations) if o.name not in _ROW_OPERATIONS), len(operations))
        return cls(columns, tuple(operations[:end]), tuple(operations[end:]), opaque)

    def follow(self, row: Row) -> Outcome:
        """Sends one row through the operations on single rows."""
        labels: list[str] = []
        for passed, operation in enumerate(self.on_rows):
            try:
                after = apply_stage(operation.stage, operation.config, [row])
            except UnreadableValue:
                return Outcome(tuple(labels), None, float(passed), failed=True)
            labels += _labels(operation, row, after[0] if after else None)
            if not after:
                return Outcome(tuple(labels), None, passed + _share_held(operation, row))
            row = after[0]
        return Outcome(tuple(labels), row, float(len(self.on_rows)))

    def state(self, row: Row, position: int) -> Row | None:
        """The row as operation `position` sees it, filters before it left aside; None if it cannot be followed that far."""
        for operation in self.on_rows[:position]:
            if operation.name in _KEEPS_ROWS:
                try:
                    row = apply_stage(operation.stage, operation.config, [row])[0]
                except UnreadableValue:
                    return None
        return row

    @cached_property
    def hints(self) -> Hints:
        """Values worth trying in the columns of the followed rows."""
        return hints_for(self.columns, [(o.config, o.stage) for o in (*self.on_rows, *self.on_table)])

    @property
    def compares_rows(self) -> bool:
        """True if an operation looks at whole rows, for which two equal ones must stay equal."""
        return any(o.name == "dedupe" and not (o.config.dedupe and o.config.dedupe.columns) for o in self.on_table)

    def is_direct(self, names: Sequence[str], position: int) -> bool:
        """True if a column is as it was read when operation `position` sees it, so that its telling values are known already."""
        changed = [c.name for o in self.on_rows[:position] for c in o.config.add_columns or ()]
        return len(names) == 1 and names[0] not in changed and self.on_rows[position].name in ("filter", "exclude")

    @cached_property
    def origins(self) -> Mapping[str, tuple[str, ...]]:
        """By name of a column anywhere on the way, the columns of the followed rows that it is made of."""
        made: dict[str, tuple[str, ...]] = {name: (name,) for name in self.columns}
        for operation in self.on_rows:
            for column in operation.config.add_columns or () if operation.name == "add_columns" else ():
                parts = [origin for name in read_formula(column.formula).columns for origin in made.get(name, ())]
                made[column.name] = tuple(dict.fromkeys(parts))
            renames = (operation.config.rename or {}) if operation.name == "rename" else {}
            made |= {new: made.get(old, ()) for old, new in renames.items()}
        return made

    @cached_property
    def used(self) -> tuple[str, ...]:
        """The columns of the followed rows whose values matter to some operation, in the order of the table."""
        named = {origin for operation in (*self.on_rows, *self.on_table) for name in used_columns(operation) for origin in self.origins.get(name, ())}
        return tuple(name for name in self.columns if name in named)

    @cached_property
    def margins(self) -> tuple[tuple[int, Callable[[Row], float | None], tuple[str, ...]], ...]:
        """Numbers that are 0 exactly at a bound: the position of the operation, the margin of a row there, the columns it is made of."""
        found = [(i, margin, names) for i, operation in enumerate(self.on_rows) for margin, names in _margins(operation)]
        return tuple((i, margin, tuple(dict.fromkeys(o for n in names for o in self.origins.get(n, ())))) for i, margin, names in found)


def used_columns(operation: Operation, *, whole: bool = True) -> Iterator[str]:
    """The columns whose values an operation looks at; with `whole` also those it does not name, as it looks at all there are."""
    config, name = operation.config, operation.name
    if name in ("cast", "fill_nulls", "filter", "exclude"):
        yield from getattr(config, name)
    elif name == "drop_nulls" and config.drop_nulls:
        yield from config.drop_nulls.columns or (operation.stage.before.columns if whole else ())
    elif name == "add_columns":
        for column in config.add_columns or ():
            yield from read_formula(column.formula).columns
    elif name == "where":
        yield from read_formula(config.where or "").columns
    else:
        yield from _used_on_table(operation)


def _used_on_table(operation: Operation) -> Iterator[str]:
    config, name = operation.config, operation.name
    if name == "dedupe" and config.dedupe:
        yield from config.dedupe.columns
        yield from (k.column for k in config.dedupe.order_by)
    elif name == "window":
        for window in config.window or ():
            yield from (*window.partition_by, *(k.column for k in window.order_by), *([window.column] if window.column else []))
    elif name == "aggregate":
        yield from config.group_by or ()
        yield from (a.column for a in config.aggregations or () if a.column)
    elif name == "pivot" and config.pivot:
        yield from (*config.pivot.index, config.pivot.columns, *([config.pivot.values] if config.pivot.values else []))
    elif name == "unpivot" and config.unpivot:
        yield from config.unpivot.columns
    elif name == "sort":
        yield from (k.column for k in config.sort or ())


def _labels(operation: Operation, before: Row, after: Row | None) -> Iterator[str]:
    config, name = operation.config, operation.name
    if name == "cast":
        yield from _cast_labels(config, before, after or {})
    elif name == "fill_nulls":
        yield from (f"{column} missing" for column in config.fill_nulls or () if before[column] is None)
    elif name == "drop_nulls" and config.drop_nulls:
        missing = [column for column in config.drop_nulls.columns or before if before[column] is None]
        yield from [f"{column} missing" for column in missing] if len(missing) == 1 or after else [f"{' and '.join(missing)} missing"]
    elif name == "add_columns":
        row, kinds = dict(before), dict(operation.stage.before.columns)
        for column in config.add_columns or ():
            formula = read_formula(column.formula)
            yield from formula_branches(formula, row, kinds)
            row[column.name] = formula_value(formula, row, kinds)
            kinds[column.name] = type_of(formula, kinds)
    elif name == "where":
        yield from formula_branches(read_formula(config.where or ""), before, operation.stage.before.columns)
        yield "kept" if after else "left out"
    elif name in ("filter", "exclude"):
        yield from _conditions_labels(getattr(config, name), before, operation.stage.before.columns)


def _cast_labels(config: TransformConfig, before: Row, after: Row) -> Iterator[str]:
    for column, how in (config.cast or {}).items():
        value = before[column]
        if value is None:
            yield f"{column} missing"
        elif after.get(column) is None:
            yield f"{column} cannot be read"
        elif isinstance(how, CastConfig) and isinstance(value, str):
            yield from (f"{column} with {c!r} in it" for c in (how.thousands or "") + how.strip if c in value)


def _conditions_labels(conditions: Mapping[str, Condition], row: Row, kinds: Mapping[str, ColumnType]) -> Iterator[str]:
    """Labels of a condition count only where the others hold; else they would not tell whether it works."""
    held = {name: evaluate_condition(c, row[name], kinds.get(name, ColumnType.UNKNOWN)) for name, c in conditions.items()}
    for name, condition in conditions.items():
        if all(h for other, h in held.items() if other != name):
            yield from condition_labels(name, condition, row[name], kinds.get(name, ColumnType.UNKNOWN))


def _share_held(operation: Operation, row: Row) -> float:
    """The share of a filter's conditions that hold for a row it drops, below 1."""
    conditions: Mapping[str, Condition] = operation.config.filter or {} if operation.name == "filter" else {}
    kinds = operation.stage.before.columns
    held = [evaluate_condition(c, row[name], kinds.get(name, ColumnType.UNKNOWN)) for name, c in conditions.items()]
    return sum(held) / (len(held) + 1)


def _margins(operation: Operation) -> Iterator[tuple[Callable[[Row], float | None], tuple[str, ...]]]:
    config = operation.config
    if operation.name in ("filter", "exclude"):
        for name, condition in getattr(config, operation.name).items():
            for bound in _numeric_bounds(condition):
                yield _distance(name, bound), (name,)
    elif operation.name == "where":
        yield from formula_margins(read_formula(config.where or ""), operation.stage.before.columns)
    elif operation.name == "add_columns":
        for column in config.add_columns or ():
            yield from formula_margins(read_formula(column.formula), operation.stage.after.columns)


def _numeric_bounds(condition: Condition) -> Iterator[float]:
    for part, operand in condition.parts:
        given: Sequence[Scalar] = operand if isinstance(operand, tuple) else (operand,)
        if part != "is_null":
            yield from (v for v in given if isinstance(v, (int, float)) and not isinstance(v, bool))


def _distance(name: str, bound: float) -> Callable[[Row], float | None]:
    def distance(row: Row) -> float | None:
        value = row.get(name)
        return value - bound if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    return distance
