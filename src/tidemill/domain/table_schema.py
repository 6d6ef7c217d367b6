"""Column types and table schemas, as every part of Tidemill speaks of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class ColumnType(StrEnum):
    """The type of a column's values; a missing value (null) fits every type."""

    STRING = "string"
    INTEGER = "integer"
    """64-bit signed."""
    NUMBER = "number"
    """64-bit IEEE 754."""
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    """Date and time without a time zone, microseconds."""
    TIMESTAMPTZ = "timestamptz"
    """An instant, kept in UTC, microseconds."""
    UNKNOWN = "unknown"
    """Not known before the run: the source's header could not be read, or the column is empty in it. Never written in a spec."""

    @property
    def is_numeric(self) -> bool:
        return self in (ColumnType.INTEGER, ColumnType.NUMBER)

    @property
    def is_temporal(self) -> bool:
        return self in (ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ)


DeclaredType = Literal[
    ColumnType.STRING, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.TIMESTAMPTZ
]  # fmt: skip
"""A type as a spec may give it."""


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table, in order."""

    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    complete: bool = True
    """False if there may be further columns that are not known before the run."""

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)


def common_type(one: ColumnType, other: ColumnType) -> ColumnType | None:
    """The type that holds values of both, None if there is none without a cast."""
    if one == other or other is ColumnType.UNKNOWN:
        return one
    if one is ColumnType.UNKNOWN:
        return other
    if one.is_numeric and other.is_numeric:
        return ColumnType.NUMBER
    if {one, other} == {ColumnType.DATE, ColumnType.TIMESTAMP}:
        return ColumnType.TIMESTAMP
    return None
