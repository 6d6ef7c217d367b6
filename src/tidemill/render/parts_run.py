"""Source of the helpers of a generated pipeline.py: steps, logging, retries, secrets, paths.

Plain Python as it appears in the generated file; `library.py` picks the definitions that a pipeline needs, in the order they stand here.
"""

STEPS = r'''
_P = ParamSpec("_P")
_STEP: ContextVar[str | None] = ContextVar("step", default=None)
_ROWS: dict[str, int] = {}


class PipelineError(Exception):
    """Something that the person who runs the pipeline can read and act on."""


@dataclass
class _Outcome:
    """What a step tells of itself when it is done."""

    rows: int | None = None


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
        "%s: %s in %.2f s, peak memory %d MiB", name, count, seconds, peak // 2**20,
        extra={"event": "finished", "rows": rows, "seconds": round(seconds, 3), "peakMemoryBytes": peak},
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
'''

LOGGING = r'''
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
        return json.dumps(line | {key: getattr(record, key) for key in told if hasattr(record, key)})


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
        file = logging.FileHandler(LOGS / f"execution_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}.log", encoding="utf-8")
    except OSError as error:
        log.warning("No log file is kept: %s", error)
        return
    file.setFormatter(text)
    log.addHandler(file)
'''

RETRY = r'''
def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait_s = state.next_action.sleep if state.next_action else 0.0
    log.warning(
        "%s: attempt %d failed, next in %.1f s: %s",
        _STEP.get(), state.attempt_number, wait_s, _reason(error) if error else "",
        extra={"event": "retry"},
    )


def _wait_s(state: tenacity.RetryCallState) -> float:
    """As long as the server asks for with Retry-After, otherwise 1, 2, 4 … seconds and a bit of chance."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.response.headers.get("Retry-After", "") if isinstance(error, httpx.HTTPStatusError) else ""
    if asked.isdigit():
        return min(float(asked), MAX_RETRY_AFTER_S)
    if asked:
        with contextlib.suppress(ValueError):
            until = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
            return min(max(until, 0.0), MAX_RETRY_AFTER_S)
    return _BACKOFF(state)
'''

PLACES = r'''
def _path(path: str) -> Path:
    """A path under PIPELINE_ROOT, or under the working directory."""
    return Path(os.environ.get("PIPELINE_ROOT", ".")) / path


def _existing(path: str) -> Path:
    """The path of a source file that is there."""
    place = _path(path)
    if not place.is_file():
        raise PipelineError(f"there is no file {place}")
    return place


def _secret(reference: str) -> str:
    """The secret behind `env:NAME` or `file:PATH`; it is read when it is needed and never logged."""
    kind, _, place = reference.partition(":")
    if kind == "file":
        try:
            return _path(place).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PipelineError(f"the secret file {place} cannot be read: {error.strerror}") from error
    if not os.environ.get(place):
        raise PipelineError(f"the environment variable {place} is not set; it has to hold a secret")
    return os.environ[place]


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
'''
