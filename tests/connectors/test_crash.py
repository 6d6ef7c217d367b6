"""What interrupts a generated pipeline leaves the old output whole (P4, P7): kill -9, a server that goes away, a full disk."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.connectors.relay import relay
from tests.connectors.tables import from_table, to_table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connectors.conftest import Project
    from tests.connectors.tables import Server

pytestmark = pytest.mark.xdist_group("connectors-databases")

ROWS = 300_000
"""Writing them takes a second or more, so that there is a middle to act in."""


def big_source(project: Project, rows: int = ROWS) -> None:
    pq.write_table(pa.table({"id": range(rows), "label": [f"a text of some length {i}" for i in range(rows)]}), project.folder / "big.parquet")


def to_file(out: str) -> str:
    return f"""
name: Big file
steps:
  - {{type: source, name: In, config: {{path: big.parquet, columns: {{id: integer, label: string}}}}}}
  - {{type: destination, name: Save, config: {{path: {out}}}}}
"""


def to_sqlite() -> str:
    return to_file("shop.db").replace("path: shop.db", "path: shop.db, table: orders")


def begun(folder: Path, name: str) -> bool:
    return any(p.name != name and p.stat().st_size for p in folder.glob(f".{name}*"))


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.parquet"])
def test_a_killed_run_leaves_the_old_file(name: str, project: Project) -> None:
    big_source(project, 3_000_000)
    project.write(name, "old")
    program = project.start(to_file(name))
    program.wait_until(lambda: begun(project.folder, name))
    program.kill()
    assert program.wait().code == -signal.SIGKILL
    assert project.text(name) == "old"


def test_a_killed_run_leaves_the_old_rows_of_a_sqlite_file_and_the_next_run_writes_all(project: Project) -> None:
    file = project.folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER, label TEXT)")
        connection.execute("INSERT INTO orders VALUES (7, 'old')")
    big_source(project)
    program = project.start(to_sqlite())
    program.wait_until((project.folder / "shop.db-journal").exists)
    program.kill()
    assert program.wait().code == -signal.SIGKILL
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT id, label FROM orders").fetchall() == [(7, "old")]
    big_source(project, 10)
    assert project.run(to_sqlite()).code == 0
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT COUNT(*), MAX(id) FROM orders").fetchall() == [(10, 9)]


def old_table(server: Server) -> None:
    server.execute("DROP TABLE IF EXISTS big", "CREATE TABLE big (id BIGINT, label TEXT)", "INSERT INTO big VALUES (7, 'old')")


def to_big(server: Server, mode: str = "replace") -> str:
    return to_table(server, "big", "id: integer, label: string", path="big.parquet", mode=mode)


def test_a_killed_run_leaves_the_old_rows_of_a_table_and_the_next_run_writes_all(server: Server, project: Project) -> None:
    old_table(server)
    big_source(project)
    assert server.address.port
    with relay(server.address.port) as way:
        program = project.start(to_big(server.at(way.port)))
        program.wait_until(lambda: way.bytes_in > 1_000_000)
        program.kill()
        assert program.wait().code == -signal.SIGKILL
    assert server.rows("SELECT id, label FROM big") == [(7, "old")]
    big_source(project, 10)
    assert project.run(to_big(server)).code == 0
    assert server.rows("SELECT COUNT(*), MAX(id) FROM big") == [(10, 9)]


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_a_server_that_goes_away_for_good_is_told_in_one_line_and_the_old_rows_stay(mode: str, server: Server, project: Project) -> None:
    old_table(server)
    big_source(project)
    assert server.address.port
    with relay(server.address.port) as way:
        program = project.start(to_big(server.at(way.port), mode))
        program.wait_until(lambda: way.bytes_in > 1_000_000)
        way.close()
        ended = program.wait()
    assert ended.code == 1
    assert ended.out.count(" ERROR ") == 2
    assert "Traceback" not in ended.out
    assert ended.failure.split("Save: ")[1]
    assert project.environment["DB_PASSWORD"] not in ended.out + ended.log
    assert server.rows("SELECT id, label FROM big") == [(7, "old")]


def test_a_connection_that_is_ended_by_the_server_is_made_again(postgres_server: Server, project: Project) -> None:
    old_table(postgres_server)
    big_source(project, 100_000)
    program = project.start(to_big(postgres_server))
    active = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO big%%'"
    program.wait_until(lambda: bool(postgres_server.rows(active)))
    postgres_server.rows(active.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"))
    ended = program.wait()
    assert ended.code == 0
    assert ended.out.count("failed, next in") == 1
    assert postgres_server.rows("SELECT COUNT(*) FROM big") == [(100_000,)]


def test_a_server_that_goes_away_while_it_is_read_leaves_the_old_file(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS wide", "CREATE TABLE wide (label TEXT)")
    repeated = {"postgres": "SELECT repeat('x', 1000) FROM generate_series(1, 100000)", "mysql": "SELECT repeat('x', 1000) FROM seq_1_to_100000"}
    server.execute(f"INSERT INTO wide {repeated[server.connector]}")
    project.write("out.csv", "old\n")
    assert server.address.port
    with relay(server.address.port) as way:
        program = project.start(from_table(server.at(way.port), "table: wide", out="out.csv", columns="label: string"))
        program.wait_until(lambda: way.bytes_out > 5_000_000)
        way.close()
        ended = program.wait()
    assert ended.code == 1
    assert ended.failure.split("Rows: ")[1]
    assert project.text("out.csv") == "old\n"


def test_two_runs_at_once_leave_the_rows_of_one(server: Server, project: Project) -> None:
    old_table(server)
    big_source(project, 3_000)
    spec = to_big(server)
    programs = [project.start(spec), project.start(spec)]
    assert [p.wait().code for p in programs] == [0, 0]
    assert server.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM big") == [(3_000, 3_000)]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_full_disk_is_told_and_leaves_the_old_file_alone(name: str, project: Project) -> None:
    big_source(project)
    project.write(name, "old")
    ended = project.start(to_file(name), file_limit=200_000).wait()
    assert ended.code == 1
    assert "Save: " in ended.failure
    assert "large" in ended.failure.lower() or "space" in ended.failure.lower() or "write" in ended.failure.lower()
    assert project.text(name) == "old"
    assert not begun(project.folder, name)


def test_a_full_disk_leaves_the_old_rows_of_a_sqlite_file(project: Project) -> None:
    file = project.folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER, label TEXT)")
        connection.execute("INSERT INTO orders VALUES (7, 'old')")
    big_source(project)
    ended = project.start(to_sqlite(), file_limit=1_000_000).wait()
    assert ended.code == 1
    assert "Save: " in ended.failure
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT id, label FROM orders").fetchall() == [(7, "old")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(project: Project) -> None:
    big_source(project, 3)
    (project.folder / "locked").mkdir(mode=0o555)
    ended = project.run(to_file("locked/out.csv"))
    assert ended.code == 1
    assert "Permission denied" in ended.failure
