"""Source of the helpers of a generated pipeline.py that read files, databases and services into tables.

Plain Python as it appears in the generated file; `library.py` picks the definitions that a pipeline needs, in the order they stand here. A line
that ends with `#~found` is there only if the pipeline finds types of columns when it runs, one with `#~declared` only if it does not.
"""

COMMON = r'''
# Names and types of columns; None stands for the type that the values turn out to have.  #~found
Columns = Mapping[str, str | None]  #~found
Columns = Mapping[str, str]  #~declared

BATCH_ROWS = 50_000
CONNECT_TIMEOUT_S = 10
HTTP_TIMEOUT_S = 60
SHEETS_TIMEOUT_S = 60
SHEETS_SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]
MAX_RETRY_AFTER_S = 300.0
KEYS_PER_DELETE = 500


def _require(place: object, present: Collection[str], wanted: Iterable[str]) -> None:
    """Stops with a clear message if a source or a target lacks columns."""
    if missing := [name for name in wanted if name not in present]:
        raise PipelineError(f"{place} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, present))}")
'''

FILES = r'''
@ibis.udf.scalar.builtin(name="error")
def _stop(message: str) -> str:
    """DuckDB's function that ends a query with a message."""
    raise NotImplementedError


def _file_reader(con: BaseBackend) -> BaseBackend:
    """DuckDB reads the files, also where the transforms run on another backend."""
    return con if con.name == "duckdb" else _in_utc(ibis.duckdb.connect())


def _on_backend(con: BaseBackend, table: ir.Table) -> ir.Table:
    """The table on the backend of the transforms; DuckDB reads its files when they are needed."""
    if con.name == "duckdb":
        return table
    return con.create_table(ibis.util.gen_name("source"), table.to_pyarrow(), temp=True)


def _read_csv(
    con: BaseBackend,
    path: Path,
    columns: Columns,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null_values: Sequence[str] = ("",),
    others: bool = False,  #~found
) -> ir.Table:
    """The columns of a delimited file, checked against their types; with `others` the further ones, too."""  #~found
    """The columns of a delimited file, checked against their types."""  #~declared
    header = _csv_header(path, delimiter, encoding)
    _require(path, header, columns)
    kinds = {name: _CSV_TYPES.get(columns.get(name) or "", "VARCHAR") for name in header}  #~found
    kinds = {name: _CSV_TYPES.get(columns.get(name, ""), "VARCHAR") for name in header}  #~declared
    options = {"delim": delimiter, "quote": '"', "escape": '"', "nullstr": list(null_values), "encoding": encoding}
    table = _file_reader(con).read_csv(str(path), columns=kinds, header=True, buffer_size=CSV_BUFFER_BYTES, **options)
    wanted = dict.fromkeys(header) | dict(columns) if others else dict(columns)  #~found
    types = wanted | _found_in_text(table, [name for name, kind in wanted.items() if kind is None])  #~found
    parsed = {name: _parsed(table[name], kind or "string", path) for name, kind in types.items()}  #~found
    parsed = {name: _parsed(table[name], kind, path) for name, kind in columns.items()}  #~declared
    return _on_backend(con, table.select(**parsed))


# A quarter of DuckDB's default: as fast, and the peak memory is half as high.
CSV_BUFFER_BYTES = 8_000_000


# Read as such at once; columns of other types are read as text, which is then checked.
_CSV_TYPES = {"float64": "DOUBLE", "boolean": "BOOLEAN"}


def _csv_header(path: Path, delimiter: str, encoding: str) -> list[str]:
    """The column names in the first line; what DuckDB could not tell apart gets a number."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        try:
            cells = next(csv.reader(file, delimiter=delimiter), [])
        except UnicodeDecodeError as error:
            raise PipelineError(f"{path} is not {encoding} text: {error.reason} at byte {error.start}") from error
    if not cells:
        raise PipelineError(f"{path} is empty: there is no line with column names")
    names: dict[str, str] = {}
    for number, cell in enumerate(cells, start=1):
        name = cell if cell and cell.casefold() not in names else f"{cell or 'column'}_{number}"
        names[name.casefold()] = name
    return list(names.values())


def _parsed(column: ir.Value, kind: str, place: object) -> ir.Value:
    """A column as a type; a text that is none of that type stops the run, NaN is missing."""
    if column.type().is_floating() and kind == "float64":
        return column.isnan().ifelse(ibis.null("float64"), column)
    if not column.type().is_string() or kind == "string":
        return column.cast(kind)
    value = column.try_cast(kind)
    if kind == "int64":
        value = (column.contains(".") & column.re_search(r"\.\d*[1-9]")).ifelse(ibis.null(kind), value)
    wrong = column.notnull() & value.isnull()
    told = ibis.literal(f"{place}, column {column.get_name()!r}: '") + column + f"' is not {_KINDS[kind]}"
    return wrong.ifelse(_stop(told).cast(kind), value)


def _found_in_text(table: ir.Table, names: Sequence[str]) -> dict[str, str]:
    """The narrowest type that fits all values of each text column; 01067 is a text, for its zero would be lost."""
    if not names:
        return {}
    fits = {
        f"{number} {kind}": table[name].re_search(pattern).all()
        for number, name in enumerate(names)
        for kind, pattern in _TEXT_PATTERNS.items()
    }
    told = table.aggregate(**fits).to_pyarrow_batches().read_all().to_pylist()[0]
    return {
        name: next((kind for kind in _TEXT_PATTERNS if told[f"{number} {kind}"]), "string") for number, name in enumerate(names)
    }


_TEXT_PATTERNS = {
    "int64": r"^-?(0|[1-9]\d{0,17})$",
    "float64": r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$",
    "boolean": r"^(true|false|True|False|TRUE|FALSE)$",
    "date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
    "timestamp": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$",
}


def _read_parquet(
    con: BaseBackend,
    path: Path,
    columns: Columns,
    *,  #~found
    others: bool = False,  #~found
) -> ir.Table:
    """The columns of a Parquet file as their types; with `others` the further ones, too."""  #~found
    """The columns of a Parquet file as their types."""  #~declared
    table = _file_reader(con).read_parquet(str(path))
    _require(path, table.columns, columns)
    wanted = dict.fromkeys(table.columns) | dict(columns) if others else dict(columns)  #~found
    types = {name: kind or _plain_type(table[name].type()) for name, kind in wanted.items()}  #~found
    parsed = {name: _parsed(table[name], kind, path) for name, kind in types.items()}  #~found
    parsed = {name: _parsed(table[name], kind, path) for name, kind in columns.items()}  #~declared
    return _on_backend(con, table.select(**parsed))


def _plain_type(kind: dt.DataType) -> str:
    """The type that the transforms work with: one kind of whole numbers, one of fractions, microseconds."""
    if kind.is_integer():
        return "int64"
    if kind.is_numeric():
        return "float64"
    if kind.is_timestamp():
        return "timestamp('UTC')" if kind.timezone else "timestamp"
    return str(kind) if kind.is_boolean() or kind.is_date() else "string"
'''

