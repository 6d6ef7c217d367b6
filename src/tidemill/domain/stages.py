"""What each operation of a transform step needs of its input table and what table it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic.alias_generators import to_camel

from tidemill.domain.finding import Finding, Severity, error
from tidemill.domain.formula import condition_problem, demands, parse_formula, type_of
from tidemill.domain.nearest import suggest
from tidemill.domain.sql_step import check_sql, python_findings
from tidemill.domain.table_schema import ColumnType, TableSchema, common_type
from tidemill.domain.transforms import (
    AggregateOperation,
    Aggregation,
    CastConfig,
    LimitConfig,
    TransformConfig,
    WindowColumn,
    WindowFunction,
)
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tidemill.domain.formula import Formula
    from tidemill.domain.transforms import Condition, Scalar

AGGREGATE = "aggregate"
"""The one stage that `groupBy` and `aggregations` make together."""
_RANKS = (WindowFunction.RANK, WindowFunction.DENSE_RANK, WindowFunction.ROW_NUMBER)


@dataclass(frozen=True)
class Stage:
    """One operation of a step, with the table before and after it."""

    operation: str
    """A field of `TransformConfig`, or `aggregate` for `group_by` with `aggregations`."""
    before: TableSchema
    """Of `join`, `union`, `sql` and `python`: the first input."""
    after: TableSchema
    findings: tuple[Finding, ...]
    """`field` is relative to the step's config: `filter.net`."""
    demands: Mapping[str, ColumnType]
    """Columns that `before` does not name, or names without a type, and the type their use asks for."""
    right_demands: Mapping[str, ColumnType] = field(default_factory=dict)
    """The same for the right side of a join."""


def stages(config: TransformConfig, inputs: Sequence[TableSchema], names: Sequence[str]) -> list[Stage]:
    """The operations of a step in order of application.

    Args:
        config: The step's config.
        inputs: Schemas of the tables it reads; at least one.
        names: Names of the steps they come from.
    """
    done: list[Stage] = []
    table = inputs[0]
    for operation in _operations(config):
        if operation == "join":
            stage = _join(config, inputs)
        elif operation == "union":
            stage = _union(inputs, names)
        elif operation in ("sql", "python"):
            stage = _code(operation, config, inputs, names)
        else:
            scope = _Scope(table)
            _OPERATIONS[operation](config, scope)
            stage = scope.stage(operation, table)
        done.append(replace(stage, findings=(*stage.findings, *_shape_findings(stage))))
        table = stage.after
    return done


def _shape_findings(stage: Stage) -> Iterator[Finding]:
    """What no engine accepts: a table without columns, and names that differ in nothing but case."""
    place = "aggregations" if stage.operation == AGGREGATE else to_camel(stage.operation)
    if stage.after.complete and not stage.after.columns and not stage.findings:
        yield error("no-columns", place, "No column is left at this point.", "Keep at least one.")
    spelled: dict[str, str] = {}
    for name in stage.after.columns:
        other = spelled.setdefault(name.casefold(), name)
        if other != name and not (other in stage.before.columns and name in stage.before.columns):
            fix = "DuckDB and most databases take them for one; give one of them another name."
            yield error("duplicate-column", place, f"`{other}` and `{name}` differ in case only.", fix)


def _operations(config: TransformConfig) -> list[str]:
    names = list(config.operations)
    if "group_by" in names and "aggregations" in names:
        names.remove("aggregations")
    return [AGGREGATE if n in ("group_by", "aggregations") else n for n in names]


