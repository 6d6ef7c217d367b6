"""The tree of a column formula: seven kinds of node, all frozen.

| node | stands for |
|---|---|
| `Column(name)` | the value of a column |
| `Literal(value)` | a text, number, truth value, date, timestamp or null (`None`) |
| `Unary(operator, operand)` | `-` and `not` |
| `Binary(operator, left, right)` | one of `BINARY_OPERATORS` |
| `Call(function, arguments)` | a function of the catalogue, by its canonical name; also `in`, `between`, `is_null`, `concat`, `contains` … |
| `If(branches, otherwise)` | the value of the first branch whose condition is true, else `otherwise`, else missing |
| `Cast(operand, to, lenient)` | another type; `lenient` gives missing for a text that cannot be read |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.domain.table_schema import ColumnType

ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
CONNECTIVES = frozenset({"and", "or"})
BINARY_OPERATORS = ARITHMETIC | COMPARISONS | CONNECTIVES

LiteralValue = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """The value of a column."""

    name: str
    position: int | None = field(default=None, compare=False)
    """0-based offset in the formula text, None for a node that was not parsed; the same in the other nodes."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the formula."""

    value: LiteralValue
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-` or `not`."""

    operator: str
    operand: Node
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison, `and`, `or`; `+` of texts concatenates."""

    operator: str
    left: Node
    right: Node
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the catalogue, by its canonical name."""

    function: str
    arguments: tuple[Node, ...]
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """The value of the first branch (condition, value) whose condition is true."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None = None
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """The operand as another type."""

    operand: Node
    to: ColumnType
    lenient: bool = False
    position: int | None = field(default=None, compare=False)


Node = Column | Literal | Unary | Binary | Call | If | Cast


@dataclass(frozen=True, slots=True)
class Formula:
    """A column formula that has been read; made by `parse_formula` and `formula_of`."""

    text: str
    root: Node
    columns: tuple[str, ...]
    """The columns it uses, in order of first use."""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, from left to right."""
    match node:
        case Column() | Literal():
            return ()
        case Unary(operand=operand) | Cast(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Call(arguments=arguments):
            return arguments
        case If(branches=branches, otherwise=otherwise):
            pairs = tuple(part for branch in branches for part in branch)
            return pairs if otherwise is None else (*pairs, otherwise)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, from left to right; needs no recursion, so that any depth is fine."""
    waiting = [node]
    while waiting:
        present = waiting.pop()
        yield present
        waiting.extend(reversed(children(present)))


def depth_of(node: Node) -> int:
    """How many nodes lie on the longest way down."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        present, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in children(present))
    return deepest


def columns_of(node: Node) -> tuple[str, ...]:
    """The columns a tree uses, in order of first use."""
    return tuple(dict.fromkeys(n.name for n in walk(node) if isinstance(n, Column)))