ROWS = r'''
def _table_of(
    con: BaseBackend,
    rows: Iterable[Mapping[str, object]],
    columns: Columns,
    *,
    place: object,
    others: bool = False,  #~found
) -> ir.Table:
    """A temporary table of rows, filled in batches; columns without a type get the one their values have."""  #~found
    """A temporary table of rows, filled in batches."""  #~declared
    if others or None in columns.values():  #~found
        rows = list(rows)  #~found
        columns = _found_in_values(rows, columns, others=others)  #~found
    name = ibis.util.gen_name("source")
    table = con.create_table(name, schema=ibis.schema(columns), temp=True)
    arrow_schema = table.schema().to_pyarrow()
    remaining, seen = iter(rows), set[str]()
    while batch := list(itertools.islice(remaining, BATCH_ROWS)):
        seen.update(column for row in batch for column in row)
        converted = [{column: _converted(row.get(column), kind, column) for column, kind in columns.items()} for row in batch]
        con.insert(name, pa.Table.from_pylist(converted, schema=arrow_schema))
    if seen:
        _require(place, sorted(seen), columns)
    return table


def _converted(value: object, kind: str | None, column: str) -> object:  #~found
def _converted(value: object, kind: str, column: str) -> object:  #~declared
    """A value of the source as a value of the column's type; NaN and empty text that is no text are missing."""
    kind = kind or "string"  #~found
    if value is None or (value == "" and kind != "string"):
        return None
    try:
        return _CONVERSIONS[kind](value)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise PipelineError(f"column {column!r}: {value!r} is not {_KINDS[kind]}") from error


def _to_text(value: object) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_integer(value: object) -> int:
    exact = Decimal(str(int(value) if isinstance(value, bool) else value).strip())
    if exact != int(exact) or not -(2**63) <= exact < 2**63:
        raise ValueError(value)
    return int(exact)


def _to_number(value: object) -> float | None:
    number = float(str(value))
    return None if math.isnan(number) else number


def _to_boolean(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text in ("true", "1")


def _to_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(str(value).strip()).date()


def _to_timestamp(value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _to_instant(value: object) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _found_in_values(rows: Sequence[Mapping[str, object]], columns: Columns, *, others: bool) -> dict[str, str]:
    """The type of each column by its values, where it has none yet."""
    present = dict.fromkeys(name for row in rows for name in row) if others else {}
    known = dict.fromkeys(columns) | present | dict(columns)
    return {name: kind or _type_of([row.get(name) for row in rows]) for name, kind in known.items()}


def _type_of(values: Iterable[object]) -> str:
    kinds = {type(value) for value in values if value is not None}
    for found, kind in _VALUE_TYPES:
        if kinds and kinds <= found:
            return kind
    if kinds == {datetime}:
        aware = all(value.tzinfo for value in values if isinstance(value, datetime))
        return "timestamp('UTC')" if aware else "timestamp"
    return "string"


_VALUE_TYPES: list[tuple[set[type], str]] = [
    ({bool}, "boolean"),
    ({int}, "int64"),
    ({int, float, Decimal}, "float64"),
    ({date}, "date"),
]


def _records(document: object, records_path: str, place: object) -> list[Mapping[str, object]]:
    """The list of objects at a dotted path of a JSON document."""
    for key in filter(None, records_path.split(".")):
        if not isinstance(document, dict) or key not in document:
            raise PipelineError(f"{place} has nothing at {records_path!r}: there is no {key!r}")
        document = document[key]
    if not isinstance(document, list) or not all(isinstance(record, dict) for record in document):
        raise PipelineError(f"{place} holds no list of objects{f' at {records_path!r}' if records_path else ''}")
    return document


def _read_json(path: Path, records_path: str) -> list[Mapping[str, object]]:
    """The records of a JSON file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise PipelineError(f"{path} is not JSON: {error}") from error
    return _records(document, records_path, path)


def _read_jsonl(path: Path) -> Iterator[Mapping[str, object]]:
    """The records of a file with one JSON object per line, one by one; empty lines are passed over."""
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise PipelineError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise PipelineError(f"{path}, line {number} is not a JSON object")
            yield record
'''

