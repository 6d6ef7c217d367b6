"""The columns of a table or query of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tidemill.adapters.local.found_columns import SAMPLE_ROWS, SAMPLES, FoundColumn, source_schema
from tidemill.domain.column_types import TextColumn, ValueKind, is_marker, kind_of
from tidemill.domain.connectors import SqliteSource
from tidemill.domain.nearest import suggest
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.table_schema import ColumnType

_MOST_STEPS = 200_000_000
"""Virtual machine instructions a query may take, some seconds: a draft must not hang on a recursive one."""
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_PRAGMA}
_TYPED_TEXTS = (ValueKind.DATE, ValueKind.TIMESTAMP, ValueKind.TIMESTAMPTZ)
_DECLARED = (
    ("BOOL", ColumnType.BOOLEAN), ("TIMESTAMP", ColumnType.TIMESTAMP), ("DATETIME", ColumnType.TIMESTAMP), ("DATE", ColumnType.DATE),
    ("INT", ColumnType.INTEGER), ("CHAR", ColumnType.STRING), ("TEXT", ColumnType.STRING), ("CLOB", ColumnType.STRING), ("REAL", ColumnType.NUMBER),
    ("FLOA", ColumnType.NUMBER), ("DOUB", ColumnType.NUMBER), ("NUMERIC", ColumnType.NUMBER), ("DECIMAL", ColumnType.NUMBER),
)  # fmt: skip


def read_sqlite(config: SqliteSource, path: Path) -> SourceSchema | Unreadable:
    """The columns of the table or query; the only table, if none is named. The file is opened for reading only."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
            connection.set_progress_handler(_Budget().spent, 1_000_000)
            return _read(config, connection)
    except sqlite3.DatabaseError as problem:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} cannot be read as a SQLite database: {problem}.")


class _Budget:
    """Ends a query that takes too long."""

    def __init__(self) -> None:
        self.steps = 0

    def spent(self) -> bool:
        self.steps += 1_000_000
        return self.steps > _MOST_STEPS


def _read(config: SqliteSource, connection: sqlite3.Connection) -> SourceSchema | Unreadable:
    listing = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [t for (t,) in connection.execute(listing)]
    declared: dict[str, ColumnType] = {}
    if config.query:
        query = f"SELECT * FROM ({config.query.strip().rstrip(';')})"  # noqa: S608 - read only, by the authorizer
    else:
        found = _table(config, tables)
        if isinstance(found, Unreadable):
            return found
        config = config.model_copy(update={"table": found})
        quoted = '"' + found.replace('"', '""') + '"'
        declared = {name: t for _, name, text, *_ in connection.execute(f"PRAGMA table_info({quoted})") if (t := _declared(text))}
        query = f"SELECT * FROM {quoted}"  # noqa: S608 - quoted
    cursor = connection.execute(f"{query} LIMIT {SAMPLE_ROWS}")
    names = [d[0] for d in cursor.description]
    if len({n.casefold() for n in names}) < len(names):
        return Unreadable(Obstacle.BROKEN, f"The query on {config.path!r} gives two columns the same name; name them with AS.")
    rows = cursor.fetchall()
    columns = {name: _column([row[i] for row in rows], declared.get(name)) for i, name in enumerate(names)}
    notes = [f"Tables in the file: {', '.join(f'`{t}`' for t in tables)}."] if len(tables) > 1 and not config.query else []
    return source_schema(config, columns, rows=len(rows), notes=notes, partial=len(rows) >= SAMPLE_ROWS)


def _table(config: SqliteSource, tables: Sequence[str]) -> str | Unreadable:
    if config.table is None and len(tables) == 1:
        return tables[0]
    if config.table is None:
        if not tables:
            return Unreadable(Obstacle.EMPTY, f"{config.path!r} holds no table.")
        listed = ", ".join(f"`{t}`" for t in tables)
        return Unreadable(Obstacle.CHOICE, f"{config.path!r} holds several tables: {listed}. Say which one is read.", tuple(tables))
    same = [t for t in tables if t.casefold() == config.table.casefold()]
    if not same:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} has no table {config.table!r}. {suggest(config.table, tables)}".strip(), tuple(tables))
    return same[0]


def _declared(text: str) -> ColumnType | None:
    return next((column_type for part, column_type in _DECLARED if part in text.upper()), None)


def _column(values: Sequence[object], declared: ColumnType | None) -> FoundColumn:
    distinct = list(dict.fromkeys(values))
    kinds = frozenset(_kind(v) for v in distinct)
    there = [v for v in distinct if v is not None]
    texts = [v for v in there if isinstance(v, str)]
    found = FoundColumn(TextColumn(kinds, frozenset(t for t in texts if t and is_marker(t))), tuple(str(v) for v in there[:SAMPLES]),
                        texts if len(texts) == len(there) else ())  # fmt: skip
    if not there:
        found.type = declared
    elif declared is ColumnType.BOOLEAN and set(there) <= {0, 1}:
        found.type = ColumnType.BOOLEAN
    elif declared is ColumnType.NUMBER and kinds <= {ValueKind.INTEGER, ValueKind.NUMBER, ValueKind.MISSING}:
        found.type = ColumnType.NUMBER
    elif declared is ColumnType.TIMESTAMP and kinds <= {ValueKind.DATE, ValueKind.MISSING}:
        found.type = ColumnType.TIMESTAMP
    if any(isinstance(v, bytes) for v in there):
        found.notes.append("holds binary data, which no transform can use")
    elif texts and len(texts) < len(there):
        found.notes.append("holds values of several types; it is read as text")
    return found


def _kind(value: object) -> ValueKind:
    if value is None:
        return ValueKind.MISSING
    if isinstance(value, int):
        return ValueKind.INTEGER
    if isinstance(value, float):
        return ValueKind.NUMBER
    kind = kind_of(value) if isinstance(value, str) else ValueKind.NESTED
    return kind if kind in _TYPED_TEXTS else ValueKind.TEXT
