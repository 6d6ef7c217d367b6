"""Where a formula branches, and where a row stands there."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING

from tidemill.domain.formula import Binary, Call, Column, If, Literal, formula_of, unparse, walk
from tidemill.domain.formula.nodes import COMPARISONS
from tidemill.domain.reference.formulas import formula_value
from tidemill.domain.reference.rows import converted, literal
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import TidemillError
from tidemill.render.bounds import bound_labels, member_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tidemill.domain.formula import Formula, Node
    from tidemill.domain.reference import Row, Value

_DIVISIONS = ("/", "//", "%")
_COMPARING = ("in", "between", "contains", "starts_with", "ends_with", "regex_matches", "is_empty")
_TRUTHS = ("contains", "starts_with", "ends_with", "regex_matches", "is_null", "is_empty")


def formula_branches(formula: Formula, row: Row, kinds: Mapping[str, ColumnType]) -> Iterator[str]:
    """The branches a row reaches, in words: `quantity exactly 10`, `division by zero: returns is 0`."""
    for node, parts in _points(formula):
        values = [_value(part, row, kinds) for part in parts]
        yield from _labels(node, parts, _matched(values))


def formula_margins(formula: Formula, kinds: Mapping[str, ColumnType]) -> Iterator[tuple[Callable[[Row], float | None], tuple[str, ...]]]:
    """For each comparison of numbers its difference as a function of the row, and the columns it is made of."""
    for node, parts in _points(formula):
        if isinstance(node, Binary) and node.operator in COMPARISONS and any(p.columns for p in parts):
            yield _difference(parts[0], parts[1], kinds), tuple(dict.fromkeys((*parts[0].columns, *parts[1].columns)))


def compared_literals(formula: Formula) -> Iterator[tuple[str, str, Value]]:
    """Columns that are compared with a literal: the column, how (`=`, `in`, `contains` …), the literal. Divisors meet 0."""
    for node in walk(formula.root):
        if isinstance(node, Binary) and node.operator in COMPARISONS:
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, Column) and isinstance(other, Literal):
                    yield one.name, node.operator, other.value
        elif isinstance(node, Binary) and node.operator in _DIVISIONS:
            yield from ((name, "/", 0) for name in formula_of(node.right).columns)
        elif isinstance(node, Call) and node.function in _COMPARING and isinstance(node.arguments[0], Column):
            literals = [a.value for a in node.arguments[1:] if isinstance(a, Literal)]
            yield from ((node.arguments[0].name, node.function, value) for value in literals or [""])


@lru_cache(maxsize=512)
def _points(formula: Formula) -> tuple[tuple[Node, tuple[Formula, ...]], ...]:
    """The nodes at which rows part, with the formulas of their operands."""
    found: list[tuple[Node, tuple[Formula, ...]]] = []
    for node in walk(formula.root):
        if isinstance(node, Binary) and (node.operator in COMPARISONS or node.operator in _DIVISIONS):
            found.append((node, (formula_of(node.left), formula_of(node.right))))
        elif isinstance(node, Call) and node.function in ("in", "between", "coalesce", "nullif"):
            found.append((node, tuple(formula_of(a) for a in node.arguments)))
        elif isinstance(node, Call) and node.function in _TRUTHS:
            found.append((node, (formula_of(node),)))
        elif isinstance(node, If):
            found.append((node, tuple(formula_of(condition) for condition, _ in node.branches)))
    return tuple(found)


def _labels(node: Node, parts: tuple[Formula, ...], values: list[Value]) -> Iterator[str]:
    named = shown(parts[0].root)
    if isinstance(node, If):
        taken = next((shown(part.root) for part, value in zip(parts, values, strict=True) if value is True), "none of the conditions")
        yield f"{taken} holds"
    elif isinstance(node, Binary) and node.operator in _DIVISIONS:
        if values[1] == 0 and values[0] is not None:
            yield f"division by zero: {shown(parts[1].root)} is 0"
    elif isinstance(node, Binary):
        yield from bound_labels(named, values[0], values[1]) if isinstance(parts[1].root, Literal) else _order_labels(parts, values)
    elif isinstance(node, Call) and node.function == "in":
        yield from member_labels(named, values[0], values[1:])
    elif isinstance(node, Call) and node.function == "between":
        for bound in values[1:]:
            yield from bound_labels(named, values[0], bound)
    elif isinstance(node, Call) and node.function == "coalesce":
        yield from (f"{shown(parts[i].root)} missing" for i in range(len(parts)) if all(v is None for v in values[: i + 1]))
    elif isinstance(node, Call) and node.function == "nullif":
        yield f"{named} {'is' if values[0] == values[1] else 'is not'} {shown(parts[1].root)}"
    else:
        yield f"{named} is {str(values[0]).lower()}"


def _matched(values: list[Value]) -> list[Value]:
    """Values with ISO texts as dates or times, if they are compared with such."""
    moment = next((v for v in values if isinstance(v, dt.date)), None)
    if moment is None:
        return values
    kind = ColumnType.DATE
    if isinstance(moment, dt.datetime):
        kind = ColumnType.TIMESTAMPTZ if moment.tzinfo else ColumnType.TIMESTAMP
    return [converted(literal(v, kind), kind) if isinstance(v, str) else v for v in values]


def _order_labels(parts: tuple[Formula, ...], values: list[Value]) -> Iterator[str]:
    """How two values that both come from the row stand to each other."""
    one, other = values
    if one is None or other is None or parts[1].root == parts[0].root:
        return
    if isinstance(one, str) != isinstance(other, str):
        return
    relation = "equal to" if one == other else "below" if one < other else "above"  # type: ignore[operator]
    yield f"{shown(parts[0].root)} {relation} {shown(parts[1].root)}"


def shown(node: Node) -> str:
    """A part of a formula as a reader of a comment wants it."""
    return unparse(node).replace("{", "").replace("}", "")


def _difference(left: Formula, right: Formula, kinds: Mapping[str, ColumnType]) -> Callable[[Row], float | None]:
    def difference(row: Row) -> float | None:
        one, other = _value(left, row, kinds), _value(right, row, kinds)
        if isinstance(one, bool) or not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
            return None
        return one - other

    return difference


def _value(part: Formula, row: Row, kinds: Mapping[str, ColumnType]) -> Value:
    """The value of a part of a formula on a row; None also where a part taken alone has no value, such as a date's ISO text."""
    try:
        return formula_value(part, row, kinds)
    except TidemillError:
        return None
