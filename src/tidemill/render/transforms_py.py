"""The body of a transform step's function in Ibis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tidemill.domain.formula import parse_formula, type_of
from tidemill.domain.sql_step import table_aliases
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import AggregateOperation, LimitConfig, WindowFunction
from tidemill.render.casts_py import cast_source
from tidemill.render.formula_py import condition_source, exclusion_source, ibis_source
from tidemill.render.literals_py import literal_source
from tidemill.render.plan import Order, orders_before
from tidemill.render.python_text import IBIS_TYPES, text_source
from tidemill.render.step_text import POSITION, StepText, named_values, names_of, new_names
from tidemill.render.tables_py import join_lines, pivot_lines, union_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tidemill.domain.stages import Stage
    from tidemill.domain.transforms import Aggregation, Condition, SortKey, TransformConfig, WindowColumn
    from tidemill.render.plan import Plan

_WINDOW_METHODS = {
    WindowFunction.SUM: "sum", WindowFunction.AVG: "mean", WindowFunction.MIN: "min", WindowFunction.MAX: "max", WindowFunction.COUNT: "count",
}  # fmt: skip
_RANKS = {WindowFunction.RANK: "rank", WindowFunction.DENSE_RANK: "dense_rank", WindowFunction.ROW_NUMBER: "row_number"}
_AGGREGATE_METHODS = {
    AggregateOperation.COUNT: "count()", AggregateOperation.AVG: "mean()", AggregateOperation.MIN: "min()", AggregateOperation.MAX: "max()",
    AggregateOperation.MEDIAN: "median()", AggregateOperation.COUNT_DISTINCT: "nunique()", AggregateOperation.STDDEV: 'std(how="sample")',
}  # fmt: skip


def step_body(plan: Plan, name: str) -> list[str]:
    """The lines of the function of step `name`; its parameters are named as in `parameters_of`."""
    step = plan.spec.by_name[name]
    if step.type != "transform":
        raise TypeError(f"`{name}` is no transform")
    return _StepWriter(plan, name, step.config).lines()


def parameters_of(plan: Plan, name: str) -> list[str]:
    """The names of the tables a step's function takes, in the order of the step's inputs, of which one may stand there twice."""
    names = [plan.tables[n] for n in plan.inputs[name]]
    return [n if n not in names[:i] else f"{n}_{i + 1}" for i, n in enumerate(names)]


class _StepWriter:
    """Writes one function, operation by operation."""

    def __init__(self, plan: Plan, name: str, config: TransformConfig) -> None:
        self.plan = plan
        self.name = name
        self.config = config
        self.stages = plan.flow.stages[name]
        self.orders = orders_before(config, self.stages, plan.order_of(name))
        self.tables = parameters_of(plan, name)
        self.text = StepText(self.tables[0])

    def lines(self) -> list[str]:
        for index, stage in enumerate(self.stages):
            _OPERATIONS[stage.operation](self, stage, self.orders[index + 1])
        return self.text.finish(ordered=self.orders[-1] is not Order.ANY)

    def join(self, _stage: Stage, after: Order) -> None:
        if self.config.join:
            join_lines(self.text, self.config.join, self.tables, ordered=after is not Order.ANY)

    def union(self, stage: Stage, after: Order) -> None:
        if self.config.union:
            inputs = self.plan.flow.inputs[self.name]
            union_lines(self.text, self.config.union, self.tables, inputs, after=stage.after, ordered=after is not Order.ANY)

    def sql(self, stage: Stage, _after: Order) -> None:
        names = self.plan.inputs[self.name]
        tables = dict(zip(names, self.tables, strict=True))
        query = (self.config.sql or "").lower()
        used = {alias: tables[step] for alias, step in _distinct(table_aliases(names)).items() if alias.lower() in query}
        given = ", ".join(f"{text_source(alias)}: {table}" for alias, table in used.items())
        known = {n: IBIS_TYPES[t] for n, t in stage.after.columns.items() if t is not ColumnType.UNKNOWN}
        columns = ", ".join(f"{text_source(n)}: {text_source(t)}" for n, t in known.items())
        self.text.assign(f"_sql({self.plan.names[self.name].upper()}_SQL, {{{given}}}, {{{columns}}})")

    def python(self, stage: Stage, _after: Order) -> None:
        self.text.drop_position()
        columns = ", ".join(f"{text_source(n)}: {text_source(IBIS_TYPES[t])}" for n, t in stage.after.columns.items())
        self.text.assign(f"_through_python(transform, {self.text.table}, {{{columns}}})")

    def cast(self, stage: Stage, _after: Order) -> None:
        known = stage.before.columns
        values = {
            name: cast_source(self.text.column(name), how, known.get(name, ColumnType.UNKNOWN)) for name, how in (self.config.cast or {}).items()
        }
        self.text.assign(f"{self.text.table}.mutate({named_values(values)})")

    def fill_nulls(self, stage: Stage, _after: Order) -> None:
        values = {}
        for name, value in (self.config.fill_nulls or {}).items():
            before, kind = stage.before.columns.get(name), stage.after.columns.get(name, ColumnType.UNKNOWN)
            widened = '.cast("float64")' if before is ColumnType.INTEGER and kind is ColumnType.NUMBER else ""
            values[name] = f"{self.text.column(name)}{widened}.fill_null({literal_source(value, kind)})"
        self.text.assign(f"{self.text.table}.mutate({named_values(values)})")

    def drop_nulls(self, stage: Stage, _after: Order) -> None:
        if (drop := self.config.drop_nulls) is None:
            return
        columns = f"[{', '.join(map(text_source, drop.columns))}]" if drop.columns else ""
        if not columns and self.text.has_position:
            columns = self.text.all_columns(stage.before)
        how = "" if drop.how == "any" else f"how={text_source(drop.how)}"
        self.text.assign(f"{self.text.table}.drop_null({', '.join(a for a in (columns, how) if a)})")

    def add_columns(self, stage: Stage, _after: Order) -> None:
        """One `mutate` for as many columns as do not build on each other."""
        schema = dict(stage.before.columns)
        batch: dict[str, str] = {}
        for added in self.config.add_columns or ():
            formula = parse_formula(added.formula)
            if added.name in batch or any(c in batch for c in formula.columns):
                self.text.assign(f"{self.text.table}.mutate({named_values(batch)})")
                batch = {}
            schema = dict.fromkeys(formula.columns, ColumnType.UNKNOWN) | schema
            batch[added.name] = ibis_source(formula, schema, table=self.text.table)
            schema[added.name] = type_of(formula, schema)
        self.text.assign(f"{self.text.table}.mutate({named_values(batch)})")

    def filter(self, stage: Stage, _after: Order) -> None:
        self.text.assign(f"{self.text.table}.filter({', '.join(self._conditions(self.config.filter or {}, stage))})")

    def exclude(self, stage: Stage, _after: Order) -> None:
        conditions = self.config.exclude or {}
        self.text.assign(f"{self.text.table}.filter({exclusion_source(conditions, _known(stage, conditions), table=self.text.table)})")

    def where(self, stage: Stage, _after: Order) -> None:
        formula = parse_formula(self.config.where or "")
        self.text.assign(f"{self.text.table}.filter({ibis_source(formula, _known(stage, formula.columns), table=self.text.table)})")

    def dedupe(self, stage: Stage, after: Order) -> None:
        if (dedupe := self.config.dedupe) is None:
            return
        if not dedupe.columns and after is Order.ANY:
            self.text.drop_position()
            self.text.assign(f"{self.text.table}.distinct()")
            return
        self.text.number_rows()
        keys = names_of(dedupe.columns) if dedupe.columns else self.text.all_columns(stage.before)
        last = dedupe.keep == "last"
        order = [_sort_key(k) for k in dedupe.order_by] + [text_source(POSITION)]
        if last:
            self.text.assign(f"{self.text.table}.mutate(_place={_ranked(keys, order)}, _size={self.text.table}.count().over(group_by={keys}))")
            self.text.assign('table.filter(table["_place"] == table["_size"] - 1).drop("_place", "_size")')
        else:
            self.text.assign(f"{self.text.table}.mutate(_place={_ranked(keys, order)})")
            self.text.assign('table.filter(table["_place"] == 0).drop("_place")')

    def window(self, stage: Stage, _after: Order) -> None:
        windows = self.config.window or ()
        if self.orders[self.stages.index(stage)] is not Order.ANY:
            self.text.number_rows()
        batch: dict[str, str] = {}
        for w in windows:
            used = {*w.partition_by, *(k.column for k in w.order_by), *((w.column,) if w.column else ())}
            if w.name in batch or used & set(batch):
                self.text.assign(f"{self.text.table}.mutate({named_values(batch)})")
                batch = {}
            batch[w.name] = self._window_column(w)
        self.text.assign(f"{self.text.table}.mutate({named_values(batch)})")

    def aggregate(self, stage: Stage, after: Order) -> None:
        keys = self.config.group_by or ()
        if self.orders[self.stages.index(stage)] is not Order.ANY:
            self.text.number_rows()
        values = {a.output_name: self._aggregation(a) for a in self.config.aggregations or ()}
        in_source_order = bool(keys) and after is Order.SOURCE
        if in_source_order:
            values[POSITION] = f'{self.text.table}["{POSITION}"].min()'
        grouped = f".group_by({names_of(keys)})" if keys else ""
        if keys and not values:
            self.text.assign(f"{self.text.table}.select({', '.join(map(text_source, keys))}).distinct()")
        else:
            self.text.assign(f"{self.text.table}{grouped}.aggregate({named_values(values)})")
        self.text.has_position = in_source_order
        if keys and after is Order.STABLE:
            self.text.assign(f"table.order_by({names_of(keys)})")

    def pivot(self, stage: Stage, after: Order) -> None:
        if self.config.pivot:
            pivot_lines(self.text, self.config.pivot, stage.before, after)

    def unpivot(self, stage: Stage, _after: Order) -> None:
        if (unpivot := self.config.unpivot) is None:
            return
        if self.text.has_position:
            self.text.assign(f'{self.text.table}.order_by("{POSITION}").drop("{POSITION}")')
            self.text.has_position = False
        columns = f"[{', '.join(map(text_source, unpivot.columns))}]"
        names = f"names_to={text_source(unpivot.name_to)}, values_to={text_source(unpivot.value_to)}"
        kind = stage.after.columns.get(unpivot.value_to)
        mixed = {n: '.cast("float64")' for n in unpivot.columns if kind is ColumnType.NUMBER and stage.before.columns.get(n) is ColumnType.INTEGER}
        if mixed:
            values = {n: f"{self.text.column(n)}{cast}" for n, cast in mixed.items()}
            self.text.assign(f"{self.text.table}.mutate({named_values(values)})")
        self.text.assign(f"{self.text.table}.pivot_longer({columns}, {names})")

    def sort(self, stage: Stage, _after: Order) -> None:
        """Rows by the keys, then by the other columns, so that equal keys come in the same order in each run."""
        self.text.drop_position()
        keys = [_sort_key(k) for k in self.config.sort or ()]
        named = {k.column for k in self.config.sort or ()}
        others = [n for n in stage.before.names if n not in named]
        if not stage.before.complete or len(others) > 4:
            keys.append(f"*{self.text.table}.drop({', '.join(text_source(k.column) for k in self.config.sort or ())}).columns")
        else:
            keys += [text_source(n) for n in others]
        self.text.assign(f"{self.text.table}.order_by([{', '.join(keys)}])")

    def limit(self, _stage: Stage, _after: Order) -> None:
        limit = self.config.limit
        if isinstance(limit, LimitConfig) and limit.per:
            self.text.number_rows()
            self.text.assign(f"{self.text.table}.mutate(_place={_ranked(names_of(limit.per), [text_source(POSITION)])})")
            self.text.assign(f'table.filter(table["_place"] < {limit.count}).drop("_place")')
            return
        if self.text.has_position:
            self.text.assign(f'{self.text.table}.order_by("{POSITION}").drop("{POSITION}")')
            self.text.has_position = False
        self.text.assign(f"{self.text.table}.limit({limit.count if isinstance(limit, LimitConfig) else limit})")

    def rename(self, _stage: Stage, _after: Order) -> None:
        renames = {new: old for old, new in (self.config.rename or {}).items() if new != old}
        if renames:
            self.text.assign(f"{self.text.table}.rename({new_names(renames)})")

    def select(self, _stage: Stage, _after: Order) -> None:
        names = [*(self.config.select or ()), *([POSITION] if self.text.has_position else [])]
        self.text.assign(f"{self.text.table}.select({', '.join(map(text_source, names))})")

    def drop(self, _stage: Stage, _after: Order) -> None:
        if self.config.drop:
            self.text.assign(f"{self.text.table}.drop({', '.join(map(text_source, self.config.drop))})")

    def _conditions(self, conditions: Mapping[str, Condition], stage: Stage) -> list[str]:
        known = _known(stage, conditions)
        return [condition_source(name, condition, known, table=self.text.table) for name, condition in conditions.items()]

    def _window_column(self, w: WindowColumn) -> str:
        order = [_sort_key(k) for k in w.order_by]
        if order and self.text.has_position and w.function not in (WindowFunction.RANK, WindowFunction.DENSE_RANK):
            order.append(text_source(POSITION))
        over = [f"group_by={names_of(w.partition_by)}"] if w.partition_by else []
        over += [f"order_by={_one_or_list(order)}"] if order else []
        if w.function in _RANKS:
            return f"ibis.{_RANKS[w.function]}().over({', '.join(over)}) + 1"
        column = self.text.column(w.column) if w.column else self.text.table
        if w.function in (WindowFunction.LAG, WindowFunction.LEAD):
            return f"{column}.{w.function}({w.offset if w.offset != 1 else ''}).over({', '.join(over)})"
        over += _frame(w)
        if w.function in (WindowFunction.FIRST, WindowFunction.LAST):
            return f"{column}.{w.function}(include_null=True).over({', '.join(over)})"
        value = f"{column}.{_WINDOW_METHODS[w.function]}().over({', '.join(over)})"
        return f"{value}.fill_null(0)" if w.function is WindowFunction.SUM else value

    def _aggregation(self, a: Aggregation) -> str:
        if a.column is None:
            return f"{self.text.table}.count()"
        column = self.text.column(a.column)
        if a.operation is AggregateOperation.SUM:
            return f"{column}.sum().fill_null(0)"
        if a.operation in (AggregateOperation.FIRST, AggregateOperation.LAST):
            return f'{column}.{a.operation}(order_by="{POSITION}", include_null=True)'
        return f"{column}.{_AGGREGATE_METHODS[a.operation]}"


def _distinct(aliases: Mapping[str, str]) -> dict[str, str]:
    """Aliases that differ by more than case, which a database does not tell apart."""
    chosen: dict[str, tuple[str, str]] = {}
    for alias, step in aliases.items():
        chosen.setdefault(alias.lower(), (alias, step))
    return dict(chosen.values())


def _known(stage: Stage, columns: Iterable[str]) -> dict[str, ColumnType]:
    """The types of a stage's columns, UNKNOWN for those of `columns` it does not know."""
    return dict.fromkeys(columns, ColumnType.UNKNOWN) | dict(stage.before.columns)


