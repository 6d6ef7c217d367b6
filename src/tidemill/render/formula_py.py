"""Formulas and conditions as Python source of Ibis expressions.

The source means on DuckDB what `tidemill.domain.formula_eval` calculates. Two traps shape it:

- DuckDB reads `0.1` as a decimal: a fraction that meets only integers turns one of them into a float first, and a column made of
  fractions alone gets one of them as `ibis.literal("0.1").cast("float64")` (Ibis leaves out casts of what it holds to be a float).
- DuckDB reads `100` as 32 bits, Ibis as 8: integers made of literals alone are cast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from tidemill.domain.formula import Typed, condition_formula, resolve
from tidemill.domain.formula.nodes import ARITHMETIC, COMPARISONS
from tidemill.domain.table_schema import ColumnType
from tidemill.render.formula_functions_py import RENDERERS
from tidemill.render.formula_pieces import (
    AND,
    ATOM,
    COMPARISON,
    IBIS_TYPES,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    Grip,
    Piece,
    float_scalar,
    is_number,
    method,
    number_in,
    quoted,
    scalar,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.formula import Formula
    from tidemill.domain.transforms import Condition, Scalar

_PRECEDENCE = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_DIVISIONS = ("/", "//", "%")
_CHOICES = ("if", "coalesce", "least", "greatest")


def ibis_source(formula: Formula, schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis expression that computes a formula; it uses the names `table` and `ibis` only.

    Args:
        formula: The formula.
        schema: The types of its columns.
        table: The name of the Ibis table in the source.

    Raises:
        FormulaError: A column is missing or the types do not fit.
    """
    return _root(resolve(formula, schema), _Expression(table)).text


