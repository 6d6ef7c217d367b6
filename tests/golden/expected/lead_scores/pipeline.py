"""Lead scores

Scores the leads of the fair; the columns of the file are found when it is read.

Reads
    Leads: CSV file `leads.csv`
Writes
    Scores: CSV file `out/scores.csv`

Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.

Environment
    PIPELINE_ROOT: the folder that relative paths start from (the working directory)
    PIPELINE_BACKEND: an Ibis backend URL that runs the transforms (duckdb://)
    PIPELINE_LOG_FORMAT: `json` for one JSON object per line on stdout (text)
"""

from __future__ import annotations

import contextlib
import csv
import errno
import functools
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

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import tenacity
from ibis.backends import BaseBackend

log = logging.getLogger("pipeline")
log.propagate = False

NAME = "Lead scores"
LOGS = Path(__file__).resolve().parent / "logs"

LEADS_PATH = "leads.csv"
LEADS_COLUMNS = {
    "budget": "string",
    "met_on": "string",
}
SCORES_PATH = "out/scores.csv"


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
    return isinstance(error, (ConnectionError, TimeoutError))


_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)


_retry = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait=_BACKOFF,
    stop=tenacity.stop_after_attempt(5),
    before_sleep=_log_retry,
    reraise=True,
)


@step("Leads")
@_retry
def load_leads(con: BaseBackend) -> ir.Table:
    """Loads CSV file `leads.csv`."""
    return _read_csv(con, _existing(LEADS_PATH), LEADS_COLUMNS, others=True)


@step("Read the numbers", rows_of="Leads")
def read_the_numbers(leads: ir.Table) -> ir.Table:
    """Convert `budget` to number and `met_on` to date."""
    return leads.mutate(
        budget=leads["budget"]
        .re_replace("[€ ]", "")
        .replace(".", "")
        .replace(",", ".")
        .try_cast("float64")
        .nullif(float("nan")),
        met_on=leads["met_on"].strip().as_timestamp("%d.%m.%Y").date(),
    )


@step("Score leads")
def score_leads(read_the_numbers_result: ir.Table) -> ir.Table:
    """Run the Python function of the step."""
    # Written by hand; from here on as it stands in config.yaml.
    import math

    def transform(rows: list[dict]) -> list[dict]:
        """A point per power of ten of the budget."""
        for row in rows:
            budget = row["budget"]
            row["score"] = int(math.log10(budget)) if budget and budget >= 1 else 0
        return [row for row in rows if row["score"] > 0]

    # End of what was written by hand.

    return _through_python(
        transform,
        read_the_numbers_result,
        {
            "lead": "string",
            "postcode": "string",
            "budget": "float64",
            "met_on": "date",
            "score": "int64",
        },
    )


def transform(leads: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    read_the_numbers_result = read_the_numbers(leads)
    return score_leads(read_the_numbers_result)


@write("Scores")
@_retry
def write_scores(table: ir.Table) -> int:
    """Writes CSV file `out/scores.csv`."""
    return _write_file(table, _path(SCORES_PATH), "FORMAT csv, HEADER, DELIMITER ';'")


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    leads = load_leads(con)
    result = transform(leads)
    write_scores(result)


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
    others: bool = False,
) -> ir.Table:
    """The columns of a delimited file, checked against their types; with `others` the further ones, too."""
    header = _csv_header(path, delimiter, encoding)
    _require(path, header, columns)
    kinds = {name: _CSV_TYPES.get(columns.get(name) or "", "VARCHAR") for name in header}
    options = {
        "delim": delimiter,
        "quote": '"',
        "escape": '"',
        "nullstr": list(null_values),
        "encoding": encoding,
    }
    table = _file_reader(con).read_csv(
        str(path), columns=kinds, header=True, buffer_size=CSV_BUFFER_BYTES, **options
    )
    wanted = dict.fromkeys(header) | dict(columns) if others else dict(columns)
    types = wanted | _found_in_text(table, [name for name, kind in wanted.items() if kind is None])
    parsed = {name: _parsed(table[name], kind or "string", path) for name, kind in types.items()}
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
            raise PipelineError(
                f"{path} is not {encoding} text: {error.reason} at byte {error.start}"
            ) from error
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
        name: next((kind for kind in _TEXT_PATTERNS if told[f"{number} {kind}"]), "string")
        for number, name in enumerate(names)
    }


_TEXT_PATTERNS = {
    "int64": r"^-?(0|[1-9]\d{0,17})$",
    "float64": r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$",
    "boolean": r"^(true|false|True|False|TRUE|FALSE)$",
    "date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
    "timestamp": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$",
}


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


def _copy(table: ir.Table, file: Path, options: str) -> int:
    """Streams a table to a file; DuckDB writes it, whatever backend has computed it."""
    con = ibis.get_backend(table)
    if con.name != "duckdb":
        con, rows = _in_utc(ibis.duckdb.connect()), table.to_pyarrow()
        table = con.create_table("rows", rows)
    place = str(file).replace("'", "''")
    written = con.raw_sql(f"COPY ({ibis.to_sql(table)}) TO '{place}' ({options})").fetchone()
    return int(written[0])


def _through_python(
    function: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    table: ir.Table,
    columns: Mapping[str, str],
) -> ir.Table:
    """The rows that a Python function makes of a table's rows, as a table."""
    con, kept = ibis.get_backend(table), table.cache()
    made = function(kept.to_pyarrow_batches().read_all().to_pylist())
    checked = [
        {name: _converted(row.get(name), kind, name) for name, kind in columns.items()}
        for row in made
    ]
    rows = pa.Table.from_pylist(checked, schema=ibis.schema(columns).to_pyarrow())
    return con.create_table(ibis.util.gen_name("python"), rows, temp=True)


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
