"""Session length

Length of the web sessions per day and device.

Reads
    Sessions: Parquet file `s3://analytics/sessions/current.parquet`
Writes
    Report: Parquet file `s3://analytics/reports/session_length.parquet`

Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.

Environment
    Object store: AWS credentials as boto3 finds them; AWS_ENDPOINT_URL names another S3
        server
    PIPELINE_ROOT: the folder that relative paths start from (the working directory)
    PIPELINE_BACKEND: an Ibis backend URL that runs the transforms (duckdb://)
    PIPELINE_LOG_FORMAT: `json` for one JSON object per line on stdout (text)
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import logging
import os
import re
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec

import botocore.exceptions
import fsspec
import ibis
import ibis.expr.types as ir
import tenacity
from ibis.backends import BaseBackend

log = logging.getLogger("pipeline")
log.propagate = False

NAME = "Session length"
LOGS = Path(__file__).resolve().parent / "logs"

SESSIONS_PATH = "s3://analytics/sessions/current.parquet"
SESSIONS_COLUMNS = {
    "device": "string",
    "started_at": "timestamp('UTC')",
    "ended_at": "timestamp('UTC')",
    "pages": "int64",
}
REPORT_PATH = "s3://analytics/reports/session_length.parquet"


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


def _is_transient(error: BaseException) -> bool:
    """True for what may well be gone in a moment; never for a file or a value that is wrong."""
    if isinstance(error, OSError) and error.errno in (
        errno.EAGAIN,
        errno.EBUSY,
        errno.ESTALE,
        errno.ETIMEDOUT,
    ):
        return True
    return isinstance(
        error,
        (
            ConnectionError,
            TimeoutError,
            botocore.exceptions.ConnectionError,
            botocore.exceptions.HTTPClientError,
        ),
    )


_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)


_retry = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait=_BACKOFF,
    stop=tenacity.stop_after_attempt(5),
    before_sleep=_log_retry,
    reraise=True,
)


@step("Sessions")
@_retry
def load_sessions(con: BaseBackend) -> ir.Table:
    """Loads Parquet file `s3://analytics/sessions/current.parquet`."""
    return _read_parquet(con, _download(SESSIONS_PATH), SESSIONS_COLUMNS)


@step("Measure sessions", cache=True)
def measure_sessions(sessions: ir.Table) -> ir.Table:
    """Drop rows where `ended_at` is missing; calculate `day` = to_date({started_at}) and `minutes`
    = date_diff('minute', {started_at}, {ended_at}).
    """
    table = sessions.drop_null(["ended_at"])
    return table.mutate(
        day=table["started_at"].date(),
        minutes=table["ended_at"].delta(table["started_at"], unit="minute"),
    )


@step("Per day and device", cache=True)
def per_day_and_device(measure_sessions_result: ir.Table) -> ir.Table:
    """Calculate `sessions` (number of rows), `avg_minutes` (average of `minutes`) and `pages` (sum
    of `pages`) per `day` and `device`.
    """
    table = measure_sessions_result.group_by(["day", "device"]).aggregate(
        sessions=measure_sessions_result.count(),
        avg_minutes=measure_sessions_result["minutes"].mean(),
        pages=measure_sessions_result["pages"].sum().fill_null(0),
    )
    return table.order_by(["day", "device"])


def transform(sessions: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    measure_sessions_result = measure_sessions(sessions)
    return per_day_and_device(measure_sessions_result)


@write("Report")
@_retry
def write_report(table: ir.Table) -> int:
    """Writes Parquet file `s3://analytics/reports/session_length.parquet`."""
    return _upload(table, REPORT_PATH, "FORMAT parquet, COMPRESSION zstd")


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    sessions = load_sessions(con)
    result = transform(sessions)
    write_report(result)


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


@functools.cache
def _downloads() -> tempfile.TemporaryDirectory[str]:
    """A folder for downloaded files that is gone when the pipeline ends."""
    return tempfile.TemporaryDirectory(prefix="pipeline-")


def _download(url: str) -> Path:
    """A local copy of an object, so that it is transferred once and cannot change during the run."""
    filesystem, place = fsspec.core.url_to_fs(url)
    copy = Path(_downloads().name) / f"{uuid.uuid4().hex}-{Path(place).name}"
    try:
        filesystem.get_file(place, str(copy))
    except FileNotFoundError as error:
        raise PipelineError(f"there is no object {url}") from error
    return copy


def _connect() -> BaseBackend:
    """The backend that runs the transforms: DuckDB in this process, unless PIPELINE_BACKEND names another."""
    return _in_utc(ibis.connect(os.environ.get("PIPELINE_BACKEND", "duckdb://")))


def _in_utc(con: BaseBackend) -> BaseBackend:
    """The backend; if it is DuckDB, times without a zone are UTC, and tables that outgrow the memory move to a temporary folder."""
    if con.name == "duckdb":
        con.raw_sql("SET TimeZone = 'UTC'")
        con.raw_sql(f"SET temp_directory = '{tempfile.gettempdir()}/pipeline-{os.getpid()}'")
    return con


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


def _parsed(column: ir.Value, kind: str, place: object) -> ir.Value:
    """A column as a type; a text that is none of that type stops the run, NaN is missing."""
    if column.type().is_floating() and kind == "float64":
        return column.isnan().ifelse(ibis.null("float64"), column)
    if not column.type().is_string() or kind == "string":
        return column.cast(kind)
    value = column.try_cast(kind)
    if kind == "int64":
        value = (column.contains(".") & column.re_search(r"\.\d*[1-9]")).ifelse(
            ibis.null(kind), value
        )
    wrong = column.notnull() & value.isnull()
    told = (
        ibis.literal(f"{place}, column {column.get_name()!r}: '")
        + column
        + f"' is not {_KINDS[kind]}"
    )
    return wrong.ifelse(_stop(told).cast(kind), value)


def _read_parquet(
    con: BaseBackend,
    path: Path,
    columns: Columns,
) -> ir.Table:
    """The columns of a Parquet file as their types."""
    table = _file_reader(con).read_parquet(str(path))
    _require(path, table.columns, columns)
    parsed = {name: _parsed(table[name], kind, path) for name, kind in columns.items()}
    return _on_backend(con, table.select(**parsed))


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


_KINDS = {
    "string": "a text",
    "int64": "a whole number",
    "timestamp('UTC')": "a date and time with a zone such as 2025-01-31 09:30:00+00:00",
}


if __name__ == "__main__":
    sys.exit(main())
