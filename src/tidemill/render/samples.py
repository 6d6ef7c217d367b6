"""Small sample tables that reach each branch of a transform step, with a word on why each row is there."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType
from tidemill.render.branches import RowTrace
from tidemill.render.sample_cases import LIMIT_NOTE, table_cases
from tidemill.render.sample_inputs import SampleTable, split_join, split_union
from tidemill.render.sample_sql import sql_literals
from tidemill.render.sample_values import around, distinct_values, plain_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tidemill.domain.reference import Row, Rows, Value
    from tidemill.domain.table_schema import TableSchema
    from tidemill.domain.transforms import Scalar, TransformConfig
    from tidemill.render.sample_cases import Case

MAX_ROWS = 14
"""Rows chosen for the branches of a step; a reader does not follow more."""
MAX_CASES = 9
"""Rows chosen for operations on the whole table, the ordinary row aside."""
MIN_BRANCH_ROWS = 8
"""Rows that branches may always have, however many the cases took."""
MIN_ROWS = 4
_TELLING_APART = (ColumnType.INTEGER, ColumnType.STRING)
_NEAR_ROWS = 9
_ATTEMPTS = 5
"""Other values that are tried before a change is given up, because no row with it comes through the filters."""
PLAIN_ROWS = 4


def sample_tables(config: TransformConfig, inputs: Sequence[TableSchema], names: Sequence[str]) -> tuple[SampleTable, ...]:
    """One table per input of a step, built so that each branch of the step is reached.

    A row exactly at, just inside and just outside each bound, each listed value and another, a missing value in each column that is
    used, rows that are equal or agree in their keys, ties, groups of one row and of several, keys with no match, one and several.
    The same config and schemas always give the same rows.
    """
    return chain_samples([config], inputs, names)


def chain_samples(configs: Sequence[TransformConfig], inputs: Sequence[TableSchema], names: Sequence[str]) -> tuple[SampleTable, ...]:
    """Samples for a step that is followed by others, each reading the one before it only: rows reach the branches of all of them."""
    trace = RowTrace.of(configs, inputs, names)
    if trace.opaque:
        return tuple(_with_literals(plain_table(schema), configs[0].sql) for schema in inputs)
    chosen = _Choice(trace)
    chosen.cover_cases(table_cases(trace.on_table))
    chosen.cover_branches()
    chosen.fill_up()
    table = chosen.table([] if configs[0].join is None else [*configs[0].join.on, *configs[0].join.left_on, *configs[0].join.right_on])
    if configs[0].join:
        return split_join(table, configs[0].join, inputs)
    return split_union(table, inputs) if configs[0].union else (table,)


def plain_table(schema: TableSchema) -> SampleTable:
    """Rows for code that cannot be followed: plain ones, an equal one, and one without a value per column."""
    plain = {name: plain_values(name, kind) for name, kind in schema.columns.items()}
    # Numbers are shifted against each other, so that no two columns are equal; keys are not, so that tables still match.
    shifts = {name: n if schema.columns[name].is_numeric else 0 for n, name in enumerate(plain)}
    rows: Rows = [{name: values[(i + shifts[name]) % len(values)] for name, values in plain.items()} for i in range(PLAIN_ROWS)]
    table = SampleTable(schema.columns, rows, ("",) * len(rows)).with_rows((rows[0], "the first row again"))
    return table.with_rows(*(({**rows[1], name: None}, f"no {name}") for name in list(plain)[: MAX_ROWS - len(table.rows)]))


def _with_literals(table: SampleTable, query: str | None) -> SampleTable:
    """The table with rows around what a SQL step compares its columns with."""
    rows: list[tuple[Row, str]] = []
    for column, literal in sql_literals(query) if query and table.rows else ():
        kind = table.columns.get(column, ColumnType.UNKNOWN)
        fits = column in table.columns and isinstance(literal, str) != kind.is_numeric
        rows += [({**table.rows[1], column: value}, f"{column} {_shown(value)}") for value in around(_fitting(literal, kind), kind)] if fits else []
    return table.with_rows(*rows[:MAX_ROWS])


def _fitting(literal: Scalar, kind: ColumnType) -> Scalar:
    return int(literal) if kind is ColumnType.INTEGER and isinstance(literal, float) else literal


def _shown(value: Value) -> str:
    return value.isoformat() if isinstance(value, dt.date) else f"{value!r}"


class _Choice:
    """Rows being chosen: an ordinary one that comes through, and changes of it that reach further branches."""

    def __init__(self, trace: RowTrace) -> None:
        self.trace = trace
        self.kinds = trace.columns
        self.base = _ordinary_row(trace)
        self.rows: Rows = []
        self.notes: list[str] = []
        self.reached: set[str] = set()
        self._add(self.base, "an ordinary row")

    def table(self, keys: Sequence[str]) -> SampleTable:
        """The rows chosen; a column that nothing looks at tells them apart, so that a row in the place of another is seen."""
        free = [n for n, kind in self.kinds.items() if kind in _TELLING_APART and n not in (*self.trace.used, *keys)]
        if free and not self.trace.compares_rows:
            values = distinct_values(free[0], self.kinds[free[0]], len(self.rows))
            self.rows = [{**row, free[0]: value} for row, value in zip(self.rows, values, strict=True)]
        return SampleTable(self.kinds, self.rows, tuple(self.notes))

    def cover_cases(self, cases: Iterable[Case]) -> None:
        """Adds a row for each case, as long as it is new; cases come in order of weight."""
        for changes, note in cases:
            if len(self.rows) <= MAX_CASES and (note == LIMIT_NOTE or note not in self.notes):
                self.vary(changes, note)

    def cover_branches(self) -> None:
        """Adds, one after the other, the row that reaches most branches not reached yet."""
        candidates = [(row, note, self._labels(row)) for row, note in _changed_rows(self.base, self.trace)]
        most = max(MAX_ROWS, len(self.rows) + MIN_BRANCH_ROWS)
        while len(self.rows) < most and candidates:
            best = max(candidates, key=lambda c: len(c[2] - self.reached))
            if not best[2] - self.reached:
                return
            row, note, labels = best
            fresh = sorted(labels - self.reached, key=lambda label: (len(label), label))
            self._add(row, note or "; ".join(fresh[:2]))

    def vary(self, changes: Mapping[str, int | None], note: str) -> None:
        """Adds the ordinary row with other values in some columns: the n-th other value, or none; unless no such row comes through."""
        for attempt in range(_ATTEMPTS):
            row = dict(self.base)
            for name, nth in changes.items():
                for origin in self.trace.origins.get(name, ())[:1]:
                    row[origin] = None if nth is None else _other_value(self.trace, self.base, origin, nth + attempt)
            is_new = not changes or row not in self.rows
            if is_new and self.trace.follow(row).row is not None:
                self._add(row, note)
                return

    def fill_up(self) -> None:
        """Adds ordinary rows with other values until there are a few."""
        self.vary(dict.fromkeys(self.kinds, 0), "other values throughout")
        for nth in range(1, MIN_ROWS):
            if len(self.rows) < MIN_ROWS:
                self.vary(dict.fromkeys(self.kinds, nth), "another row")

    def _labels(self, row: Row) -> frozenset[str]:
        outcome = self.trace.follow(row)
        missing = [f"{name} missing" for name in self.trace.used if row[name] is None]
        return frozenset() if outcome.failed else frozenset((*outcome.labels, *missing))

    def _add(self, row: Row, note: str) -> None:
        self.rows.append(row)
        self.notes.append(note)
        self.reached |= self._labels(row)


def _ordinary_row(trace: RowTrace) -> Row:
    """Plain values, changed one by one until the row comes through all filters, or as far as it gets."""
    row: Row = {name: trace.hints.plain[name][0] for name in trace.columns}
    outcome = trace.follow(row)
    for _ in range(_ATTEMPTS):
        if outcome.row is not None:
            break
        changed = [*_plainly_changed(row, trace, 1, 8), *_tellingly_changed(row, trace), *_at_margins(row, trace)]
        best = max(((trace.follow(c), c) for c in changed), key=lambda t: t[0].progress, default=(outcome, row))
        if best[0].progress <= outcome.progress:
            break
        outcome, row = best
    return row


def _changed_rows(base: Row, trace: RowTrace) -> Iterator[tuple[Row, str]]:
    """Rows that differ from `base` in one column: at and around the bounds first, then plain values, then missing ones."""
    for row in (*_tellingly_changed(base, trace), *_at_margins(base, trace), *_plainly_changed(base, trace, 1, 3)):
        yield row, ""
    for name in trace.used:
        yield {**base, name: None}, f"no {name}"


def _tellingly_changed(base: Row, trace: RowTrace) -> Iterator[Row]:
    for name in trace.used:
        yield from ({**base, name: value} for value in trace.hints.telling[name] if value != base[name])


def _plainly_changed(base: Row, trace: RowTrace, first: int, last: int) -> Iterator[Row]:
    for name in trace.used:
        yield from ({**base, name: value} for value in trace.hints.plain[name][first:last])


def _at_margins(base: Row, trace: RowTrace) -> Iterator[Row]:
    """Rows that bring a calculated number to its bound, and just to both sides of it."""
    for position, margin, names in trace.margins:
        numeric = [n for n in names if trace.columns[n].is_numeric]
        if len(names) > 1 or not trace.is_direct(names, position):
            yield from _rows_at_margin(base, numeric, partial(_margin_at, trace, position, margin))


def _rows_at_margin(base: Row, names: Sequence[str], margin: Callable[[Row], float | None]) -> Iterator[Row]:
    """The first row that meets the bound exactly with its neighbours, else all that come near it.

    Neutral values of the other columns are tried, too: 0 and 1 make a product or a rate easy to invert.
    """
    kinds = {name: float if isinstance(base[name], float) else int for name in names}
    contexts = [base, *({**base, other: kind(n)} for other, kind in kinds.items() for n in (0, 1))]
    near: list[Row] = []
    for context in contexts:
        for name in names:
            rows = list(_solved(context, name, margin))
            if rows and margin(rows[0]) == 0:
                yield from rows
                return
            near += rows
    yield from near[:_NEAR_ROWS]


def _margin_at(trace: RowTrace, position: int, margin: Callable[[Row], float | None], row: Row) -> float | None:
    state = trace.state(row, position)
    return margin(state) if state is not None else None


def _solved(base: Row, name: str, margin: Callable[[Row], float | None]) -> Iterator[Row]:
    """`base` with the value of `name` at which `margin` is 0, if it is a straight line in `name`, and its nearest neighbours."""
    start = base[name]
    if isinstance(start, bool) or not isinstance(start, (int, float)):
        return
    at = [margin({**base, name: type(start)(start + step)}) for step in (0, 1, 2)]
    if at[0] is None or at[1] is None or at[2] is None or at[1] == at[0] or abs(at[2] - 2 * at[1] + at[0]) > 1e-6:
        return
    slope = at[1] - at[0]
    zero = start - at[0] / slope
    if zero < 0 < start:
        return
    if isinstance(start, int):
        whole = round(zero)
        yield from ({**base, name: n} for n in (whole, whole + 1, whole - 1))
    else:
        nudge = min(0.01 / abs(slope), 1.0)
        yield from ({**base, name: round(x, 6)} for x in (zero, zero + nudge, zero - nudge))


def _other_value(trace: RowTrace, base: Row, name: str, nth: int) -> Value:
    others = [v for v in trace.hints.plain[name] if v != base[name]]
    return others[nth % len(others)] if others else base[name]
