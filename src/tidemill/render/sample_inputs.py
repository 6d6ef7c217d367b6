"""Sample rows of a joined or united table, taken apart into the inputs they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.render.sample_values import distinct_values, plain_values

if TYPE_CHECKING:
    from tidemill.domain.reference import Row, Rows, Value
    from tidemill.domain.transforms import JoinConfig

_KEYS = 40
"""More keys than rows are ever chosen."""


@dataclass(frozen=True)
class SampleTable:
    """One input of a step."""

    columns: Mapping[str, ColumnType]
    rows: Rows = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """Per row, why it is there."""

    def with_rows(self, *more: tuple[Row, str]) -> SampleTable:
        """The table with further rows below."""
        return replace(self, rows=[*self.rows, *(row for row, _ in more)], notes=(*self.notes, *(note for _, note in more)))


def split_union(table: SampleTable, inputs: Sequence[TableSchema]) -> tuple[SampleTable, ...]:
    """The rows dealt out in turn; the first of each input stands in the next one, too."""
    dealt: list[SampleTable] = []
    for i, schema in enumerate(inputs):
        mine = [(row, note) for n, (row, note) in enumerate(zip(table.rows, table.notes, strict=True)) if n % len(inputs) == i]
        before = table.rows[i - 1 if i else len(inputs) - 1 : i if i else len(inputs)]
        again = [(row, "as in the input before, where the columns agree") for row in before]
        dealt.append(SampleTable(schema.columns).with_rows(*((_narrowed(row, schema), note) for row, note in [*mine, *again])))
    return tuple(dealt)


def split_join(table: SampleTable, join: JoinConfig, inputs: Sequence[TableSchema]) -> tuple[SampleTable, ...]:
    """The left and the right part of each row under a key of their own, and keys with no match, with two, and missing."""
    parting = _Parting(join, inputs[0], inputs[1])
    for row, note in zip(table.rows, table.notes, strict=True):
        parting.part(row, note)
    return parting.with_unmatched()


class _Parting:
    """The two inputs of a join while rows are taken apart into them."""

    def __init__(self, join: JoinConfig, left: TableSchema, right: TableSchema) -> None:
        self.join = join
        self.left_keys, self.right_keys = (join.on, join.on) if join.on else (join.left_on, join.right_on)
        self.left, self.right = SampleTable(left.columns), SampleTable(right.columns)
        self.held: dict[Value, Row] = {}
        """The right row of each key given out, by the value of the first key column."""
        self.unused = list(distinct_values(self.left_keys[0], left.columns[self.left_keys[0]], _KEYS))

    def part(self, row: Row, note: str) -> None:
        left = _narrowed(row, TableSchema(self.left.columns))
        right = {name: self._of_right(row, name) for name in self.right.columns}
        key = left[self.left_keys[0]]
        if key is not None and key in self.held and not self._agrees(self.held[key], right):
            key = self._free_key()
            left[self.left_keys[0]] = key
        self.left = self.left.with_rows((left, note))
        if key is None or key not in self.held:
            self._add_right(left, right, f"for {self.left_keys[0]} {key}" if key is not None else "a missing key matches nothing")

    def with_unmatched(self) -> tuple[SampleTable, ...]:
        first_left, first_right = self.left.rows[0], self.right.rows[0]
        second = {name: self._other(name, value) for name, value in first_right.items()}
        self._add_right(first_left, second, "a second match for the first row on the left")
        self.left = self.left.with_rows(({**first_left, self.left_keys[0]: self._free_key()}, "no match on the right"))
        self._add_right({**first_left, self.left_keys[0]: self._free_key()}, first_right, "no match on the left")
        if all(row[self.left_keys[0]] is not None for row in self.left.rows):
            self.left = self.left.with_rows(({**first_left, self.left_keys[0]: None}, "a missing key matches nothing"))
        if all(row[self.right_keys[0]] is not None for row in self.right.rows):
            self._add_right({**first_left, self.left_keys[0]: None}, first_right, "a missing key matches nothing")
        return self.left, self.right

    def _of_right(self, row: Row, name: str) -> Value:
        """The value a joined row holds for a column of the right input; a plain one where the join leaves the right input out."""
        if self.join.how in ("semi", "anti"):
            return plain_values(name, self.right.columns[name])[0]
        return row[name + self.join.suffix] if name in self.left.columns and name not in self.join.on else row[name]

    def _agrees(self, held: Row, right: Row) -> bool:
        return all(held[name] == right[name] for name in right if name not in self.right_keys)

    def _add_right(self, left: Row, right: Row, note: str) -> None:
        keys = {r: _as_type(left[k], self.right.columns[r]) for k, r in zip(self.left_keys, self.right_keys, strict=True)}
        row = _narrowed({**right, **keys}, TableSchema(self.right.columns))
        self.right = self.right.with_rows((row, note))
        key = left[self.left_keys[0]]
        if key is not None:
            self.held.setdefault(key, row)

    def _free_key(self) -> Value:
        taken = {row[self.left_keys[0]] for row in self.left.rows} | set(self.held)
        return next((v for v in self.unused if v not in taken), self.unused[-1])

    def _other(self, name: str, value: Value) -> Value:
        return next((v for v in plain_values(name, self.right.columns[name]) if v != value), value)


def _narrowed(row: Row, schema: TableSchema) -> Row:
    return {name: _as_type(row[name], kind) for name, kind in schema.columns.items()}


def _as_type(value: Value, kind: ColumnType) -> Value:
    """A value of the common type of two columns as the type of one of them."""
    if kind is ColumnType.INTEGER and isinstance(value, float):
        return int(value)
    if kind is ColumnType.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value.date() if kind is ColumnType.DATE and isinstance(value, dt.datetime) else value
