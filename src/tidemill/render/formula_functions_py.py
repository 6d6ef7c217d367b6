"""How each function of the formula language is written in Ibis.

DuckDB turns a date into a timestamp when something is added to it or it is truncated, though Ibis says date: such arithmetic is done on
timestamps and turned back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tidemill.domain.formula import Typed
from tidemill.domain.table_schema import ColumnType
from tidemill.render.formula_pieces import (
    ATOM,
    COMPARISON,
    IBIS_TYPES,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Grip,
    Piece,
    Renderer,
    Writer,
    is_number,
    method,
    number_in,
    quoted,
    raw,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def _called(name: str, *, grip: Grip = Grip.FIRM) -> Renderer:
    """A renderer that makes the function a method of its first argument."""

    def render(typed: Typed, w: Writer) -> Piece:
        receiver, *others = typed.arguments
        arguments = ", ".join(w.piece(o).text for o in others)
        return replace(method(w.receiver(receiver), f"{name}({arguments})"), grip=grip)

    return render


def _power(typed: Typed, w: Writer) -> Piece:
    base, exponent = (w.piece(a) for a in typed.arguments)
    if is_number(typed.arguments[1]):
        guarded, condition = _known_power(typed, base)
    else:
        guarded, condition = base, _power_condition(typed, base, exponent)
    if guarded.grip is exponent.grip is Grip.BARE:
        guarded = w.firm(typed.arguments[0])
    text = f"{guarded.within(ATOM)} ** {exponent.within(SIGN)}"
    return Piece(text, POWER) if condition is None else Piece(f"ibis.cases(({condition}, {text}))")


def _known_power(typed: Typed, base: Piece) -> tuple[Piece, str | None]:
    """The base, guarded where the exponent is a literal."""
    exponent = number_in(typed.arguments[1])
    if is_number(typed.arguments[0]):
        return base, None
    if not exponent.is_integer():
        return base, f"{base.within(OR)} {'>' if exponent < 0 else '>='} 0"
    return (method(base, "nullif(0)") if exponent < 0 else base), None


def _power_condition(typed: Typed, base: Piece, exponent: Piece) -> str | None:
    """Where a power has a value: not for roots of negative numbers, nor for zero to a negative power."""
    constant = number_in(typed.arguments[0]) if is_number(typed.arguments[0]) else None
    if constant is not None and constant > 0:
        return None
    b, e = base.within(OR), exponent.within(OR)
    if constant is not None:
        return f"{e} >= 0" if constant == 0 else f"{exponent.within(PRODUCT)} % 1 == 0"
    if typed.arguments[1].operation == "widen":
        return f"({b} != 0) | ({e} >= 0)"
    return f"({b} > 0) | (({b} == 0) & ({e} >= 0)) | (({b} < 0) & ({exponent.within(PRODUCT)} % 1 == 0))"


def _negated(typed: Typed, w: Writer) -> Piece:
    inner = typed.arguments[0]
    if inner.operation == "is_null":
        return method(w.receiver(inner.arguments[0]), "notnull()")
    if inner.operation == "in":
        return _membership(inner, w, test="notin")
    return Piece(f"~{w.receiver(inner).within(SIGN)}", SIGN)


def _minus(typed: Typed, w: Writer) -> Piece:
    piece = w.firm(typed.arguments[0])
    return Piece(f"-{piece.within(SIGN)}", SIGN, piece.grip)


def _membership(typed: Typed, w: Writer, *, test: str = "isin") -> Piece:
    value, *others = typed.arguments
    return method(w.receiver(value), f"{test}([{', '.join(w.piece(o).text for o in others)}])")


def _empty(typed: Typed, w: Writer) -> Piece:
    value = typed.arguments[0]
    piece = w.receiver(value)
    absent = method(piece, "isnull()")
    return absent if value.type not in (ColumnType.STRING, ColumnType.UNKNOWN) else Piece(f'{absent.text} | ({piece.within(OR)} == "")', OR)


def _guarded(name: str, comparison: str) -> Renderer:
    """A function of numbers that has no value for some; the argument stands twice."""

    def render(typed: Typed, w: Writer) -> Piece:
        piece = w.receiver(typed.arguments[0])
        return Piece(f"ibis.cases(({piece.within(OR)} {comparison} 0, {piece.within(ATOM)}.{name}()))")

    return render


def _firmly(name: str) -> Renderer:
    """A method whose first argument must be a float where it is a number, as decimals give other results."""

    def render(typed: Typed, w: Writer) -> Piece:
        receiver, *others = typed.arguments
        return method(w.firm(receiver), f"{name}({', '.join(w.piece(o).text for o in others)})")

    return render


def _round(typed: Typed, w: Writer) -> Piece:
    rounded = _firmly("round")(typed, w)
    return method(rounded, 'cast("int64")') if typed.arguments[0].type is ColumnType.INTEGER else rounded


def _sign(typed: Typed, w: Writer) -> Piece:
    piece = w.firm(typed.arguments[0])
    number = method(piece, 'cast("float64")') if typed.arguments[0].type is ColumnType.INTEGER else piece
    return method(number, 'sign().cast("int64")')


def _nullif(typed: Typed, w: Writer) -> Piece:
    one, other = typed.arguments
    piece = w.firm(one)
    return replace(method(piece, f"nullif({w.piece(other).text})"), grip=piece.grip)


def _cast(typed: Typed, w: Writer) -> Piece:
    origin, to = typed.arguments[0].type, typed.type
    piece = w.firm(typed.arguments[0])
    if to is ColumnType.INTEGER and origin is ColumnType.NUMBER:
        return method(piece, "round()")
    if to is ColumnType.BOOLEAN and origin.is_numeric:
        return Piece(f"{piece.within(OR)} != 0", COMPARISON)
    if to is ColumnType.DATE and origin in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ):
        return method(piece, "date()")
    return method(piece, f"cast({quoted(IBIS_TYPES[to])})")


def _try_cast(typed: Typed, w: Writer) -> Piece:
    return method(w.firm(typed.arguments[0]), f"try_cast({quoted(IBIS_TYPES[typed.type])})")


def _between(typed: Typed, w: Writer) -> Piece:
    value, low, high = typed.arguments
    return method(w.receiver(value), f"between({w.piece(low).text}, {w.piece(high).text})")


def _concat(typed: Typed, w: Writer) -> Piece:
    pieces = [w.piece(a) for a in typed.arguments]
    if len(pieces) == 1 or (pieces[0].grip is Grip.BARE and pieces[1].grip is Grip.BARE):
        pieces[0] = w.receiver(typed.arguments[0])
    if len(pieces) == 1:
        return pieces[0]
    return Piece(" + ".join([pieces[0].within(SUM), *(p.within(PRODUCT) for p in pieces[1:])]), SUM)


def _concat_ws(typed: Typed, w: Writer) -> Piece:
    separator, *others = typed.arguments
    texts = ["ibis.null()" if o.is_null else w.piece(o).text for o in others]
    return method(w.receiver(separator), f"join([{', '.join(texts)}])")


def _title(typed: Typed, w: Writer) -> Piece:
    return method(w.receiver(typed.arguments[0]), 'split(" ").map(lambda word: word.capitalize()).join(" ")')


def _substring(typed: Typed, w: Writer) -> Piece:
    text, start, *length = typed.arguments
    arguments = ", ".join([_start(start, w), *(_count(n, w) for n in length)])
    return method(w.receiver(text), f"substr({arguments})")


def _start(typed: Typed, w: Writer) -> str:
    """The 0-based start, never below 0."""
    if typed.is_literal:
        return str(max(int(number_in(typed)), 1) - 1)
    piece = w.piece(typed)
    return f"({piece.within(OR)} > 1).ifelse({piece.within(SUM)} - 1, {_zero(piece)})"


def _count(typed: Typed, w: Writer) -> str:
    """The number of characters, never below 0."""
    if typed.is_literal:
        return str(max(int(number_in(typed)), 0))
    piece = w.piece(typed)
    return f"({piece.within(OR)} > 0).ifelse({piece.text}, {_zero(piece)})"


def _zero(piece: Piece) -> str:
    """0 for a number that is there, missing for a missing one."""
    return f"{piece.within(PRODUCT)} * 0"


def _edge(name: str) -> Renderer:
    def render(typed: Typed, w: Writer) -> Piece:
        text, count = typed.arguments
        return method(w.receiver(text), f"{name}({_count(count, w)})")

    return render


def _padded(name: str) -> Renderer:
    def render(typed: Typed, w: Writer) -> Piece:
        text, length, *fill = typed.arguments
        filling = w.piece(fill[0]).text if fill else '" "'
        return method(w.receiver(text), f"{name}({length.value}, {filling})")

    return render


def _split_part(typed: Typed, w: Writer) -> Piece:
    text, separator, number = typed.arguments
    index = int(number_in(number))
    return Piece(f"{w.receiver(text).within(ATOM)}.split({w.piece(separator).text})[{index - 1 if index > 0 else index}]")


def _position(typed: Typed, w: Writer) -> Piece:
    found = _called("find")(typed, w)
    return Piece(f"{found.text} + 1", SUM)


def _pattern(name: str) -> Renderer:
    def render(typed: Typed, w: Writer) -> Piece:
        text, pattern, *others = typed.arguments
        arguments = ", ".join([raw(str(pattern.value)), *(raw(o.value) if isinstance(o.value, str) else str(o.value) for o in others)])
        return method(w.receiver(text), f"{name}({arguments})")

    return render


def _extract(typed: Typed, w: Writer) -> Piece:
    arguments = typed.arguments if len(typed.arguments) == 3 else (*typed.arguments, Typed("literal", ColumnType.INTEGER, value=0))
    return method(_pattern("re_extract")(replace(typed, arguments=arguments), w), 'nullif("")')


def _weekday(typed: Typed, w: Writer) -> Piece:
    return Piece(f"{w.receiver(typed.arguments[0]).within(ATOM)}.day_of_week.index() + 1", SUM, Grip.NARROW)


def _day_name(typed: Typed, w: Writer) -> Piece:
    return method(w.receiver(typed.arguments[0]), "day_of_week.full_name()")


def _month_name(typed: Typed, w: Writer) -> Piece:
    return method(w.receiver(typed.arguments[0]), 'strftime("%B")')


_LETTERS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D", "hour": "h", "minute": "m", "second": "s"}


def _truncate(typed: Typed, w: Writer) -> Piece:
    unit, moment = typed.arguments
    piece = w.receiver(moment)
    call = f"truncate({quoted(_LETTERS[str(unit.value)])})"
    if moment.type is ColumnType.DATE:
        return piece if unit.value == "day" else method(method(method(piece, 'cast("timestamp")'), call), "date()")
    truncated = method(piece, call)
    return method(truncated, f"cast({quoted(IBIS_TYPES[moment.type])})") if moment.type is ColumnType.TIMESTAMPTZ else truncated


def _add(typed: Typed, w: Writer) -> Piece:
    moment, count, unit = typed.arguments
    piece = w.receiver(moment)
    if moment.type is ColumnType.DATE:
        piece = method(piece, 'cast("timestamp")')
    if count.is_literal:
        number = int(number_in(count))
        sign, interval = ("-" if number < 0 else "+"), f"ibis.interval({unit.value}s={abs(number)})"
    else:
        sign, interval = "+", method(w.piece(count), f"as_interval({quoted(_LETTERS[str(unit.value)])})").text
    moved = Piece(f"{piece.within(SUM)} {sign} {interval}", SUM)
    return method(moved, "date()") if typed.type is ColumnType.DATE else moved


def _difference(typed: Typed, w: Writer) -> Piece:
    unit, start, end = typed.arguments
    first, last = (w.receiver(a) for a in (start, end))
    if unit.value == "week":
        first, last = (method(p, 'truncate("W")') for p in (first, last))
        return Piece(f'{last.text}.delta({first.text}, unit="day") // 7', PRODUCT)
    return method(last, f"delta({first.text}, unit={quoted(str(unit.value))})")


def _parsed_timestamp(typed: Typed, w: Writer) -> Piece:
    return method(_called("as_timestamp")(typed, w), 'cast("timestamp")')


RENDERERS: Mapping[str, Renderer] = {
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
