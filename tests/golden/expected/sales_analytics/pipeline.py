"""Sales Analytics Pipeline

Process sales orders and generate product-level analytics

Reads
    Load Sales Data: range `Sales!A1:G1000` of the Google Sheets spreadsheet
        `1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms`
Writes
    Save Analytics Results: sheet `Sales_Analytics_Output` of the Google Sheets spreadsheet
        `1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms`

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

import google.auth.exceptions
import gspread
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import requests
import tenacity
from ibis.backends import BaseBackend

log = logging.getLogger("pipeline")
log.propagate = False

NAME = "Sales Analytics Pipeline"
LOGS = Path(__file__).resolve().parent / "logs"

SALES_DATA_SPREADSHEET_ID = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
SALES_DATA_CREDENTIALS_PATH = "credentials.json"
SALES_DATA_RANGE = "Sales!A1:G1000"
SALES_DATA_COLUMNS = {
    "unit_price": "float64",
    "quantity": "float64",
    "discount_rate": "float64",
    "product_name": None,
}
ANALYTICS_RESULTS_SPREADSHEET_ID = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
ANALYTICS_RESULTS_CREDENTIALS_PATH = "credentials.json"
ANALYTICS_RESULTS_SHEET_NAME = "Sales_Analytics_Output"


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
    if isinstance(error, gspread.exceptions.APIError):
        return error.response.status_code in (408, 429, 500, 502, 503, 504)
    return isinstance(
        error,
        (
            ConnectionError,
            TimeoutError,
            requests.ConnectionError,
            requests.Timeout,
            google.auth.exceptions.TransportError,
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


@step("Load Sales Data")
@_retry
def load_sales_data(con: BaseBackend) -> ir.Table:
    """Extract sales transactions from Google Sheets."""
    records = _sheet_records(
        _spreadsheet(SALES_DATA_SPREADSHEET_ID, SALES_DATA_CREDENTIALS_PATH),
        SALES_DATA_RANGE,
        SALES_DATA_COLUMNS,
    )
    return _table_of(con, records, SALES_DATA_COLUMNS, place=f"range {SALES_DATA_RANGE}")


@step("Calculate Revenue Metrics", rows_of="Load Sales Data")
def calculate_revenue_metrics(sales_data: ir.Table) -> ir.Table:
    """Calculate total, discount, and net revenue."""
    table = sales_data.mutate(total_revenue=sales_data["unit_price"] * sales_data["quantity"])
    table = table.mutate(discount_amount=table["total_revenue"] * table["discount_rate"])
    return table.mutate(net_revenue=table["total_revenue"] - table["discount_amount"])


@step("Filter and Aggregate", cache=True)
def filter_and_aggregate(revenue_metrics: ir.Table) -> ir.Table:
    """Filter profitable orders and aggregate by product."""
    table = revenue_metrics.filter(revenue_metrics["net_revenue"] > 100)
    table = table.group_by("product_name").aggregate(
        total_product_revenue=table["net_revenue"].sum().fill_null(0),
        order_count=table["net_revenue"].count(),
        avg_order_value=table["net_revenue"].mean(),
    )
    return table.order_by("product_name")


def transform(sales_data: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    revenue_metrics = calculate_revenue_metrics(sales_data)
    return filter_and_aggregate(revenue_metrics)


@write("Save Analytics Results")
@_retry
def write_analytics_results(table: ir.Table) -> int:
    """Write aggregated results to Google Sheets."""
    return _write_sheet(
        table,
        _spreadsheet(ANALYTICS_RESULTS_SPREADSHEET_ID, ANALYTICS_RESULTS_CREDENTIALS_PATH),
        ANALYTICS_RESULTS_SHEET_NAME,
    )


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    sales_data = load_sales_data(con)
    result = transform(sales_data)
    write_analytics_results(result)


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


# Names and types of columns; None stands for the type that the values turn out to have.
Columns = Mapping[str, str | None]


BATCH_ROWS = 50_000
SHEETS_TIMEOUT_S = 60
SHEETS_SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]


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
    others: bool = False,
) -> ir.Table:
    """A temporary table of rows, filled in batches; columns without a type get the one their values have."""
    if others or None in columns.values():
        rows = list(rows)
        columns = _found_in_values(rows, columns, others=others)
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


def _converted(value: object, kind: str | None, column: str) -> object:
    """A value of the source as a value of the column's type; NaN and empty text that is no text are missing."""
    kind = kind or "string"
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


def _found_in_values(
    rows: Sequence[Mapping[str, object]], columns: Columns, *, others: bool
) -> dict[str, str]:
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


def _spreadsheet(spreadsheet_id: str, credentials_path: str) -> gspread.Spreadsheet:
    """A spreadsheet, opened with a service account."""
    credentials = _existing(credentials_path)
    try:
        client = gspread.service_account(filename=credentials, scopes=SHEETS_SCOPES)
    except ValueError as error:
        raise PipelineError(
            f"{credentials} is not the key file of a service account: {error}"
        ) from error
    client.set_timeout(SHEETS_TIMEOUT_S)
    try:
        return client.open_by_key(spreadsheet_id)
    except (gspread.SpreadsheetNotFound, PermissionError) as error:
        raise PipelineError(
            f"there is no spreadsheet {spreadsheet_id!r}, or it is not shared with the client_email that {credentials} names"
        ) from error


def _sheet_records(
    spreadsheet: gspread.Spreadsheet, cells: str, columns: Columns
) -> list[Mapping[str, object]]:
    """The rows of a range below its header; empty cells are missing, empty rows are passed over."""
    params: dict[str, Any] = {
        "valueRenderOption": "UNFORMATTED_VALUE",
        "dateTimeRenderOption": "FORMATTED_STRING",
    }
    header, *rows = spreadsheet.values_get(cells, params=params).get("values") or [[]]
    names = [str(name) for name in header]
    _require(f"range {cells}", names, columns)
    padded = [
        row + [""] * (len(names) - len(row)) for row in rows if any(cell != "" for cell in row)
    ]
    return [
        {name: None if cell == "" else cell for name, cell in zip(names, row, strict=False) if name}
        for row in padded
    ]


def _write_sheet(table: ir.Table, spreadsheet: gspread.Spreadsheet, sheet_name: str) -> int:
    """Writes a sheet in one update and then trims what is left over of the one before."""
    rows = [
        [_cell(value) for value in row.values()]
        for row in table.to_pyarrow_batches().read_all().to_pylist()
    ]
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


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "string": _to_text,
    "int64": _to_integer,
    "float64": _to_number,
    "boolean": _to_boolean,
    "date": _to_date,
    "timestamp": _to_timestamp,
    "timestamp('UTC')": _to_instant,
}


_KINDS = {
    "string": "a text",
    "int64": "a whole number",
    "float64": "a number",
    "boolean": "true or false",
    "date": "a date such as 2025-01-31",
    "timestamp": "a date and time such as 2025-01-31 09:30:00",
    "timestamp('UTC')": "a date and time with a zone such as 2025-01-31 09:30:00+00:00",
}


if __name__ == "__main__":
    sys.exit(main())
