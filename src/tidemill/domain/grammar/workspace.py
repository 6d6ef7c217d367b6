"""The pipeline while it is being read: tables with their columns, steps, destinations."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from tidemill.domain.formula import parse_formula, unparse
from tidemill.domain.grammar.cursor import Trouble
from tidemill.domain.grammar.files import Source
from tidemill.domain.grammar.operations import Combination, Operation, Target
from tidemill.domain.grammar.scope import Scope, name_words
from tidemill.domain.pipeline import SourceStep, TransformStep
from tidemill.domain.source_schema import SourceSchema
from tidemill.domain.stages import stages
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import TransformConfig
from tidemill.errors import FormulaError


@dataclass(frozen=True)
class Table:
    """A table at its present state."""

    head: str
    """Name of the step that makes it."""
    scope: Scope
    before: tuple[str, Scope] | None = None
    """Step and columns before the last aggregation."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A destination with the step that it writes."""

    target: Target
    head: str
    table: str
    sentence: str


@dataclass
class Workspace:
    """All that the sentences so far have made."""

    sources: list[Source] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    current: str = ""
    steps: list[SourceStep | TransformStep] = field(default_factory=list)
    targets: list[Placed] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    """Group keys that wait for their aggregations."""
    joined: tuple[str, str] | tuple[()] = ()
    """Left and right of the join that was made last."""
    patches: dict[str, dict[str, ColumnType]] = field(default_factory=dict)
    """Types of source columns that hold no value, known from a table with the same columns."""

    def snapshot(self) -> Workspace:
        return copy.copy(self)._own()

    def _own(self) -> Workspace:
        self.tables, self.steps, self.targets, self.patches = dict(self.tables), list(self.steps), list(self.targets), dict(self.patches)
        return self

    @property
    def table(self) -> Table:
        return self.tables[self.current]

    @property
    def rest_is_clear(self) -> bool:
        """True if the last step removed rows and nothing is written yet: "the rest" are the rows at hand, not those that others got."""
        last = self.steps[-1] if self.steps else None
        return (
            not self.targets
            and last is not None
            and last.type == "transform"
            and bool(last.config.exclude or last.config.drop_nulls or last.config.dedupe)
        )

    def add_source(self, source: Source, step_name: str, nouns: frozenset[str]) -> None:
        found = source.found
        if isinstance(found, SourceSchema):
            unique = frozenset(c for c, seen in found.samples.items() if found.row_count_hint and len(seen) == found.row_count_hint)
            scope = Scope(found.schema, found.samples, nouns, found.casts, unique)
            config = found.config
        else:
            scope, config = Scope(TableSchema(complete=False), nouns=nouns), source.config
        name = self.free_name(step_name)
        self.steps.append(SourceStep(name=name, description=f"Reads {source.path or 'the sheet'}.", config=config))
        self.sources.append(source)
        self.tables[source.name] = Table(name, scope, sources=(name,))
        self.current = self.current or source.name

    def free_name(self, wanted: str) -> str:
        """`wanted`, or with a number behind it if it is taken."""
        taken = {s.name for s in self.steps}
        wanted = wanted[:150]
        return wanted if wanted not in taken else next(f"{wanted} ({n})" for n in range(2, 1000) if f"{wanted} ({n})" not in taken)

    def apply(self, operation: Operation, sentence: str, table: str) -> str | Trouble:
        """Adds the step; its name, or why it cannot be."""
        at = self.tables[table]
        made = self._config(operation, [at.scope.schema], [at.head])
        if isinstance(made, Trouble):
            return made
        config, after = made
        if problem := self._contradicts(config):
            return problem
        name = self.free_name(operation.title)
        self.steps.append(TransformStep(name=name, description=_described(sentence), inputs=(at.head,), config=config))
        before = (at.head, at.scope) if operation.aggregates else at.before
        self.tables[table] = replace(at, head=name, scope=_carried(at.scope, config, after), before=before)
        return name

    def _contradicts(self, config: TransformConfig) -> Trouble | None:
        """A wish that takes back an earlier one: dropping a column that was chosen, excluding the rows that were kept."""
        for step in self.steps:
            if step.type != "transform":
                continue
            if both := set(config.drop or ()) & set(step.config.select or ()):
                return Trouble(
                    "contradiction",
                    f"{', '.join(f'`{b}`' for b in sorted(both))} is kept in one sentence and dropped in another.",
                    0,
                    "Say one of them.",
                    sure=True,
                )
            for column, condition in (config.exclude or {}).items():
                if len(config.exclude or {}) == 1 and (step.config.filter or {}).get(column) == condition:
                    return Trouble(
                        "contradiction", f"The rows by `{column}` are kept in one sentence and dropped in another.", 0, "Say one of them.", sure=True
                    )
            for column, condition in (config.filter or {}).items():
                if len(step.config.exclude or {}) == 1 and (step.config.exclude or {}).get(column) == condition:
                    return Trouble(
                        "contradiction", f"The rows by `{column}` are dropped in one sentence and kept in another.", 0, "Say one of them.", sure=True
                    )
        return None

    def _config(
        self, operation: Operation | Combination, inputs: list[TableSchema], names: list[str]
    ) -> tuple[TransformConfig, TableSchema] | Trouble:
        try:
            config = TransformConfig.model_validate(_canonical(dict(operation.config)))
            if problem := _clash(config, inputs[0]):
                return problem
            done = stages(config, inputs, names)
        except FormulaError as error:
            return Trouble("formula", error.message, 0, error.fix, sure=True)
        except ValidationError as error:
            return Trouble("config", str(error.errors()[0]["msg"]), 0)
        for stage in done:
            for found in stage.findings:
                if found.severity == "error":
                    return Trouble(found.rule, found.message, 0, found.fix, sure=True)
        return config, done[-1].after

    def combine(self, combination: Combination, sentence: str) -> str | Trouble:
        """Adds a join or union; the result takes the place of the tables."""
        parts = [self.tables[n] for n in combination.tables]
        if len({p.head for p in parts}) < len(parts):
            return Trouble("same-table", "These tables are one already.", 0)
        union = "union" in combination.config
        if union:
            self._patch(parts)
            parts = [self.tables[n] for n in combination.tables]
        made = self._config(combination, [p.scope.schema for p in parts], [p.head for p in parts])
        if isinstance(made, Trouble):
            return made
        config, after = made
        name = self.free_name(combination.title)
        self.steps.append(TransformStep(name=name, description=_described(sentence), inputs=tuple(p.head for p in parts), config=config))
        how = config.join.how if config.join else ""
        samples = dict(parts[0].scope.samples)
        nouns = parts[0].scope.nouns
        for part in parts[1:]:
            if how in ("semi", "anti"):
                continue
            for column, seen in part.scope.samples.items():
                samples[column] = (*samples.get(column, ()), *seen) if union else samples.get(column, seen)
            nouns |= part.scope.nouns if union else frozenset()
        unique = parts[0].scope.unique if how in ("semi", "anti") else frozenset()
        scope = Scope(after, {c: tuple(dict.fromkeys(v)) for c, v in samples.items() if c in after.columns}, nouns, parts[0].scope.casts, unique)
        merged = Table(name, scope, sources=tuple(s for p in parts for s in p.sources))
        self.joined = (combination.tables[0], combination.tables[1]) if how in ("left", "inner") else ()
        if how in ("semi", "anti"):
            self.tables[combination.tables[0]] = merged
            self.current = combination.tables[0]
        else:
            for n in combination.tables:
                del self.tables[n]
            self.tables[combination.tables[0]] = merged
            self.current = combination.tables[0]
        return name

    def refine_join(self, how: str) -> str | Trouble:
        """Makes the join just made a left or an inner one."""
        step = self.steps[-1]
        if step.type != "transform" or step.config.join is None or step.name != self.table.head:
            return Trouble("join", "This is about a join that other steps follow already.", 0, "Say it in the sentence of the join.")
        if step.config.join.how == how:
            return step.name
        if step.config.join.how not in ("inner", "left"):
            return Trouble("join", "This contradicts the kind of the join.", 0, "Say 'left join' or 'inner join'.", sure=True)
        if "left join" in step.description.lower() or "inner join" in step.description.lower():
            return Trouble("join", "This contradicts the kind of the join.", 0, "Say 'left join' or 'inner join'.", sure=True)
        self.steps[-1] = step.model_copy(update={"config": step.config.model_copy(update={"join": step.config.join.model_copy(update={"how": how})})})
        return step.name

    def refine_pivot(self, fill: object) -> str | Trouble:
        """Says what stands in the empty cells of the pivot just made."""
        step = self.steps[-1]
        if step.type != "transform" or step.config.pivot is None:
            return Trouble("pivot", "There is no pivot before this whose cells could be meant.", 0)
        if step.config.pivot.fill not in (None, fill):
            return Trouble("pivot", f"The empty cells hold {step.config.pivot.fill} already.", 0, sure=True)
        if fill is not None:
            self.steps[-1] = step.model_copy(
                update={"config": step.config.model_copy(update={"pivot": step.config.pivot.model_copy(update={"fill": fill})})}
            )
        return step.name

    def _patch(self, parts: list[Table]) -> None:
        """Gives columns without values the type they have in a table that is put below."""
        for index, part in enumerate(parts):
            columns = dict(part.scope.schema.columns)
            for column, kind in columns.items():
                if kind is not ColumnType.UNKNOWN:
                    continue
                others = [p.scope.schema.columns[column] for p in parts if p is not part and column in p.scope.schema.columns]
                known = next((k for k in others if k is not ColumnType.UNKNOWN), None)
                if known is None:
                    continue
                columns[column] = known
                for source in part.sources:
                    self.patches[source] = {**self.patches.get(source, {}), column: known}
            scope = replace(part.scope, schema=TableSchema(columns, complete=part.scope.schema.complete))
            name = next(n for n, t in self.tables.items() if t is part)
            self.tables[name] = parts[index] = replace(part, scope=scope)

    def place(self, target: Target, sentence: str) -> str | Trouble:
        """Notes a destination at the present stage of the table."""
        if not self.current:
            self.targets.append(Placed(target, "", "", sentence))
            return target.title
        at = self.table
        head = at.head
        if target.stage == "detail":
            head = at.head if at.before is None else at.before[0]
        if any(p.target.config == target.config for p in self.targets):
            return ""
        self.targets.append(Placed(target, head, self.current, sentence))
        return target.title


