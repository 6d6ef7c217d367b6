"""What the renderer decides about a pipeline before it writes code: which columns are read, which tables are kept, which order matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from tidemill.domain.formula import parse_formula
from tidemill.domain.pipeline import DestinationStep, SourceStep, TransformStep
from tidemill.domain.transforms import AggregateOperation, LimitConfig, WindowFunction
from tidemill.render.names import RESERVED, function_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tidemill.domain.connectors import DestinationConfig, SourceConfig
    from tidemill.domain.pipeline import PipelineSpec, Step
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.domain.stages import Stage
    from tidemill.domain.transforms import TransformConfig

_KEEPS_ROWS = frozenset({"cast", "fill_nulls", "add_columns", "window", "sort", "rename", "select", "drop"})
_ORDER_FREE = (WindowFunction.RANK, WindowFunction.DENSE_RANK)

_VERBS = frozenset({
    "add", "aggregate", "apply", "calculate", "clean", "combine", "compute", "convert", "count", "create", "deduplicate", "derive", "drop", "enrich",
    "filter", "find", "format", "get", "group", "join", "keep", "make", "merge", "normalise", "normalize", "pick", "pivot", "prepare", "rank",
    "remove", "rename", "select", "sort", "split", "standardise", "standardize", "sum", "summarise", "summarize", "take", "total", "tidy",
})  # fmt: skip
_CONNECTIVES = ("and", "or", "by", "to", "only", "where", "with", "per", "in", "out", "up", "on", "for")


class Order(IntEnum):
    """What the readers of a table need of the order of its rows."""

    ANY = 0
    """Nothing."""
    STABLE = 1
    """The same rows in the same order in each run, so that a file comes out the same."""
    SOURCE = 2
    """The order of the source: a result depends on it."""


@dataclass(frozen=True)
class Plan:
    """A spec with the decisions about it."""

    spec: PipelineSpec
    flow: SchemaFlow

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Python names by step name."""
        return function_names(self.spec)

    @cached_property
    def tables(self) -> Mapping[str, str]:
        """The name of the variable that holds each step's table; no function is named so."""
        held = {s.name: self.names[s.name] for s in self.sources}
        for step in self.transforms:
            held[step.name] = _table_name(self.names[step.name], {*self.names.values(), *held.values()})
        return held

    @cached_property
    def inputs(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the steps each step reads."""
        return {s.name: self.spec.inputs_of(i) for i, s in enumerate(self.spec.steps)}

    @cached_property
    def readers(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps that read each step."""
        return {s.name: tuple(r for r in self.spec.steps if s.name in self.inputs[r.name]) for s in self.spec.steps}

    @property
    def sources(self) -> list[SourceStep]:
        return [s for s in self.spec.steps if isinstance(s, SourceStep)]

    @property
    def transforms(self) -> list[TransformStep]:
        """In an order in which each step follows those it reads."""
        return [s for s in self._ordered if isinstance(s, TransformStep)]

    @property
    def destinations(self) -> list[DestinationStep]:
        return [s for s in self.spec.steps if isinstance(s, DestinationStep)]

    @property
    def ends(self) -> list[SourceStep | DestinationStep]:
        """Sources and destinations."""
        return [*self.sources, *self.destinations]

    @property
    def configs(self) -> list[SourceConfig | DestinationConfig]:
        """The configs of the sources and destinations."""
        return [s.config for s in self.ends]

    @property
    def _ordered(self) -> list[Step]:
        return [self.spec.by_name[n] for n in self.flow.order]

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The steps whose tables are written, each once, in the order of the destinations."""
        return tuple(dict.fromkeys(self.inputs[d.name][0] for d in self.destinations))

    def keeps_rows(self, step: Step) -> bool:
        """True if the step's table has as many rows as the one it reads."""
        return isinstance(step, TransformStep) and set(step.config.operations) <= _KEEPS_ROWS

    def is_kept(self, name: str) -> bool:
        """True if the step's table is computed when the step runs and held by the backend until it is not needed any more.

        So are tables that are written, tables that several steps read, and those whose rows have to be counted. The others are computed
        together with the step that reads them, which costs neither memory nor a pass over the data.
        """
        step = self.spec.by_name[name]
        readers = self.readers[name]
        if len(readers) > 1 or any(isinstance(r, DestinationStep) for r in readers):
            return True
        if isinstance(step, SourceStep):
            return False
        return not self.keeps_rows(step) or (isinstance(step, TransformStep) and bool(step.config.window or step.config.sort))

    def order_of(self, name: str) -> Order:
        """What the readers of a step's table need of its order."""
        return self._orders[name]

    @cached_property
    def _orders(self) -> Mapping[str, Order]:
        orders: dict[str, Order] = {}
        for step in reversed(self._ordered):
            wanted = [self._asked_by(r, orders) for r in self.readers[step.name] if r.name in self.flow.order]
            orders[step.name] = max(wanted, default=Order.ANY)
        return orders

    def _asked_by(self, reader: Step, orders: Mapping[str, Order]) -> Order:
        if isinstance(reader, DestinationStep):
            return Order.STABLE
        if isinstance(reader, TransformStep):
            return orders_before(reader.config, self.flow.stages[reader.name], orders[reader.name])[0]
        return Order.ANY

    @cached_property
    def needed(self) -> Mapping[str, frozenset[str] | None]:
        """The columns of each step's table that are used later; None means all of them."""
        return {name: _united(asked) for name, asked in self._asked_columns.items()}

    @cached_property
    def _asked_columns(self) -> Mapping[str, list[frozenset[str] | None]]:
        asked: dict[str, list[frozenset[str] | None]] = {s.name: [] for s in self.spec.steps}
        for step in reversed(self._ordered):
            if isinstance(step, DestinationStep):
                asked[self.inputs[step.name][0]].append(None)
            elif isinstance(step, TransformStep):
                columns = self._used_columns(step, _united(asked[step.name]))
                for name in self.inputs[step.name]:
                    asked[name].append(columns)
        return asked

    def _used_columns(self, step: TransformStep, after: frozenset[str] | None) -> frozenset[str] | None:
        """The columns of its input that a step uses or hands on to others that use them; None for all."""
        if len(self.inputs[step.name]) > 1:
            return None
        for stage in reversed(self.flow.stages[step.name]):
            after = _columns_before(stage, step.config, after)
        return after

    def narrowed(self, step: TransformStep) -> tuple[str, ...] | None:
        """The columns to which a step's input is cut, so that a table that is kept holds no column that nobody uses; None if it has no such."""
        after, made = self.needed[step.name], self.flow.outputs[step.name]
        reads_source = any(isinstance(self.spec.by_name[n], SourceStep) for n in self.inputs[step.name])  # which reads no more than is used
        if reads_source or not self.is_kept(step.name) or after is None or set(made.columns) <= after:
            return None
        used, before = self._used_columns(step, after), self.flow.inputs[step.name][0]
        if used is None or not used or not used < set(before.columns):
            return None
        return tuple(n for n in before.columns if n in used)


def _table_name(function: str, taken: set[str]) -> str:
    """The name of the table a function makes: without its verb, or with `_result` where that leaves too little."""
    verb, _, rest = function.partition("_")
    short = verb in _VERBS and rest[:1].isalpha() and rest.split("_")[0] not in _CONNECTIVES and rest not in RESERVED
    name = rest if short and rest not in taken else f"{function}_result"
    number = 2
    while name in taken:
        name, number = f"{function}_result_{number}", number + 1
    return name


def orders_before(config: TransformConfig, stages: Sequence[Stage], after: Order) -> list[Order]:
    """What each operation needs of the order of its table, and last what the readers of the step need."""
    orders = [after]
    for stage in reversed(stages):
        orders.insert(0, _order_before(stage.operation, config, orders[0]))
    return orders


def _order_before(operation: str, config: TransformConfig, after: Order) -> Order:
    if operation == "sort":
        return Order.ANY  # ties follow the other columns
    if operation in ("limit", "python"):
        return Order.SOURCE
    if operation == "sql":
        return Order.STABLE
    if operation in ("aggregate", "pivot"):
        follows = any(a.operation in (AggregateOperation.FIRST, AggregateOperation.LAST) for a in config.aggregations or ())
        return Order.SOURCE if after is Order.SOURCE or (follows and operation == "aggregate") else Order.ANY
    if operation == "dedupe" and config.dedupe:
        return Order.SOURCE if config.dedupe.columns or after else Order.ANY
    if operation == "window":
        tied = any(w.order_by and w.function not in _ORDER_FREE for w in config.window or ())
        return Order.SOURCE if tied or after else Order.ANY
    if operation == "union" and config.union and config.union.distinct:
        return Order.SOURCE if after else Order.ANY
    return after


def _united(asked: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    total: frozenset[str] = frozenset()
    for columns in asked:
        if columns is None:
            return None
        total |= columns
    return total


def _columns_before(stage: Stage, config: TransformConfig, after: frozenset[str] | None) -> frozenset[str] | None:
    """The columns a stage needs of its table if `after` are needed of its result."""
    operation = stage.operation
    if operation == "aggregate":
        return frozenset(config.group_by or ()) | {a.column for a in config.aggregations or () if a.column}
    if operation == "pivot" and (pivot := config.pivot):
        return frozenset(pivot.index) | {pivot.columns} | ({pivot.values} if pivot.values else set())
    if operation == "select":
        return frozenset(config.select or ())
    if after is None or operation in ("join", "union", "sql", "python", "sort", "unpivot"):
        return None
    return _columns_through(operation, config, after)


def _columns_through(operation: str, config: TransformConfig, after: frozenset[str]) -> frozenset[str] | None:
    """The same for operations that hand the other columns on."""
    if operation == "add_columns":
        for added in reversed(config.add_columns or ()):
            after = (after - {added.name}) | set(parse_formula(added.formula).columns)
        return after
    if operation == "window":
        for w in reversed(config.window or ()):
            after = (after - {w.name}) | set(w.partition_by) | {k.column for k in w.order_by} | ({w.column} if w.column else set())
        return after
    if operation == "rename":
        old = {new: name for name, new in (config.rename or {}).items()}
        return frozenset(old.get(name, name) for name in after) | set(config.rename or {})
    if operation == "dedupe" and config.dedupe:
        keys = set(config.dedupe.columns) | {k.column for k in config.dedupe.order_by}
        return after | keys if config.dedupe.columns else None
    if operation == "drop_nulls" and config.drop_nulls:
        return after | set(config.drop_nulls.columns) if config.drop_nulls.columns else None
    return after | _columns_used(operation, config)


def _columns_used(operation: str, config: TransformConfig) -> set[str]:
    if operation == "where" and config.where:
        return set(parse_formula(config.where).columns)
    if operation == "limit":
        return set(config.limit.per) if isinstance(config.limit, LimitConfig) else set()
    if operation == "drop":
        return set(config.drop or ())
    named = {"cast": config.cast, "fill_nulls": config.fill_nulls, "filter": config.filter, "exclude": config.exclude}
    return set(named.get(operation) or ())
