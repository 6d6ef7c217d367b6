"""Source of the helpers of a generated pipeline.py that write tables to files, databases and services.

Plain Python as it appears in the generated file; `library.py` picks the definitions that a pipeline needs, in the order they stand here.
"""

FILES = r'''
def _write_file(table: ir.Table, path: Path, options: str) -> int:
    """Writes a file beside its place and renames it when it is whole, so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        written = _copy(table, unfinished, options)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _upload(table: ir.Table, url: str, options: str) -> int:
    """Writes a file and uploads it whole; the object store shows it when the last byte has arrived."""
    with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
        file = Path(folder) / "table"
        written = _copy(table, file, options)
        filesystem, place = fsspec.core.url_to_fs(url)
        filesystem.put_file(str(file), place)
    return written


def _copy(table: ir.Table, file: Path, options: str) -> int:
    """Streams a table to a file; DuckDB writes it, whatever backend has computed it."""
    con = ibis.get_backend(table)
    if con.name != "duckdb":
        con, rows = _in_utc(ibis.duckdb.connect()), table.to_pyarrow()
        table = con.create_table("rows", rows)
    place = str(file).replace("'", "''")
    written = con.raw_sql(f"COPY ({ibis.to_sql(table)}) TO '{place}' ({options})").fetchone()
    return int(written[0])
'''

DATABASES = r'''
@contextlib.contextmanager
def _transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction: after a failure the database holds what it held before."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _target(connection: sa.Connection, name: str, columns: ibis.Schema) -> sa.TableClause:
    """The table that is written; it is made if it is missing, and refused if it lacks a column."""
    schema, _, short = name.rpartition(".")
    inspector = sa.inspect(connection)
    if inspector.has_table(short, schema=schema or None):
        present = [column["name"] for column in inspector.get_columns(short, schema=schema or None)]
        _require(f"table {name}", present, columns.names)
    else:
        made = [sa.Column(column, _sql_type(kind)) for column, kind in columns.items()]
        sa.Table(short, sa.MetaData(), *made, schema=schema or None).create(connection)
    target = sa.table(short, *(sa.column(column) for column in columns.names), schema=schema or None)
    if connection.dialect.name == "postgresql":  # two runs at once shall follow each other
        quoted = connection.dialect.identifier_preparer.format_table(target)
        connection.exec_driver_sql(f"LOCK TABLE {quoted} IN SHARE ROW EXCLUSIVE MODE")
    return target


def _sql_type(kind: dt.DataType) -> sa.types.TypeEngine[Any]:
    if kind.is_integer():
        return sa.BigInteger()
    if kind.is_numeric():
        return sa.Double()
    if kind.is_boolean():
        return sa.Boolean()
    if kind.is_date():
        return sa.Date()
    if kind.is_timestamp():
        return sa.DateTime(timezone=bool(kind.timezone)).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def _times_as_text(table: ir.Table) -> ir.Table:
    """Dates and times as ISO text, because SQLite has no types for them."""
    times = [name for name, kind in table.schema().items() if kind.is_temporal()]
    return table.mutate(**{name: table[name].cast("string") for name in times}) if times else table


def _insert(connection: sa.Connection, target: sa.TableClause, table: ir.Table) -> int:
    """Adds all rows of a table, batch by batch."""
    written = 0
    for batch in table.to_pyarrow_batches(chunk_size=BATCH_ROWS):
        if batch.num_rows:
            connection.execute(target.insert(), batch.to_pylist())
            written += batch.num_rows
    return written


def _delete_keys(connection: sa.Connection, target: sa.TableClause, table: ir.Table, keys: Sequence[str]) -> None:
    """Deletes the rows whose keys are about to be written again."""
    columns = [target.c[key] for key in keys]
    for batch in table.select(*keys).distinct().to_pyarrow_batches(chunk_size=KEYS_PER_DELETE):
        rows = [tuple(row.values()) for row in batch.to_pylist()]
        whole = [row for row in rows if None not in row]
        if whole:
            connection.execute(target.delete().where(sa.tuple_(*columns).in_(whole)))
        for row in rows:
            if None in row:
                same = (column == value if value is not None else column.is_(None) for column, value in zip(columns, row, strict=True))
                connection.execute(target.delete().where(*same))
'''

