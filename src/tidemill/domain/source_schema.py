"""What a look at a source found in it, for the drafter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tidemill.domain.connectors import SourceConfig
from tidemill.domain.table_schema import TableSchema
from tidemill.domain.transforms import CastConfig


class Obstacle(StrEnum):
    """Why a source could not be looked at."""

    REMOTE = "remote"
    """It is a server, a web address or an object store: a draft makes no connection."""
    MISSING = "missing"
    """There is no such file yet."""
    EMPTY = "empty"
    """The file is there and holds nothing, not even the names of its columns."""
    BROKEN = "broken"
    """The file is there, and a run would fail on it as well."""
    CHOICE = "choice"
    """It holds several tables or lists, and the config does not say which."""


@dataclass(frozen=True)
class Unreadable:
    """A source that could not be looked at."""

    why: Obstacle
    reason: str
    """One or two sentences for a person, with what to do."""
    choices: tuple[str, ...] = ()
    """With `Obstacle.CHOICE`: the names of the tables, or the `recordsPath` values, that there are."""


@dataclass(frozen=True)
class SourceSchema:
    """The columns a source really has, and how to read them."""

    schema: TableSchema
    """A column in which no value was seen is UNKNOWN here, unless the file itself states its type."""
    config: SourceConfig
    """The config given, completed: delimiter, encoding, null values, table, records path, and all columns with their types
    (a column in which no value was seen is a string there). What the config given had set is kept."""
    empty_columns: frozenset[str] = frozenset()
    """Columns in which no value was seen."""
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Up to 50 distinct values per column, as text, in the order of the source; all of them where there are fewer than 50."""
    casts: Mapping[str, CastConfig] = field(default_factory=dict)
    """For a text column that holds numbers or times in another notation: the cast that reads every value seen. None is offered
    where the notation can be read in two ways (01/02/2025)."""
    row_count_hint: int | None = None
    """Rows that were looked at; all of them, unless a note says otherwise."""
    notes: tuple[str, ...] = ()
    """What a person should know of: markers kept as text, odd notations, a sample instead of all rows."""