HTTP = r'''
@_retry
def _get(client: httpx.Client, url: str, params: Mapping[str, str]) -> httpx.Response:
    """One answer; throttling, server errors and lost connections are tried again."""
    # A query that the address has already stays; `params=` would replace it.
    return client.get(httpx.URL(url).copy_merge_params(params)).raise_for_status()


def _only_to(url: str, header: str) -> Callable[[httpx.Request], None]:
    """Takes a secret away from a request that a redirect or a next link leads to another server."""
    home = httpx.URL(url)

    def check(request: httpx.Request) -> None:
        if (request.url.scheme, request.url.host, request.url.port) != (home.scheme, home.host, home.port):
            request.headers.pop(header, None)

    return check


def _answer(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError as error:
        raise PipelineError(f"{response.url.copy_with(query=None)} did not answer with JSON: {error}") from error


def _at(document: object, path: str) -> object:
    """What stands at a dotted path of a JSON document, None if it is not there."""
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document
'''

DATABASES = r'''
def _engine(driver: str, url: str, password: str | None = None) -> sa.Engine:
    """Connections to a database server, each closed when it is done with."""
    target = sa.make_url(url).set(drivername=driver)
    target = target.set(password=password) if password else target
    return sa.create_engine(target, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S})


def _sqlite(path: Path, mode: str) -> sa.Engine:
    """Connections to a SQLite file; `mode` is `ro` to read it and `rwc` to write it, or to make it."""
    target = f"file:{urllib.parse.quote(str(path))}?mode={mode}"
    # Without an isolation level the driver starts no transactions of its own, which would leave out CREATE TABLE.
    return sa.create_engine(
        "sqlite://", poolclass=sa.NullPool, creator=lambda: sqlite3.connect(target, uri=True, timeout=30, isolation_level=None)
    )


def _read_table(
    con: BaseBackend,
    engine: sa.Engine,
    name: str,
    columns: Columns,
    *,  #~found
    others: bool = False,  #~found
) -> ir.Table:
    """The columns of a database table, row by row; with `others` the further ones, too."""  #~found
    """The columns of a database table, row by row."""  #~declared
    schema, _, short = name.rpartition(".")
    inspector = sa.inspect(engine)
    if not inspector.has_table(short, schema=schema or None):
        raise PipelineError(f"there is no table {name}")
    present = [column["name"] for column in inspector.get_columns(short, schema=schema or None)]
    _require(f"table {name}", present, columns)
    columns = dict.fromkeys(present if others else []) | dict(columns)  #~found
    selected: list[sa.ColumnClause[Any]] = [sa.column(column) for column in columns]
    query = sa.select(*selected).select_from(sa.table(short, schema=schema or None))
    with engine.connect().execution_options(stream_results=True) as connection:
        rows = map(dict, connection.execute(query).mappings())
        return _table_of(con, rows, columns, place=f"table {name}")


def _read_query(
    con: BaseBackend,
    engine: sa.Engine,
    query: str,
    columns: Columns,
    *,  #~found
    others: bool = False,  #~found
) -> ir.Table:
    """The columns of a query's result, row by row; with `others` the further ones, too."""  #~found
    """The columns of a query's result, row by row."""  #~declared
    with engine.connect().execution_options(stream_results=True, no_parameters=True) as connection:
        result = connection.exec_driver_sql(query)
        _require("the query's result", result.keys(), columns)
        columns = dict.fromkeys(result.keys() if others else []) | dict(columns)  #~found
        return _table_of(con, map(dict, result.mappings()), columns, place="the query's result")
'''

