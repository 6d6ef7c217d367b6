"""Formulas and conditions as Python source of Ibis expressions.

The source means on DuckDB what `tidemill.domain.formula_eval` calculates. Three traps of the engines shape it:

- DuckDB reads `0.1` as a decimal: a fraction that meets only integers turns one of them into a float first, and a column made of
  fractions alone gets one of them as `ibis.literal("0.1").cast("float64")` (Ibis leaves out casts of what it holds to be a float).
- DuckDB reads `100` as 32 bits, Ibis as 8: integers made of literals alone are cast.
- Date arithmetic on a DuckDB date gives a timestamp though Ibis says date: it is done on timestamps and turned back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from tidemill.domain.formula import condition_formula, resolve
from tidemill.domain.formula.typed import Typed
from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tidemill.domain.formula import Formula
    from tidemill.domain.transforms import Condition

IBIS_TYPES = {ColumnType.STRING: "string", ColumnType.INTEGER: "int64", ColumnType.NUMBER: "float64", ColumnType.BOOLEAN: "boolean",
              ColumnType.DATE: "date", ColumnType.TIMESTAMP: "timestamp", ColumnType.TIMESTAMPTZ: "timestamp('UTC')"}  # fmt: skip


class Grip(IntEnum):
    """How firmly the type of a piece of source is what its formula says."""

    BARE = 0
    """A Python literal: it has no Ibis methods."""
    LOOSE = 1
    """Made of literals: DuckDB may hold it as a 32-bit integer or a decimal."""
    NARROW = 2
    """64 bits in DuckDB, fewer by the word of Ibis."""
    FIRM = 3


COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)
"""How tightly Python binds an operator."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Python source of a part of an expression."""

    text: str
    precedence: int = ATOM
    grip: Grip = Grip.FIRM

    def within(self, least: int) -> str:
        """The source, in parentheses if it binds less tightly."""
        return self.text if self.precedence >= least else f"({self.text})"


