"""Pieces of Python source that are put together to Ibis expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from tidemill.domain.formula import Typed

IBIS_TYPES = {ColumnType.STRING: "string", ColumnType.INTEGER: "int64", ColumnType.NUMBER: "float64", ColumnType.BOOLEAN: "boolean",
              ColumnType.DATE: "date", ColumnType.TIMESTAMP: "timestamp", ColumnType.TIMESTAMPTZ: "timestamp('UTC')"}  # fmt: skip
_EXACT_INTEGERS = 2**53

COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)
"""How tightly Python binds an operator."""


class Grip(IntEnum):
    """How firmly the type of a piece of source is what its formula says."""

    BARE = 0
    """A Python literal: it has no Ibis methods."""
    LOOSE = 1
    """Made of literals: DuckDB may hold it as a 32-bit integer or a decimal."""
    NARROW = 2
    """64 bits in DuckDB, fewer by the word of Ibis."""
    FIRM = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """Python source of a part of an expression."""

    text: str
    precedence: int = ATOM
    grip: Grip = Grip.FIRM

    def within(self, least: int) -> str:
        """The source, in parentheses if it binds less tightly."""
        return self.text if self.precedence >= least else f"({self.text})"


class Writer(Protocol):
    """Writes the parts of one expression."""

    def piece(self, typed: Typed, *, firm: bool = False) -> Piece:
        """The source of a part; with `firm`, a choice among fractions is made a float."""

    def firm(self, typed: Typed) -> Piece:
        """The source of an Ibis expression whose type in DuckDB is the one of the formula."""

    def receiver(self, typed: Typed) -> Piece:
        """The source of an Ibis expression, to call methods on."""


Renderer = Callable[["Typed", Writer], Piece]


def method(piece: Piece, call: str) -> Piece:
    """A call of a method, such as `lower()`."""
    return Piece(f"{piece.within(ATOM)}.{call}")


def quoted(text: str) -> str:
    """A Python literal of a text, in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text else plain


def raw(text: str) -> str:
    """A Python literal of a pattern, raw where it has backslashes."""
    if "\\" not in text or '"' in text or text.endswith("\\") or not text.isprintable():
        return quoted(text)
    return f'r"{text}"'


def float_scalar(value: float) -> Piece:
    """A number that DuckDB holds as a float; it would read a bare fraction as a decimal."""
    text = str(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGERS else quoted(repr(value))
    return Piece(f'ibis.literal({text}).cast("float64")')


def scalar(typed: Typed, piece: Piece) -> Piece:
    """A Python literal as an Ibis scalar."""
    if typed.is_null:
        return Piece(f"ibis.null({quoted(IBIS_TYPES[typed.type])})" if typed.type in IBIS_TYPES else "ibis.null()")
    kind = ', "int64"' if typed.type is ColumnType.INTEGER else ""
    return Piece(f"ibis.literal({piece.text}{kind})")


def is_number(typed: Typed) -> bool:
    """True for a number written in the formula."""
    return typed.is_literal or (typed.operation == "widen" and typed.arguments[0].is_literal)


def number_in(typed: Typed) -> float:
    """The value of a number written in the formula."""
    value = typed.value if typed.is_literal else typed.arguments[0].value
    return float(value)  # type: ignore[arg-type]
