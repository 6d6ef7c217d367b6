"""The columns of a large delimited text file, counted by DuckDB under the rules of `column_types`."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tidemill.adapters.local.csv_head import BrokenCsvError, CsvHead
from tidemill.adapters.local.found_columns import SAMPLE_ROWS, SAMPLES, FoundColumn, source_schema
from tidemill.domain.column_types import MARKERS, PATTERNS, TextColumn, ValueKind
from tidemill.domain.connectors import CsvSource
from tidemill.domain.source_schema import SourceSchema

_MOST_TEXTS = 5_000


def read_large_csv(config: CsvSource, path: Path, head: CsvHead) -> SourceSchema:
    """The columns of the first `SAMPLE_ROWS` rows.

    Raises:
        BrokenCsvError: If DuckDB cannot read the file.
    """
    with duckdb.connect() as connection:
        try:
            _load(connection, path, head)
            rows = int(connection.sql("SELECT count(*) FROM texts").fetchall()[0][0])
            columns = {name: _column(connection, f"c{i}") for i, name in enumerate(head.names)}
        except duckdb.Error as problem:
            raise BrokenCsvError(f"cannot be read: {_first_lines(str(problem))}") from problem
    return source_schema(config, columns, rows=rows, notes=head.notes, partial=rows >= SAMPLE_ROWS)


def _load(connection: duckdb.DuckDBPyConnection, path: Path, head: CsvHead) -> None:
    columns = ", ".join(f"c{i}: 'VARCHAR'" for i in range(len(head.names)))
    # Bound parameters make DuckDB import pandas, which takes longer than all the rest.
    connection.execute(
        f"CREATE TEMP TABLE texts AS SELECT * FROM read_csv({_quoted(str(path))}, auto_detect=false, header=true, delim={_quoted(head.delimiter)}, "  # noqa: S608
        f"quote='\"', escape='\"', encoding={_quoted(head.encoding)}, columns={{{columns}}}) LIMIT {SAMPLE_ROWS}"
    )


def _column(connection: duckdb.DuckDBPyConnection, column: str) -> FoundColumn:
    distinct = f"(SELECT {column} AS v, min(rowid) AS first FROM texts WHERE {column} IS NOT NULL GROUP BY 1)"  # noqa: S608
    kinds = frozenset(ValueKind(k) for (k,) in connection.sql(f"SELECT DISTINCT {_kind_sql('v')} FROM {distinct}").fetchall())  # noqa: S608
    missing = connection.sql(f"SELECT count(*) FROM texts WHERE {column} IS NULL").fetchall()[0][0]  # noqa: S608
    markers = connection.sql(f"SELECT v FROM {distinct} WHERE {_marker_sql('v')} LIMIT 100").fetchall()  # noqa: S608
    texts = [v for (v,) in connection.sql(f"SELECT v FROM {distinct} ORDER BY first LIMIT {_MOST_TEXTS + 1}").fetchall()]  # noqa: S608
    seen = TextColumn(kinds | ({ValueKind.MISSING} if missing else set()), frozenset(v for (v,) in markers))
    return FoundColumn(seen, tuple(texts[:SAMPLES]), texts if len(texts) <= _MOST_TEXTS else ())


def _marker_sql(value: str) -> str:
    listed = ", ".join(_quoted(m) for m in sorted(MARKERS))
    return f"(lower(trim({value})) IN ({listed}) OR trim({value}) = '')"


def _kind_sql(value: str) -> str:
    """`column_types.kind_of` as SQL."""
    readable = {
        ValueKind.INTEGER: f"TRY_CAST(trim({value}) AS BIGINT) IS NOT NULL",
        ValueKind.NUMBER: f"NOT regexp_full_match({value}, {_quoted(PATTERNS[ValueKind.INTEGER])}) AND isfinite(TRY_CAST(trim({value}) AS DOUBLE))",
        ValueKind.DATE: f"TRY_CAST({value} AS DATE) IS NOT NULL",
        ValueKind.TIMESTAMP: f"TRY_CAST({value} AS TIMESTAMP) IS NOT NULL AND substr({value}, 12, 2) < '24'",
        ValueKind.TIMESTAMPTZ: f"TRY_CAST({value} AS TIMESTAMPTZ) IS NOT NULL AND substr({value}, 12, 2) < '24'",
    }
    cases = [f"WHEN {_marker_sql(value)} THEN '{ValueKind.MARKER}'"]
    for kind, pattern in PATTERNS.items():
        also = f" AND {readable[kind]}" if kind in readable else ""
        cases.append(f"WHEN regexp_full_match({value}, {_quoted(pattern)}){also} THEN '{kind}'")
    cases.append(f"WHEN regexp_full_match({value}, {_quoted(PATTERNS[ValueKind.INTEGER])}) THEN '{ValueKind.HUGE}'")
    return f"CASE {' '.join(cases)} ELSE '{ValueKind.TEXT}' END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first_lines(message: str) -> str:
    return " ".join(message.split("\n\n", maxsplit=1)[0].split())[:300]
