"""Which types a formula needs its columns to have, where the schema does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.formula.catalogue import CLOCK_UNITS, FUNCTIONS, Function, Kind
from tidemill.domain.formula.nodes import ARITHMETIC, COMPARISONS, Binary, Call, Cast, Column, Formula, If, Literal, Unary, columns_of
from tidemill.domain.formula.temporal import iso_type
from tidemill.domain.formula.typed import resolve
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.formula.nodes import Node

_WANTED = {
    Kind.NUMBER: ColumnType.NUMBER,
    Kind.INTEGER: ColumnType.INTEGER,
    Kind.TEXT: ColumnType.STRING,
    Kind.PRINTABLE: None,
    Kind.TEMPORAL: ColumnType.DATE,
    Kind.MOMENT: ColumnType.TIMESTAMP,
}
_FINER = {(ColumnType.NUMBER, ColumnType.INTEGER), (ColumnType.DATE, ColumnType.TIMESTAMP), (ColumnType.DATE, ColumnType.TIMESTAMPTZ),
          (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ)}  # fmt: skip
"""A demand for the second type takes the place of one for the first."""


def demands(formula: Formula, result: ColumnType | None = None) -> dict[str, ColumnType]:
    """The types expected of the columns, as far as their use tells; columns of which it does not are left out.

    Args:
        formula: The formula.
        result: The type its value must have, such as BOOLEAN for a row condition.
    """
    found: dict[str, ColumnType] = {}
    _visit(formula.root, result, found)
    return found


def _record(name: str, wanted: ColumnType | None, found: dict[str, ColumnType]) -> None:
    if wanted is None or wanted is ColumnType.UNKNOWN:
        return
    if name not in found or (found[name], wanted) in _FINER:
        found[name] = wanted


def _visit(node: Node, wanted: ColumnType | None, found: dict[str, ColumnType]) -> None:
    match node:
        case Column(name=name):
            _record(name, wanted, found)
        case Unary(operator=operator, operand=operand):
            _visit(operand, ColumnType.BOOLEAN if operator == "not" else ColumnType.NUMBER, found)
        case Binary():
            _binary(node, wanted, found)
        case If(branches=branches, otherwise=otherwise):
            values = [v for _, v in branches] + ([] if otherwise is None else [otherwise])
            for condition, _ in branches:
                _visit(condition, ColumnType.BOOLEAN, found)
            _alike(values, wanted, found)
        case Cast(operand=operand):
            _visit(operand, None, found)
        case Call():
            _call(node, wanted, found)
        case Literal():
            pass


def _binary(node: Binary, wanted: ColumnType | None, found: dict[str, ColumnType]) -> None:
    if node.operator in COMPARISONS:
        _alike((node.left, node.right), None, found)
        return
    both = ColumnType.BOOLEAN
    if node.operator in ARITHMETIC:
        joins = node.operator == "+" and (wanted is ColumnType.STRING or ColumnType.STRING in (_guess(node.left), _guess(node.right)))
        both = ColumnType.STRING if joins else ColumnType.NUMBER
    _visit(node.left, both, found)
    _visit(node.right, both, found)


def _alike(nodes: Sequence[Node], wanted: ColumnType | None, found: dict[str, ColumnType]) -> None:
    """Values of one type: each is wanted as what the others are known to be."""
    guesses = [_guess(n, found) for n in nodes]
    for i, node in enumerate(nodes):
        others = [g for j, g in enumerate(guesses) if j != i and g is not None]
        expected = [*(g for g in others if g.is_temporal), *others]
        _visit(node, expected[0] if expected else wanted, found)


def _call(node: Call, wanted: ColumnType | None, found: dict[str, ColumnType]) -> None:
    function = FUNCTIONS[node.function]
    same = [a for i, a in enumerate(node.arguments) if function.kind_of(i) is Kind.SAME]
    if same:
        _alike(same, wanted if node.function not in ("in", "between") else None, found)
    for i, argument in enumerate(node.arguments):
        kind = function.kind_of(i)
        if kind is not Kind.SAME:
            _visit(argument, _kind_wanted(function, node, kind), found)


def _kind_wanted(function: Function, node: Call, kind: Kind) -> ColumnType | None:
    if kind is Kind.TEMPORAL and Kind.UNIT in function.parameters:
        unit = node.arguments[function.parameters.index(Kind.UNIT)]
        if isinstance(unit, Literal) and unit.value in CLOCK_UNITS:
            return ColumnType.TIMESTAMP
    return _WANTED.get(kind)


def _guess(node: Node, found: dict[str, ColumnType] | None = None) -> ColumnType | None:
    """The type of a part as far as it follows from the part alone; INTEGER counts as NUMBER."""
    if isinstance(node, Literal) and isinstance(node.value, str):
        return iso_type(node.value) or ColumnType.STRING
    known = found or {}
    schema = {c: known.get(c, ColumnType.UNKNOWN) for c in columns_of(node)}
    try:
        guessed = resolve(Formula("", node, tuple(schema)), schema).type
    except FormulaError:
        return None
    return {ColumnType.UNKNOWN: None, ColumnType.INTEGER: ColumnType.NUMBER}.get(guessed, guessed)
