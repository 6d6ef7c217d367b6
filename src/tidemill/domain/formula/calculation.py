"""What the operations of a formula do with single values, in plain Python; None never gets here."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tidemill.domain.formula.temporal import read_temporal
from tidemill.domain.table_schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = int | float

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_NUMBER_TEXT = re.compile(
    r"[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+)(?:[eE][+-]?\d+(?:_\d+)*)?|[+-]?(?:inf|infinity|nan)", re.ASCII | re.IGNORECASE
)
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+")
"""Hexadecimal and binary numbers, which DuckDB reads as integers only."""
_BOOLEANS = {**dict.fromkeys(("true", "t", "yes", "y", "1"), True), **dict.fromkeys(("false", "f", "no", "n", "0"), False)}
_BLANKS = " \t\n\r\v\f"


def bounded(value: int) -> int:
    """The integer, or `OverflowError` if it does not fit into 64 bits."""
    if not _SMALLEST <= value <= _LARGEST:
        raise OverflowError(f"{value} does not fit into 64 bits")
    return value


def _checked(value: Number) -> Number:
    return bounded(value) if isinstance(value, int) else value


def _quotient(one: Number, other: Number) -> float | None:
    return None if other == 0 else float(one) / float(other)


def _floored(one: Number, other: Number) -> int | None:
    quotient = _quotient(one, other)
    return None if quotient is None else floor(quotient)


def _remainder(one: Number, other: Number) -> Number | None:
    """With the sign of the first number, as in SQL."""
    if other == 0:
        return None
    if isinstance(one, int) and isinstance(other, int):
        rest = abs(one) % abs(other)
        return -rest if one < 0 else rest
    return math.fmod(one, other) if math.isfinite(one) else math.nan


def _power(base: Number, exponent: Number) -> float | None:
    base, exponent = float(base), float(exponent)
    if base < 0 and math.isfinite(exponent) and not exponent.is_integer():
        return None
    if base == 0 and exponent < 0:
        return None
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf


ARITHMETIC: dict[str, Callable[[Number, Number], Number | None]] = {
    "+": lambda a, b: _checked(a + b),
    "-": lambda a, b: _checked(a - b),
    "*": lambda a, b: _checked(a * b),
    "/": _quotient,
    "//": _floored,
    "%": _remainder,
    "**": _power,
}


def floor(value: Number) -> int:
    """The next integer below; `OverflowError` beyond 64 bits."""
    return bounded(math.floor(value)) if math.isfinite(value) else bounded(2**63)


def ceil(value: Number) -> int:
    """The next integer above; `OverflowError` beyond 64 bits."""
    return bounded(math.ceil(value)) if math.isfinite(value) else bounded(2**63)


def half_away(value: float) -> float:
    """The nearest whole number, halves away from zero."""
    if not math.isfinite(value):
        return value
    whole = math.floor(abs(value))
    return math.copysign(whole + (abs(value) - whole >= 0.5), value)


def rounded(value: Number, digits: int | None = None) -> Number:
    """Rounded half away from zero by the same steps as DuckDB: multiply, round, divide.

    Args:
        value: The number; an integer stays one.
        digits: Digits after the point, negative for tens, hundreds …; None gives an integer.
    """
    if isinstance(value, int):
        step = 10 ** -min(digits or 0, 0)
        return bounded(int(math.copysign((abs(value) + step // 2) // step * step, value))) if step > 1 else value
    if digits is None:
        return bounded(int(half_away(value))) if math.isfinite(value) else bounded(2**63)
    scale = 10.0 ** abs(digits)
    result = half_away(value * scale) / scale if digits >= 0 else half_away(value / scale) * scale
    return result if math.isfinite(result) else value


def widened(value: object, to: ColumnType) -> object:
    """The same value as a wider type: an integer as float, a date as timestamp."""
    if to is ColumnType.NUMBER and isinstance(value, int):
        return float(value)
    return widened_date(value, to) if isinstance(value, date) else value


def widened_date(value: date, to: ColumnType) -> date:
    """A date or timestamp as a wider type; a date is its midnight, a time without zone is in UTC."""
    if to not in (ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ):
        return value
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return moment.replace(tzinfo=UTC) if to is ColumnType.TIMESTAMPTZ and moment.tzinfo is None else moment


def converted(value: object, to: ColumnType) -> str | int | float | bool | date | datetime:
    """A value as another type, as DuckDB casts; a number becomes an integer by rounding.

    Raises:
        ValueError: A text cannot be read as that type.
        OverflowError: A number does not fit into 64 bits.
    """
    match to:
        case ColumnType.STRING:
            return _as_text(value)
        case ColumnType.NUMBER:
            return _number_in(value) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
        case ColumnType.INTEGER:
            return _as_integer(value)
        case ColumnType.BOOLEAN:
            return _boolean_in(value) if isinstance(value, str) else bool(value)
        case ColumnType.DATE | ColumnType.TIMESTAMP | ColumnType.TIMESTAMPTZ:
            return _as_temporal(value, to)
    raise ValueError(f"nothing can become {to}")


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            text = value.replace(tzinfo=None).isoformat(sep=" ")
            fraction = text.rstrip("0") if "." in text else text
            return f"{fraction}+00" if value.tzinfo else fraction
    return str(value)


def _number_in(text: str) -> float:
    stripped = text.strip(_BLANKS)
    if _NUMBER_TEXT.fullmatch(stripped) is None:
        raise ValueError(f"{text!r} is not a number")
    return float(stripped.replace("_", ""))


def _as_integer(value: object) -> int:
    if isinstance(value, str) and _PREFIXED.fullmatch(value.strip(_BLANKS)):
        return bounded(int(value, 0))
    if isinstance(value, str):
        number = _number_in(value)
        if not math.isfinite(number):
            raise ValueError(f"{value!r} is not a whole number")
        exact = Decimal(value.strip(_BLANKS).replace("_", "")).to_integral_value(ROUND_HALF_UP)
        if not _SMALLEST <= exact <= _LARGEST:
            raise ValueError(f"{value!r} does not fit into 64 bits")
        return int(exact)
    return int(rounded(value)) if isinstance(value, float) else int(value)  # type: ignore[call-overload]


def _boolean_in(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError(f"{text!r} is neither true nor false")
    return _BOOLEANS[text.lower()]


def _as_temporal(value: object, to: ColumnType) -> date | datetime:
    if isinstance(value, str):
        read = read_temporal(value, to)
        if read is None:
            raise ValueError(f"{value!r} is not a {to}")
        return read
    if to is ColumnType.DATE and isinstance(value, datetime):
        return value.date()
    if to is ColumnType.TIMESTAMP and isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return widened(value, to)  # type: ignore[return-value]