def _sort_key(key: SortKey) -> str:
    return f"ibis.desc({text_source(key.column)})" if key.direction == "desc" else text_source(key.column)


def _one_or_list(sources: Sequence[str]) -> str:
    return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"


def _ranked(keys: str, order: Sequence[str]) -> str:
    return f"ibis.row_number().over(group_by={keys}, order_by={_one_or_list(order)})"


def _frame(w: WindowColumn) -> list[str]:
    if w.rows is not None:
        return [f"rows=({1 - w.rows}, 0)"]
    if w.function in (WindowFunction.FIRST, WindowFunction.LAST):
        return ["rows=(None, None)"]
    return ["rows=(None, 0)"] if w.order_by else []


_OPERATIONS: Mapping[str, Callable[[_StepWriter, Stage, Order], None]] = {
    "join": _StepWriter.join, "union": _StepWriter.union, "sql": _StepWriter.sql, "python": _StepWriter.python, "cast": _StepWriter.cast,
    "fill_nulls": _StepWriter.fill_nulls, "drop_nulls": _StepWriter.drop_nulls, "add_columns": _StepWriter.add_columns,
    "filter": _StepWriter.filter, "exclude": _StepWriter.exclude, "where": _StepWriter.where, "dedupe": _StepWriter.dedupe,
    "window": _StepWriter.window, "aggregate": _StepWriter.aggregate, "pivot": _StepWriter.pivot, "unpivot": _StepWriter.unpivot,
    "sort": _StepWriter.sort, "limit": _StepWriter.limit, "rename": _StepWriter.rename, "select": _StepWriter.select, "drop": _StepWriter.drop,
}  # fmt: skip
