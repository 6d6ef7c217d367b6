"""The typed config of each source and destination.

The connector is named by `connector`; where it is left out it follows from the other keys (`spreadsheetId` is Google
Sheets, a `path` ending in `.csv` is CSV, a `url` starting with `postgresql://` is PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag

from tidemill.domain.table_schema import DeclaredType
from tidemill.domain.values import SpecModel

SecretRef = Annotated[
    str,
    Field(
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
        description="Where a secret is kept: `env:NAME` for an environment variable, `file:PATH` for a file. Never the secret itself.",
    ),
]
Path = Annotated[str, Field(min_length=1, max_length=1024, description="A path under the project folder, or an s3://, gs:// or az:// URL.")]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Columns = Annotated[
    dict[Name, DeclaredType],
    Field(description="The columns that are read, with their types. Left out: all columns, with the types found at run time."),
]


class WriteMode(StrEnum):
    """What happens to rows that the destination holds already."""

    REPLACE = "replace"
    """The table holds exactly the new rows afterwards."""
    UPSERT = "upsert"
    """Rows with the same `keys` are replaced, others are kept."""
    APPEND = "append"
    """New rows are added: running twice writes them twice."""


class CsvSource(SpecModel):
    """A delimited text file with a header line."""

    connector: Literal["csv"] = "csv"
    path: Path
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"
    null_values: tuple[str, ...] = ("",)
    """Cell texts that mean "missing"."""
    columns: Columns | None = None


class JsonSource(SpecModel):
    """A JSON file holding a list of objects, or an object with such a list at `recordsPath`."""

    connector: Literal["json"] = "json"
    path: Path
    records_path: Annotated[str, Field(description="Dotted path to the list of records; empty for the document itself.")] = ""
    columns: Columns | None = None


class JsonlSource(SpecModel):
    """A file with one JSON object per line."""

    connector: Literal["jsonl"] = "jsonl"
    path: Path
    columns: Columns | None = None


class ParquetSource(SpecModel):
    """A Parquet file."""

    connector: Literal["parquet"] = "parquet"
    path: Path
    columns: Columns | None = None


class SqliteSource(SpecModel):
    """A table or query of a SQLite file."""

    connector: Literal["sqlite"] = "sqlite"
    path: Path
    table: Name | None = None
    query: str | None = None
    """A SELECT statement, instead of `table`."""
    columns: Columns | None = None


class DatabaseConnection(SpecModel):
    """How to reach a database server: `url` without a password and `passwordSecret`, or the whole URL in `urlSecret`."""

    url: str | None = None
    """`postgresql://user@host:5432/database` or `mysql://user@host:3306/database`."""
    url_secret: SecretRef | None = None
    password_secret: SecretRef | None = None


class PostgresSource(DatabaseConnection):
    """A table or query of a PostgreSQL database."""

    connector: Literal["postgres"] = "postgres"
    table: Name | None = None
    """`table` or `schema.table`."""
    query: str | None = None
    columns: Columns | None = None


class MysqlSource(DatabaseConnection):
    """A table or query of a MySQL or MariaDB database."""

    connector: Literal["mysql"] = "mysql"
    table: Name | None = None
    query: str | None = None
    columns: Columns | None = None


class HttpAuth(SpecModel):
    """A secret that is sent in a header."""

    secret: SecretRef
    header: str = "Authorization"
    prefix: str = "Bearer "
    """Put before the secret."""


class HttpPaging(SpecModel):
    """How to ask for the next page of records."""

    kind: Literal["page", "offset", "cursor", "link"]
    """`page`: `parameter`=1, 2, 3 … until a page is empty. `offset`: `parameter`=0, size, 2·size … `cursor`: `parameter` is
    the value at `cursorPath` of the last answer until it is missing. `link`: the `Link: <…>; rel="next"` header."""
    parameter: str = "page"
    start: int = 1
    """First page number; ignored for the other kinds."""
    size: Annotated[int, Field(ge=1, le=100_000)] = 100
    size_parameter: str | None = None
    """Query parameter that asks for `size` records a page."""
    cursor_path: str | None = None
    """Dotted path in the answer to the next cursor."""


class HttpJsonSource(SpecModel):
    """Records of a JSON web API."""

    connector: Literal["httpJson"] = "httpJson"
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    auth: HttpAuth | None = None
    records_path: str = ""
    """Dotted path to the list of records in an answer; empty if the answer is the list."""
    paging: HttpPaging | None = None
    columns: Columns | None = None


class GoogleSheetsSource(SpecModel):
    """A range of a Google Sheets spreadsheet, its first row being the header."""

    connector: Literal["googleSheets"] = "googleSheets"
    spreadsheet_id: Name
    range: Name
    """A1 notation with the sheet's name: `Sales!A1:G1000`, or a sheet's name alone."""
    credentials_path: Path = "credentials.json"
    """Service account file."""
    columns: Columns | None = None


class BigQuerySource(SpecModel):
    """A table or query of BigQuery, read with application default credentials."""

    connector: Literal["bigquery"] = "bigquery"
    project: Name
    table: Name | None = None
    """`dataset.table`."""
    query: str | None = None
    columns: Columns | None = None


class CsvDestination(SpecModel):
    """A delimited text file with a header line; missing values are empty cells."""

    connector: Literal["csv"] = "csv"
    path: Path
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","


class JsonDestination(SpecModel):
    """A JSON file holding one list of objects."""

    connector: Literal["json"] = "json"
    path: Path


class JsonlDestination(SpecModel):
    """A file with one JSON object per line."""

    connector: Literal["jsonl"] = "jsonl"
    path: Path


class ParquetDestination(SpecModel):
    """A Parquet file, zstd-compressed."""

    connector: Literal["parquet"] = "parquet"
    path: Path


class SqliteDestination(SpecModel):
    """A table of a SQLite file; file and table are made if missing."""

    connector: Literal["sqlite"] = "sqlite"
    path: Path
    table: Name
    mode: WriteMode = WriteMode.REPLACE
    keys: tuple[Name, ...] = ()
    """Columns that tell rows apart, for `mode: upsert`."""


class PostgresDestination(DatabaseConnection):
    """A table of a PostgreSQL database; made if missing."""

    connector: Literal["postgres"] = "postgres"
    table: Name
    mode: WriteMode = WriteMode.REPLACE
    keys: tuple[Name, ...] = ()


class MysqlDestination(DatabaseConnection):
    """A table of a MySQL or MariaDB database; made if missing."""

    connector: Literal["mysql"] = "mysql"
    table: Name
    mode: WriteMode = WriteMode.REPLACE
    keys: tuple[Name, ...] = ()


class GoogleSheetsDestination(SpecModel):
    """A sheet of a Google Sheets spreadsheet; made if missing."""

    connector: Literal["googleSheets"] = "googleSheets"
    spreadsheet_id: Name
    sheet_name: Name
    credentials_path: Path = "credentials.json"


class BigQueryDestination(SpecModel):
    """A table of BigQuery."""

    connector: Literal["bigquery"] = "bigquery"
    project: Name
    table: Name
    mode: Literal[WriteMode.REPLACE, WriteMode.APPEND] = WriteMode.REPLACE


FILE_CONNECTORS: Mapping[str, str] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
    ".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite",
}  # fmt: skip
"""Connector by file ending."""
URL_CONNECTORS: Mapping[str, str] = {
    "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql", "http": "httpJson", "https": "httpJson",
}  # fmt: skip
"""Connector by URL scheme."""
CONNECTORS = ("csv", "json", "jsonl", "parquet", "sqlite", "postgres", "mysql", "httpJson", "googleSheets", "bigquery")


def connector_of(config: object) -> str | None:
    """The connector a raw or typed config names, or that follows from its other keys; None if it cannot be told."""
    if not isinstance(config, Mapping):
        return getattr(config, "connector", None)
    if "connector" in config:
        named = config["connector"]
        return named if isinstance(named, str) else None
    if "spreadsheetId" in config or "spreadsheet_id" in config:
        return "googleSheets"
    if "project" in config:
        return "bigquery"
    if isinstance(path := config.get("path"), str):
        return FILE_CONNECTORS.get(PurePosixPath(path.lower()).suffix)
    if isinstance(url := config.get("url"), str):
        return URL_CONNECTORS.get(urlsplit(url).scheme.split("+")[0])
    return None


SourceConfig = Annotated[
    Annotated[CsvSource, Tag("csv")]
    | Annotated[JsonSource, Tag("json")]
    | Annotated[JsonlSource, Tag("jsonl")]
    | Annotated[ParquetSource, Tag("parquet")]
    | Annotated[SqliteSource, Tag("sqlite")]
    | Annotated[PostgresSource, Tag("postgres")]
    | Annotated[MysqlSource, Tag("mysql")]
    | Annotated[HttpJsonSource, Tag("httpJson")]
    | Annotated[GoogleSheetsSource, Tag("googleSheets")]
    | Annotated[BigQuerySource, Tag("bigquery")],
    Discriminator(connector_of),
]
DestinationConfig = Annotated[
    Annotated[CsvDestination, Tag("csv")]
    | Annotated[JsonDestination, Tag("json")]
    | Annotated[JsonlDestination, Tag("jsonl")]
    | Annotated[ParquetDestination, Tag("parquet")]
    | Annotated[SqliteDestination, Tag("sqlite")]
    | Annotated[PostgresDestination, Tag("postgres")]
    | Annotated[MysqlDestination, Tag("mysql")]
    | Annotated[GoogleSheetsDestination, Tag("googleSheets")]
    | Annotated[BigQueryDestination, Tag("bigquery")],
    Discriminator(connector_of),
]