def condition_source(column: str, condition: Condition, schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis predicate of a condition of `filter`: null where the value is missing, unless the condition speaks of that.

    It binds as loosely as an argument of a call may; in front of `&` or `~` it needs parentheses.
    """
    return ibis_source(condition_formula(column, condition), schema, table=table)


def exclusion_source(conditions: Mapping[str, Condition], schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis predicate that keeps the rows which do not fulfil all conditions of `exclude`; never null."""
    expression = _Expression(table)
    pieces = [expression.piece(resolve(condition_formula(column, condition), schema)) for column, condition in conditions.items()]
    joined = pieces[0] if len(pieces) == 1 else Piece(" & ".join(p.within(SUM) for p in pieces), AND)
    return f"~{method(joined, 'fill_null(False)').text}"


def literal_source(value: Scalar | date | None, column_type: ColumnType) -> str:
    """Python source of an Ibis scalar of exactly that type in DuckDB."""
    return _root(Typed("literal", column_type, value=value), _Expression("table")).text


def _root(typed: Typed, expression: _Expression) -> Piece:
    piece = expression.firm(typed)
    if typed.type is ColumnType.INTEGER and piece.grip is Grip.NARROW:
        return method(piece, 'cast("int64")')
    return piece


@dataclass(frozen=True, slots=True)
class _Expression:
    """Writes the parts of an expression over one table."""

    table: str

    def piece(self, typed: Typed, *, firm: bool = False) -> Piece:
        """The source of a part; with `firm`, a choice among fractions is made a float."""
        operation = typed.operation
        if operation == "column":
            return Piece(f"{self.table}[{quoted(str(typed.value))}]")
        if operation == "literal":
            return _literal(typed)
        if operation == "widen":
            return self._widened(typed)
        if operation in _CHOICES:
            return self._choice(typed, firm=firm)
        if operation in ARITHMETIC and operation != "**":
            return self._arithmetic(typed)
        if operation in COMPARISONS:
            return self._comparison(typed)
        if operation in ("and", "or"):
            return self._connective(typed)
        return RENDERERS[operation](typed, self)

    def firm(self, typed: Typed) -> Piece:
        """The source of an Ibis expression whose type in DuckDB is the one of the formula."""
        if typed.type is ColumnType.NUMBER and not typed.is_null and is_number(typed):
            return float_scalar(number_in(typed))
        if typed.type is ColumnType.NUMBER and typed.operation == "widen":
            return method(self.firm(typed.arguments[0]), 'cast("float64")')
        piece = self.piece(typed)
        if piece.grip >= Grip.NARROW:
            return piece
        if typed.is_literal:
            return scalar(typed, piece)
        if typed.type is ColumnType.INTEGER:
            return method(piece, 'cast("int64")')
        return self.piece(typed, firm=True)

    def receiver(self, typed: Typed) -> Piece:
        """The source of an Ibis expression, to call methods on."""
        piece = self.piece(typed)
        return scalar(typed, piece) if piece.grip is Grip.BARE else piece

    def _widened(self, typed: Typed) -> Piece:
        inner = typed.arguments[0]
        if typed.type is ColumnType.NUMBER:
            return self.piece(inner)
        return method(self.receiver(inner), f"cast({quoted(IBIS_TYPES[typed.type])})")

    def _arithmetic(self, typed: Typed) -> Piece:
        left, right = self._operands(typed)
        narrow = typed.type is ColumnType.INTEGER and typed.operation != "//" and max(left.grip, right.grip) < Grip.FIRM
        if typed.operation in _DIVISIONS and not is_number(typed.arguments[1]):
            right = method(right, "nullif(0)")
        precedence = _PRECEDENCE[typed.operation]
        text = f"{left.within(precedence)} {typed.operation} {right.within(precedence + 1)}"
        return Piece(text, precedence, Grip.NARROW if narrow else Grip.FIRM)

    def _operands(self, typed: Typed) -> tuple[Piece, Piece]:
        """Both sides; one is made firm where DuckDB would otherwise calculate with 32 bits or decimals."""
        one, other = typed.arguments
        left, right = self.piece(one), self.piece(other)
        if typed.operation in ("/", "//") or ColumnType.UNKNOWN in (one.type, other.type):
            return left, right
        if typed.type is ColumnType.INTEGER and max(left.grip, right.grip) >= Grip.NARROW:
            return left, right
        if typed.type is ColumnType.NUMBER and (_is_float(one, left) or _is_float(other, right)):
            return left, right
        return (left, self.firm(other)) if left.grip is Grip.BARE else (self.firm(one), right)

    def _comparison(self, typed: Typed) -> Piece:
        truth = next((a for a in typed.arguments if a.is_literal and isinstance(a.value, bool)), None)
        if truth is not None:
            other = self.receiver(next(a for a in typed.arguments if a is not truth))
            return other if truth.value == (typed.operation == "=") else Piece(f"~{other.within(SIGN)}", SIGN)
        left, right = self._compared(typed.arguments)
        sign = "==" if typed.operation == "=" else typed.operation
        return Piece(f"{left.within(OR)} {sign} {right.within(OR)}", COMPARISON)

    def _compared(self, arguments: Sequence[Typed]) -> list[Piece]:
        """Parts that meet under an operator; the first is no Python literal if all are."""
        pieces = [self.piece(a) for a in arguments]
        if all(p.grip is Grip.BARE for p in pieces):
            pieces[0] = scalar(arguments[0], pieces[0])
        return pieces

    def _connective(self, typed: Typed) -> Piece:
        left, right = self._compared(typed.arguments)
        precedence, sign = (AND, "&") if typed.operation == "and" else (OR, "|")
        return Piece(f"{left.within(precedence)} {sign} {right.within(precedence + 1)}", precedence)

    def _choice(self, typed: Typed, *, firm: bool) -> Piece:
        """`if`, `coalesce`, `least` and `greatest`: the values share one type, so one firm value makes the whole firm."""
        arguments = typed.arguments
        values = [i for i in range(len(arguments)) if typed.operation != "if" or i % 2 == 1 or i == len(arguments) - 1]
        pieces = [self.piece(a) for a in arguments]
        if typed.type is ColumnType.INTEGER:
            return replace(_chosen(typed, pieces), grip=max(Grip.LOOSE, *(pieces[i].grip for i in values)))
        if typed.type is not ColumnType.NUMBER or any(_is_float(arguments[i], pieces[i]) for i in values):
            return _chosen(typed, pieces)
        if not firm:
            return replace(_chosen(typed, pieces), grip=Grip.LOOSE)
        made_firm = max(values, key=lambda i: (not arguments[i].is_null, pieces[i].grip))
        pieces[made_firm] = self.firm(arguments[made_firm])
        return _chosen(typed, pieces)


def _is_float(typed: Typed, piece: Piece) -> bool:
    return typed.type is ColumnType.NUMBER and typed.operation != "widen" and piece.grip is Grip.FIRM


def _literal(typed: Typed) -> Piece:
    value = typed.value
    match value:
        case None:
            return Piece("None", grip=Grip.BARE)
        case str():
            return Piece(quoted(value), grip=Grip.BARE)
        case datetime():
            zone = ', timezone="UTC"' if value.tzinfo else ""
            return Piece(f"ibis.timestamp({quoted(value.replace(tzinfo=None).isoformat(sep=' '))}{zone})")
        case date():
            return Piece(f"ibis.date({quoted(value.isoformat())})")
    text = repr(value)
    return Piece(text, SIGN if text.startswith("-") else ATOM, Grip.BARE)


def _chosen(typed: Typed, pieces: list[Piece]) -> Piece:
    if typed.operation == "if":
        return _if(typed, pieces)
    if typed.operation == "coalesce" and len(pieces) == 2 and pieces[0].grip > Grip.BARE and _is_filling(typed.arguments[1]):
        return method(pieces[0], f"fill_null({pieces[1].text})")
    if all(p.grip is Grip.BARE for p in pieces):
        pieces[0] = scalar(typed.arguments[0], pieces[0])
    texts = ["ibis.null()" if a.is_null else p.text for a, p in zip(typed.arguments, pieces, strict=True)]
    return Piece(f"ibis.{typed.operation}({', '.join(texts)})")


def _is_filling(typed: Typed) -> bool:
    """True for a value written in the formula, which reads best as `fill_null`."""
    inner = typed.arguments[0] if typed.operation == "widen" else typed
    return inner.is_literal and not inner.is_null


def _if(typed: Typed, pieces: list[Piece]) -> Piece:
    conditions = [scalar(a, p) if p.grip is Grip.BARE else p for a, p in zip(typed.arguments[:-1:2], pieces[:-1:2], strict=True)]
    values = pieces[1::2]
    otherwise = pieces[-1].text if len(pieces) % 2 else "None"
    if len(conditions) == 1 and otherwise != "None":
        return method(conditions[0], f"ifelse({values[0].text}, {otherwise})")
    branches = ", ".join(f"({c.text}, {v.text})" for c, v in zip(conditions, values, strict=True))
    return Piece(f"ibis.cases({branches})" if otherwise == "None" else f"ibis.cases({branches}, else_={otherwise})")