SHEETS = r'''
def _spreadsheet(spreadsheet_id: str, credentials_path: str) -> gspread.Spreadsheet:
    """A spreadsheet, opened with a service account."""
    credentials = _existing(credentials_path)
    try:
        client = gspread.service_account(filename=credentials, scopes=SHEETS_SCOPES)
    except ValueError as error:
        raise PipelineError(f"{credentials} is not the key file of a service account: {error}") from error
    client.set_timeout(SHEETS_TIMEOUT_S)
    try:
        return client.open_by_key(spreadsheet_id)
    except (gspread.SpreadsheetNotFound, PermissionError) as error:
        raise PipelineError(
            f"there is no spreadsheet {spreadsheet_id!r}, or it is not shared with the client_email that {credentials} names"
        ) from error


def _sheet_records(spreadsheet: gspread.Spreadsheet, cells: str, columns: Columns) -> list[Mapping[str, object]]:
    """The rows of a range below its header; empty cells are missing, empty rows are passed over."""
    params: dict[str, Any] = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "FORMATTED_STRING"}
    header, *rows = spreadsheet.values_get(cells, params=params).get("values") or [[]]
    names = [str(name) for name in header]
    _require(f"range {cells}", names, columns)
    padded = [row + [""] * (len(names) - len(row)) for row in rows if any(cell != "" for cell in row)]
    return [{name: None if cell == "" else cell for name, cell in zip(names, row, strict=False) if name} for row in padded]
'''

BIGQUERY = r'''
def _bigquery_table(
    con: BaseBackend,
    project: str,
    query: str,
    columns: Columns,
    *,  #~found
    others: bool = False,  #~found
) -> ir.Table:
    """The columns of a query's result; with `others` the further ones, too."""  #~found
    """The columns of a query's result."""  #~declared
    rows = bigquery.Client(project=project).query_and_wait(query)
    present = [field.name for field in rows.schema]
    _require("the query's result", present, columns)
    columns = dict.fromkeys(present if others else []) | dict(columns)  #~found
    return _table_of(con, map(dict, rows), columns, place="the query's result")
'''
