"""The functions of a generated pipeline.py that load its sources and write its destinations, and their constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

from tidemill.domain.connectors import (
    BigQueryDestination,
    BigQuerySource,
    CsvDestination,
    CsvSource,
    GoogleSheetsDestination,
    GoogleSheetsSource,
    HttpJsonSource,
    JsonDestination,
    JsonlDestination,
    JsonlSource,
    JsonSource,
    MysqlDestination,
    MysqlSource,
    ParquetDestination,
    ParquetSource,
    PostgresDestination,
    PostgresSource,
    SqliteDestination,
    SqliteSource,
    WriteMode,
)
from tidemill.domain.table_schema import ColumnType
from tidemill.render.http_py import http_lines
from tidemill.render.names import load_name, write_name
from tidemill.render.python_text import IBIS_TYPES, text_source
from tidemill.render.words import destination_words, one_line, source_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.pipeline import DestinationStep, SourceStep
    from tidemill.render.plan import Plan

_DRIVERS = {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_COPY = {
    "csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY true", "jsonl": "FORMAT json", "parquet": "FORMAT parquet, COMPRESSION zstd",
}  # fmt: skip


@dataclass
class ConnectorText:
    """One load or write function with what it needs at the top of the file."""

    prefix: str
    """Upper-case name that its constants begin with."""
    constants: dict[str, str] = field(default_factory=dict)
    """Source by name."""
    lines: list[str] = field(default_factory=list)
    """The body of the function."""
    retries: bool = True
    """False if the body retries by itself, page by page."""

    def constant(self, name: str, source: str) -> str:
        """Adds a constant and gives its name."""
        full = f"{self.prefix}_{name}"
        self.constants[full] = source
        return full


def load_function(plan: Plan, step: SourceStep) -> tuple[dict[str, str], str]:
    """The constants of a source, and the function that loads it."""
    identifier = plan.names[step.name]
    text = ConnectorText(identifier.upper())
    columns, others = read_columns(plan, step)
    _load_lines(text, step, others=others)
    text.constant("COLUMNS", _columns_source(columns))
    kept = ", cache=True" if plan.is_kept(step.name) and isinstance(step.config, (CsvSource, ParquetSource)) else ""
    said = one_line(step.description) or f"Loads {source_words(step.config)}"
    head = [f"@step({text_source(step.name)}{kept})", *(["@_retry"] if text.retries else [])]
    return text.constants, "\n".join([*head, f"def {load_name(identifier)}(con: BaseBackend) -> ir.Table:", *_body(said, text.lines)])


def read_columns(plan: Plan, step: SourceStep) -> tuple[dict[str, ColumnType], bool]:
    """The columns to read with their types, and whether the others are read as well.

    Only what later steps use is read. A column that is not declared has the type its use asks for, or UNKNOWN.
    """
    schema, needed = plan.flow.outputs[step.name], plan.needed.get(step.name)
    if needed is None:
        return dict(schema.columns), not schema.complete
    columns = {n: t for n, t in schema.columns.items() if n in needed}
    if schema.complete:
        # A table needs a column to have rows.
        return columns or dict(list(schema.columns.items())[:1]), False
    return columns | dict.fromkeys(sorted(needed - set(columns)), ColumnType.UNKNOWN), not needed


def write_function(plan: Plan, step: DestinationStep) -> tuple[dict[str, str], str]:
    """The constants of a destination, and the function that writes it."""
    identifier = plan.names[step.name]
    text = ConnectorText(identifier.upper())
    if text.prefix in {plan.names[s.name].upper() for s in plan.sources}:
        text.prefix += "_OUTPUT"
    _write_lines(text, step)
    said = one_line(step.description) or f"Writes {destination_words(step.config)}"
    head = [f"@write({text_source(step.name)})", "@_retry", f"def {write_name(identifier)}(table: ir.Table) -> int:"]
    return text.constants, "\n".join([*head, *_body(said, text.lines)])


def _body(said: str, lines: Sequence[str]) -> list[str]:
    return [f"    {docstring(said)}", *(f"    {line}" if line else "" for line in lines)]


def docstring(text: str) -> str:
    """One line of docstring, whatever the text holds."""
    safe = one_line(text).replace("\\", "\\\\").replace('"""', "'''").rstrip(".").strip()
    if safe.endswith('"'):
        safe += " "
    return f'"""{safe}."""'


