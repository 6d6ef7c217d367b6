"""Values worth trying in each column of the rows that are followed through a step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.formula import Call, Cast, Column, Literal, walk
from tidemill.domain.reference.formulas import read_formula
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import CastConfig, Condition
from tidemill.render.formula_branches import compared_literals
from tidemill.render.sample_values import around, as_text, distinct_values, telling_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tidemill.domain.formula import Formula
    from tidemill.domain.reference import Value
    from tidemill.domain.stages import Stage
    from tidemill.domain.transforms import Scalar, TransformConfig

_UNREADABLE = "n/a"
_PART_OF = {"contains": "contains", "starts_with": "starts_with", "ends_with": "ends_with", "regex_matches": "matches"}
"""Functions of formulas by the condition that asks for the same values."""


@dataclass(frozen=True)
class TextForm:
    """How a text column is read later on: its values must be texts of that form."""

    kind: ColumnType
    how: CastConfig


@dataclass(frozen=True)
class Hints:
    """Per column, plain values that every operation can read, and telling ones."""

    plain: Mapping[str, tuple[Value, ...]]
    telling: Mapping[str, tuple[Value, ...]]


def hints_for(columns: Mapping[str, ColumnType], operations: Sequence[tuple[TransformConfig, Stage]]) -> Hints:
    """Hints for rows with `columns` that go through `operations`."""
    gathering = _Gathering(columns)
    for config, stage in operations:
        gathering.visit(config, stage)
    return gathering.hints()


class _Gathering:
    """What was found out about the columns so far, while the operations are walked through."""

    def __init__(self, columns: Mapping[str, ColumnType]) -> None:
        self.columns = columns
        self.direct = {name: name for name in columns}
        """Columns that hold the values of a column of the followed rows, if only renamed or cast."""
        self.forms: dict[str, TextForm] = {}
        self.values: dict[str, list[Value]] = {name: [] for name in columns}

    def hints(self) -> Hints:
        plain = {name: tuple(self._held(name, v) for v in distinct_values(name, self._kind(name), 8)) for name in self.columns}
        telling = {name: tuple(dict.fromkeys(values)) for name, values in self.values.items()}
        return Hints(plain, telling)

    def visit(self, config: TransformConfig, stage: Stage) -> None:
        name = stage.operation
        if name == "cast":
            self._cast(config)
        elif name in ("filter", "exclude"):
            conditions: Mapping[str, Condition] = getattr(config, name) or {}
            for column, condition in conditions.items():
                self._add(column, telling_values(condition, stage.before.columns.get(column, ColumnType.UNKNOWN)))
        elif name == "where":
            self._formula(read_formula(config.where or ""))
        elif name == "add_columns":
            for added in config.add_columns or ():
                self._formula(read_formula(added.formula))
                self.direct.pop(added.name, None)
        elif name == "rename":
            renames = config.rename or {}
            self.direct = {renames.get(n, n): origin for n, origin in self.direct.items()}
        elif name == "pivot" and config.pivot:
            self._add(config.pivot.columns, config.pivot.names or ())

    def _cast(self, config: TransformConfig) -> None:
        for column, how in (config.cast or {}).items():
            origin = self.direct.get(column)
            if origin is None or self.columns[origin] not in (ColumnType.STRING, ColumnType.UNKNOWN) or origin in self.forms:
                continue
            options = how if isinstance(how, CastConfig) else CastConfig(to=how)
            self.forms[origin] = TextForm(ColumnType(options.to), options)
            if options.to in (ColumnType.NUMBER, ColumnType.INTEGER) and (options.thousands or options.strip):
                self.values[origin].append(as_text(12345 if options.to is ColumnType.INTEGER else 1234.5, options))
            if options.on_error == "missing" and options.to is not ColumnType.STRING:
                self.values[origin].append(_UNREADABLE)

    def _formula(self, formula: Formula) -> None:
        for name, how in _read_texts(formula):
            origin = self.direct.get(name)
            if origin is not None and self.columns[origin] is ColumnType.STRING:
                self.forms.setdefault(origin, TextForm(ColumnType(how.to), how))
        for name, operator, value in compared_literals(formula):
            if value is not None:
                self._add(name, _near(operator, value, self._kind(self.direct.get(name, ""))))

    def _add(self, column: str, values: Sequence[Value]) -> None:
        origin = self.direct.get(column)
        if origin is not None:
            self.values[origin] += [held for value in values if (held := self._held(origin, value)) is not None]

    def _kind(self, origin: str) -> ColumnType:
        return self.forms[origin].kind if origin in self.forms else self.columns.get(origin, ColumnType.UNKNOWN)

    def _held(self, origin: str, value: Value) -> Value:
        """A value of the column as it is later on, as the followed row holds it; None if it cannot."""
        if origin in self.forms:
            return as_text(value, self.forms[origin].how)
        kind = self.columns[origin]
        if kind is ColumnType.INTEGER and isinstance(value, float):
            return int(value) if value.is_integer() else None
        if kind is ColumnType.NUMBER and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if kind in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ) and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC if kind is ColumnType.TIMESTAMPTZ else None)
        return value if _fits(value, kind) else None


def _fits(value: Value, kind: ColumnType) -> bool:
    if isinstance(value, bool):
        return kind is ColumnType.BOOLEAN
    if isinstance(value, (int, float)):
        return kind.is_numeric
    if isinstance(value, dt.datetime):
        return kind in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ)
    return kind.is_temporal if isinstance(value, dt.date) else kind in (ColumnType.STRING, ColumnType.UNKNOWN)


def _near(operator: str, value: Value, kind: ColumnType) -> Sequence[Value]:
    if operator in _PART_OF:
        return telling_values(Condition.model_validate({_PART_OF[operator]: str(value)}), ColumnType.STRING)
    if operator == "/":
        return [value]
    if isinstance(value, dt.date):
        return around(value.isoformat(), kind if kind.is_temporal else ColumnType.STRING)
    literal: Scalar = value if value is not None else ""
    return around(literal, kind)


def _read_texts(formula: Formula) -> Iterator[tuple[str, CastConfig]]:
    """Text columns that a formula reads as something else."""
    for node in walk(formula.root):
        if isinstance(node, Cast) and isinstance(node.operand, Column) and node.to is not ColumnType.STRING:
            yield node.operand.name, CastConfig(to=node.to)
        elif isinstance(node, Call) and node.function in ("parse_date", "parse_timestamp") and isinstance(node.arguments[0], Column):
            written = node.arguments[1]
            to = ColumnType.DATE if node.function == "parse_date" else ColumnType.TIMESTAMP
            yield node.arguments[0].name, CastConfig(to=to, format=str(written.value) if isinstance(written, Literal) else None)