class _Scope:
    """The table while one operation is applied to it, with what was found out."""

    def __init__(self, table: TableSchema) -> None:
        self.columns = dict(table.columns)
        self.complete = table.complete
        self.findings: list[Finding] = []
        self.demands: dict[str, ColumnType] = {}

    def need(self, name: str, place: str, wanted: ColumnType = ColumnType.UNKNOWN) -> ColumnType:
        """The type of a column that must be there; a missing one is a finding, or a demand if the table is not fully known."""
        known = self.columns.get(name)
        if known is None and self.complete:
            self.findings.append(error("unknown-column", place, f"There is no column `{name}` at this point.", suggest(name, self.columns)))
            return ColumnType.UNKNOWN
        if known is None or known is ColumnType.UNKNOWN:
            if self.demands.get(name, ColumnType.UNKNOWN) is ColumnType.UNKNOWN:
                self.demands[name] = wanted
            self.columns[name] = wanted
            return wanted
        return known

    def need_numeric(self, name: str, place: str, what: str) -> ColumnType:
        kind = self.need(name, place, ColumnType.NUMBER)
        if not kind.is_numeric and kind is not ColumnType.UNKNOWN:
            self.findings.append(
                error("type-mismatch", place, f"{what} needs numbers; `{name}` is {kind}.", f"Convert it first: `cast: {{{name}: number}}`.")
            )
        return kind

    def formula(self, text: str, place: str, wanted: ColumnType | None = None) -> ColumnType:
        try:
            parsed = parse_formula(text)
            self._demand(parsed, place, wanted)
            found = type_of(parsed, self.columns) if all(c in self.columns for c in parsed.columns) else ColumnType.UNKNOWN
        except FormulaError as wrong:
            self.findings.append(error("formula", place, f"In the formula {text!r}: {wrong.message}", wrong.fix))
            return ColumnType.UNKNOWN
        if wanted and found not in (wanted, ColumnType.UNKNOWN):
            self.findings.append(error("type-mismatch", place, f"The formula {text!r} gives {found}; {wanted} is needed here.", "Use a comparison."))
        return found

    def _demand(self, parsed: Formula, place: str, wanted: ColumnType | None) -> None:
        asked = demands(parsed, wanted)
        for name in parsed.columns:
            self.need(name, place, asked.get(name, ColumnType.UNKNOWN))

    def conditions(self, conditions: Mapping[str, Condition], place: str) -> None:
        for name, condition in conditions.items():
            here = f"{place}.{name}"
            kind = self.need(name, here, _condition_type(condition))
            if name in self.columns and (problem := condition_problem(name, condition, kind)):
                self.findings.append(error("type-mismatch", here, problem))

    def stage(self, operation: str, before: TableSchema) -> Stage:
        after = TableSchema(self.columns, complete=self.complete)
        return Stage(operation, before, after, tuple(self.findings), self.demands)


def literal_type(value: Scalar) -> ColumnType:
    """The column type a literal of the file has by itself."""
    if isinstance(value, bool):
        return ColumnType.BOOLEAN
    if isinstance(value, int):
        return ColumnType.INTEGER
    return ColumnType.NUMBER if isinstance(value, float) else ColumnType.STRING


def _condition_type(condition: Condition) -> ColumnType:
    """The type that the operands speak for; a text may stand for a date, so it counts as text only with text conditions."""
    for part, operand in condition.parts:
        if part in ("contains", "not_contains", "starts_with", "ends_with", "matches"):
            return ColumnType.STRING
        if part == "is_null":
            continue
        first = operand[0] if isinstance(operand, tuple) else operand
        kind = literal_type(first)
        return ColumnType.NUMBER if kind.is_numeric else kind
    return ColumnType.UNKNOWN


def _cast(config: TransformConfig, scope: _Scope) -> None:
    for name, how in (config.cast or {}).items():
        options = how if isinstance(how, CastConfig) else CastConfig(to=how)
        from_text = options.format or options.thousands or options.strip or options.decimal != "."
        kind = scope.need(name, f"cast.{name}", ColumnType.STRING if from_text else ColumnType.UNKNOWN)
        if from_text and kind not in (ColumnType.STRING, ColumnType.UNKNOWN):
            scope.findings.append(
                Finding(rule="needless-format", field=f"cast.{name}", severity=Severity.WARNING,
                        message=f"`{name}` is {kind} already, so the format is not used.", fix="Leave the format out.")
            )  # fmt: skip
        if _uncastable(kind, options.to):
            scope.findings.append(
                error("type-mismatch", f"cast.{name}", f"{kind} cannot become {options.to}.", "Cast to string first, or use a formula.")
            )
        scope.columns[name] = ColumnType(options.to)


def _uncastable(kind: ColumnType, to: ColumnType) -> bool:
    return (kind.is_temporal and (to.is_numeric or to is ColumnType.BOOLEAN)) or (to.is_temporal and (kind.is_numeric or kind is ColumnType.BOOLEAN))


