"""Makes a `SourceSchema` of what was seen in the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.domain.column_types import TextColumn, ValueKind, notation, suggest_cast
from tidemill.domain.connectors import CsvSource, JsonlSource, JsonSource, ParquetSource, SqliteSource
from tidemill.domain.source_schema import SourceSchema
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import CastConfig

SAMPLE_ROWS = 200_000
"""Rows that are looked at; half a second's work."""
SAMPLES = 50

LocalSource = CsvSource | JsonSource | JsonlSource | ParquetSource | SqliteSource


@dataclass
class FoundColumn:
    """A column of a file."""

    seen: TextColumn
    samples: tuple[str, ...] = ()
    texts: Sequence[str] = ()
    """Distinct texts by which a cast can be judged; empty if there are too many."""
    type: ColumnType | None = None
    """The type stated by the file, if it states types."""
    notes: list[str] = field(default_factory=list)

    @property
    def column_type(self) -> ColumnType:
        return self.type or self.seen.type


def source_schema(
    config: LocalSource, columns: Mapping[str, FoundColumn], *, rows: int, notes: Sequence[str] = (), partial: bool = False
) -> SourceSchema:
    """Types, casts and notes of the columns, and the config that reads them; declared columns keep their declared type."""
    said = list(notes)
    if partial:
        said.append(f"Types were told from the first {rows:,} rows.")
    nulls = _null_values(config, columns, said)
    declared = config.columns or {}
    types = {name: declared.get(name, found.column_type) for name, found in columns.items()}
    types |= {name: column_type for name, column_type in declared.items() if name not in types}
    casts: dict[str, CastConfig] = {}
    for name, found in columns.items():
        said += [f"`{name}` {note}." for note in found.notes]
        if types[name] is not ColumnType.STRING:
            continue
        if cast := suggest_cast(found.texts):
            casts[name] = cast
        if note := notation(found.texts) or _markers_note(found):
            said.append(f"`{name}` {note}.")
    written = {name: ColumnType.STRING if t is ColumnType.UNKNOWN else t for name, t in types.items()}
    update: dict[str, object] = {"columns": written} | ({"null_values": nulls} if isinstance(config, CsvSource) else {})
    return SourceSchema(
        schema=TableSchema(types),
        config=config.model_copy(update=update),
        empty_columns=frozenset(name for name, found in columns.items() if found.seen.kinds <= {ValueKind.MISSING}),
        samples={name: found.samples for name, found in columns.items()},
        casts=casts,
        row_count_hint=rows,
        notes=tuple(dict.fromkeys(said)),
    )


def _null_values(config: LocalSource, columns: Mapping[str, FoundColumn], said: list[str]) -> tuple[str, ...]:
    """The null values of a CSV file, with the markers that stand among numbers and dates.

    They count for the whole file; so a column of numbers stays text where a marker of it is a text of another column.
    """
    if not isinstance(config, CsvSource):
        return ()
    typed = {name: found for name, found in columns.items() if found.seen.markers and found.column_type is not ColumnType.STRING}
    in_texts = {m for name, found in columns.items() if name not in typed for m in found.seen.markers}
    nulls = list(config.null_values)
    for name, found in typed.items():
        if shared := sorted(found.seen.markers & in_texts):
            found.type = ColumnType.STRING
            said.append(f"`{name}` holds {shared[0]!r} among its {found.seen.type}s; as other columns hold that as text, it is kept as text.")
            continue
        added = [m for m in sorted(found.seen.markers) if m not in nulls]
        nulls += added
        said += [f"{m!r} in `{name}` is read as a missing value." for m in added]
    return tuple(nulls)


def _markers_note(found: FoundColumn) -> str:
    if not found.seen.markers:
        return ""
    return f"holds {', '.join(repr(m) for m in sorted(found.seen.markers)[:3])} as text, not as missing values"