SHEETS = r'''
def _write_sheet(table: ir.Table, spreadsheet: gspread.Spreadsheet, sheet_name: str) -> int:
    """Writes a sheet in one update and then trims what is left over of the one before."""
    rows = [[_cell(value) for value in row.values()] for row in table.to_pyarrow_batches().read_all().to_pylist()]
    values = [list(table.columns), *rows]
    height, width = len(values), len(table.columns)
    try:
        sheet = spreadsheet.worksheet(sheet_name)
    except gspread.WorksheetNotFound:
        sheet = spreadsheet.add_worksheet(sheet_name, rows=height, cols=width)
    if sheet.row_count < height or sheet.col_count < width:
        sheet.resize(rows=max(sheet.row_count, height), cols=max(sheet.col_count, width))
    sheet.update(values, "A1", raw=True)
    if (sheet.row_count, sheet.col_count) != (height, width):
        sheet.resize(rows=height, cols=width)
    return len(rows)


def _cell(value: object) -> object:
    """A value as a cell of a sheet: missing is empty, dates and times are ISO text."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value
'''

BIGQUERY = r'''
def _write_bigquery(table: ir.Table, project: str, target: str, disposition: str) -> int:
    """Writes with one load job, which BigQuery applies whole or not at all."""
    rows = table.to_pyarrow_batches().read_all()
    file = io.BytesIO()
    pq.write_table(rows, file)
    file.seek(0)
    config = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET, write_disposition=disposition)
    bigquery.Client(project=project).load_table_from_file(file, f"{project}.{target}", job_config=config).result()
    return int(rows.num_rows)
'''

PYTHON = r'''
def _through_python(
    function: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], table: ir.Table, columns: Mapping[str, str]
) -> ir.Table:
    """The rows that a Python function makes of a table's rows, as a table."""
    con, kept = ibis.get_backend(table), table.cache()
    made = function(kept.to_pyarrow_batches().read_all().to_pylist())
    checked = [{name: _converted(row.get(name), kind, name) for name, kind in columns.items()} for row in made]
    rows = pa.Table.from_pylist(checked, schema=ibis.schema(columns).to_pyarrow())
    return con.create_table(ibis.util.gen_name("python"), rows, temp=True)
'''

SQL = r'''
def _sql(query: str, tables: Mapping[str, ir.Table], columns: Mapping[str, str]) -> ir.Table:
    """The result of a SELECT over tables, each under the name that the query gives it."""
    kept = {name: table.cache() for name, table in tables.items()}
    con = ibis.get_backend(next(iter(kept.values())))
    inputs = ", ".join(f"{_quoted(name)} AS ({ibis.to_sql(table)})" for name, table in kept.items())
    result = con.sql(f"WITH {inputs} SELECT * FROM ({query.strip().rstrip(';')}\n) AS result", dialect="duckdb")
    return result.cast({name: kind for name, kind in columns.items() if name in result.columns}).cache()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
'''

TABLES = r'''
@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime(text: str, form: str) -> datetime:
    """DuckDB's function that reads a date and time; missing for a text of another form."""
    raise NotImplementedError


def _union(*tables: ir.Table) -> ir.Table:
    """The rows of all tables below each other, columns matched by name; what a table lacks is missing there."""
    kinds: dict[str, dt.DataType] = {}
    for table in tables:
        for name, kind in table.schema().items():
            kinds[name] = dt.highest_precedence((kinds.get(name, kind), kind))
    aligned = [
        table.select(**{name: table[name].cast(kind) if name in table.columns else ibis.null(kind) for name, kind in kinds.items()})
        for table in tables
    ]
    return ibis.union(*aligned)


def _names_in(column: ir.Column, taken: Collection[str]) -> list[str]:
    """The values of a column as texts, sorted; they become names of columns, beside those that are `taken`."""
    found = column.cast("string").name("name").as_table().distinct().to_pyarrow_batches().read_all()
    names = sorted(filter(None, found["name"].to_pylist()))
    by_folded: dict[str, str] = {}
    for name in [*taken, *names]:
        if (other := by_folded.setdefault(name.casefold(), name)) != name or (name in taken and name in names):
            raise PipelineError(f"the values of {column.get_name()!r} cannot name columns: {name!r} and {other!r} are the same to a database")
    return names
'''