def _fill_nulls(config: TransformConfig, scope: _Scope) -> None:
    for name, value in (config.fill_nulls or {}).items():
        given = literal_type(value)
        kind = scope.need(name, f"fillNulls.{name}", given)
        if kind is ColumnType.INTEGER and given is ColumnType.NUMBER:
            scope.columns[name] = ColumnType.NUMBER
        elif not _fits(given, kind):
            fix = f"Give a {kind}, or cast `{name}` to string first." if kind is not ColumnType.STRING else f'Put it in quotes: "{value}".'
            scope.findings.append(error("type-mismatch", f"fillNulls.{name}", f"{value!r} is not a {kind}, and `{name}` holds {kind} values.", fix))


def _fits(given: ColumnType, kind: ColumnType) -> bool:
    return kind is ColumnType.UNKNOWN or given is kind or (given.is_numeric and kind.is_numeric) or (given is ColumnType.STRING and kind.is_temporal)


def _drop_nulls(config: TransformConfig, scope: _Scope) -> None:
    for name in config.drop_nulls.columns if config.drop_nulls else ():
        scope.need(name, "dropNulls.columns")


def _add_columns(config: TransformConfig, scope: _Scope) -> None:
    for i, added in enumerate(config.add_columns or ()):
        scope.columns[added.name] = scope.formula(added.formula, f"addColumns[{i}].formula")


def _filter(config: TransformConfig, scope: _Scope) -> None:
    scope.conditions(config.filter or {}, "filter")


def _exclude(config: TransformConfig, scope: _Scope) -> None:
    scope.conditions(config.exclude or {}, "exclude")


def _where(config: TransformConfig, scope: _Scope) -> None:
    scope.formula(config.where or "", "where", ColumnType.BOOLEAN)


def _dedupe(config: TransformConfig, scope: _Scope) -> None:
    if config.dedupe:
        _need_all(scope, config.dedupe.columns, "dedupe.columns")
        _need_all(scope, (k.column for k in config.dedupe.order_by), "dedupe.orderBy")


def _window(config: TransformConfig, scope: _Scope) -> None:
    for i, w in enumerate(config.window or ()):
        place = f"window[{i}]"
        _need_all(scope, w.partition_by, f"{place}.partitionBy")
        _need_all(scope, (k.column for k in w.order_by), f"{place}.orderBy")
        scope.findings.extend(_window_findings(w, place))
        scope.columns[w.name] = _window_type(w, scope, place)


def _window_findings(w: WindowColumn, place: str) -> Iterable[Finding]:
    if w.column is None and w.function not in (*_RANKS, WindowFunction.COUNT):
        yield error("missing-key", f"{place}.column", f"`{w.function}` needs a `column`.", "Add `column: …`.")
    if w.function in (*_RANKS, WindowFunction.LAG, WindowFunction.LEAD, WindowFunction.FIRST, WindowFunction.LAST) and not w.order_by:
        yield error(
            "missing-key",
            f"{place}.orderBy",
            f"`{w.function}` needs `orderBy`: without an order there is no first or next row.",
            "Add `orderBy: [{column: …}]`.",
        )
    if w.rows is not None and not w.order_by:
        yield error("missing-key", f"{place}.orderBy", "`rows` needs `orderBy`.", "Add `orderBy: [{column: …}]`.")


def _window_type(w: WindowColumn, scope: _Scope, place: str) -> ColumnType:
    if w.function in (*_RANKS, WindowFunction.COUNT):
        if w.column:
            scope.need(w.column, f"{place}.column")
        return ColumnType.INTEGER
    if w.column is None:
        return ColumnType.UNKNOWN
    if w.function in (WindowFunction.SUM, WindowFunction.AVG):
        kind = scope.need_numeric(w.column, f"{place}.column", f"`{w.function}`")
        return ColumnType.NUMBER if w.function is WindowFunction.AVG else kind
    return scope.need(w.column, f"{place}.column")


