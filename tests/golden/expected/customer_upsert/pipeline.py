"""Customer master

Brings the customers of the shop into the warehouse.

Reads
    Shop customers: table `customers` of the MySQL database that `env:SHOP_DATABASE_URL`
        names
Writes
    Warehouse customers: table `crm.customers` of the PostgreSQL database
        `postgresql://loader@warehouse.internal:5432/dwh`

Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.

Environment
    SHOP_DATABASE_URL: a secret that `Shop customers` needs
    PIPELINE_ROOT: the folder that relative paths start from (the working directory)
    PIPELINE_BACKEND: an Ibis backend URL that runs the transforms (duckdb://)
    PIPELINE_LOG_FORMAT: `json` for one JSON object per line on stdout (text)
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import json
import logging
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ParamSpec

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
import tenacity
from ibis.backends import BaseBackend
from sqlalchemy.dialects import mysql

log = logging.getLogger("pipeline")
log.propagate = False

NAME = "Customer master"
LOGS = Path(__file__).resolve().parent / "logs"

SHOP_CUSTOMERS_URL_SECRET = "env:SHOP_DATABASE_URL"
SHOP_CUSTOMERS_TABLE = "customers"
SHOP_CUSTOMERS_COLUMNS = {
    "id": "int64",
    "email": "string",
    "name": "string",
    "country": "string",
    "updated_at": "timestamp",
}
WAREHOUSE_CUSTOMERS_URL = "postgresql://loader@warehouse.internal:5432/dwh"
WAREHOUSE_CUSTOMERS_PASSWORD_SECRET = "file:secrets/warehouse_password"
WAREHOUSE_CUSTOMERS_TABLE = "crm.customers"
WAREHOUSE_CUSTOMERS_KEYS = ["id"]


_P = ParamSpec("_P")


def step(
    name: str, *, cache: bool = False, rows_of: str | None = None
) -> Callable[[Callable[_P, ir.Table]], Callable[_P, ir.Table]]:
    """Logs rows, seconds and peak memory of a function that makes a table.

    With `cache` its table is computed here and kept by the backend; without, it is computed together
    with the step that reads it. `rows_of` names the step whose number of rows this one keeps, so that
    nothing is read only to be counted.
    """

    def decorate(function: Callable[_P, ir.Table]) -> Callable[_P, ir.Table]:
        @functools.wraps(function)
        def logged(*args: _P.args, **kwargs: _P.kwargs) -> ir.Table:
            with _logged(name) as outcome:
                table = function(*args, **kwargs)
                if cache:
                    table = table.cache()
                outcome.rows = _ROWS.get(rows_of) if rows_of else _count(table)
            return table

        return logged

    return decorate


def write(name: str) -> Callable[[Callable[_P, int]], Callable[_P, int]]:
    """Logs rows, seconds and peak memory of a function that writes a table and returns its number of rows."""

    def decorate(function: Callable[_P, int]) -> Callable[_P, int]:
        @functools.wraps(function)
        def logged(*args: _P.args, **kwargs: _P.kwargs) -> int:
            with _logged(name) as outcome:
                outcome.rows = written = function(*args, **kwargs)
            return written

        return logged

    return decorate


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait_s = state.next_action.sleep if state.next_action else 0.0
    log.warning(
        "%s: attempt %d failed, next in %.1f s: %s",
        _STEP.get(),
        state.attempt_number,
        wait_s,
        _reason(error) if error else "",
        extra={"event": "retry"},
    )


_TRANSIENT_SQL = re.compile(
    r"connection (refused|reset|timed out|timeout|was closed)|server closed|gone away|lost connection|can't connect"
    r"|deadlock|lock wait|database is locked|too many (connections|clients)|starting up|shutting down"
    r"|could not serialize|terminating connection",
    re.IGNORECASE,
)


def _is_transient(error: BaseException) -> bool:
    """True for what may well be gone in a moment; never for a file or a value that is wrong."""
    if isinstance(error, OSError) and error.errno in (
        errno.EAGAIN,
        errno.EBUSY,
        errno.ESTALE,
        errno.ETIMEDOUT,
    ):
        return True
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or bool(_TRANSIENT_SQL.search(str(error.orig)))
    return isinstance(error, (ConnectionError, TimeoutError))


_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)


_retry = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait=_BACKOFF,
    stop=tenacity.stop_after_attempt(5),
    before_sleep=_log_retry,
    reraise=True,
)


@step("Shop customers")
@_retry
def load_shop_customers(con: BaseBackend) -> ir.Table:
    """Loads table `customers` of the MySQL database that `env:SHOP_DATABASE_URL` names."""
    return _read_table(
        con,
        _engine("mysql+pymysql", _secret(SHOP_CUSTOMERS_URL_SECRET)),
        SHOP_CUSTOMERS_TABLE,
        SHOP_CUSTOMERS_COLUMNS,
    )


@step("Clean customers", cache=True)
def clean_customers(shop_customers: ir.Table) -> ir.Table:
    """Drop rows where any of `id` and `email` is missing; calculate `email` = lower(trim({email}))
    and `is_domestic` = {country} = 'DE'; keep the last row by `updated_at` per `id`.
    """
    table = shop_customers.drop_null(["id", "email"])
    table = table.mutate(email=table["email"].strip().lower(), is_domestic=table["country"] == "DE")
    table = table.mutate(_position=ibis.row_number())
    table = table.mutate(
        _place=ibis.row_number().over(group_by="id", order_by=["updated_at", "_position"]),
        _size=table.count().over(group_by="id"),
    )
    table = table.filter(table["_place"] == table["_size"] - 1).drop("_place", "_size")
    return table.order_by("_position").drop("_position")


def transform(shop_customers: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    return clean_customers(shop_customers)


@write("Warehouse customers")
@_retry
def write_warehouse_customers(table: ir.Table) -> int:
    """Writes table `crm.customers` of the PostgreSQL database `postgresql://loader@warehouse.internal:5432/dwh`."""
    with _transaction(
        _engine(
            "postgresql+psycopg",
            WAREHOUSE_CUSTOMERS_URL,
            _secret(WAREHOUSE_CUSTOMERS_PASSWORD_SECRET),
        )
    ) as connection:
        target = _target(connection, WAREHOUSE_CUSTOMERS_TABLE, table.schema())
        _delete_keys(connection, target, table, WAREHOUSE_CUSTOMERS_KEYS)
        return _insert(connection, target, table)


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    shop_customers = load_shop_customers(con)
    result = transform(shop_customers)
    write_warehouse_customers(result)


def main() -> int:
    """Runs the pipeline; 0 if it succeeded, 1 if it failed."""
    _start_logging()
    began = time.perf_counter()
    log.info("%s: started", NAME)
    try:
        run(_connect())
    except Exception as error:
        log.error("%s: failed after %.1f s: %s", NAME, time.perf_counter() - began, _reason(error))
        log.debug("How it came about", exc_info=error)
        return 1
    log.info("%s: finished in %.1f s", NAME, time.perf_counter() - began)
    return 0


# What follows is the same in every pipeline that reads and writes such sources and destinations.


Columns = Mapping[str, str]
BATCH_ROWS = 50_000
CONNECT_TIMEOUT_S = 10
KEYS_PER_DELETE = 500


def _require(place: object, present: Collection[str], wanted: Iterable[str]) -> None:
    """Stops with a clear message if a source or a target lacks columns."""
    if missing := [name for name in wanted if name not in present]:
        raise PipelineError(
            f"{place} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, present))}"
        )


_STEP: ContextVar[str | None] = ContextVar("step", default=None)
_ROWS: dict[str, int] = {}


class PipelineError(Exception):
    """Something that the person who runs the pipeline can read and act on."""


@dataclass
class _Outcome:
    """What a step tells of itself when it is done."""

    rows: int | None = None


@contextlib.contextmanager
def _logged(name: str) -> Iterator[_Outcome]:
    """Logs the start and the end of a step; a failure becomes one line that names the step."""
    outcome, began, token = _Outcome(), time.perf_counter(), _STEP.set(name)
    log.info("%s: started", name, extra={"event": "started"})
    try:
        yield outcome
        _log_finished(name, outcome.rows, time.perf_counter() - began)
    except Exception as error:
        message = f"{name}: {_reason(error)}"
        log.error(message, extra={"event": "failed"})
        raise PipelineError(message) from error
    finally:
        _STEP.reset(token)


def _log_finished(name: str, rows: int | None, seconds: float) -> None:
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage gives bytes on macOS, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    count = "table ready" if rows is None else f"{rows} {'row' if rows == 1 else 'rows'}"
    if rows is not None:
        _ROWS[name] = rows
    log.info(
        "%s: %s in %.2f s, peak memory %d MiB",
        name,
        count,
        seconds,
        peak // 2**20,
        extra={
            "event": "finished",
            "rows": rows,
            "seconds": round(seconds, 3),
            "peakMemoryBytes": peak,
        },
    )


def _count(table: ir.Table) -> int:
    """The number of rows; by way of Arrow, as importing pandas would take longer than most steps."""
    counted = table.aggregate(rows=table.count()).to_pyarrow_batches().read_all()
    return int(counted["rows"][0].as_py())


def _reason(error: BaseException) -> str:
    """An error in one line, without passwords."""
    error = getattr(error, "orig", None) or error  # of SQLAlchemy's errors, what the driver said
    text = str(error).strip() or type(error).__name__
    if found := _CSV_ERROR.search(text):
        return f"{found['file']}, line {found['line']}: {found['why']}"
    line = text.splitlines()[0].removeprefix("Invalid Input Error: ")
    told = f"{type(error).__name__}: {line}" if isinstance(error, KeyError) else line
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", told)


# DuckDB tells of a wrong line in twenty; the person who runs this needs the place and the reason.
_CSV_ERROR = re.compile(
    r"CSV Error on Line: (?P<line>\d+).*?^(?P<why>(Error|Expected|Value|Maximum|Invalid)[^\n]*)$.*?file = (?P<file>[^\n]*)",
    re.MULTILINE | re.DOTALL,
)


class _JsonLines(logging.Formatter):
    """One JSON object per line, for a program that reads the log."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "step": _STEP.get(),
            "event": "message",
            "message": record.getMessage(),
        }
        told = ("event", "rows", "seconds", "peakMemoryBytes")
        return json.dumps(
            line | {key: getattr(record, key) for key in told if hasattr(record, key)}
        )


