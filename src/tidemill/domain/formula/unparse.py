"""A formula tree as text, in one canonical form; parsing the text gives the tree back."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from tidemill.domain.formula.nodes import Binary, Call, Cast, Column, If, Literal, Unary
from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from tidemill.domain.formula.nodes import LiteralValue, Node

OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATION, POWER, ATOM = range(1, 10)
"""How tightly an operator binds; a larger number binds tighter. 0 is the `a if b else c` form."""

PRECEDENCE = {"or": OR, "and": AND, **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), COMPARISON), "+": SUM, "-": SUM,
              **dict.fromkeys(("*", "/", "//", "%"), PRODUCT), "**": POWER}  # fmt: skip
_CAST_NAMES = {ColumnType.STRING: "to_string", ColumnType.NUMBER: "to_number", ColumnType.INTEGER: "to_integer", ColumnType.BOOLEAN: "to_boolean",
               ColumnType.DATE: "to_date", ColumnType.TIMESTAMP: "to_timestamp", ColumnType.TIMESTAMPTZ: "to_timestamptz"}  # fmt: skip


def unparse(node: Node) -> str:
    """The canonical text of a tree: columns in braces, texts in single quotes, parentheses only where they are needed."""
    return _text(node)[0]


def _text(node: Node) -> tuple[str, int]:
    match node:
        case Column(name=name):
            return "{" + name.replace("{", "{{").replace("}", "}}") + "}", ATOM
        case Literal(value=value):
            return _literal(value)
        case Unary(operator="not", operand=operand):
            return _negated(operand)
        case Unary(operand=operand):
            return f"-{_within(operand, NEGATION)}", NEGATION
        case Binary():
            return _binary(node)
        case Call():
            return _call(node)
        case Cast(operand=operand, to=to, lenient=lenient):
            return f"{'try_' if lenient else ''}{_CAST_NAMES[to]}({unparse(operand)})", ATOM
        case If():
            return _if(node), ATOM


def _within(node: Node, least: int) -> str:
    text, precedence = _text(node)
    return text if precedence >= least else f"({text})"


def _literal(value: LiteralValue) -> tuple[str, int]:
    match value:
        case None:
            return "null", ATOM
        case bool():
            return ("true" if value else "false"), ATOM
        case str():
            return "'" + value.replace("'", "''") + "'", ATOM
        case datetime():
            return f"{'to_timestamptz' if value.tzinfo else 'timestamp'}('{value.isoformat(sep=' ')}')", ATOM
        case date():
            return f"date('{value.isoformat()}')", ATOM
        case _:
            return repr(value), NEGATION if value < 0 or repr(value).startswith("-") else ATOM


def _negated(operand: Node) -> tuple[str, int]:
    if isinstance(operand, Call) and operand.function == "is_null":
        return f"{_within(operand.arguments[0], SUM)} is not null", COMPARISON
    if isinstance(operand, Call) and operand.function == "in":
        return _membership(operand, "not in"), COMPARISON
    return f"not {_within(operand, NOT)}", NOT


def _binary(node: Binary) -> tuple[str, int]:
    precedence = PRECEDENCE[node.operator]
    if precedence == COMPARISON:
        return f"{_within(node.left, SUM)} {node.operator} {_within(node.right, SUM)}", precedence
    if node.operator == "**":
        return f"{_within(node.left, ATOM)} ** {_within(node.right, NEGATION)}", precedence
    return f"{_within(node.left, precedence)} {node.operator} {_within(node.right, precedence + 1)}", precedence


def _call(node: Call) -> tuple[str, int]:
    if node.function == "in":
        return _membership(node, "in"), COMPARISON
    if node.function == "between":
        value, low, high = (_within(a, SUM) for a in node.arguments)
        return f"{value} between {low} and {high}", COMPARISON
    if node.function == "is_null":
        return f"{_within(node.arguments[0], SUM)} is null", COMPARISON
    return f"{node.function}({', '.join(unparse(a) for a in node.arguments)})", ATOM


def _membership(node: Call, word: str) -> str:
    value, *others = node.arguments
    return f"{_within(value, SUM)} {word} ({', '.join(unparse(o) for o in others)})"


def _if(node: If) -> str:
    if len(node.branches) == 1 and node.otherwise is not None:
        condition, value = node.branches[0]
        return f"if({unparse(condition)}, {unparse(value)}, {unparse(node.otherwise)})"
    branches = " ".join(f"when {unparse(condition)} then {unparse(value)}" for condition, value in node.branches)
    otherwise = "" if node.otherwise is None else f" else {unparse(node.otherwise)}"
    return f"case {branches}{otherwise} end"
