"""Generated pipelines that read and write tables of real PostgreSQL and MariaDB servers (P4, P7)."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.connectors.tables import connection, from_table, to_table

if TYPE_CHECKING:
    from tests.connectors.conftest import Project
    from tests.connectors.tables import Server

pytestmark = pytest.mark.xdist_group("connectors-databases")

ORDERS = "id,customer,ordered_on,changed_at,amount,paid\n1,Ödön 🐙,2025-01-02,2025-01-02 10:00:00.25,1.5,true\n2,,2025-01-03,,,false\n3,'; --,,,7,\n"
ORDER_COLUMNS = "id: integer, customer: string, ordered_on: date, changed_at: timestamp, amount: number, paid: boolean"


def test_a_table_is_made_and_holds_exactly_the_rows_after_two_runs(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS orders")
    project.write("in.csv", ORDERS)
    spec = to_table(server, "orders", ORDER_COLUMNS)
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    assert server.rows("SELECT id, customer, ordered_on, changed_at, amount, paid FROM orders ORDER BY id") == [
        (1, "Ödön 🐙", date(2025, 1, 2), datetime(2025, 1, 2, 10, 0, 0, 250000), 1.5, True),
        (2, None, date(2025, 1, 3), None, None, False),
        (3, "'; --", None, None, 7.0, None),
    ]


def test_upsert_replaces_rows_with_the_same_keys_and_keeps_the_others(server: Server, project: Project) -> None:
    server.execute(
        "DROP TABLE IF EXISTS stock",
        "CREATE TABLE stock (depot VARCHAR(9), day DATE, amount DOUBLE PRECISION, note VARCHAR(9) DEFAULT 'new')",
        "INSERT INTO stock VALUES ('n', '2025-01-01', 1, 'old'), ('n', '2025-01-02', 2, 'old'), ('s', NULL, 3, 'old')",
    )
    project.write("in.csv", "depot,day,amount\nn,2025-01-02,20\ns,,30\nw,2025-01-01,40\n")
    spec = to_table(server, "stock", "depot: string, day: date, amount: number", mode="upsert", keys="depot, day")
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    assert server.rows("SELECT depot, day, amount, note FROM stock ORDER BY amount") == [
        ("n", date(2025, 1, 1), 1.0, "old"), ("n", date(2025, 1, 2), 20.0, "new"), ("s", None, 30.0, "new"), ("w", date(2025, 1, 1), 40.0, "new"),
    ]  # fmt: skip


def test_append_adds_rows_with_each_run(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS added")
    project.write("in.csv", "id\n1\n2\n")
    spec = to_table(server, "added", "id: integer", mode="append")
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    assert server.rows("SELECT id FROM added ORDER BY id") == [(1,), (1,), (2,), (2,)]


def test_a_table_of_another_schema_is_written_and_read(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS crm.orders", "CREATE SCHEMA IF NOT EXISTS crm")
    project.write("in.csv", 'id,"Größe (cm)",order\n1,4,x\n')
    assert project.run(to_table(server, "crm.orders", "id: integer, Größe (cm): number, order: string")).code == 0
    assert project.run(from_table(server, "table: crm.orders")).code == 0
    assert json.loads(project.text("out.json")) == [{"id": 1, "Größe (cm)": 4.0, "order": "x"}]


def test_indexes_and_keys_survive_a_replace(server: Server, project: Project) -> None:
    server.execute(
        "DROP TABLE IF EXISTS guarded",
        "CREATE TABLE guarded (id BIGINT PRIMARY KEY, kind VARCHAR(9))",
        "CREATE INDEX by_kind ON guarded (kind)",
        "INSERT INTO guarded VALUES (7, 'old')",
    )
    project.write("in.csv", "id,kind\n1,x\n")
    assert project.run(to_table(server, "guarded", "id: integer, kind: string")).code == 0
    assert server.rows("SELECT id, kind FROM guarded") == [(1, "x")]
    indexes = {
        "postgres": "SELECT indexname FROM pg_indexes WHERE tablename = 'guarded'",
        "mysql": "SELECT index_name FROM information_schema.statistics WHERE table_name = 'guarded'",
    }
    key = {"postgres": "guarded_pkey", "mysql": "PRIMARY"}[server.connector]
    assert {r[0] for r in server.rows(indexes[server.connector])} == {"by_kind", key}


def test_grants_and_views_survive_a_replace(postgres_server: Server, project: Project) -> None:
    postgres_server.execute(
        "DROP TABLE IF EXISTS shared CASCADE", "CREATE TABLE shared (id BIGINT)", "CREATE VIEW seen AS SELECT id FROM shared",
        "DROP ROLE IF EXISTS reader_of_shared", "CREATE ROLE reader_of_shared", "GRANT SELECT ON shared TO reader_of_shared",
    )  # fmt: skip
    project.write("in.csv", "id\n1\n")
    assert project.run(to_table(postgres_server, "shared", "id: integer")).code == 0
    assert postgres_server.rows("SELECT id, has_table_privilege('reader_of_shared', 'shared', 'SELECT') FROM seen") == [(1, True)]
    postgres_server.execute("DROP TABLE shared CASCADE", "DROP ROLE reader_of_shared")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("key_column BIGINT", "table unfit has no column 'id', 'label'; it has 'key_column'"),
        ("id BIGINT, label VARCHAR(9) NOT NULL", "label"),
        ("id BIGINT, label VARCHAR(2)", ""),
        ("id BIGINT, label DATE", ""),
    ],
)
def test_a_table_that_does_not_fit_is_told_and_stays_as_it_was(table: str, told: str, server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS unfit", f"CREATE TABLE unfit ({table})")
    first = table.split(maxsplit=1)[0]
    filled = ", '2'" if "DATE" not in table else ", '2025-01-01'"
    server.execute(f"INSERT INTO unfit VALUES (7{filled if first == 'id' else ''})")
    project.write("in.csv", "id,label\n1,\n2,longer text\n")
    ended = project.run(to_table(server, "unfit", "id: integer, label: string"))
    assert ended.code == 1
    assert told in ended.failure
    assert "attempt" not in ended.out
    assert server.rows(f"SELECT {first} FROM unfit") == [(7,)]


COMMON_TYPES = (
    "CREATE TABLE kinds (id INTEGER, small SMALLINT, price NUMERIC(12, 3), share REAL, ok BOOLEAN, on_day DATE,"
    " at_time TIMESTAMP NULL, label TEXT, code CHAR(3))",
    "INSERT INTO kinds VALUES (1, -3, 1234.125, 0.5, TRUE, '2025-01-02', '2025-01-02 10:00:00', 'Größe 🐙', 'abc')",
    "INSERT INTO kinds VALUES (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
)


def test_types_are_found_in_the_values_of_a_table(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS kinds", *COMMON_TYPES)
    assert project.run(from_table(server, "table: kinds", out="out.parquet")).code == 0
    rows = sorted(pq.read_table(project.folder / "out.parquet").to_pylist(), key=lambda r: int(r["id"]))
    yes = True if server.connector == "postgres" else 1
    assert rows == [
        {"id": 1, "small": -3, "price": 1234.125, "share": 0.5, "ok": yes, "on_day": date(2025, 1, 2),
         "at_time": datetime(2025, 1, 2, 10), "label": "Größe 🐙", "code": "abc"},
        dict.fromkeys(rows[0], None) | {"id": 2},
    ]  # fmt: skip


def test_declared_types_decide_over_those_of_the_table(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS kinds", *COMMON_TYPES)
    columns = "id: string, small: number, price: number, ok: boolean, on_day: timestamp, label: string"
    assert project.run(from_table(server, "table: kinds", columns=columns)).code == 0
    assert sorted(json.loads(project.text("out.json")), key=lambda r: str(r["id"])) == [
        {"id": "1", "small": -3.0, "price": 1234.125, "ok": True, "on_day": "2025-01-02 00:00:00", "label": "Größe 🐙"},
        {"id": "2", "small": None, "price": None, "ok": None, "on_day": None, "label": None},
    ]


def test_types_that_only_postgres_has_are_read(postgres_server: Server, project: Project) -> None:
    postgres_server.execute(
        "DROP TABLE IF EXISTS special",
        "CREATE TABLE special (at TIMESTAMPTZ, doc JSONB, tags TEXT[], key UUID)",
        """INSERT INTO special VALUES ('2025-01-02 10:00+02', '{"ä": [1, null]}', '{a,b}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')""",
    )
    assert project.run(from_table(postgres_server, "table: special", out="out.parquet")).code == 0
    (row,) = pq.read_table(project.folder / "out.parquet").to_pylist()
    assert row["at"].isoformat() == "2025-01-02T08:00:00+00:00"
    assert (row["doc"], row["tags"], row["key"]) == ('{"ä": [1, null]}', '["a", "b"]', "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")


def test_bytes_are_read_as_hexadecimal_text(server: Server, project: Project) -> None:
    kind = {"postgres": "BYTEA", "mysql": "BLOB"}[server.connector]
    server.execute("DROP TABLE IF EXISTS blobs", f"CREATE TABLE blobs (digest {kind})", "INSERT INTO blobs VALUES ('abc')")
    assert project.run(from_table(server, "table: blobs")).code == 0
    assert json.loads(project.text("out.json")) == [{"digest": "616263"}]


def test_an_integer_of_more_than_64_bits_is_told_with_its_column(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS huge", "CREATE TABLE huge (id NUMERIC(20, 0))", "INSERT INTO huge VALUES (18446744073709551615)")
    ended = project.run(from_table(server, "table: huge", columns="id: integer"))
    assert ended.code == 1
    assert "column 'id'" in ended.failure
    assert "18446744073709551615" in ended.failure
    assert project.run(from_table(server, "table: huge", columns="id: string")).code == 0
    assert json.loads(project.text("out.json")) == [{"id": "18446744073709551615"}]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("127.0.0.1", "no.such.host.invalid"), "no.such.host.invalid"),
        (("table: sold", 'query: "SELEC 1"'), "SELEC"),
        (("table: sold", "table: no.where"), "no.where"),
    ],
)
def test_what_cannot_be_reached_or_read_is_told(change: tuple[str, str], told: str, server: Server, project: Project) -> None:
    ended = project.run(from_table(server, "table: sold", columns="id: integer").replace(*change))
    assert ended.code == 1
    assert told in ended.failure


def test_times_with_a_zone_are_stored_as_the_same_instant(server: Server, project: Project) -> None:
    kind = {"postgres": "TIMESTAMPTZ", "mysql": "DATETIME(6)"}[server.connector]
    server.execute("DROP TABLE IF EXISTS instants", f"CREATE TABLE instants (at {kind})")
    project.write("in.csv", "at\n2025-07-01 12:00:00+02:00\n")
    assert project.run(to_table(server, "instants", "at: timestamptz")).code == 0
    shown = {"postgres": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')", "mysql": "DATE_FORMAT(at, '%%Y-%%m-%%d %%H:%%i')"}
    assert server.rows(f"SELECT {shown[server.connector]} FROM instants") == [("2025-07-01 10:00",)]


def test_a_table_that_is_read_and_written_in_one_pipeline_holds_the_result(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS prices_in", "CREATE TABLE prices_in (id BIGINT, price NUMERIC(8, 2))", "DROP TABLE IF EXISTS prices_out",
                   "INSERT INTO prices_in VALUES (1, 1.10), (2, 2.20), (3, NULL)")  # fmt: skip
    ended = project.run(f"""
