"""Claims by branch

Settled claims of the first quarter by branch.

Reads
    Load claims: table `claims` of the SQLite file `claims.db`
Writes
    Save branch claims: table `branch_claims` of the SQLite file `out/report.db`

Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.

Environment
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
import math
import os
import re
import resource
import sqlite3
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
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

NAME = "Claims by branch"
LOGS = Path(__file__).resolve().parent / "logs"

CLAIMS_PATH = "claims.db"
CLAIMS_TABLE = "claims"
CLAIMS_COLUMNS = {
    "branch": "string",
    "state": "string",
    "opened": "date",
    "paid": "float64",
}
BRANCH_CLAIMS_PATH = "out/report.db"
BRANCH_CLAIMS_TABLE = "branch_claims"


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


@step("Load claims")
@_retry
def load_claims(con: BaseBackend) -> ir.Table:
    """Loads table `claims` of the SQLite file `claims.db`."""
    return _read_table(con, _sqlite(_existing(CLAIMS_PATH), "ro"), CLAIMS_TABLE, CLAIMS_COLUMNS)


@step("Settled in the first quarter", cache=True)
def settled_in_the_first_quarter(claims: ir.Table) -> ir.Table:
    """Keep rows where `state` is 'settled' (in any case) and `opened` is between '2025-01-01' and
    '2025-03-31'.
    """
    return claims.filter(
        claims["state"].lower() == "settled",
        claims["opened"].between(ibis.date("2025-01-01"), ibis.date("2025-03-31")),
    )


@step("By branch", cache=True)
def by_branch(settled_in_the_first_quarter_result: ir.Table) -> ir.Table:
    """Calculate `median_paid` (median of `paid`), `total_paid` (sum of `paid`) and `first_opened`
    (smallest of `opened`) per `branch`.
    """
    table = settled_in_the_first_quarter_result.group_by("branch").aggregate(
        median_paid=settled_in_the_first_quarter_result["paid"].median(),
        total_paid=settled_in_the_first_quarter_result["paid"].sum().fill_null(0),
        first_opened=settled_in_the_first_quarter_result["opened"].min(),
    )
    return table.order_by("branch")


@step("Large branches only", cache=True)
def large_branches_only(by_branch_result: ir.Table) -> ir.Table:
    """Keep rows where {total_paid} > 1000."""
    return by_branch_result.filter(by_branch_result["total_paid"] > 1000)


def transform(claims: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    settled_in_the_first_quarter_result = settled_in_the_first_quarter(claims)
    by_branch_result = by_branch(settled_in_the_first_quarter_result)
    return large_branches_only(by_branch_result)


@write("Save branch claims")
@_retry
def write_branch_claims(table: ir.Table) -> int:
    """Writes table `branch_claims` of the SQLite file `out/report.db`."""
    path = _path(BRANCH_CLAIMS_PATH)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = _times_as_text(table)
    with _transaction(_sqlite(path, "rwc")) as connection:
        target = _target(connection, BRANCH_CLAIMS_TABLE, table.schema())
        connection.execute(target.delete())
        return _insert(connection, target, table)


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    claims = load_claims(con)
    result = transform(claims)
    write_branch_claims(result)


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


def _existing(path: str) -> Path:
    """The path of a source file that is there."""
    place = _path(path)
    if not place.is_file():
        raise PipelineError(f"there is no file {place}")
    return place


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


def _to_number(value: object) -> float | None:
    number = float(str(value))
    return None if math.isnan(number) else number


def _to_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(str(value).strip()).date()


def _sqlite(path: Path, mode: str) -> sa.Engine:
    """Connections to a SQLite file; `mode` is `ro` to read it and `rwc` to write it, or to make it."""
    target = f"file:{urllib.parse.quote(str(path))}?mode={mode}"
    # Without an isolation level the driver starts no transactions of its own, which would leave out CREATE TABLE.
    return sa.create_engine(
        "sqlite://",
        poolclass=sa.NullPool,
        creator=lambda: sqlite3.connect(target, uri=True, timeout=30, isolation_level=None),
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


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "string": _to_text,
    "float64": _to_number,
    "date": _to_date,
}


_KINDS = {
    "string": "a text",
    "float64": "a number",
    "date": "a date such as 2025-01-31",
}


if __name__ == "__main__":
    sys.exit(main())
