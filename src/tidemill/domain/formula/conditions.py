"""The conditions of `filter` and `exclude` as formula trees, so that they mean the same in checks, evaluation and rendering."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from tidemill.domain.formula.functions import lower
from tidemill.domain.formula.nodes import Binary, Call, Column, Literal, Unary
from tidemill.domain.formula.parser import formula_of
from tidemill.domain.formula.typed import resolve
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from tidemill.domain.formula.nodes import Formula, Node
    from tidemill.domain.transforms import Condition, Scalar

_COMPARISONS = {"equals": "=", "greater_than": ">", "greater_than_or_equal": ">=", "less_than": "<", "less_than_or_equal": "<="}
_TEXTS = {"contains": "contains", "starts_with": "starts_with", "ends_with": "ends_with"}


def condition_formula(column: str, condition: Condition) -> Formula:
    """The condition on a column as a formula; where the value is missing it is not true, unless the condition is a negative one."""
    parts = [_part(Column(column), name, operand, ignore_case=condition.ignore_case) for name, operand in condition.parts]
    return formula_of(reduce(lambda one, other: Binary("and", one, other), parts))


def condition_problem(column: str, condition: Condition, column_type: ColumnType) -> str | None:
    """What is wrong with a condition on a column of that type, None if nothing is."""
    try:
        resolve(condition_formula(column, condition), {column: column_type})
    except FormulaError as error:
        return f"{error.message}. {error.fix}".strip().removesuffix(".") + "."
    return None


def _part(column: Node, name: str, operand: Scalar | tuple[Scalar, ...], *, ignore_case: bool) -> Node:
    if name == "is_null":
        absent = Call("is_null", (column,))
        return absent if operand else Unary("not", absent)
    if name == "matches":
        return Call("regex_matches", (column, Literal(_pattern(str(operand), ignore_case=ignore_case))))
    values = operand if isinstance(operand, tuple) else (operand,)
    folds = ignore_case and all(isinstance(v, str) for v in values) and name in _FOLDING
    value = Call("lower", (column,)) if folds else column
    literals = tuple(Literal(lower(v) if folds and isinstance(v, str) else v) for v in values)
    if name in ("not_equals", "not_in", "not_contains"):
        return _negative(column, name, value, literals)
    if name in _COMPARISONS:
        return Binary(_COMPARISONS[name], value, literals[0])
    if name == "between":
        return Call("between", (value, *literals))
    return Call(_TEXTS.get(name, "in"), (value, *literals))


_FOLDING = frozenset({"equals", "not_equals", "in_", "not_in", "contains", "not_contains", "starts_with", "ends_with"})


def _pattern(pattern: str, *, ignore_case: bool) -> str:
    return f"(?i){pattern}" if ignore_case and not pattern.startswith("(?") else pattern


def _negative(column: Node, name: str, value: Node, literals: tuple[Literal, ...]) -> Node:
    absent = Call("is_null", (column,))
    if name == "not_equals":
        return Binary("or", absent, Binary("!=", value, literals[0]))
    return Binary("or", absent, Unary("not", Call("in" if name == "not_in" else "contains", (value, *literals))))