def _aggregate(config: TransformConfig, scope: _Scope) -> None:
    keys = config.group_by or ()
    kinds = {name: scope.need(name, "groupBy") for name in keys}
    outputs: dict[str, ColumnType] = dict(kinds)
    for i, a in enumerate(config.aggregations or ()):
        place = f"aggregations[{i}]"
        if a.output_name in outputs:
            scope.findings.append(error("duplicate-column", f"{place}.outputName", f"`{a.output_name}` is there already.", "Give it another name."))
        outputs[a.output_name] = _aggregate_type(a, scope, place)
    scope.columns, scope.complete = outputs, True


def _aggregate_type(a: Aggregation, scope: _Scope, place: str) -> ColumnType:
    if a.column is None:
        return ColumnType.INTEGER
    if a.operation in (AggregateOperation.COUNT, AggregateOperation.COUNT_DISTINCT):
        scope.need(a.column, f"{place}.column")
        return ColumnType.INTEGER
    if a.operation in (AggregateOperation.MIN, AggregateOperation.MAX, AggregateOperation.FIRST, AggregateOperation.LAST):
        return scope.need(a.column, f"{place}.column")
    kind = scope.need_numeric(a.column, f"{place}.column", f"`{a.operation}`")
    return kind if a.operation is AggregateOperation.SUM else ColumnType.NUMBER


def _pivot(config: TransformConfig, scope: _Scope) -> None:
    if (pivot := config.pivot) is None:
        return
    outputs = {name: scope.need(name, "pivot.index") for name in pivot.index}
    scope.need(pivot.columns, "pivot.columns", ColumnType.STRING)
    cell = ColumnType.INTEGER
    if pivot.values is None and pivot.operation != "count":
        scope.findings.append(error("missing-key", "pivot.values", f"`{pivot.operation}` needs `values`.", "Add `values: …`."))
    elif pivot.values is not None and pivot.operation in ("min", "max", "count"):
        kind = scope.need(pivot.values, "pivot.values")
        cell = cell if pivot.operation == "count" else kind
    elif pivot.values is not None:
        kind = scope.need_numeric(pivot.values, "pivot.values", f"`{pivot.operation}`")
        cell = kind if pivot.operation == "sum" else ColumnType.NUMBER
    if pivot.fill is not None and not _fits(literal_type(pivot.fill), cell):
        scope.findings.append(error("type-mismatch", "pivot.fill", f"{pivot.fill!r} does not fit cells of {cell}.", f"Give a {cell}."))
    scope.columns = outputs | dict.fromkeys(pivot.names or (), cell)
    scope.complete = pivot.names is not None


def _unpivot(config: TransformConfig, scope: _Scope) -> None:
    if (unpivot := config.unpivot) is None:
        return
    held = ColumnType.UNKNOWN
    for name in unpivot.columns:
        kind = scope.need(name, "unpivot.columns")
        shared = common_type(held, kind)
        if shared is None:
            scope.findings.append(
                error("type-mismatch", "unpivot.columns", f"`{name}` is {kind}, the columns before it are {held}.", "Cast them to one type first.")
            )
        else:
            held = shared
    kept = {n: t for n, t in scope.columns.items() if n not in unpivot.columns}
    scope.columns = kept | {unpivot.name_to: ColumnType.STRING, unpivot.value_to: held}


def _sort(config: TransformConfig, scope: _Scope) -> None:
    _need_all(scope, (k.column for k in config.sort or ()), "sort")


def _limit(config: TransformConfig, scope: _Scope) -> None:
    count = config.limit.count if isinstance(config.limit, LimitConfig) else config.limit
    if isinstance(config.limit, LimitConfig):
        _need_all(scope, config.limit.per, "limit.per")
    if count is not None and count < 0:
        scope.findings.append(error("not-allowed", "limit", f"{count} rows cannot be kept.", "Give 0 or more."))


def _rename(config: TransformConfig, scope: _Scope) -> None:
    renames = config.rename or {}
    for old in renames:
        scope.need(old, f"rename.{old}")
    renamed: dict[str, ColumnType] = {}
    for name, kind in scope.columns.items():
        new = renames.get(name, name)
        if new in renamed:
            culprit = name if name in renames else next(old for old, to in renames.items() if to == new)
            scope.findings.append(
                error("duplicate-column", f"rename.{culprit}", f"Two columns would be named `{new}`.", "Rename or drop the other one first.")
            )
        renamed[new] = kind
    scope.columns = renamed


