"""The typed config of a transform step.

A step holds one operation or several. Several are applied in one fixed order, the order of the fields of
`TransformConfig`, whatever the order of the keys in the file; work that needs another order goes into a step of its own.

Missing values: a comparison with a missing value is not true, so `filter` drops the row and `exclude` keeps it; the negative
conditions (`notEquals`, `notIn`, `notContains`) are true of a missing value. `sum` of no values is 0; the other aggregations of
no values are missing. A missing group key is a group of its own. Sorting puts missing values last.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tidemill.domain.table_schema import DeclaredType
from tidemill.domain.values import SpecModel

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
FormulaText = Annotated[
    str, Field(min_length=1, max_length=10_000, description="A column formula such as `{unit_price} * {quantity}`; see docs/formulas.md.")
]
Scalar = bool | int | float | str
"""A literal of the file. A date or time is its ISO text and is read as the type of the column it meets."""


class JoinConfig(SpecModel):
    """Joins the step's first input (left) with its second (right)."""

    how: Literal["inner", "left", "right", "outer", "semi", "anti"] = "inner"
    """`semi` keeps left rows that have a match, `anti` those that have none."""
    on: tuple[Name, ...] = ()
    """Key columns of the same name on both sides; they appear once in the result."""
    left_on: tuple[Name, ...] = ()
    right_on: tuple[Name, ...] = ()
    """Key columns of different names, pair by pair; both stay in the result (not with `semi` and `anti`)."""
    suffix: Annotated[str, Field(min_length=1, max_length=40)] = "_right"
    """Added to a right column whose name exists on the left."""

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if bool(self.on) == bool(self.left_on or self.right_on) or len(self.left_on) != len(self.right_on):
            raise ValueError("give the key columns either as `on: [a]` or as `leftOn: [a]` with as many in `rightOn: [b]`")
        return self


class UnionConfig(SpecModel):
    """Puts the rows of all inputs below each other, columns matched by name; a column that one input lacks is missing there."""

    distinct: bool = False
    """Remove exact duplicate rows afterwards."""


class PythonConfig(SpecModel):
    """A Python function over rows: the escape hatch, flagged for review."""

    code: Annotated[str, Field(min_length=1, max_length=50_000)]
    """Source that defines `def transform(rows: list[dict]) -> list[dict]` and imports from the standard library's safe part only."""
    columns: dict[Name, DeclaredType]
    """The columns of the rows it returns, with their types."""


class CastConfig(SpecModel):
    """How to turn a column into another type."""

    to: DeclaredType
    format: str | None = None
    """strptime format of a date or time in text, such as `%d.%m.%Y`."""
    thousands: Annotated[str, StringConstraints(max_length=1)] | None = None
    """Thousands separator of numbers in text."""
    decimal: Annotated[str, StringConstraints(min_length=1, max_length=1)] = "."
    """Decimal separator of numbers in text."""
    strip: str = ""
    """Characters removed from the text before it is read, such as `€$%`."""
    on_error: Literal["fail", "missing"] = "fail"
    """What becomes of a text that cannot be read: the run fails, or the value is missing."""


class DropNullsConfig(SpecModel):
    """Drops rows with missing values."""

    columns: tuple[Name, ...] = ()
    """The columns looked at; none named means all."""
    how: Literal["any", "all"] = "any"


class AddColumn(SpecModel):
    """A new column, or a new value for one that exists; a later formula sees the earlier ones."""

    name: Name
    formula: FormulaText


class Condition(SpecModel):
    """What a value must be; all conditions given must hold."""

    equals: Scalar | None = None
    not_equals: Scalar | None = None
    greater_than: Scalar | None = None
    greater_than_or_equal: Scalar | None = None
    less_than: Scalar | None = None
    less_than_or_equal: Scalar | None = None
    between: tuple[Scalar, Scalar] | None = None
    """Both ends included."""
    in_: Annotated[tuple[Scalar, ...] | None, Field(alias="in", min_length=1)] = None
    not_in: Annotated[tuple[Scalar, ...] | None, Field(min_length=1)] = None
    contains: str | None = None
    not_contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    matches: str | None = None
    """A regular expression (RE2) that is found anywhere in the text."""
    is_null: bool | None = None
    """True: the value is missing. False: it is there."""
    ignore_case: bool = False
    """For the text conditions, `equals`, `notEquals`, `in` and `notIn`."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.parts:
            raise ValueError("a condition needs at least one of equals, notEquals, greaterThan, greaterThanOrEqual, lessThan, lessThanOrEqual, "
                             "between, in, notIn, contains, notContains, startsWith, endsWith, matches, isNull")  # fmt: skip
        return self

    @property
    def parts(self) -> tuple[tuple[str, Scalar | tuple[Scalar, ...]], ...]:
        """The conditions given, as (field name, operand); `ignore_case` is not one."""
        pairs = ((name, getattr(self, name)) for name in type(self).model_fields if name != "ignore_case")
        return tuple((name, value) for name, value in pairs if value is not None)


class SortKey(SpecModel):
    """One column to sort by; missing values come last."""

    column: Name
    direction: Literal["asc", "desc"] = "asc"


class DedupeConfig(SpecModel):
    """Keeps one row of those that agree in `columns`."""

    columns: tuple[Name, ...] = ()
    """None named means all: exact duplicate rows."""
    keep: Literal["first", "last"] = "first"
    order_by: tuple[SortKey, ...] = ()
    """What first and last mean; without it, the order of the source. Ties are broken by the order of the source (keep: the first, or the
    last, of them)."""


class WindowFunction(StrEnum):
    """What a window column holds."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    RANK = "rank"
    """1, 1, 3"""
    DENSE_RANK = "denseRank"
    """1, 1, 2"""
    ROW_NUMBER = "rowNumber"
    LAG = "lag"
    LEAD = "lead"
    FIRST = "first"
    LAST = "last"