def _start_logging() -> None:
    """Logs to stdout, and with tracebacks to logs/execution_<UTC time>.log beside this file."""
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")
    stdout = logging.StreamHandler(sys.stdout)
    stdout.setFormatter(_JsonLines() if os.environ.get("PIPELINE_LOG_FORMAT") == "json" else text)
    stdout.setLevel(logging.INFO)
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()
    log.setLevel(logging.DEBUG)
    log.addHandler(stdout)
    try:
        LOGS.mkdir(exist_ok=True)
        file = logging.FileHandler(
            LOGS / f"execution_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}.log", encoding="utf-8"
        )
    except OSError as error:
        log.warning("No log file is kept: %s", error)
        return
    file.setFormatter(text)
    log.addHandler(file)


def _path(path: str) -> Path:
    """A path under PIPELINE_ROOT, or under the working directory."""
    return Path(os.environ.get("PIPELINE_ROOT", ".")) / path


def _secret(reference: str) -> str:
    """The secret behind `env:NAME` or `file:PATH`; it is read when it is needed and never logged."""
    kind, _, place = reference.partition(":")
    if kind == "file":
        try:
            return _path(place).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PipelineError(
                f"the secret file {place} cannot be read: {error.strerror}"
            ) from error
    if not os.environ.get(place):
        raise PipelineError(f"the environment variable {place} is not set; it has to hold a secret")
    return os.environ[place]