def _described(sentence: str) -> str:
    return re.sub(r"\s+", " ", sentence).strip()[:300]


def _canonical(config: dict[str, object]) -> dict[str, object]:
    """The config with its formulas in canonical form."""
    if isinstance(added := config.get("add_columns"), tuple):
        config["add_columns"] = tuple({**a, "formula": _formula(a["formula"])} for a in added)
    if isinstance(where := config.get("where"), str):
        config["where"] = _formula(where)
    return config


def _formula(text: str) -> str:
    return unparse(parse_formula(text).root)


def _clash(config: TransformConfig, before: TableSchema) -> Trouble | None:
    """A new name that is taken already."""
    for old, new in (config.rename or {}).items():
        if new in before.columns and new not in (config.rename or {}) and new != old:
            return Trouble(
                "duplicate-name",
                f"`{old}` cannot be renamed to `{new}`: there is such a column already.",
                0,
                "Choose another name, or drop the other column first.",
                sure=True,
            )
    for window in config.window or ():
        if window.name in before.columns:
            return Trouble("duplicate-name", f"There is a column `{window.name}` already.", 0, "Choose another name.", sure=True)
    return None


def _carried(scope: Scope, config: TransformConfig, after: TableSchema) -> Scope:
    """The scope after a step; values seen are forgotten where the step changes them."""
    changed = {a.name for a in config.add_columns or ()} | set(config.cast or {}) | {w.name for w in config.window or ()}
    changed |= {a.output_name for a in config.aggregations or ()}
    samples = {c: v for c, v in scope.samples.items() if c not in changed}
    for old, new in (config.rename or {}).items():
        if old in samples:
            samples[new] = samples.pop(old)
    for column, filled in (config.fill_nulls or {}).items():
        if column in samples:
            samples[column] = (*samples[column], str(filled))
    casts = dict(scope.casts)
    for old, new in (config.rename or {}).items():
        if old in casts:
            casts[new] = casts.pop(old)
    kept = {c: v for c, v in samples.items() if c in after.columns}
    nouns = scope.nouns
    if config.group_by:
        nouns = frozenset({w for key in config.group_by for w in (name_words(key)[-1:] + name_words(key)[:1])}) | frozenset({"group"})
    return Scope(
        after,
        kept,
        nouns,
        {c: v for c, v in casts.items() if c in after.columns and c not in changed},
        frozenset() if config.aggregations else scope.unique - changed,
    )


def source_config_patched(step: SourceStep, types: Mapping[str, ColumnType]) -> Any:
    """The source's config with types for columns in which no value was seen."""
    columns = dict(step.config.columns or {})
    return step.config.model_copy(update={"columns": {**columns, **{c: t for c, t in types.items() if c in columns}}})
