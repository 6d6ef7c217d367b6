"""The reference meaning of `cast`: a column's values as another type."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from tidemill.domain.formula.calculation import converted
from tidemill.domain.formula.functions import parsed
from tidemill.domain.reference.rows import UnreadableValue
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import CastConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidemill.domain.reference.rows import Row, Rows, Value


def cast_rows(rows: Rows, casts: Mapping[str, ColumnType | CastConfig]) -> Rows:
    """Rows with the columns of `casts` as their new types.

    Raises:
        UnreadableValue: A value cannot be read, and `onError` is `fail`.
    """
    options = {name: how if isinstance(how, CastConfig) else CastConfig(to=how) for name, how in casts.items()}
    return [_cast_row(row, options) for row in rows]


def _cast_row(row: Row, casts: Mapping[str, CastConfig]) -> Row:
    return {name: _cast(value, name, casts[name]) if name in casts else value for name, value in row.items()}


def _cast(value: Value, name: str, how: CastConfig) -> Value:
    if value is None:
        return None
    try:
        read = _read(value, how) if isinstance(value, str) else converted(value, ColumnType(how.to))
    except (ValueError, OverflowError) as error:
        if how.on_error == "missing":
            return None
        raise UnreadableValue(f"`{name}`: {error}", column=name, value=value) from error
    return None if isinstance(read, float) and math.isnan(read) else read


def _read(text: str, how: CastConfig) -> Value:
    """A text as the type that is asked for, rid of what stands around the value."""
    bare = "".join(c for c in text if c not in how.strip)
    to = ColumnType(how.to)
    if how.format and to.is_temporal:
        moment = parsed(bare, how.format)
        if to is ColumnType.DATE:
            return moment.date()
        return moment.replace(tzinfo=dt.UTC) if to is ColumnType.TIMESTAMPTZ else moment
    if to.is_numeric:
        bare = bare.replace(how.thousands or "", "") if how.thousands else bare
        bare = bare.replace(how.decimal, ".")
    return converted(bare, to)