def _columns_source(columns: Mapping[str, ColumnType]) -> str:
    """A dict literal, one column a line."""
    cells = [f"{text_source(n)}: {'None' if t is ColumnType.UNKNOWN else text_source(IBIS_TYPES[t])}," for n, t in columns.items()]
    return "{\n" + "\n".join(f"    {c}" for c in cells) + "\n}" if cells else "{}"


def _load_lines(text: ConnectorText, step: SourceStep, *, others: bool) -> None:
    config, more = step.config, ", others=True" if others else ""
    columns = f"{text.prefix}_COLUMNS"
    if isinstance(config, CsvSource):
        text.lines = [f"return _read_csv(con, {_source_file(text, config.path)}, {columns}{_csv_options(config)}{more})"]
    elif isinstance(config, ParquetSource):
        text.lines = [f"return _read_parquet(con, {_source_file(text, config.path)}, {columns}{more})"]
    elif isinstance(config, JsonSource):
        records = text.constant("RECORDS_PATH", text_source(config.records_path)) if config.records_path else '""'
        text.lines = [f"path = {_source_file(text, config.path)}", f"return _table_of(con, _read_json(path, {records}), {columns}, place=path{more})"]
    elif isinstance(config, JsonlSource):
        text.lines = [f"path = {_source_file(text, config.path)}", f"return _table_of(con, _read_jsonl(path), {columns}, place=path{more})"]
    elif isinstance(config, SqliteSource):
        engine = f'_sqlite({_source_file(text, config.path)}, "ro")'
        text.lines = [_database_read(text, engine, config, f"{columns}{more}")]
    elif isinstance(config, (PostgresSource, MysqlSource)):
        text.lines = [_database_read(text, _engine(text, config), config, f"{columns}{more}")]
    elif isinstance(config, HttpJsonSource):
        text.retries = False
        text.lines = http_lines(config, text.constant, columns, more)
    elif isinstance(config, GoogleSheetsSource):
        opened = _spreadsheet(text, config.spreadsheet_id, config.credentials_path)
        cells = text.constant("RANGE", text_source(config.range))
        text.lines = [
            f"records = _sheet_records({opened}, {cells}, {columns})",
            f'return _table_of(con, records, {columns}, place=f"range {{{cells}}}"{more})',
        ]
    elif isinstance(config, BigQuerySource):
        project = text.constant("PROJECT", text_source(config.project))
        query = text.constant("QUERY", text_source(config.query or f"SELECT * FROM `{config.project}.{config.table}`"))  # noqa: S608 - a name from the spec, shown to a person
        text.lines = [f"return _bigquery_table(con, {project}, {query}, {columns}{more})"]
    else:
        assert_never(config)


def _source_file(text: ConnectorText, path: str) -> str:
    name = text.constant("PATH", text_source(path))
    return f"_download({name})" if "://" in path else f"_existing({name})"


def _csv_options(config: CsvSource) -> str:
    options = f", delimiter={text_source(config.delimiter)}" if config.delimiter != "," else ""
    options += f", encoding={text_source(config.encoding)}" if config.encoding != "utf-8" else ""
    return options + (f", null_values={list(config.null_values)!r}" if config.null_values != ("",) else "")


def _database_read(text: ConnectorText, engine: str, config: SqliteSource | PostgresSource | MysqlSource, columns: str) -> str:
    if config.table is not None:
        return f"return _read_table(con, {engine}, {text.constant('TABLE', text_source(config.table))}, {columns})"
    return f"return _read_query(con, {engine}, {text.constant('QUERY', long_text(config.query or ''))}, {columns})"


def long_text(text: str) -> str:
    """A text of several lines in triple quotes, where it can stand there as it is."""
    if "\n" in text.strip() and '"""' not in text and "\\" not in text and not text.rstrip().endswith('"'):
        return f'"""\\\n{text.strip()}\n"""'
    return text_source(text)


