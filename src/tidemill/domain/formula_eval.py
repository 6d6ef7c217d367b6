"""Works out formulas and conditions on single rows in plain Python: the oracle of generated tests.

It shares the typed tree with the rendered Ibis expression and nothing else. Missing values follow SQL's three-valued logic.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from tidemill.domain.formula import condition_formula, resolve, type_of_value
from tidemill.domain.formula.calculation import ARITHMETIC, bounded, converted, widened
from tidemill.domain.formula.functions import STRICT
from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tidemill.domain.formula import Formula, Typed
    from tidemill.domain.transforms import Condition

    Row = Mapping[str, object]


def evaluate(formula: Formula, row: Row, *, schema: Mapping[str, ColumnType] | None = None) -> object:
    """The value of a formula on a row, None if it is missing.

    Args:
        formula: The formula.
        row: The values of at least its columns.
        schema: Their types; without it they follow from the values, which for a missing value is not possible (`coalesce({a}, 0)` of a
            missing number is then 0 and not 0.0).

    Raises:
        FormulaError: A column is missing or the types do not fit.
        ValueError: A text cannot be read as the type it is turned into.
        OverflowError: An integer does not fit into 64 bits, or a date not into the years 1 to 9999.
    """
    known = schema or {}
    types = {c: _type(known.get(c, ColumnType.UNKNOWN), row[c]) for c in formula.columns if c in row}
    return _value(resolve(formula, types), row)


def evaluate_condition(condition: Condition, value: object, column_type: ColumnType) -> bool:
    """True if the value fulfils all parts of a condition of `filter` or `exclude`."""
    types = {_COLUMN: _type(column_type, value)}
    return _value(resolve(_condition_on_value(condition, repr(condition.parts)), types), {_COLUMN: value}) is True


_COLUMN = "value"


@lru_cache(maxsize=256)
def _condition_on_value(condition: Condition, _written: str) -> Formula:
    # Kept by what is written, too: `equals: 0`, `equals: 0.0` and `equals: false` are equal conditions in Python.
    return condition_formula(_COLUMN, condition)


def _type(declared: ColumnType, value: object) -> ColumnType:
    return type_of_value(value) if declared is ColumnType.UNKNOWN else declared


def _value(typed: Typed, row: Row) -> object:
    operation = typed.operation
    if operation == "column":
        return widened(row[str(typed.value)], typed.type)
    if operation == "literal":
        return typed.value
    lazy = _LAZY.get(operation)
    if lazy is not None:
        return lazy(typed.arguments, row)
    values = [_value(a, row) for a in typed.arguments]
    tolerant = _TOLERANT.get(operation)
    if tolerant is not None:
        return tolerant(values)
    if any(v is None for v in values):
        return None
    return _strict(typed, values)


def _strict(typed: Typed, values: list[object]) -> object:
    match typed.operation:
        case "widen":
            return widened(values[0], typed.type)
        case "cast":
            return converted(values[0], typed.type)
        case "try_cast":
            return _lenient(values[0], typed.type)
    return _OPERATIONS[typed.operation](*values)


def _lenient(value: object, to: ColumnType) -> object:
    try:
        return converted(value, to)
    except ValueError:
        return None


def _and(arguments: Sequence[Typed], row: Row) -> object:
    left = _value(arguments[0], row)
    if left is False:
        return False
    right = _value(arguments[1], row)
    return False if right is False else None if None in (left, right) else True


def _or(arguments: Sequence[Typed], row: Row) -> object:
    left = _value(arguments[0], row)
    if left is True:
        return True
    right = _value(arguments[1], row)
    return True if right is True else None if None in (left, right) else False


def _if(arguments: Sequence[Typed], row: Row) -> object:
    for i in range(0, len(arguments) - 1, 2):
        if _value(arguments[i], row) is True:
            return _value(arguments[i + 1], row)
    return _value(arguments[-1], row) if len(arguments) % 2 else None


def _coalesce(arguments: Sequence[Typed], row: Row) -> object:
    values = (_value(a, row) for a in arguments)
    return next((v for v in values if v is not None), None)


def _in(values: list[object]) -> bool | None:
    value, *others = values
    if value is None:
        return None
    if any(o is not None and _equal(value, o) for o in others):
        return True
    return None if None in others else False


def _between(values: list[object]) -> bool | None:
    value, low, high = values
    above = None if value is None or low is None else _order(low, value) <= 0
    below = None if value is None or high is None else _order(value, high) <= 0
    return False if False in (above, below) else None if None in (above, below) else True


def _least(values: list[object]) -> object:
    there = [v for v in values if v is not None]
    return _outermost(there, sign=-1) if there else None


def _greatest(values: list[object]) -> object:
    there = [v for v in values if v is not None]
    return _outermost(there, sign=1) if there else None


def _outermost(values: list[object], *, sign: int) -> object:
    best = values[0]
    for value in values[1:]:
        if _order(value, best) == sign:
            best = value
    return best


def _concat_ws(values: list[object]) -> str | None:
    separator, *others = values
    return None if separator is None else str(separator).join(str(o) for o in others if o is not None)


def _nullif(values: list[object]) -> object:
    one, other = values
    return None if one is not None and other is not None and _equal(one, other) else one


def _order(one: object, other: object) -> int:
    """-1, 0 or 1; not-a-number, which only arithmetic on infinities gives, equals itself and is the largest number, as in DuckDB."""
    strange = [isinstance(v, float) and math.isnan(v) for v in (one, other)]
    if any(strange):
        return strange[0] - strange[1]
    return int(one > other) - int(one < other)  # type: ignore[operator]


def _equal(one: object, other: object) -> bool:
    return _order(one, other) == 0


_LAZY: dict[str, Callable[[Sequence[Typed], Row], object]] = {"and": _and, "or": _or, "if": _if, "coalesce": _coalesce}
_TOLERANT: dict[str, Callable[[list[object]], object]] = {
    "is_null": lambda values: values[0] is None,
    "is_empty": lambda values: values[0] is None or values[0] == "",
    "in": _in,
    "between": _between,
    "least": _least,
    "greatest": _greatest,
    "concat_ws": _concat_ws,
    "nullif": _nullif,
}
_OPERATIONS: dict[str, Callable[..., object]] = {
    **ARITHMETIC,
    **STRICT,
    "=": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "<": lambda a, b: _order(a, b) < 0,
    "<=": lambda a, b: _order(a, b) <= 0,
    ">": lambda a, b: _order(a, b) > 0,
    ">=": lambda a, b: _order(a, b) >= 0,
    "not": lambda a: not a,
    "neg": lambda a: bounded(-a) if isinstance(a, int) else -a,
}