def ibis_source(formula: Formula, schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis expression that computes a formula; it uses the names `table` and `ibis` only.

    Args:
        formula: The formula.
        schema: The types of its columns.
        table: The name of the Ibis table in the source.

    Raises:
        FormulaError: A column is missing or the types do not fit.
    """
    return _root(resolve(formula, schema), table).text


def condition_source(column: str, condition: Condition, schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis predicate of a condition of `filter`: null where the value is missing, unless the condition speaks of that.

    It binds as loosely as an argument of a call; in front of `&` or `~` it needs parentheses.
    """
    return ibis_source(condition_formula(column, condition), schema, table=table)


def exclusion_source(conditions: Mapping[str, Condition], schema: Mapping[str, ColumnType], *, table: str = "table") -> str:
    """Python source of the Ibis predicate that keeps the rows which do not fulfil all conditions of `exclude`; never null."""
    pieces = [_piece(resolve(condition_formula(c, condition), schema), table) for c, condition in conditions.items()]
    if len(pieces) == 1:
        return f"~{pieces[0].within(ATOM)}.fill_null(False)"
    return f"~({' & '.join(p.within(SUM) for p in pieces)}).fill_null(False)"


def quoted(text: str) -> str:
    """A Python literal of a text, in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text else plain


def literal_source(value: object, column_type: ColumnType) -> str:
    """Python source of an Ibis scalar with that value and exactly that type in DuckDB."""
    return _firm(Typed("literal", column_type, value=value), "table").text  # type: ignore[arg-type]


def _root(typed: Typed, table: str) -> Piece:
    if typed.is_null:
        return Piece("ibis.null()" if typed.type is ColumnType.UNKNOWN else f'ibis.null("{IBIS_TYPES[typed.type]}")')
    piece = _firm(typed, table)
    if typed.type is ColumnType.INTEGER and piece.grip is Grip.NARROW:
        return _method(piece, 'cast("int64")')
    return piece


def _firm(typed: Typed, table: str) -> Piece:
    """The source of an Ibis expression whose type in DuckDB is the one of the formula."""
    if typed.operation == "widen" and typed.type is ColumnType.NUMBER:
        inner = typed.arguments[0]
        return literal_piece(float(inner.value)) if inner.is_literal else _method(_firm(inner, table), 'cast("float64")')  # type: ignore[arg-type]
    if typed.is_literal and typed.type is ColumnType.NUMBER and not typed.is_null:
        return literal_piece(float(typed.value))  # type: ignore[arg-type]
    piece = _piece(typed, table)
    if piece.grip >= Grip.NARROW:
        return piece
    if typed.is_literal:
        return _lifted(typed, piece)
    if typed.type is ColumnType.INTEGER:
        return _method(piece, 'cast("int64")')
    return _piece(typed, table, firm=True)


def literal_piece(value: float) -> Piece:
    """A fraction that DuckDB holds as a float."""
    return Piece(f'ibis.literal("{value!r}").cast("float64")')


def _lifted(typed: Typed, piece: Piece) -> Piece:
    """A Python literal as an Ibis scalar."""
    if typed.is_null:
        return Piece(f'ibis.null("{IBIS_TYPES[typed.type]}")' if typed.type in IBIS_TYPES else "ibis.null()")
    kind = ', "int64"' if typed.type is ColumnType.INTEGER else ""
    return Piece(f"ibis.literal({piece.text}{kind})")


def _piece(typed: Typed, table: str, *, firm: bool = False) -> Piece:
    """The source of a part; with `firm`, a choice among fractions is made a float."""
    operation = typed.operation
    if operation == "column":
        return Piece(f"{table}[{quoted(str(typed.value))}]")
    if operation == "literal":
        return _literal(typed)
    if operation == "widen":
        return _widened(typed, table, firm=firm)
    if operation in ("if", "coalesce", "least", "greatest"):
        return _choice(typed, table, firm=firm)
    if operation in _ARITHMETIC:
        return _arithmetic(typed, table)
    if operation in _COMPARISONS:
        return _comparison(typed, table)
    if operation in ("and", "or"):
        return _connective(typed, table)
    return _RENDERERS[operation](typed, table)


def _literal(typed: Typed) -> Piece:
    value = typed.value
    match value:
        case None:
            return Piece("None", grip=Grip.BARE)
        case str():
            return Piece(quoted(value), grip=Grip.BARE)
        case datetime():
            zone = ', timezone="UTC"' if value.tzinfo else ""
            return Piece(f'ibis.timestamp("{value.replace(tzinfo=None).isoformat(sep=" ")}"{zone})')
        case date():
            return Piece(f'ibis.date("{value.isoformat()}")')
    text = repr(value)
    return Piece(text, SIGN if text.startswith("-") else ATOM, Grip.BARE)


def _method(piece: Piece, call: str) -> Piece:
    return Piece(f"{piece.within(ATOM)}.{call}")


def _receiver(typed: Typed, table: str) -> Piece:
    """A part that methods are called on: a Python literal becomes an Ibis scalar."""
    piece = _piece(typed, table)
    return _lifted(typed, piece) if piece.grip is Grip.BARE else piece


def _called(method: str, *, grip: Grip = Grip.FIRM) -> Callable[[Typed, str], Piece]:
    """A renderer that makes the function a method of its first argument."""

    def render(typed: Typed, table: str) -> Piece:
        receiver, *others = typed.arguments
        arguments = ", ".join(_piece(o, table).text for o in others)
        return replace(_method(_receiver(receiver, table), f"{method}({arguments})"), grip=grip)

    return render


def _widened(typed: Typed, table: str, *, firm: bool) -> Piece:
    inner = typed.arguments[0]
    if typed.type is ColumnType.NUMBER:
        return _firm(typed, table) if firm else _piece(inner, table)
    return _method(_receiver(inner, table), f"cast({quoted(IBIS_TYPES[typed.type])})")


_ARITHMETIC = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_COMPARISONS = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _arithmetic(typed: Typed, table: str) -> Piece:
    left, right = _operands(typed, table)
    if typed.operation in ("/", "//", "%") and not _is_number(typed.arguments[1]):
        right = _method(right, "nullif(0)")
    precedence = _ARITHMETIC[typed.operation]
    grip = Grip.NARROW if typed.type is ColumnType.INTEGER and max(left.grip, right.grip) < Grip.FIRM and typed.operation != "//" else Grip.FIRM
    return Piece(f"{left.within(precedence)} {typed.operation} {right.within(precedence + 1)}", precedence, grip)


def _operands(typed: Typed, table: str) -> tuple[Piece, Piece]:
    """Both sides; one is made firm where DuckDB would otherwise calculate with 32 bits or decimals."""
    one, other = typed.arguments
    left, right = _piece(one, table), _piece(other, table)
    if typed.operation in ("/", "//") or (typed.type is ColumnType.INTEGER and max(left.grip, right.grip) >= Grip.NARROW):
        return left, right
    if typed.type is ColumnType.INTEGER:
        return (left, _firm(other, table)) if left.grip is Grip.BARE else (_firm(one, table), right)
    if _is_float(one, left) or _is_float(other, right) or ColumnType.UNKNOWN in (one.type, other.type):
        return left, right
    return (left, _firm(other, table)) if left.grip is Grip.BARE else (_firm(one, table), right)


def _is_float(typed: Typed, piece: Piece) -> bool:
    return typed.type is ColumnType.NUMBER and typed.operation != "widen" and piece.grip is Grip.FIRM


def _is_number(typed: Typed) -> bool:
    """True for a number written in the formula."""
    return typed.is_literal or (typed.operation == "widen" and typed.arguments[0].is_literal)


def _power(typed: Typed, table: str) -> Piece:
    base, exponent = (_piece(a, table) for a in typed.arguments)
    if _is_number(typed.arguments[1]):
        guarded, condition = _known_power(typed, base)
    else:
        guarded, condition = base, _power_condition(typed, base, exponent)
    if guarded.grip is exponent.grip is Grip.BARE:
        guarded = _firm(typed.arguments[0], table)
    text = f"{guarded.within(ATOM)} ** {exponent.within(SIGN)}"
    return Piece(text, POWER) if condition is None else Piece(f"ibis.cases(({condition}, {text}))")


def _known_power(typed: Typed, base: Piece) -> tuple[Piece, str | None]:
    """The base, guarded where the exponent is a literal."""
    exponent = _number(typed.arguments[1])
    if _is_number(typed.arguments[0]):
        return base, None
    if not exponent.is_integer():
        return base, f"{base.within(OR)} {'>' if exponent < 0 else '>='} 0"
    return (_method(base, "nullif(0)") if exponent < 0 else base), None


def _power_condition(typed: Typed, base: Piece, exponent: Piece) -> str | None:
    """Where a power has a value: not for roots of negative numbers, nor for zero to a negative power."""
    constant = _number(typed.arguments[0]) if _is_number(typed.arguments[0]) else None
    if constant is not None and constant > 0:
        return None
    b, e = base.within(OR), exponent.within(OR)
    if constant is not None:
        return f"{e} >= 0" if constant == 0 else f"{exponent.within(PRODUCT)} % 1 == 0"
    if typed.arguments[1].operation == "widen":
        return f"({b} != 0) | ({e} >= 0)"
    return f"({b} > 0) | (({b} == 0) & ({e} >= 0)) | (({b} < 0) & ({exponent.within(PRODUCT)} % 1 == 0))"


def _number(typed: Typed) -> float:
    value = typed.value if typed.is_literal else typed.arguments[0].value
    return float(value)  # type: ignore[arg-type]


def _comparison(typed: Typed, table: str) -> Piece:
    left, right = _compared(typed.arguments, table)
    truth = next((a for a in typed.arguments if a.is_literal and isinstance(a.value, bool)), None)
    if truth is not None:
        other = typed.arguments[0] if truth is typed.arguments[1] else typed.arguments[1]
        piece = _receiver(other, table)
        return piece if truth.value == (typed.operation == "=") else Piece(f"~{piece.within(SIGN)}", SIGN)
    return Piece(f"{left.within(OR)} {_COMPARISONS[typed.operation]} {right.within(OR)}", COMPARISON)


def _compared(arguments: Sequence[Typed], table: str) -> list[Piece]:
    """Parts that meet in one comparison, of which the first is no Python literal if all are."""
    pieces = [_piece(a, table) for a in arguments]
    if all(p.grip is Grip.BARE for p in pieces):
        pieces[0] = _lifted(arguments[0], pieces[0])
    return pieces


def _connective(typed: Typed, table: str) -> Piece:
    left, right = _compared(typed.arguments, table)
    precedence, sign = (AND, "&") if typed.operation == "and" else (OR, "|")
    return Piece(f"{left.within(precedence)} {sign} {right.within(precedence + 1)}", precedence)


def _choice(typed: Typed, table: str, *, firm: bool) -> Piece:
    """`if`, `coalesce`, `least` and `greatest`: the values share one type, so one firm value makes the whole firm."""
    arguments = typed.arguments
    where = [i for i in range(len(arguments)) if typed.operation != "if" or i % 2 == 1 or i == len(arguments) - 1]
    pieces = [_piece(a, table) for a in arguments]
    grip = max(pieces[i].grip for i in where)
    if typed.type is ColumnType.NUMBER:
        grip = Grip.FIRM if any(_is_float(arguments[i], pieces[i]) for i in where) else Grip.LOOSE
        if firm and grip is Grip.LOOSE:
            chosen = next((i for i in where if pieces[i].grip > Grip.BARE), next(i for i in where if not arguments[i].is_null))
            pieces[chosen], grip = _firm(arguments[chosen], table), Grip.FIRM
    elif typed.type is not ColumnType.INTEGER:
        grip = Grip.FIRM
    return replace(_chosen(typed, pieces), grip=max(grip, Grip.LOOSE))


def _chosen(typed: Typed, pieces: list[Piece]) -> Piece:
    if typed.operation == "if":
        return _if(typed, pieces)
    first, last = typed.arguments[0], typed.arguments[-1]
    if typed.operation == "coalesce" and len(pieces) == 2 and pieces[0].grip > Grip.BARE and _is_number_or_text(last):
        return _method(pieces[0], f"fill_null({pieces[1].text})")
    if all(p.grip is Grip.BARE for p in pieces):
        pieces[0] = _lifted(first, pieces[0])
    texts = ["ibis.null()" if a.is_null else p.text for a, p in zip(typed.arguments, pieces, strict=True)]
    return Piece(f"ibis.{typed.operation}({', '.join(texts)})")


def _is_number_or_text(typed: Typed) -> bool:
    inner = typed.arguments[0] if typed.operation == "widen" else typed
    return inner.is_literal and not inner.is_null


def _if(typed: Typed, pieces: list[Piece]) -> Piece:
    conditions = [_lifted(a, p) if p.grip is Grip.BARE else p for a, p in zip(typed.arguments[:-1:2], pieces[:-1:2], strict=True)]
    values = pieces[1::2]
    otherwise = pieces[-1].text if len(pieces) % 2 else None
    if len(conditions) == 1 and otherwise is not None:
        return _method(conditions[0], f"ifelse({values[0].text}, {otherwise})")
    branches = ", ".join(f"({c.text}, {v.text})" for c, v in zip(conditions, values, strict=True))
    return Piece(f"ibis.cases({branches}, else_={otherwise})" if otherwise not in (None, "None") else f"ibis.cases({branches})")


def _negated(typed: Typed, table: str) -> Piece:
    inner = typed.arguments[0]
    if inner.operation == "is_null":
        return _method(_receiver(inner.arguments[0], table), "notnull()")
    if inner.operation == "in":
        return _membership(inner, table, method="notin")
    return Piece(f"~{_receiver(inner, table).within(SIGN)}", SIGN)


def _minus(typed: Typed, table: str) -> Piece:
    piece = _firm(typed.arguments[0], table)
    return Piece(f"-{piece.within(SIGN)}", SIGN, piece.grip)


def _membership(typed: Typed, table: str, *, method: str = "isin") -> Piece:
    value, *others = typed.arguments
    return _method(_receiver(value, table), f"{method}([{', '.join(_piece(o, table).text for o in others)}])")


def _empty(typed: Typed, table: str) -> Piece:
    value = typed.arguments[0]
    piece = _receiver(value, table)
    absent = _method(piece, "isnull()")
    return absent if value.type not in (ColumnType.STRING, ColumnType.UNKNOWN) else Piece(f'{absent.text} | ({piece.within(OR)} == "")', OR)


def _guarded(method: str, comparison: str) -> Callable[[Typed, str], Piece]:
    """A function of numbers that has no value for some; the argument stands twice."""

    def render(typed: Typed, table: str) -> Piece:
        piece = _receiver(typed.arguments[0], table)
        return Piece(f"ibis.cases(({piece.within(OR)} {comparison} 0, {piece.within(ATOM)}.{method}()))")

    return render


def _firmly(method: str) -> Callable[[Typed, str], Piece]:
    """A method whose first argument must be a float where it is a number, as decimals give other results."""

    def render(typed: Typed, table: str) -> Piece:
        receiver, *others = typed.arguments
        return _method(_firm(receiver, table), f"{method}({', '.join(_piece(o, table).text for o in others)})")

    return render


def _round(typed: Typed, table: str) -> Piece:
    rounded = _firmly("round")(typed, table)
    return _method(rounded, 'cast("int64")') if typed.arguments[0].type is ColumnType.INTEGER else rounded


def _sign(typed: Typed, table: str) -> Piece:
    piece = _firm(typed.arguments[0], table)
    number = _method(piece, 'cast("float64")') if typed.arguments[0].type is ColumnType.INTEGER else piece
    return _method(number, 'sign().cast("int64")')


def _nullif(typed: Typed, table: str) -> Piece:
    one, other = typed.arguments
    piece = _firm(one, table)
    return replace(_method(piece, f"nullif({_piece(other, table).text})"), grip=piece.grip)


def _cast(typed: Typed, table: str) -> Piece:
    origin, to = typed.arguments[0].type, typed.type
    piece = _firm(typed.arguments[0], table)
    if to is ColumnType.INTEGER and origin is ColumnType.NUMBER:
        return _method(piece, "round()")
    if to is ColumnType.BOOLEAN and origin.is_numeric:
        return Piece(f"{piece.within(OR)} != 0", COMPARISON)
    if to is ColumnType.DATE and origin in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ):
        return _method(piece, "date()")
    return _method(piece, f"cast({quoted(IBIS_TYPES[to])})")


def _try_cast(typed: Typed, table: str) -> Piece:
    return _method(_firm(typed.arguments[0], table), f"try_cast({quoted(IBIS_TYPES[typed.type])})")


def _between(typed: Typed, table: str) -> Piece:
    value, low, high = typed.arguments
    return _method(_receiver(value, table), f"between({_piece(low, table).text}, {_piece(high, table).text})")


def _concat(typed: Typed, table: str) -> Piece:
    pieces = [_piece(a, table) for a in typed.arguments]
    if len(pieces) == 1 or (pieces[0].grip is Grip.BARE and pieces[1].grip is Grip.BARE):
        pieces[0] = _receiver(typed.arguments[0], table)
    if len(pieces) == 1:
        return pieces[0]
    return Piece(" + ".join([pieces[0].within(SUM), *(p.within(PRODUCT) for p in pieces[1:])]), SUM)


def _concat_ws(typed: Typed, table: str) -> Piece:
    separator, *others = typed.arguments
    texts = ["ibis.null()" if o.is_null else _piece(o, table).text for o in others]
    return _method(_receiver(separator, table), f"join([{', '.join(texts)}])")


def _title(typed: Typed, table: str) -> Piece:
    return _method(_receiver(typed.arguments[0], table), 'split(" ").map(lambda word: word.capitalize()).join(" ")')


def _substring(typed: Typed, table: str) -> Piece:
    text, start, *length = typed.arguments
    arguments = ", ".join([_start(start, table), *(_count(n, table) for n in length)])
    return _method(_receiver(text, table), f"substr({arguments})")


def _start(typed: Typed, table: str) -> str:
    """The 0-based start, never below 0."""
    if typed.is_literal:
        return str(max(int(_number(typed)), 1) - 1)
    piece = _piece(typed, table)
    return f"({piece.within(OR)} > 1).ifelse({piece.within(SUM)} - 1, {_zero(piece)})"


def _count(typed: Typed, table: str) -> str:
    """The number of characters, never below 0."""
    if typed.is_literal:
        return str(max(int(_number(typed)), 0))
    piece = _piece(typed, table)
    return f"({piece.within(OR)} > 0).ifelse({piece.text}, {_zero(piece)})"


def _zero(piece: Piece) -> str:
    """0 for a number that is there, missing for a missing one."""
    return f"{piece.within(PRODUCT)} * 0"


def _edge(method: str) -> Callable[[Typed, str], Piece]:
    def render(typed: Typed, table: str) -> Piece:
        text, count = typed.arguments
        return _method(_receiver(text, table), f"{method}({_count(count, table)})")

    return render


def _padded(method: str) -> Callable[[Typed, str], Piece]:
    def render(typed: Typed, table: str) -> Piece:
        text, length, *fill = typed.arguments
        filling = _piece(fill[0], table).text if fill else '" "'
        return _method(_receiver(text, table), f"{method}({length.value}, {filling})")

    return render


def _split_part(typed: Typed, table: str) -> Piece:
    text, separator, number = typed.arguments
    index = int(_number(number))
    return Piece(f"{_receiver(text, table).within(ATOM)}.split({_piece(separator, table).text})[{index - 1 if index > 0 else index}]")


def _position(typed: Typed, table: str) -> Piece:
    found = _called("find")(typed, table)
    return Piece(f"{found.text} + 1", SUM)


def _pattern(method: str) -> Callable[[Typed, str], Piece]:
    def render(typed: Typed, table: str) -> Piece:
        text, pattern, *others = typed.arguments
        arguments = ", ".join([_raw(str(pattern.value)), *(_raw(o.value) if isinstance(o.value, str) else str(o.value) for o in others)])
        return _method(_receiver(text, table), f"{method}({arguments})")

    return render


def _extract(typed: Typed, table: str) -> Piece:
    arguments = typed.arguments if len(typed.arguments) == 3 else (*typed.arguments, Typed("literal", ColumnType.INTEGER, value=0))
    return _method(_pattern("re_extract")(replace(typed, arguments=arguments), table), 'nullif("")')


def _raw(text: str) -> str:
    """A Python literal of a pattern, raw where it has backslashes."""
    if "\\" not in text or '"' in text or text.endswith("\\") or not text.isprintable():
        return quoted(text)
    return f'r"{text}"'


def _weekday(typed: Typed, table: str) -> Piece:
    return Piece(f"{_receiver(typed.arguments[0], table).within(ATOM)}.day_of_week.index() + 1", SUM, Grip.NARROW)


def _day_name(typed: Typed, table: str) -> Piece:
    return _method(_receiver(typed.arguments[0], table), "day_of_week.full_name()")


def _month_name(typed: Typed, table: str) -> Piece:
    return _method(_receiver(typed.arguments[0], table), 'strftime("%B")')


_LETTERS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D", "hour": "h", "minute": "m", "second": "s"}


def _truncate(typed: Typed, table: str) -> Piece:
    unit, moment = typed.arguments
    piece = _receiver(moment, table)
    call = f"truncate({quoted(_LETTERS[str(unit.value)])})"
    if moment.type is ColumnType.DATE:
        return piece if unit.value == "day" else _method(_method(_method(piece, 'cast("timestamp")'), call), "date()")
    truncated = _method(piece, call)
    return _method(truncated, f"cast({quoted(IBIS_TYPES[moment.type])})") if moment.type is ColumnType.TIMESTAMPTZ else truncated


def _add(typed: Typed, table: str) -> Piece:
    moment, count, unit = typed.arguments
    piece = _receiver(moment, table)
    if moment.type is ColumnType.DATE:
        piece = _method(piece, 'cast("timestamp")')
    if count.is_literal:
        number = int(_number(count))
        sign, interval = ("-" if number < 0 else "+"), f"ibis.interval({unit.value}s={abs(number)})"
    else:
        sign, interval = "+", _method(_piece(count, table), f"as_interval({quoted(_LETTERS[str(unit.value)])})").text
    moved = Piece(f"{piece.within(SUM)} {sign} {interval}", SUM)
    return _method(moved, "date()") if typed.type is ColumnType.DATE else moved


def _difference(typed: Typed, table: str) -> Piece:
    unit, start, end = typed.arguments
    first, last = (_receiver(a, table) for a in (start, end))
    if unit.value == "week":
        first, last = (_method(p, 'truncate("W")') for p in (first, last))
        return Piece(f'{last.text}.delta({first.text}, unit="day") // 7', PRODUCT)
    return _method(last, f"delta({first.text}, unit={quoted(str(unit.value))})")


def _parsed_timestamp(typed: Typed, table: str) -> Piece:
    return _method(_called("as_timestamp")(typed, table), 'cast("timestamp")')


_RENDERERS: Mapping[str, Callable[[Typed, str], Piece]] = {
    "**": _power,
    "neg": _minus,
    "not": _negated,
    "cast": _cast,
    "try_cast": _try_cast,
    "nullif": _nullif,
    "is_null": _called("isnull"),
    "is_empty": _empty,
    "in": _membership,
    "between": _between,
    "abs": _firmly("abs"),
    "sqrt": _guarded("sqrt", ">="),
    "exp": _called("exp"),
    "ln": _guarded("ln", ">"),
    "log10": _guarded("log10", ">"),
    "round": _round,
    "floor": _firmly("floor"),
    "ceil": _firmly("ceil"),
    "sign": _sign,
    "lower": _called("lower"),
    "upper": _called("upper"),
    "capitalize": _called("capitalize"),
    "title": _title,
    "trim": _called("strip"),
    "ltrim": _called("lstrip"),
    "rtrim": _called("rstrip"),
    "length": _called("length", grip=Grip.NARROW),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "substring": _substring,
    "left": _edge("left"),
    "right": _edge("right"),
    "replace": _called("replace"),
    "lpad": _padded("lpad"),
    "rpad": _padded("rpad"),
    "repeat": _called("repeat"),
    "split_part": _split_part,
    "position": _position,
    "contains": _called("contains"),
    "starts_with": _called("startswith"),
    "ends_with": _called("endswith"),
    "regex_matches": _pattern("re_search"),
    "regex_extract": _extract,
    "regex_replace": _pattern("re_replace"),
    "year": _called("year", grip=Grip.NARROW),
    "quarter": _called("quarter", grip=Grip.NARROW),
    "month": _called("month", grip=Grip.NARROW),
    "week": _called("week_of_year", grip=Grip.NARROW),
    "day": _called("day", grip=Grip.NARROW),
    "day_of_year": _called("day_of_year", grip=Grip.NARROW),
    "weekday": _weekday,
    "day_name": _day_name,
    "month_name": _month_name,
    "hour": _called("hour", grip=Grip.NARROW),
    "minute": _called("minute", grip=Grip.NARROW),
    "second": _called("second", grip=Grip.NARROW),
    "date_trunc": _truncate,
    "date_add": _add,
    "date_diff": _difference,
    "format_date": _called("strftime"),
    "parse_date": _called("as_date"),
    "parse_timestamp": _parsed_timestamp,
}
