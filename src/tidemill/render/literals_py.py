"""Literals of a spec as Python source, as the type of the column they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.table_schema import ColumnType
from tidemill.render.python_text import text_source

if TYPE_CHECKING:
    from tidemill.domain.transforms import Scalar


def literal_source(value: Scalar, kind: ColumnType) -> str:
    """A literal; ISO text becomes a date or time where the column holds such."""
    if isinstance(value, str) and kind is ColumnType.DATE:
        return f"ibis.date({text_source(value)})"
    if isinstance(value, str) and kind is ColumnType.TIMESTAMP:
        return f"ibis.timestamp({text_source(value)})"
    if isinstance(value, str) and kind is ColumnType.TIMESTAMPTZ:
        return f"""ibis.literal({text_source(value)}).cast("timestamp('UTC')")"""
    if isinstance(value, int) and not isinstance(value, bool) and kind is ColumnType.NUMBER:
        return repr(float(value))
    return text_source(value) if isinstance(value, str) else repr(value)