name: Table to table
steps:
  - {{type: source, name: Prices, config: {{{connection(server)}, table: prices_in, columns: {{id: integer, price: number}}}}}}
  - {{type: transform, name: Dearer, config: {{addColumns: [{{name: dearer, formula: "round({{price}} * 2, 2)"}}]}}}}
  - {{type: destination, name: Save, config: {{{connection(server)}, table: prices_out}}}}
""")
    assert ended.code == 0
    assert server.rows("SELECT id, dearer FROM prices_out ORDER BY id") == [(1, 2.2), (2, 4.4), (3, None)]


def test_a_query_is_read_as_it_stands(server: Server, project: Project) -> None:
    query = "query: \"SELECT 5 AS n, ':x 10%' AS share WHERE 'a:b' LIKE 'a%'\""
    assert project.run(from_table(server, query, columns="n: integer, share: string")).code == 0
    assert json.loads(project.text("out.json")) == [{"n": 5, "share": ":x 10%"}]


def test_an_empty_table_gives_an_empty_file_with_its_columns(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS nothing", "CREATE TABLE nothing (id BIGINT, label VARCHAR(9))")
    assert project.run(from_table(server, "table: nothing", out="out.csv")).code == 0
    assert project.text("out.csv") == "id,label\n"


def test_the_password_may_stand_in_a_file_and_the_whole_url_in_the_environment(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS vault", "CREATE TABLE vault (id BIGINT)", "INSERT INTO vault VALUES (1)")
    project.write("password.txt", project.environment.pop("DB_PASSWORD") + "\n")
    project.environment["DB_URL"] = server.secret_url
    assert project.run(from_table(server, "table: vault").replace("env:DB_PASSWORD", "file:password.txt")).code == 0
    by_url = "\n".join(line for line in from_table(server, "table: vault").splitlines() if "url:" not in line).replace(
        'passwordSecret: "env:DB_PASSWORD"', 'urlSecret: "env:DB_URL"'
    )
    assert project.run(by_url).code == 0
    assert json.loads(project.text("out.json")) == [{"id": 1}]


def test_a_wrong_password_is_told_without_the_password_and_not_tried_again(server: Server, project: Project) -> None:
    project.environment["DB_PASSWORD"] = "n0t-the-passw0rd"
    ended = project.run(from_table(server, "table: vault"))
    assert ended.code == 1
    assert "tide" in ended.failure
    assert "attempt" not in ended.out
    assert "n0t-the-passw0rd" not in ended.out + ended.log


def test_a_secret_that_is_not_there_is_told_by_name(server: Server, project: Project) -> None:
    del project.environment["DB_PASSWORD"]
    assert "the environment variable DB_PASSWORD is not set" in project.run(from_table(server, "table: vault")).failure


def test_a_missing_table_and_a_missing_column_are_told_by_name(server: Server, project: Project) -> None:
    server.execute("DROP TABLE IF EXISTS absent", "DROP TABLE IF EXISTS slim", "CREATE TABLE slim (id BIGINT)")
    assert "there is no table absent" in project.run(from_table(server, "table: absent", columns="id: integer")).failure
    assert "table slim has no column 'label'; it has 'id'" in project.run(from_table(server, "table: slim", columns="label: string")).failure
