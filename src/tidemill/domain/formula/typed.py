"""Types of a formula: every part gets one, constants are worked out, texts that meet a date become dates.

`resolve` gives the tree that both the evaluation in Python and the rendered Ibis expression are made from, so that the two share every
decision about types.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, assert_never

from tidemill.domain.formula import calculation
from tidemill.domain.formula.arguments import check_fixed
from tidemill.domain.formula.catalogue import CLOCK_UNITS, FUNCTIONS, Function, Kind, Result
from tidemill.domain.formula.nodes import ARITHMETIC, COMPARISONS, Binary, Call, Cast, Column, Formula, If, Literal, Unary, walk
from tidemill.domain.formula.temporal import iso_type, read_temporal
from tidemill.domain.formula.unparse import unparse
from tidemill.domain.nearest import suggest
from tidemill.domain.table_schema import ColumnType, common_type
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.formula.nodes import LiteralValue, Node

MAX_SIZE = 5_000
"""Largest tree after the repetitions of `_REPEATED`; keeps the SQL of a hostile formula small."""
_REPEATED = {"sqrt": (2,), "ln": (2,), "log10": (2,), "/": (1, 2), "//": (1, 2), "%": (1, 2), "**": (4, 4), "nullif": (2, 1), "capitalize": (5,),
             "title": (2,), "substring": (2, 4, 4), "left": (2, 2), "right": (2, 2), "lpad": (3,), "rpad": (3,), "is_empty": (2,),
             "regex_extract": (2,)}  # fmt: skip
"""How often SQL names each argument of an operation, where that is more than once; DuckDB writes NULLIF out too."""

UNKNOWN, STRING, INTEGER, NUMBER, BOOLEAN = ColumnType.UNKNOWN, ColumnType.STRING, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN
DATE, TIMESTAMP, TIMESTAMPTZ = ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ
_NUMERIC, _TEMPORAL = (INTEGER, NUMBER), (DATE, TIMESTAMP, TIMESTAMPTZ)
_ACCEPTED = {
    Kind.NUMBER: _NUMERIC,
    Kind.INTEGER: (INTEGER,),
    Kind.TEXT: (STRING,),
    Kind.TEMPORAL: _TEMPORAL,
    Kind.MOMENT: (TIMESTAMP, TIMESTAMPTZ),
}
_FIXED = {Kind.COUNT: int, Kind.FIXED_TEXT: str, Kind.UNIT: str, Kind.PATTERN: str, Kind.FORMAT: str}
_REPAIRS = {Kind.NUMBER: "to_number", Kind.INTEGER: "to_integer", Kind.TEXT: "to_string", Kind.TEMPORAL: "to_date", Kind.MOMENT: "to_timestamp"}
_CASTABLE = {
    STRING: tuple(ColumnType),
    NUMBER: (STRING, *_NUMERIC, BOOLEAN),
    INTEGER: (STRING, *_NUMERIC, BOOLEAN),
    BOOLEAN: (STRING, *_NUMERIC, BOOLEAN),
    DATE: (STRING, *_TEMPORAL),
    TIMESTAMP: (STRING, *_TEMPORAL),
    TIMESTAMPTZ: (STRING, *_TEMPORAL),
}
_WORDS = {STRING: "text", INTEGER: "a whole number", NUMBER: "a number", BOOLEAN: "true or false", DATE: "a date", TIMESTAMP: "a timestamp",
          TIMESTAMPTZ: "a timestamp with time zone", UNKNOWN: "of unknown type"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """A part of a formula with its type.

    `operation` is `column` and `literal` (with `value`), an operator (`neg` for the unary minus), a function of the catalogue, `if`
    (conditions and values in turn; an odd last argument is the `otherwise`), `cast`, `try_cast`, or `widen`, where no value changes
    (integer to number, date to timestamp, …).
    """

    operation: str
    type: ColumnType
    arguments: tuple[Typed, ...] = ()
    value: LiteralValue = None

    @property
    def is_literal(self) -> bool:
        return self.operation == "literal"

    @property
    def is_null(self) -> bool:
        return self.is_literal and self.value is None


def type_of(formula: Formula, schema: Mapping[str, ColumnType]) -> ColumnType:
    """The type of a formula's values; UNKNOWN if it depends on columns of unknown type.

    Raises:
        FormulaError: A column is not in the schema, or the types do not fit each other.
    """
    return resolve(formula, schema).type


def resolve(formula: Formula, schema: Mapping[str, ColumnType]) -> Typed:
    """The typed tree of a formula; raises as `type_of` does."""
    missing = next((c for c in formula.columns if c not in schema), None)
    if missing is not None:
        position = next(n.position for n in walk(formula.root) if isinstance(n, Column) and n.name == missing)
        raise FormulaError(f"there is no column `{missing}`", position=position, fix=suggest(missing, schema))
    return _resolved(formula, tuple((c, schema[c]) for c in formula.columns))


@lru_cache(maxsize=1024)
def _resolved(formula: Formula, columns: tuple[tuple[str, ColumnType], ...]) -> Typed:
    typed = _typed(formula.root, dict(columns))
    if _size(typed) > MAX_SIZE:
        raise FormulaError("the formula is too large", fix="Split it into several columns.")
    return typed


def _size(typed: Typed) -> int:
    repeated = _REPEATED.get(typed.operation, ())
    return 1 + sum((repeated[i] if i < len(repeated) else 1) * _size(a) for i, a in enumerate(typed.arguments))


def _typed(node: Node, schema: Mapping[str, ColumnType]) -> Typed:
    match node:
        case Column(name=name):
            return Typed("column", schema[name], value=name)
        case Literal(value=value):
            return Typed("literal", type_of_value(value), value=value)
        case Unary():
            return _unary(node, schema)
        case Binary(operator=operator):
            if operator in ARITHMETIC:
                return _arithmetic(node, schema)
            return _comparison(node, schema) if operator in COMPARISONS else _connective(node, schema)
        case Call():
            return _call(node, schema)
        case If():
            return _if(node, schema)
        case Cast():
            return _cast(node, schema)
    assert_never(node)


def type_of_value(value: object) -> ColumnType:
    """The type of a Python value; UNKNOWN for None.

    Raises:
        FormulaError: It is of a type that no column has.
    """
    match value:
        case None:
            return UNKNOWN
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float():
            return NUMBER
        case str():
            return STRING
        case datetime():
            return TIMESTAMP if value.tzinfo is None else TIMESTAMPTZ
        case date():
            return DATE
    raise FormulaError(f"a value of the Python type {type(value).__name__} has no place in a formula")


def _value(node: Node, schema: Mapping[str, ColumnType]) -> Typed:
    """The typed node, which is not the word `null`: with it, nearly every operation gives a missing value only."""
    typed = _typed(node, schema)
    if typed.is_null:
        raise FormulaError("null in a calculation or comparison always gives a missing value", position=node.position,
                           fix="Write `x is null` to ask for missing values, coalesce(x, 0) to replace them.")  # fmt: skip
    return typed


def _condition(node: Node, schema: Mapping[str, ColumnType]) -> Typed:
    typed = _value(node, schema)
    if typed.type not in (BOOLEAN, UNKNOWN):
        raise FormulaError(f"`{unparse(node)}` is {_WORDS[typed.type]}, where true or false is needed", position=node.position,
                           fix=f"Compare it, for example {unparse(node)} = {'1' if typed.type.is_numeric else repr('a')}.")  # fmt: skip
    return typed


def _unary(node: Unary, schema: Mapping[str, ColumnType]) -> Typed:
    if node.operator == "not":
        return Typed("not", BOOLEAN, (_condition(node.operand, schema),))
    operand = _value(node.operand, schema)
    if operand.type not in (*_NUMERIC, UNKNOWN):
        raise _not_numeric(node.operand, operand, "-")
    if operand.is_literal and isinstance(operand.value, (int, float)):
        return Typed("literal", operand.type, value=-operand.value)
    return Typed("neg", operand.type, (operand,))


def _arithmetic(node: Binary, schema: Mapping[str, ColumnType]) -> Typed:
    left, right = _value(node.left, schema), _value(node.right, schema)
    types = {left.type, right.type}
    if node.operator == "+" and STRING in types and types <= {STRING, UNKNOWN}:
        return Typed("concat", STRING, (left, right))
    for operand, typed, other in ((node.left, left, right), (node.right, right, left)):
        if typed.type not in (*_NUMERIC, UNKNOWN):
            raise _not_numeric(operand, typed, node.operator, other)
    if node.operator in ("/", "//", "%") and right.is_literal and right.value == 0:
        raise FormulaError(f"`{unparse(node)}` divides by zero", position=node.position)
    return _folded(node, left, right, _arithmetic_type(node.operator, left.type, right.type))


def _arithmetic_type(operator: str, left: ColumnType, right: ColumnType) -> ColumnType:
    if operator in ("/", "**"):
        return NUMBER
    if operator == "//":
        return INTEGER
    if operator == "+" and left is right is UNKNOWN:
        return UNKNOWN
    return INTEGER if left is right is INTEGER else NUMBER


def _folded(node: Binary, left: Typed, right: Typed, result: ColumnType) -> Typed:
    """The operation, or its result if both sides are constants."""
    if result is NUMBER or node.operator == "//":
        left, right = _widened(left, NUMBER), _widened(right, NUMBER)
    one, other = _constant(left), _constant(right)
    if one is None or other is None:
        return Typed(node.operator, result, (left, right))
    try:
        value = calculation.ARITHMETIC[node.operator](one, other)
    except OverflowError as error:
        raise FormulaError(f"`{unparse(node)}` is beyond 64 bits", position=node.position) from error
    if value is None or not math.isfinite(value):
        raise FormulaError(f"`{unparse(node)}` has no value", position=node.position)
    return Typed("literal", result, value=value)


def _constant(typed: Typed) -> int | float | None:
    """The value of a number written in the formula, as a float if it was widened."""
    if typed.operation == "widen" and typed.arguments[0].is_literal:
        inner = _constant(typed.arguments[0])
        return None if inner is None else float(inner)
    return typed.value if typed.is_literal and isinstance(typed.value, (int, float)) else None


def _not_numeric(node: Node, typed: Typed, operator: str, other: Typed | None = None) -> FormulaError:
    text = unparse(node)
    if typed.type in _TEMPORAL:
        both = other is not None and other.type in _TEMPORAL
        fix = "Write date_diff('day', from, to) for the time between two dates." if both else f"Write date_add({text}, 1, 'day') to move a date."
    elif typed.type is STRING and operator == "+":
        fix = f"Write concat(...) to join texts, to_number({text}) to calculate."
    else:
        fix = f"Write to_number({text})." if typed.type is not BOOLEAN else f"Write if({text}, 1, 0)."
    return FormulaError(f"`{text}` is {_WORDS[typed.type]}, where `{operator}` needs a number", position=node.position, fix=fix)


def _connective(node: Binary, schema: Mapping[str, ColumnType]) -> Typed:
    return Typed(node.operator, BOOLEAN, (_condition(node.left, schema), _condition(node.right, schema)))


def _comparison(node: Binary, schema: Mapping[str, ColumnType]) -> Typed:
    parts = _unified((node.left, node.right), [_value(node.left, schema), _value(node.right, schema)])
    if parts[0].type is BOOLEAN and node.operator not in ("=", "!="):
        raise FormulaError(f"`{node.operator}` cannot compare true and false", position=node.position)
    return Typed(node.operator, BOOLEAN, tuple(parts))


def _unified(nodes: Sequence[Node], parts: Sequence[Typed]) -> list[Typed]:
    """The parts, brought to their common type; texts written in the formula become dates where the others are."""
    if all(p.is_null for p in parts):
        raise FormulaError("every value is null", position=nodes[0].position, fix="Give at least one value that is not null.")
    if any(p.type in _TEMPORAL for p in parts):
        parts = [_as_temporal(n, p) for n, p in zip(nodes, parts, strict=True)]
    common = reduce(lambda one, other: _joined(one, other) or one, (p.type for p in parts))
    for node, part in zip(nodes, parts, strict=True):
        if _joined(common, part.type) != common:
            raise _unlike(nodes, parts, node, part)
    return [_widened(p, common) for p in parts]


def _joined(one: ColumnType, other: ColumnType) -> ColumnType | None:
    if TIMESTAMPTZ in (one, other) and one in _TEMPORAL and other in _TEMPORAL:
        return TIMESTAMPTZ
    return common_type(one, other)


def _unlike(nodes: Sequence[Node], parts: Sequence[Typed], node: Node, part: Typed) -> FormulaError:
    other_node, other = next((n, p) for n, p in zip(nodes, parts, strict=True) if _joined(p.type, part.type) is None)
    message = f"`{unparse(other_node)}` is {_WORDS[other.type]} and `{unparse(node)}` is {_WORDS[part.type]}: they do not fit each other"
    return FormulaError(message, position=node.position, fix=_likened(other_node, other, node, part))


def _likened(one_node: Node, one: Typed, other_node: Node, other: Typed) -> str:
    """How to bring a text and something else together."""
    if one.type is not STRING:
        one_node, one, other_node, other = other_node, other, one_node, one
    if one.type is not STRING:
        return "Turn one of them into the type of the other."
    name = "to_number" if other.type.is_numeric else "to_boolean" if other.type is BOOLEAN else f"to_{other.type}"
    if one.is_literal and not other.type.is_temporal:
        return f"Write it without quotes, or to_string({unparse(other_node)})."
    quoted = f", or put {unparse(other_node)} in quotes" if other.is_literal and not other.type.is_temporal else ""
    return f"Write {name}({unparse(one_node)}){quoted}."


def _as_temporal(node: Node, part: Typed) -> Typed:
    if not (part.is_literal and isinstance(part.value, str)):
        return part
    to = iso_type(part.value)
    if to is None:
        raise FormulaError(f"{part.value!r} is not a date", position=node.position, fix="Write it as 2024-01-31 or 2024-01-31 14:30:00.")
    return Typed("literal", to, value=read_temporal(part.value, to))


def _widened(part: Typed, to: ColumnType) -> Typed:
    if part.type is to or to is UNKNOWN:
        return part
    if part.is_null:
        return Typed("literal", to)
    if part.type is UNKNOWN:
        return part
    if part.is_literal and isinstance(part.value, date):
        return Typed("literal", to, value=calculation.widened_date(part.value, to))
    return Typed("widen", to, (part,))


def _if(node: If, schema: Mapping[str, ColumnType]) -> Typed:
    conditions = [_condition(c, schema) for c, _ in node.branches]
    nodes = [v for _, v in node.branches] + ([] if node.otherwise is None else [node.otherwise])
    values = _unified(nodes, [_typed(n, schema) for n in nodes])
    pairs = [part for pair in zip(conditions, values, strict=False) for part in pair]
    return Typed("if", _type_among(values), (*pairs, *values[len(conditions) :]))


def _type_among(values: Sequence[Typed]) -> ColumnType:
    return next((v.type for v in values if v.type is not UNKNOWN), UNKNOWN)


def _cast(node: Cast, schema: Mapping[str, ColumnType]) -> Typed:
    operand = _value(node.operand, schema)
    if operand.type is node.to:
        return operand
    if operand.type is not UNKNOWN and node.to not in _CASTABLE[operand.type]:
        raise FormulaError(f"`{unparse(node.operand)}` is {_WORDS[operand.type]} and cannot become {_WORDS[node.to]}", position=node.position)
    if operand.is_literal:
        return _cast_constant(node, operand)
    lenient = node.lenient and operand.type in (STRING, UNKNOWN)
    return Typed("try_cast" if lenient else "cast", node.to, (operand,))


def _cast_constant(node: Cast, operand: Typed) -> Typed:
    try:
        return Typed("literal", node.to, value=calculation.converted(operand.value, node.to))
    except (ValueError, OverflowError) as error:
        if node.lenient:
            return Typed("literal", node.to)
        raise FormulaError(f"{operand.value!r} is not {_WORDS[node.to]}", position=node.position) from error


def _call(node: Call, schema: Mapping[str, ColumnType]) -> Typed:
    function = FUNCTIONS[node.function]
    parts = [_argument(function, i, a, schema) for i, a in enumerate(node.arguments)]
    same = [i for i in range(len(parts)) if function.kind_of(i) is Kind.SAME]
    if same:
        parts = _unified(node.arguments, parts)
    check_fixed(node, [p.value if p.is_literal else None for p in parts])
    if function.name == "round" and len(parts) == 2 and parts[1].value == 0:
        parts = parts[:1]
    if function.name in ("round", "floor", "ceil") and parts[0].type is INTEGER and (len(parts) == 1 or _constant(parts[1]) in range(100)):
        return parts[0]
    if Kind.UNIT in function.parameters:
        return _dated(node, function, parts)
    return Typed(function.name, _result(function, parts), tuple(parts))


def _argument(function: Function, index: int, node: Node, schema: Mapping[str, ColumnType]) -> Typed:
    kind = function.kind_of(index)
    typed = _typed(node, schema) if function.name in ("coalesce", "least", "greatest", "concat_ws") else _value(node, schema)
    if kind in _FIXED:
        if not typed.is_literal or not isinstance(typed.value, _FIXED[kind]) or isinstance(typed.value, bool):
            raise FormulaError(f"`{function.name}` needs a {kind}; `{unparse(node)}` is none", position=node.position)
        return typed
    if kind is Kind.PRINTABLE:
        return typed if typed.type in (STRING, UNKNOWN) else _printed(typed)
    if kind in (Kind.TEMPORAL, Kind.MOMENT):
        typed = _as_temporal(node, typed)
    accepted = _ACCEPTED.get(kind)
    if accepted is None or typed.type is UNKNOWN or typed.type in accepted:
        return typed
    if kind is Kind.MOMENT and typed.type is DATE:
        raise FormulaError(f"`{unparse(node)}` is a date and has no {function.name}", position=node.position)
    raise FormulaError(
        f"`{function.name}` needs a {kind}; `{unparse(node)}` is {_WORDS[typed.type]}", position=node.position, fix=_repair(kind, node, typed)
    )


def _printed(typed: Typed) -> Typed:
    return Typed("literal", STRING, value=calculation.converted(typed.value, STRING)) if typed.is_literal else Typed("cast", STRING, (typed,))


def _repair(kind: Kind, node: Node, typed: Typed) -> str:
    name = _REPAIRS.get(kind)
    target = {"to_number": NUMBER, "to_integer": INTEGER, "to_string": STRING, "to_date": DATE, "to_timestamp": TIMESTAMP}.get(name or "")
    return f"Write {name}({unparse(node)})." if target in _CASTABLE[typed.type] else ""


def _result(function: Function, parts: Sequence[Typed]) -> ColumnType:
    match function.result:
        case Result.FIRST:
            return parts[0].type
        case Result.COMMON:
            return _type_among(parts)
        case Result.ROUNDED:
            return INTEGER if len(parts) == 1 else parts[0].type
        case Result.TEMPORAL | Result.MOVED:
            return next((p.type for p in parts if p.type.is_temporal), UNKNOWN)
    return function.result


def _dated(node: Call, function: Function, parts: list[Typed]) -> Typed:
    """A function with a unit: hours, minutes and seconds make timestamps of dates."""
    unit = next(p.value for i, p in enumerate(parts) if function.kind_of(i) is Kind.UNIT)
    days = [i for i, _ in enumerate(parts) if function.kind_of(i) is Kind.TEMPORAL]
    if function.name == "date_diff":
        for i, part in zip(days, _unified([node.arguments[i] for i in days], [parts[i] for i in days]), strict=True):
            parts[i] = part
    if unit in CLOCK_UNITS:
        if function.name == "date_trunc" and parts[days[0]].type is DATE:
            raise FormulaError(f"`{unparse(node.arguments[days[0]])}` is a date and has no {unit}", position=node.position)
        for i in days:
            parts[i] = _widened(parts[i], TIMESTAMP) if parts[i].type is DATE else parts[i]
    return Typed(function.name, _result(function, parts), tuple(parts))
