"""Runs generated pipeline.py files as processes of their own, without paying for their imports each time.

One helper process imports the libraries once and forks for each program; what a program sees is what `python pipeline.py` sees: its own working
directory, environment and standard output, and an exit status. Started as a script, this file is the helper process.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TIME_LIMIT_S = 30
_POLL_S = 0.005
_IMPORTED = (
    "ibis", "ibis.backends.duckdb", "ibis.expr.datatypes", "ibis.expr.types", "duckdb", "pyarrow", "pyarrow.parquet", "sqlalchemy",
    "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "psycopg", "pymysql", "httpx", "requests",
    "gspread", "google.auth", "fsspec", "s3fs", "tenacity", "csv", "email.utils", "decimal", "urllib.parse", "tempfile", "uuid", "sqlite3",
    "ibis.formats.pyarrow", "ibis.backends.sql.compilers.duckdb",
)  # fmt: skip


@dataclass
class Ended:
    """A program that has ended."""

    code: int
    """Exit status; minus the signal's number if a signal ended it."""
    out: str
    """What it wrote to standard output and standard error."""
    log: str
    """Text of the file under `logs/`."""

    @property
    def failure(self) -> str:
        """The one line that says why a step failed."""
        return next((line for line in self.out.splitlines() if " ERROR " in line), "")


@dataclass
class Program:
    """A program that may still be running."""

    pid: int
    out: Path
    logs: Path
    _programs: Programs

    def ended(self) -> bool:
        return self._programs.status(self.pid) is not None

    def wait_until(self, begun: Callable[[], bool]) -> None:
        """Waits for something that the program does before it ends."""
        while not begun():
            assert not self.ended(), f"The program ended before it came to that: {self.out.read_text()[-2000:]}"
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """Ends it at once, as `kill -9` does; nothing of it can clean up."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        deadline = time.monotonic() + TIME_LIMIT_S
        while (code := self._programs.status(self.pid)) is None:
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"The program did not end in {TIME_LIMIT_S} s: {self.out.read_text()[-2000:]}")
            time.sleep(_POLL_S)
        newest = max(self.logs.glob("execution_*.log"), default=None)
        return Ended(code, self.out.read_text(encoding="utf-8"), newest.read_text(encoding="utf-8") if newest else "")


@dataclass
class Programs:
    """The helper process that programs are forked from."""

    _process: subprocess.Popen[str]
    _codes: dict[int, int] = field(default_factory=dict)

    def start(self, file: Path, *, folder: Path, environment: Mapping[str, str], waits: bool = False, file_limit: int | None = None) -> Program:
        """Starts a program.

        Args:
            file: The Python file.
            folder: Its working directory.
            environment: All of its environment.
            waits: False if pauses between attempts are skipped.
            file_limit: Bytes that a file it writes may have (`RLIMIT_FSIZE`): a disk that is full.
        """
        out = folder / f"out.{time.monotonic_ns()}.txt"
        out.touch()
        pid = self._ask(file=str(file), folder=str(folder), environment=dict(environment), out=str(out), waits=waits, file_limit=file_limit)
        assert pid is not None
        return Program(pid, out, file.parent / "logs", self)

    def status(self, pid: int) -> int | None:
        """The exit status, None while it runs."""
        if pid not in self._codes and (code := self._ask(status=pid)) is not None:
            self._codes[pid] = code
        return self._codes.get(pid)

    def _ask(self, **request: object) -> int | None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def programs() -> Iterator[Programs]:
    """The running helper process."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        yield Programs(process)
        assert process.stdin
        process.stdin.close()


def _serve() -> None:
    for name in _IMPORTED:
        try:
            importlib.import_module(name)
        except ImportError:  # the tests of this connector say so
            continue
    while line := sys.stdin.readline():
        request = json.loads(line)
        answer = _status(request["status"]) if "status" in request else os.fork()
        if answer == 0 and "file" in request:
            _become(request)
        print(json.dumps(answer), flush=True)


def _status(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(request: dict[str, Any]) -> None:
    """Runs the program in this process, which ends with it."""
    os.setsid()
    with Path(request["out"]).open("wb") as out, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    if request["file_limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_limit"], request["file_limit"]))
    if not request["waits"]:
        time.sleep = lambda seconds: None
    sys.argv = [request["file"]]
    code = 1
    try:
        runpy.run_path(request["file"], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    # Without the destructors of C++ libraries, which may wait for threads that a fork does not take along.
    os._exit(code)


if __name__ == "__main__":
    _serve()
