"""Builds the nodes of function calls: canonical names, numbers of arguments, units, and the functions that are casts or operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.formula.catalogue import (
    BY_FOLDED,
    CASTS_BY_FOLDED,
    FUNCTIONS,
    KNOWN_NAMES,
    OPERATORS_BY_FOLDED,
    REFUSED_BY_FOLDED,
    UNITS,
    Function,
    Kind,
    fold,
)
from tidemill.domain.formula.nodes import Binary, Call, Cast, Column, If, Literal
from tidemill.domain.formula.temporal import read_temporal
from tidemill.domain.formula.unparse import unparse
from tidemill.domain.nearest import nearest
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from tidemill.domain.formula.lexer import Token
    from tidemill.domain.formula.nodes import Node


def refuse_unknown(token: Token) -> None:
    """Raise `FormulaError` if there is no function of that name."""
    name = fold(token.text)
    if name in BY_FOLDED or name.removeprefix("try") in CASTS_BY_FOLDED or name in OPERATORS_BY_FOLDED:
        return
    reason = REFUSED_BY_FOLDED.get(name)
    if reason is None:
        near = nearest(token.text, KNOWN_NAMES)
        fix = f"Did you mean `{near}`?" if near else "Known: " + ", ".join(KNOWN_NAMES) + "."
        raise FormulaError(f"the function `{token.text}` is not known", position=token.position, fix=fix)
    raise FormulaError(f"the function `{token.text}` does not exist in formulas: {reason}", position=token.position, fix=_advice(reason))


def call_of(token: Token, arguments: list[Node]) -> Node:
    """The node of a call of the function named by the token, which `refuse_unknown` let pass."""
    name = fold(token.text)
    if name in BY_FOLDED:
        return made(FUNCTIONS[BY_FOLDED[name]], arguments, token)
    bare = name.removeprefix("try")
    if bare in CASTS_BY_FOLDED:
        return _cast_call(token, arguments, CASTS_BY_FOLDED[bare], lenient=bare != name)
    return _operator_call(token, arguments, OPERATORS_BY_FOLDED[name])


def _operator_call(token: Token, arguments: list[Node], operator: str) -> Node:
    if operator == "if":
        return if_call(token, arguments)
    if len(arguments) != 2:
        raise FormulaError(f"`{token.text}` takes 2 values; {len(arguments)} given", position=token.position)
    if operator == "date_diff":
        return Call("date_diff", (Literal("day", token.position), *arguments), token.position)
    return Binary(operator, arguments[0], arguments[1], token.position)


def _cast_call(token: Token, arguments: list[Node], to: ColumnType, *, lenient: bool) -> Node:
    if len(arguments) == 2 and to in (ColumnType.DATE, ColumnType.TIMESTAMP) and not lenient:
        return made(FUNCTIONS["parse_date" if to is ColumnType.DATE else "parse_timestamp"], arguments, token)
    if len(arguments) != 1:
        raise FormulaError(f"`{token.text}` takes 1 value; {len(arguments)} given", position=token.position)
    return cast_of(arguments[0], to, token, lenient=lenient)


def cast_of(operand: Node, to: ColumnType, token: Token, *, lenient: bool = False) -> Node:
    """A cast; a date or time written as text becomes a literal at once."""
    if to.is_temporal and isinstance(operand, Literal) and isinstance(operand.value, str):
        value = read_temporal(operand.value, to)
        if value is None:
            raise FormulaError(f"{operand.value!r} is not a {to}", position=operand.position,
                               fix="Write it as 2024-01-31" + ("." if to is ColumnType.DATE else " or 2024-01-31 14:30:00."))  # fmt: skip
        return Literal(value, token.position)
    return Cast(operand, to, lenient, token.position)


def made(function: Function, arguments: list[Node], token: Token) -> Node:
    """A call with its number of arguments checked and its unit in place."""
    if function.name in ("least", "greatest") and len(arguments) == 1:
        raise FormulaError(f"`{token.text}` of one value is that value; a formula sees one row", position=token.position,
                           fix="Use `aggregations` for the least or greatest of a group.")  # fmt: skip
    if len(arguments) < function.fewest or (function.most is not None and len(arguments) > function.most):
        raise FormulaError(f"`{token.text}` takes {_count(function)}; {len(arguments)} given", position=token.position,
                           fix=f"`{function.name}`: {function.summary}.")  # fmt: skip
    return Call(function.name, tuple(_with_unit(function, arguments)), token.position)


def if_call(token: Token, arguments: list[Node]) -> If:
    """`if(condition, value, otherwise)`."""
    if len(arguments) not in (2, 3):
        raise FormulaError(f"`{token.text}` takes a condition, a value and another value; {len(arguments)} given", position=token.position,
                           fix="Write if(condition, value, otherwise).")  # fmt: skip
    return if_of(((arguments[0], arguments[1]),), arguments[2] if len(arguments) == 3 else None, token.position)


def if_of(branches: tuple[tuple[Node, Node], ...], otherwise: Node | None, position: int) -> If:
    """An `If`; one that stands in the last branch of another becomes branches of it."""
    if isinstance(otherwise, If):
        return If((*branches, *otherwise.branches), otherwise.otherwise, position)
    return If(branches, otherwise, position)


def concatenation(left: Node, right: Node, position: int) -> Call:
    """`left || right`; several in a row become one call."""
    parts = left.arguments if isinstance(left, Call) and left.function == "concat" else (left,)
    return Call("concat", (*parts, right), position)


def _with_unit(function: Function, arguments: list[Node]) -> list[Node]:
    """The arguments with a unit (`'day'`, `days` or day) as a literal, moved to where the function has it."""
    if Kind.UNIT not in function.parameters:
        return arguments
    wanted = function.parameters.index(Kind.UNIT)
    found = next((i for i in (wanted, 0, len(arguments) - 1) if _unit(arguments[i])), None)
    if found is None:
        given = arguments[wanted]
        raise FormulaError(f"`{function.name}` needs a unit; `{unparse(given)}` is none", position=given.position,
                           fix=f"One of {', '.join(UNITS)}.")  # fmt: skip
    rest = [a for i, a in enumerate(arguments) if i != found]
    if function.name == "date_add" and found == 0:
        rest.reverse()
    rest.insert(wanted, Literal(_unit(arguments[found]), arguments[found].position))
    return rest


def _unit(node: Node) -> str | None:
    named = node.name if isinstance(node, Column) else node.value if isinstance(node, Literal) else None
    word = named.lower() if isinstance(named, str) else ""
    return next((u for u in UNITS if word in (u, f"{u}s")), None)


def _count(function: Function) -> str:
    if function.most is None:
        return f"at least {function.fewest} values"
    if function.fewest == function.most:
        return f"{function.most} value{'s' if function.most != 1 else ''}"
    return f"{function.fewest} to {function.most} values"


def _advice(reason: str) -> str:
    """The part of a reason that says what to do instead, as a sentence."""
    advice = reason.rpartition("; ")[2]
    return f"{advice[0].upper()}{advice[1:]}." if advice.startswith(("write", "use", "compare")) else ""
