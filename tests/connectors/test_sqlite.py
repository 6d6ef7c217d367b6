"""Generated pipelines that read and write SQLite files (P4, P7)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connectors.conftest import Project


def database(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def to_table(columns: str, *, mode: str = "replace", keys: str = "") -> str:
    more = f", keys: [{keys}]" if keys else ""
    return f"""
name: To SQLite
steps:
  - {{type: source, name: In, config: {{path: in.csv, columns: {{{columns}}}}}}}
  - {{type: destination, name: Save, config: {{path: shop.db, table: orders, mode: {mode}{more}}}}}
"""


def from_source(config: str) -> str:
    return f"""
name: From SQLite
steps:
  - {{type: source, name: In, config: {{path: shop.db, {config}}}}}
  - {{type: destination, name: Out, config: {{path: out.json}}}}
"""


ORDERS = "id: integer, postcode: string, on: date, at: timestamp, price: number, paid: boolean"


def test_file_and_table_are_made_and_hold_exactly_the_rows_after_two_runs(project: Project) -> None:
    project.write("in.csv", "id,postcode,on,at,price,paid\n1,01067,2025-01-02,2025-01-02 10:00:00,1.5,true\n2,,,,,\n")
    assert (project.run(to_table(ORDERS)).code, project.run(to_table(ORDERS)).code) == (0, 0)
    assert rows(project.folder / "shop.db", "SELECT * FROM orders ORDER BY id") == [
        (1, "01067", "2025-01-02", "2025-01-02 10:00:00", 1.5, 1), (2, None, None, None, None, None),
    ]  # fmt: skip


def test_what_was_written_is_read_again_with_its_declared_types(project: Project) -> None:
    project.write("in.csv", "id,postcode,on,at,price,paid\n1,01067,2025-01-02,2025-01-02 10:00:00,1.5,true\n")
    assert project.run(to_table(ORDERS)).code == 0
    assert project.run(from_source(f"table: orders, columns: {{{ORDERS}}}")).code == 0
    assert json.loads(project.text("out.json")) == [
        {"id": 1, "postcode": "01067", "on": "2025-01-02", "at": "2025-01-02 10:00:00", "price": 1.5, "paid": True}
    ]


def test_a_query_is_read_as_it_stands(project: Project) -> None:
    database(project.folder / "shop.db", "CREATE TABLE sales (k TEXT, v REAL)", "INSERT INTO sales VALUES ('a%', 1), ('a%', 2), ('b:x', 3)")
    query = "SELECT k, SUM(v) AS total FROM sales WHERE k LIKE 'a%' OR k = 'b:x' GROUP BY k ORDER BY k"
    assert project.run(from_source(f'query: "{query}", columns: {{k: string, total: number}}')).code == 0
    assert json.loads(project.text("out.json")) == [{"k": "a%", "total": 3.0}, {"k": "b:x", "total": 3.0}]


def test_upsert_replaces_rows_with_the_same_keys_and_keeps_the_others(project: Project) -> None:
    file = project.folder / "shop.db"
    database(
        file, "CREATE TABLE orders (id INTEGER, price REAL, note TEXT)", "INSERT INTO orders VALUES (1, 0, 'mine'), (9, 9, 'mine'), (NULL, 0, NULL)"
    )
    project.write("in.csv", "id,price\n1,5\n2,6\n,7\n")
    spec = to_table("id: integer, price: number", mode="upsert", keys="id")
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    assert rows(file, "SELECT id, price FROM orders ORDER BY price") == [(1, 5.0), (2, 6.0), (None, 7.0), (9, 9.0)]


def test_append_adds_rows_with_each_run(project: Project) -> None:
    project.write("in.csv", "id\n1\n2\n")
    spec = to_table("id: integer", mode="append")
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    assert rows(project.folder / "shop.db", "SELECT id FROM orders") == [(1,), (2,), (1,), (2,)]


def test_indexes_and_views_survive_a_replace(project: Project) -> None:
    file = project.folder / "shop.db"
    database(file, "CREATE TABLE orders (id INTEGER PRIMARY KEY)", "CREATE INDEX by_id ON orders (id)", "CREATE VIEW seen AS SELECT id FROM orders")
    project.write("in.csv", "id\n1\n")
    assert project.run(to_table("id: integer")).code == 0
    assert rows(file, "SELECT id FROM seen") == [(1,)]
    assert rows(file, "SELECT name FROM sqlite_master WHERE type = 'index'") == [("by_id",)]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("CREATE TABLE orders (key INTEGER)", "table orders has no column 'id'; it has 'key'"),
        ("CREATE TABLE orders (key INTEGER, id INTEGER CHECK (id < 2))", "CHECK constraint failed"),
    ],
)
def test_a_table_that_does_not_fit_is_told_and_stays_as_it_was(table: str, told: str, project: Project) -> None:
    database(project.folder / "shop.db", table, "INSERT INTO orders (key) VALUES (7)")
    project.write("in.csv", "id\n1\n2\n")
    ended = project.run(to_table("id: integer"))
    assert ended.code == 1
    assert told in ended.failure
    assert rows(project.folder / "shop.db", "SELECT key FROM orders") == [(7,)]


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "there is no table orders"), (b"this is no database, whatever its name says\n" * 40, "file is not a database")]
)
def test_a_file_without_the_table_is_told(content: bytes, told: str, project: Project) -> None:
    project.write("shop.db", content)
    ended = project.run(from_source("table: orders, columns: {id: integer}"))
    assert ended.code == 1
    assert told in ended.failure


def test_a_locked_file_is_waited_for_and_tried_again(project: Project) -> None:
    file = project.folder / "shop.db"
    database(file, "CREATE TABLE orders (id INTEGER)")
    project.write("in.csv", "id\n1\n")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        program = project.start(to_table("id: integer"))
        program.wait_until(lambda: "Save: started" in program.out.read_text())
        other.execute("COMMIT")
    assert program.wait().code == 0
    assert rows(file, "SELECT id FROM orders") == [(1,)]