class WindowColumn(SpecModel):
    """A column computed over the rows around each row."""

    name: Name
    function: WindowFunction
    column: Name | None = None
    """What is summed, shifted …; none for `rank`, `denseRank`, `rowNumber`, and for `count` of rows."""
    partition_by: tuple[Name, ...] = ()
    order_by: tuple[SortKey, ...] = ()
    """With it `sum`, `avg`, `min`, `max`, `count` run up to the present row (`first` and `last` look at the whole group); without it they
    are of the whole group. Ties are broken by the order of the source."""
    rows: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Only the last `rows` rows up to the present one (a moving average); needs `orderBy`."""
    offset: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many rows `lag` and `lead` look back or ahead."""


class AggregateOperation(StrEnum):
    """What an aggregation computes; missing values are left out."""

    SUM = "sum"
    COUNT = "count"
    """Values that are there; without a column, rows."""
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    COUNT_DISTINCT = "countDistinct"
    STDDEV = "stddev"
    """Of a sample (n - 1)."""
    FIRST = "first"
    LAST = "last"
    """`first` and `last` follow the order of the source and include missing values."""


class Aggregation(SpecModel):
    """One aggregated column."""

    column: Name | None = None
    """Needed by all but `count`."""
    operation: AggregateOperation
    output_name: Name

    @model_validator(mode="after")
    def _column(self) -> Self:
        if self.column is None and self.operation is not AggregateOperation.COUNT:
            raise ValueError(f"`{self.operation}` needs a `column`; only `count` can do without (it then counts rows)")
        return self


class PivotConfig(SpecModel):
    """One row per `index`, one column per value of `columns`, aggregated `values` in the cells."""

    index: Annotated[tuple[Name, ...], Field(min_length=1)]
    columns: Name
    values: Name | None = None
    """Needed by all operations but `count`."""
    operation: Literal["sum", "count", "avg", "min", "max", "median"] = "sum"
    fill: Scalar | None = None
    """What stands in a cell without rows."""
    names: tuple[Name, ...] | None = None
    """The values of `columns` that become columns; without it, those found at run time, sorted."""


class UnpivotConfig(SpecModel):
    """One row per row and column of `columns` (wide to long)."""

    columns: Annotated[tuple[Name, ...], Field(min_length=1)]
    name_to: Name = "name"
    value_to: Name = "value"


class LimitConfig(SpecModel):
    """Keeps the first `count` rows, in all or per group."""

    count: Annotated[int, Field(ge=0)]
    per: tuple[Name, ...] = ()


class TransformConfig(SpecModel):
    """What a transform step does; fields are applied in this order."""

    join: JoinConfig | None = None
    union: UnionConfig | None = None
    sql: Annotated[str, Field(max_length=50_000)] | None = None
    """One SELECT statement (DuckDB's dialect) over the inputs, each a table named as its step, or `input` if there is one input only."""
    python: PythonConfig | None = None
    cast: dict[Name, DeclaredType | CastConfig] | None = None
    fill_nulls: dict[Name, Scalar] | None = None
    drop_nulls: DropNullsConfig | None = None
    add_columns: tuple[AddColumn, ...] | None = None
    filter: dict[Name, Condition] | None = None
    """Rows are kept where all conditions hold."""
    exclude: dict[Name, Condition] | None = None
    """Rows are dropped where all conditions hold."""
    where: FormulaText | None = None
    """Rows are kept where this formula is true."""
    dedupe: DedupeConfig | None = None
    window: tuple[WindowColumn, ...] | None = None
    group_by: tuple[Name, ...] | None = None
    aggregations: tuple[Aggregation, ...] | None = None
    """Without `groupBy`: one row over all rows."""
    pivot: PivotConfig | None = None
    unpivot: UnpivotConfig | None = None
    sort: tuple[SortKey, ...] | None = None
    limit: int | LimitConfig | None = None
    rename: dict[Name, Name] | None = None
    """Old name to new name."""
    select: tuple[Name, ...] | None = None
    """The columns that are kept, in this order."""
    drop: tuple[Name, ...] | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the fields that are given, in order of application."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)