def _connect() -> BaseBackend:
    """The backend that runs the transforms: DuckDB in this process, unless PIPELINE_BACKEND names another."""
    return _in_utc(ibis.connect(os.environ.get("PIPELINE_BACKEND", "duckdb://")))


def _in_utc(con: BaseBackend) -> BaseBackend:
    """The backend; if it is DuckDB, times without a zone are UTC, and tables that outgrow the memory move to a temporary folder."""
    if con.name == "duckdb":
        con.raw_sql("SET TimeZone = 'UTC'")
        con.raw_sql(f"SET temp_directory = '{tempfile.gettempdir()}/pipeline-{os.getpid()}'")
    return con


def _table_of(
    con: BaseBackend,
    rows: Iterable[Mapping[str, object]],
    columns: Columns,
    *,
    place: object,
) -> ir.Table:
    """A temporary table of rows, filled in batches."""
    name = ibis.util.gen_name("source")
    table = con.create_table(name, schema=ibis.schema(columns), temp=True)
    arrow_schema = table.schema().to_pyarrow()
    remaining, seen = iter(rows), set[str]()
    while batch := list(itertools.islice(remaining, BATCH_ROWS)):
        seen.update(column for row in batch for column in row)
        converted = [
            {column: _converted(row.get(column), kind, column) for column, kind in columns.items()}
            for row in batch
        ]
        con.insert(name, pa.Table.from_pylist(converted, schema=arrow_schema))
    if seen:
        _require(place, sorted(seen), columns)
    return table