def _select(config: TransformConfig, scope: _Scope) -> None:
    scope.columns = {name: scope.need(name, "select") for name in config.select or ()}
    scope.complete = True


def _drop(config: TransformConfig, scope: _Scope) -> None:
    _need_all(scope, config.drop or (), "drop")
    for name in config.drop or ():
        scope.columns.pop(name, None)


def _need_all(scope: _Scope, names: Iterable[str], place: str) -> None:
    for name in names:
        scope.need(name, place)


_OPERATIONS: Mapping[str, Callable[[TransformConfig, _Scope], None]] = {
    "cast": _cast, "fill_nulls": _fill_nulls, "drop_nulls": _drop_nulls, "add_columns": _add_columns, "filter": _filter, "exclude": _exclude,
    "where": _where, "dedupe": _dedupe, "window": _window, AGGREGATE: _aggregate, "pivot": _pivot, "unpivot": _unpivot, "sort": _sort,
    "limit": _limit, "rename": _rename, "select": _select, "drop": _drop,
}  # fmt: skip


def _join(config: TransformConfig, inputs: Sequence[TableSchema]) -> Stage:
    left, right = _Scope(inputs[0]), _Scope(inputs[1] if len(inputs) > 1 else TableSchema())
    if (join := config.join) is None or len(inputs) != 2:
        left.findings.append(
            error("wrong-inputs", "join", f"A join reads two steps; this one reads {len(inputs)}.", "Give `inputs: [left step, right step]`.")
        )
        return left.stage("join", inputs[0])
    pairs = [(n, n) for n in join.on] or list(zip(join.left_on, join.right_on, strict=True))
    for one, other in pairs:
        a, b = left.need(one, "join.on" if join.on else "join.leftOn"), right.need(other, "join.on" if join.on else "join.rightOn")
        if common_type(a, b) is None:
            left.findings.append(
                error("type-mismatch", "join", f"`{one}` is {a} on the left, `{other}` is {b} on the right.", "Cast one of them in a step before.")
            )
        elif join.on and (shared := common_type(a, b)):
            left.columns[one] = shared
    left.findings += right.findings
    if join.how not in ("semi", "anti"):
        added = {n: t for n, t in right.columns.items() if n not in join.on}
        names = {n: n + join.suffix if n in left.columns else n for n in added}
        for n, new in names.items():
            if new != n and (new in left.columns or new in added):
                left.findings.append(error("duplicate-column", "join.suffix", f"`{new}` would be there twice.", "Choose another `suffix`."))
            left.columns[new] = added[n]
        left.complete = left.complete and right.complete
    after = TableSchema(left.columns, complete=left.complete)
    return Stage("join", inputs[0], after, tuple(left.findings), left.demands, right.demands)


def _union(inputs: Sequence[TableSchema], names: Sequence[str]) -> Stage:
    scope = _Scope(inputs[0])
    if len(inputs) < 2:
        scope.findings.append(error("wrong-inputs", "union", "A union reads two steps or more; this one reads one.", "Give `inputs: [step, step]`."))
    for table, source in zip(inputs[1:], names[1:], strict=True):
        for name, kind in table.columns.items():
            shared = common_type(scope.columns.get(name, ColumnType.UNKNOWN), kind)
            if shared is None:
                scope.findings.append(
                    error(
                        "type-mismatch",
                        "union",
                        f"`{name}` is {kind} in `{source}` and {scope.columns[name]} before.",
                        "Cast one of them in a step before.",
                    )
                )
            else:
                scope.columns[name] = shared
        scope.complete = scope.complete and table.complete
    return scope.stage("union", inputs[0])


def _code(operation: str, config: TransformConfig, inputs: Sequence[TableSchema], names: Sequence[str]) -> Stage:
    if operation == "python" and config.python:
        after = TableSchema({n: ColumnType(t) for n, t in config.python.columns.items()})
        return Stage("python", inputs[0], after, python_findings(config.python.code), {})
    result = check_sql(config.sql or "", dict(zip(names, inputs, strict=True)))
    return Stage("sql", inputs[0], result.schema, result.findings, result.demands)
