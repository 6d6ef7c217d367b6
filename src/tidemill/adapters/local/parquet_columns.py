"""The columns of a Parquet file."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from tidemill.adapters.local.found_columns import SAMPLES, FoundColumn, source_schema
from tidemill.domain.column_types import TextColumn, ValueKind, is_marker, kind_of
from tidemill.domain.connectors import ParquetSource
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.table_schema import ColumnType

_LOOKED_AT = 50_000
"""Rows that samples come from; types come from the file itself."""
_TYPES = (
    (r"(?:TINY|SMALL|BIG|U?TINY|USMALL|U)?INT(?:EGER)?|UINTEGER|UTINYINT|USMALLINT", ColumnType.INTEGER),
    (r"FLOAT|DOUBLE|DECIMAL.*|UBIGINT|HUGEINT|UHUGEINT", ColumnType.NUMBER),
    (r"BOOLEAN", ColumnType.BOOLEAN),
    (r"DATE", ColumnType.DATE),
    (r"TIMESTAMP(?:_NS|_MS|_S)?", ColumnType.TIMESTAMP),
    (r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ", ColumnType.TIMESTAMPTZ),
    (r"VARCHAR|UUID|ENUM.*", ColumnType.STRING),
)


def read_parquet(config: ParquetSource, path: Path) -> SourceSchema | Unreadable:
    """The columns of the file, with the types that it states."""
    try:
        with duckdb.connect() as connection:
            # Bound parameters make DuckDB import pandas, which takes longer than all the rest.
            connection.execute(f"CREATE TEMP VIEW file AS SELECT * FROM read_parquet({_quoted(str(path))})")  # noqa: S608 - quoted
            described = [(str(name), str(kind)) for name, kind, *_ in connection.sql("DESCRIBE file").fetchall()]
            untyped = connection.execute(f"SELECT name FROM parquet_schema({_quoted(str(path))}) WHERE logical_type LIKE 'Null%'").fetchall()  # noqa: S608
            rows = int(connection.sql("SELECT count(*) FROM file").fetchall()[0][0])
            names_without_type = {name for (name,) in untyped}
            columns = {name: _column(connection, name, kind, untyped=name in names_without_type) for name, kind in described}
    except duckdb.Error as problem:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} cannot be read as a Parquet file: {' '.join(str(problem).split())[:300]}")
    return source_schema(config, columns, rows=rows)


def _column(connection: duckdb.DuckDBPyConnection, name: str, kind: str, *, untyped: bool) -> FoundColumn:
    column = '"' + name.replace('"', '""') + '"'
    there = bool(connection.sql(f"SELECT 1 FROM file WHERE {column} IS NOT NULL LIMIT 1").fetchall())  # noqa: S608 - quoted
    query = f"SELECT CAST(v AS VARCHAR) FROM (SELECT {column} AS v FROM file LIMIT {_LOOKED_AT}) WHERE v IS NOT NULL"  # noqa: S608 - quoted
    texts = list(dict.fromkeys(v for (v,) in connection.sql(query).fetchall()))
    found = FoundColumn(TextColumn(frozenset({ValueKind.TEXT if there else ValueKind.MISSING})), tuple(texts[:SAMPLES]))
    if untyped:
        return found
    found.type = next((column_type for pattern, column_type in _TYPES if re.fullmatch(pattern, kind)), None)
    if found.type is None:
        found.type = ColumnType.STRING
        found.notes.append(f"is of the type {kind}; it is read as its text")
    elif found.type is ColumnType.STRING:
        found.texts = texts
        found.seen = TextColumn(frozenset(map(kind_of, texts)) or found.seen.kinds, frozenset(t for t in texts if t and is_marker(t)))
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