def _converted(value: object, kind: str, column: str) -> object:
    """A value of the source as a value of the column's type; NaN and empty text that is no text are missing."""
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


def _to_timestamp(value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _engine(driver: str, url: str, password: str | None = None) -> sa.Engine:
    """Connections to a database server, each closed when it is done with."""
    target = sa.make_url(url).set(drivername=driver)
    target = target.set(password=password) if password else target
    return sa.create_engine(
        target, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
    )


def _read_table(
    con: BaseBackend,
    engine: sa.Engine,
    name: str,
    columns: Columns,
) -> ir.Table:
    """The columns of a database table, row by row."""
    schema, _, short = name.rpartition(".")
    inspector = sa.inspect(engine)
    if not inspector.has_table(short, schema=schema or None):
        raise PipelineError(f"there is no table {name}")
    present = [column["name"] for column in inspector.get_columns(short, schema=schema or None)]
    _require(f"table {name}", present, columns)
    selected: list[sa.ColumnClause[Any]] = [sa.column(column) for column in columns]
    query = sa.select(*selected).select_from(sa.table(short, schema=schema or None))
    with engine.connect().execution_options(stream_results=True) as connection:
        rows = map(dict, connection.execute(query).mappings())
        return _table_of(con, rows, columns, place=f"table {name}")


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
    target = sa.table(
        short, *(sa.column(column) for column in columns.names), schema=schema or None
    )
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
        return sa.DateTime(timezone=bool(kind.timezone)).with_variant(
            mysql.DATETIME(fsp=6), "mysql", "mariadb"
        )
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def _insert(connection: sa.Connection, target: sa.TableClause, table: ir.Table) -> int:
    """Adds all rows of a table, batch by batch."""
    written = 0
    for batch in table.to_pyarrow_batches(chunk_size=BATCH_ROWS):
        if batch.num_rows:
            connection.execute(target.insert(), batch.to_pylist())
            written += batch.num_rows
    return written


def _delete_keys(
    connection: sa.Connection, target: sa.TableClause, table: ir.Table, keys: Sequence[str]
) -> None:
    """Deletes the rows whose keys are about to be written again."""
    columns = [target.c[key] for key in keys]
    for batch in table.select(*keys).distinct().to_pyarrow_batches(chunk_size=KEYS_PER_DELETE):
        rows = [tuple(row.values()) for row in batch.to_pylist()]
        whole = [row for row in rows if None not in row]
        if whole:
            connection.execute(target.delete().where(sa.tuple_(*columns).in_(whole)))
        for row in rows:
            if None in row:
                same = (
                    column == value if value is not None else column.is_(None)
                    for column, value in zip(columns, row, strict=True)
                )
                connection.execute(target.delete().where(*same))


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "string": _to_text,
    "int64": _to_integer,
    "timestamp": _to_timestamp,
}


_KINDS = {
    "string": "a text",
    "int64": "a whole number",
    "timestamp": "a date and time such as 2025-01-31 09:30:00",
}


if __name__ == "__main__":
    sys.exit(main())