def _engine(text: ConnectorText, config: PostgresSource | MysqlSource | PostgresDestination | MysqlDestination) -> str:
    """The call that makes the connections, all secrets read at run time."""
    driver = text_source(_DRIVERS[config.connector])
    if config.url_secret:
        return f"_engine({driver}, _secret({text.constant('URL_SECRET', text_source(config.url_secret))}))"
    url = text.constant("URL", text_source(config.url or ""))
    if config.password_secret:
        return f"_engine({driver}, {url}, _secret({text.constant('PASSWORD_SECRET', text_source(config.password_secret))}))"
    return f"_engine({driver}, {url})"


def _spreadsheet(text: ConnectorText, spreadsheet_id: str, credentials_path: str) -> str:
    spreadsheet = text.constant("SPREADSHEET_ID", text_source(spreadsheet_id))
    credentials = text.constant("CREDENTIALS_PATH", text_source(credentials_path))
    return f"_spreadsheet({spreadsheet}, {credentials})"


def _write_lines(text: ConnectorText, step: DestinationStep) -> None:
    config = step.config
    if isinstance(config, (CsvDestination, JsonDestination, JsonlDestination, ParquetDestination)):
        options = _COPY[config.connector]
        if isinstance(config, CsvDestination) and config.delimiter != ",":
            options += f", DELIMITER '{config.delimiter.replace(chr(39), chr(39) * 2)}'"
        path = text.constant("PATH", text_source(config.path))
        place = f"_upload(table, {path}" if "://" in config.path else f"_write_file(table, _path({path})"
        text.lines = [f"return {place}, {text_source(options)})"]
    elif isinstance(config, SqliteDestination):
        path = text.constant("PATH", text_source(config.path))
        text.lines = [
            f"path = _path({path})",
            "path.parent.mkdir(parents=True, exist_ok=True)",
            "table = _times_as_text(table)",
            *_database_write(text, '_sqlite(path, "rwc")', config.table, config.mode, config.keys),
        ]
    elif isinstance(config, (PostgresDestination, MysqlDestination)):
        text.lines = _database_write(text, _engine(text, config), config.table, config.mode, config.keys)
    elif isinstance(config, GoogleSheetsDestination):
        opened = _spreadsheet(text, config.spreadsheet_id, config.credentials_path)
        sheet = text.constant("SHEET_NAME", text_source(config.sheet_name))
        text.lines = [f"return _write_sheet(table, {opened}, {sheet})"]
    elif isinstance(config, BigQueryDestination):
        project, table = text.constant("PROJECT", text_source(config.project)), text.constant("TABLE", text_source(config.table))
        disposition = "WRITE_TRUNCATE" if config.mode is WriteMode.REPLACE else "WRITE_APPEND"
        text.lines = [f"return _write_bigquery(table, {project}, {table}, {text_source(disposition)})"]
    else:
        assert_never(config)


def _database_write(text: ConnectorText, engine: str, table: str, mode: WriteMode, keys: Sequence[str]) -> list[str]:
    name = text.constant("TABLE", text_source(table))
    lines = [f"with _transaction({engine}) as connection:", f"    target = _target(connection, {name}, table.schema())"]
    if mode is WriteMode.REPLACE:
        lines.append("    connection.execute(target.delete())")
    elif mode is WriteMode.UPSERT:
        listed = text.constant("KEYS", f"[{', '.join(map(text_source, keys))}]")
        lines.append(f"    _delete_keys(connection, target, table, {listed})")
    return [*lines, "    return _insert(connection, target, table)"]


def secrets_of(config: object) -> list[str]:
    """The references to secrets that a source or destination needs at run time."""
    found = [getattr(config, "url_secret", None), getattr(config, "password_secret", None)]
    auth = getattr(config, "auth", None)
    return [s for s in [*found, auth.secret if auth else None] if s]


def scheme_of(config: object) -> str:
    """The URL scheme of a file in an object store, empty for a local one."""
    path = str(getattr(config, "path", ""))
    return urlsplit(path).scheme if "://" in path else ""
