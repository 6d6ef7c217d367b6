"""The conversions that a generated pipeline.py holds: those of the column types it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType
from tidemill.render.python_text import IBIS_TYPES, text_source

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_CONVERSIONS = {
    ColumnType.STRING: ("_to_text", "a text"),
    ColumnType.INTEGER: ("_to_integer", "a whole number"),
    ColumnType.NUMBER: ("_to_number", "a number"),
    ColumnType.BOOLEAN: ("_to_boolean", "true or false"),
    ColumnType.DATE: ("_to_date", "a date such as 2025-01-31"),
    ColumnType.TIMESTAMP: ("_to_timestamp", "a date and time such as 2025-01-31 09:30:00"),
    ColumnType.TIMESTAMPTZ: ("_to_instant", "a date and time with a zone such as 2025-01-31 09:30:00+00:00"),
}


def conversions_source(kinds: AbstractSet[ColumnType]) -> str:
    """Source of `_CONVERSIONS` (functions by type) and `_KINDS` (types in words) for the types of a pipeline's columns."""
    used = {t: c for t, c in _CONVERSIONS.items() if t in kinds or t is ColumnType.STRING}
    functions = "\n".join(f"    {text_source(IBIS_TYPES[t])}: {function}," for t, (function, _) in used.items())
    words = "\n".join(f"    {text_source(IBIS_TYPES[t])}: {text_source(told)}," for t, (_, told) in used.items())
    return f"_CONVERSIONS: dict[str, Callable[[object], object]] = {{\n{functions}\n}}\n\n_KINDS = {{\n{words}\n}}\n"
