"""Event export

All events of the ticket shop, page by page.

Reads
    Events: the records at `https://api.example.com/v1/events`
Writes
    Export: JSON Lines file `out/events.jsonl`

Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.

Environment
    EVENTS_TOKEN: a secret that `Events` needs
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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import ParamSpec

import httpx
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import tenacity
from ibis.backends import BaseBackend

log = logging.getLogger("pipeline")
log.propagate = False

NAME = "Event export"
LOGS = Path(__file__).resolve().parent / "logs"

EVENTS_URL = "https://api.example.com/v1/events"
EVENTS_PARAMS = {"state": "published"}
EVENTS_SECRET = "env:EVENTS_TOKEN"
EVENTS_RECORDS_PATH = "data.items"
EVENTS_PAGE_SIZE = 200
EVENTS_COLUMNS = {
    "id": "int64",
    "title": "string",
    "starts_at": "timestamp('UTC')",
    "seats": "int64",
    "price": "float64",
}
EXPORT_PATH = "out/events.jsonl"


MAX_RETRY_AFTER_S = 300.0
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


def _wait_s(state: tenacity.RetryCallState) -> float:
    """As long as the server asks for with Retry-After, otherwise 1, 2, 4 … seconds and a bit of chance."""
    error = state.outcome.exception() if state.outcome else None
    asked = (
        error.response.headers.get("Retry-After", "")
        if isinstance(error, httpx.HTTPStatusError)
        else ""
    )
    if asked.isdigit():
        return min(float(asked), MAX_RETRY_AFTER_S)
    if asked:
        with contextlib.suppress(ValueError):
            until = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
            return min(max(until, 0.0), MAX_RETRY_AFTER_S)
    return _BACKOFF(state)


def _is_transient(error: BaseException) -> bool:
    """True for what may well be gone in a moment; never for a file or a value that is wrong."""
    if isinstance(error, OSError) and error.errno in (
        errno.EAGAIN,
        errno.EBUSY,
        errno.ESTALE,
        errno.ETIMEDOUT,
    ):
        return True
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 425, 429, 500, 502, 503, 504)
    return isinstance(error, (ConnectionError, TimeoutError, httpx.TransportError))


_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)


_retry = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait=_wait_s,
    stop=tenacity.stop_after_attempt(5),
    before_sleep=_log_retry,
    reraise=True,
)


@step("Events")
def load_events(con: BaseBackend) -> ir.Table:
    """Loads the records at `https://api.example.com/v1/events`."""
    records: list[Mapping[str, object]] = []
    with httpx.Client(
        headers={"Authorization": "Bearer " + _secret(EVENTS_SECRET)},
        event_hooks={"request": [_only_to(EVENTS_URL, "Authorization")]},
        timeout=HTTP_TIMEOUT_S,
        follow_redirects=True,
    ) as client:
        params = {**EVENTS_PARAMS, "limit": str(EVENTS_PAGE_SIZE)}
        while True:
            answer = _answer(_get(client, EVENTS_URL, params))
            records += _records(answer, EVENTS_RECORDS_PATH, EVENTS_URL)
            cursor = _at(answer, "data.next")
            if not cursor or str(cursor) == params.get("after"):
                break
            params = params | {"after": str(cursor)}
    return _table_of(con, records, EVENTS_COLUMNS, place=EVENTS_URL)


@step("Future seats", cache=True)
def future_seats(events: ir.Table) -> ir.Table:
    """Calculate `value` = coalesce({price}, 0) * {seats}; keep rows where `seats` is greater than
    0.
    """
    table = events.mutate(value=events["price"].fill_null(0) * events["seats"])
    return table.filter(table["seats"] > 0)


def transform(events: ir.Table) -> ir.Table:
    """Everything between the sources and the destinations, which is what the tests check."""
    return future_seats(events)


@write("Export")
@_retry
def write_export(table: ir.Table) -> int:
    """Writes JSON Lines file `out/events.jsonl`."""
    return _write_file(table, _path(EXPORT_PATH), "FORMAT json")


def run(con: BaseBackend) -> None:
    """Loads the sources, computes all results and only then writes the first of them."""
    events = load_events(con)
    result = transform(events)
    write_export(result)


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
HTTP_TIMEOUT_S = 60


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


def _to_number(value: object) -> float | None:
    number = float(str(value))
    return None if math.isnan(number) else number


def _to_instant(value: object) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _records(document: object, records_path: str, place: object) -> list[Mapping[str, object]]:
    """The list of objects at a dotted path of a JSON document."""
    for key in filter(None, records_path.split(".")):
        if not isinstance(document, dict) or key not in document:
            raise PipelineError(f"{place} has nothing at {records_path!r}: there is no {key!r}")
        document = document[key]
    if not isinstance(document, list) or not all(isinstance(record, dict) for record in document):
        raise PipelineError(
            f"{place} holds no list of objects{f' at {records_path!r}' if records_path else ''}"
        )
    return document


@_retry
def _get(client: httpx.Client, url: str, params: Mapping[str, str]) -> httpx.Response:
    """One answer; throttling, server errors and lost connections are tried again."""
    # A query that the address has already stays; `params=` would replace it.
    return client.get(httpx.URL(url).copy_merge_params(params)).raise_for_status()


def _only_to(url: str, header: str) -> Callable[[httpx.Request], None]:
    """Takes a secret away from a request that a redirect or a next link leads to another server."""
    home = httpx.URL(url)

    def check(request: httpx.Request) -> None:
        if (request.url.scheme, request.url.host, request.url.port) != (
            home.scheme,
            home.host,
            home.port,
        ):
            request.headers.pop(header, None)

    return check


def _answer(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError as error:
        raise PipelineError(
            f"{response.url.copy_with(query=None)} did not answer with JSON: {error}"
        ) from error


def _at(document: object, path: str) -> object:
    """What stands at a dotted path of a JSON document, None if it is not there."""
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


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


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "string": _to_text,
    "int64": _to_integer,
    "float64": _to_number,
    "timestamp('UTC')": _to_instant,
}


_KINDS = {
    "string": "a text",
    "int64": "a whole number",
    "float64": "a number",
    "timestamp('UTC')": "a date and time with a zone such as 2025-01-31 09:30:00+00:00",
}


if __name__ == "__main__":
    sys.exit(main())
