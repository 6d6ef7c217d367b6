"""Values for sample rows: plain ones a reader takes in at a glance, and telling ones around the bounds of a condition."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tidemill.domain.reference.rows import literal
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import CastConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.reference import Value
    from tidemill.domain.transforms import Condition, Scalar

# One text of each list is not ASCII: encodings and case rules go wrong there first.
_TEXTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("email", "mail"), ("ada@example.com", "björn@example.org", "chloe@example.com", "dmitri@example.net")),
    (("city", "town"), ("Lyon", "Köln", "Porto", "Gdańsk")),
    (("country", "nation"), ("France", "Österreich", "Portugal", "Poland")),
    (("region", "area", "zone", "territory"), ("North", "Süd", "East", "West")),
    (("product", "item", "article", "sku_name"), ("Lamp", "Café table", "Desk", "Chair")),
    (("category", "segment", "type", "kind", "group", "class"), ("Basic", "Élite", "Plus", "Trial")),
    (("status", "state"), ("open", "closed", "geprüft", "waiting")),
    (("name", "customer", "user", "person", "employee", "agent", "owner", "author", "contact"), ("Ada", "Björn", "Chloe", "Dmitri")),
    (("phone", "mobile"), ("+33 1 23 45", "+49 221 99", "+351 21 00", "+48 58 11")),
    (("currency",), ("EUR", "USD", "GBP", "CHF")),
    (("url", "link", "page", "path"), ("/start", "/über-uns", "/shop", "/help")),
    (("id", "code", "sku", "key", "number", "no", "ref"), ("A-1", "B-2", "C-3", "D-4")),
)  # fmt: skip
_OTHER_TEXTS = ("alpha", "bêta", "gamma", "delta")
_RATES = ("rate", "ratio", "share", "percent", "discount", "tax", "vat", "probability", "margin")
_PRICES = ("price", "amount", "cost", "total", "revenue", "value", "salary", "fee", "balance", "net", "gross", "sales", "spend")
_IDS = ("id", "no", "number", "code", "key")
_DAY = dt.date(2024, 1, 31)
_MOMENT = dt.datetime(2024, 3, 1, 9, 30)


def plain_values(name: str, kind: ColumnType) -> tuple[Value, ...]:
    """Four or more different values that fit a column of that name and type; two of a boolean one."""
    words = frozenset(name.lower().replace("-", "_").replace(" ", "_").split("_"))
    if kind is ColumnType.BOOLEAN:
        return True, False
    if kind is ColumnType.INTEGER:
        return _integers(words)
    if kind is ColumnType.NUMBER:
        return _numbers(words)
    if kind is ColumnType.DATE:
        return tuple(_DAY + dt.timedelta(days=n) for n in (0, 29, -31, 366, 1, 60, -1, 7))
    if kind.is_temporal:
        zone = dt.UTC if kind is ColumnType.TIMESTAMPTZ else None
        return tuple((_MOMENT + dt.timedelta(hours=n)).replace(tzinfo=zone) for n in (0, 5, -24, 24 * 31, 1, 14, 15, -1))
    return next((texts for hints, texts in _TEXTS if words & set(hints) or any(name.lower().endswith(h) for h in hints)), _OTHER_TEXTS)


def _integers(words: frozenset[str]) -> tuple[int, ...]:
    if words & set(_IDS):
        return 101, 102, 103, 104, 105, 106, 107, 108
    if "year" in words:
        return 2024, 2023, 2022, 2025, 2021, 2020, 2019, 2018
    if "month" in words:
        return 3, 1, 12, 7, 2, 6, 9, 11
    return (30, 45, 18, 62, 17, 21, 65, 70) if "age" in words else (3, 2, 5, 8, 1, 10, 4, 100)


def _numbers(words: frozenset[str]) -> tuple[float, ...]:
    if words & set(_RATES):
        return 0.1, 0.25, 0.0, 0.5, 0.2, 0.05, 0.75, 1.0
    if words & set(_PRICES):
        return 20.0, 12.5, 99.9, 250.0, 5.0, 1200.0, 48.0, 75.0
    return 4.0, 2.5, 10.0, 0.75, 120.0, 7.0, 30.0, 1000.0


def telling_values(condition: Condition, kind: ColumnType) -> tuple[Value, ...]:
    """Values at, just inside and just outside each bound of a condition, its members and near misses of its texts."""
    values: list[Value] = []
    for part, operand in condition.parts:
        for given in operand if isinstance(operand, tuple) else (operand,):
            if part in ("contains", "not_contains", "starts_with", "ends_with"):
                values += _around_text(str(given))
            elif part == "matches":
                values += _text_for_pattern(str(given))
            elif part != "is_null":
                values += around(given, kind)
    return tuple(dict.fromkeys(values))


def around(given: Scalar, kind: ColumnType) -> list[Value]:
    """A literal as a value of the column it is compared with, and its nearest readable neighbours."""
    try:
        value = literal(given, kind)
    except ValueError:
        return []
    return [value, *neighbours(value)]


def neighbours(value: Value) -> list[Value]:
    """The nearest readable values below and above; of a text the same in other case and a longer one."""
    if isinstance(value, bool) or value is None:
        return [not value] if value is not None else []
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        step = 0.01 if abs(value) >= 1 or value == 0 else abs(value) / 100
        return [round(value + step, 12), round(value - step, 12)]
    if isinstance(value, dt.datetime):
        return [value + dt.timedelta(seconds=1), value - dt.timedelta(seconds=1)]
    if isinstance(value, dt.date):
        return [value + dt.timedelta(days=1), value - dt.timedelta(days=1)]
    return [_other_case(value), f"{value} x"]


def _other_case(text: str) -> str:
    return text.upper() if text != text.upper() else text.lower()


def _around_text(text: str) -> list[Value]:
    return [f"{text} and more", f"before {text}", f"in {text} between", text, f"{_other_case(text)} and {_other_case(text)}"]


def _text_for_pattern(pattern: str) -> list[Value]:
    """Texts of which one or other may match; which do is found by trying."""
    bare = "".join(c for c in pattern if c not in r"\^$.*+?()[]{}|")
    return [bare, f"x{bare}x", _other_case(bare), "ABC-123", "abc", "12345", "2024-01-31", "ada@example.com", "a b"]


def as_text(value: Value, how: CastConfig) -> str | None:
    """The text that a `cast` with these options reads as `value`."""
    if value is None:
        return None
    if isinstance(value, dt.date) and how.format:
        return value.strftime(how.format)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        digits = f"{value:,}" if how.thousands else f"{value}"
        text = digits.replace(",", "\0").replace(".", how.decimal).replace("\0", how.thousands or "")
        return f"{text}{how.strip[:1]}"
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def distinct_values(name: str, kind: ColumnType, count: int) -> Sequence[Value]:
    """`count` different values, for keys; fewer if the type has fewer."""
    values = list(dict.fromkeys(plain_values(name, kind)))
    if kind is ColumnType.BOOLEAN:
        return values[:count]
    number = 1
    while len(values) < count:
        values.append(_further(values[number % 4], number))
        number += 1
    return values[:count]


def _further(value: Value, number: int) -> Value:
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1000 + number)
    return f"{value} {number + 1}" if isinstance(value, str) else (value or 0) + 1000 + number
