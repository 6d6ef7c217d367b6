"""Real PostgreSQL and MariaDB servers for a test session: one given by URL, else one started from the machine's binaries."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT_S = 60
PASSWORD = "tide-mill-test"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database, with its password."""
    if given := os.environ.get("TIDEMILL_TEST_POSTGRES_URL"):
        yield given
        return
    initdb, server = _binary("initdb", "/usr/lib/postgresql/*/bin/initdb"), _binary("postgres", "/usr/lib/postgresql/*/bin/postgres")
    if not initdb or not server:
        pytest.skip("PostgreSQL is not installed; install `postgresql` or give TIDEMILL_TEST_POSTGRES_URL")
    with _folder("postgres") as (folder, user):
        secret = folder / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, user) if user else None
        data = folder / "data"
        _run([initdb, "-D", str(data), "-U", "tide", "--pwfile", str(secret), "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"], user)
        port = free_port()
        command = [server, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        with _serving(command, user, f"postgresql+psycopg://tide:{PASSWORD}@127.0.0.1:{port}/postgres"):
            yield f"postgresql://tide:{PASSWORD}@127.0.0.1:{port}/postgres"


@contextmanager
def mariadb() -> Iterator[str]:
    """The URL of a MariaDB database, with its password."""
    if given := os.environ.get("TIDEMILL_TEST_MYSQL_URL"):
        yield given
        return
    install, server = _binary("mariadb-install-db", ""), _binary("mariadbd", "/usr/sbin/mariadbd")
    if not install or not server:
        pytest.skip("MariaDB is not installed; install `mariadb-server` or give TIDEMILL_TEST_MYSQL_URL")
    with _folder("mysql") as (folder, user):
        data, start = folder / "data", folder / "start.sql"
        start.write_text(
            f"CREATE USER 'tide'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO 'tide'@'127.0.0.1';\nCREATE DATABASE tide CHARACTER SET utf8mb4;\n"
        )
        start.chmod(0o644)
        _run([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"], user)
        port = free_port()
        command = [server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s.sock",
                   f"--pid-file={folder}/pid", f"--init-file={start}", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]  # fmt: skip
        with _serving(command, user, f"mysql+pymysql://tide:{PASSWORD}@127.0.0.1:{port}/tide"):
            yield f"mysql://tide:{PASSWORD}@127.0.0.1:{port}/tide"


def _binary(name: str, pattern: str) -> str | None:
    if found := shutil.which(name):
        return found
    return next((str(p) for p in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)), None) if pattern else None


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, str | None]]:
    """A short temporary folder and the user to run as: database servers refuse to run as root."""
    user = owner if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="tidemill-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        if user:
            shutil.chown(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@contextmanager
def _serving(command: list[str], user: str | None, url: str) -> Iterator[None]:
    process = subprocess.Popen(command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait(process, url)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    engine = create_engine(url)
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
            engine.dispose()
            return
        except OperationalError:
            assert process.poll() is None, f"the server ended with {process.returncode}"
            assert time.monotonic() < deadline, "the server did not answer in time"
            time.sleep(0.1)
