"""Generated pipelines against real servers (P4, P7): PostgreSQL, MariaDB, S3, an HTTP API, Google Sheets; what fails leaves nothing half-written."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.servers.databases import mariadb
from tests.servers.object_store import s3
from tests.servers.sheets import google_sheets, write_credentials
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import load_spec
from tidemill.render.pipeline_py import render_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from tests.servers.sheets import Spreadsheets

_numbers = itertools.count()


@pytest.fixture(scope="module")
def mariadb_url() -> Iterator[str]:
    with mariadb() as url:
        yield url


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Renders a spec and imports its pipeline.py; paths start in `tmp_path`, retries do not wait."""
    monkeypatch.setenv("PIPELINE_ROOT", str(tmp_path))

    def make(text: str) -> ModuleType:
        spec = load_spec(text)
        name = f"connectors_{next(_numbers)}"
        file = tmp_path / f"{name}.py"
        file.write_text(render_pipeline(spec, schema_flow(spec)), encoding="utf-8")
        location = importlib.util.spec_from_file_location(name, file)
        assert location
        assert location.loader
        module = importlib.util.module_from_spec(location)
        sys.modules[name] = module
        location.loader.exec_module(module)
        monkeypatch.setattr(module.tenacity.nap.time, "sleep", lambda _: None)
        return module

    return make


def plain(url: str) -> str:
    """The URL without its password."""
    return sa.make_url(url).set(password=None).render_as_string()


@contextmanager
def database(url: str, driver: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(sa.make_url(url).set(drivername=driver), poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection


DRIVERS = {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}


@pytest.fixture(params=["postgres", "mysql"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A connector and the URL of a real server."""
    url = str(request.getfixturevalue("postgres_url" if request.param == "postgres" else "mariadb_url"))
    monkeypatch.setenv("DB_PASSWORD", str(sa.make_url(url).password))
    return str(request.param), url


ORDERS = "id,customer,ordered_on,changed_at,amount,paid\n1,Ödön,2025-01-02,2025-01-02 10:00:00.25,1.5,true\n2,,2025-01-03,,,false\n3,Zoe,,,7,\n"
ORDER_COLUMNS = "{id: integer, customer: string, ordered_on: date, changed_at: timestamp, amount: number, paid: boolean}"


def to_table(server: tuple[str, str], mode: str, table: str = "orders", extra: str = "") -> str:
    connector, url = server
    return f"""
name: to table
steps:
  - {{type: source, name: Orders, config: {{path: orders.csv, columns: {ORDER_COLUMNS}}}}}
  - {{type: destination, name: Save, config: {{connector: {connector}, url: "{plain(url)}", passwordSecret: "env:DB_PASSWORD", table: {table}, mode: {mode}{extra}}}}}
"""


def rows_of(server: tuple[str, str], query: str) -> list[tuple[object, ...]]:
    with database(server[1], DRIVERS[server[0]]) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def execute(server: tuple[str, str], *statements: str) -> None:
    with database(server[1], DRIVERS[server[0]]) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_table_is_made_and_holds_exactly_the_rows_after_two_runs(
    server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    execute(server, "DROP TABLE IF EXISTS orders")
    (tmp_path / "orders.csv").write_text(ORDERS)
    module = made(to_table(server, "replace"))
    assert (module.main(), module.main()) == (0, 0)
    rows = rows_of(server, "SELECT id, customer, ordered_on, changed_at, amount, paid FROM orders ORDER BY id")
    assert [tuple(str(v) if v is not None else None for v in r) for r in rows] == [
        ("1", "Ödön", "2025-01-02", "2025-01-02 10:00:00.250000", "1.5", "True" if server[0] == "postgres" else "1"),
        ("2", None, "2025-01-03", None, None, "False" if server[0] == "postgres" else "0"),
        ("3", "Zoe", None, None, "7.0", None),
    ]


def test_upsert_replaces_rows_with_the_same_keys_and_keeps_the_others(
    server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    execute(server, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (id BIGINT, customer VARCHAR(50), amount DOUBLE PRECISION)",
            "INSERT INTO kept VALUES (1, 'old', 0), (9, 'stays', 9)")  # fmt: skip
    (tmp_path / "orders.csv").write_text("id,customer,amount\n1,new,5\n2,two,6\n,nobody,7\n")
    text = to_table(server, "upsert", "kept", ", keys: [id]").replace(ORDER_COLUMNS, "{id: integer, customer: string, amount: number}")
    module = made(text)
    assert (module.main(), module.main()) == (0, 0)
    rows = rows_of(server, "SELECT id, customer, amount FROM kept ORDER BY amount")
    assert rows == [(1, "new", 5.0), (2, "two", 6.0), (None, "nobody", 7.0), (9, "stays", 9.0)]


def test_append_adds_rows_with_each_run(server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path) -> None:
    execute(server, "DROP TABLE IF EXISTS added")
    (tmp_path / "orders.csv").write_text(ORDERS)
    module = made(to_table(server, "append", "added"))
    assert (module.main(), module.main()) == (0, 0)
    assert rows_of(server, "SELECT COUNT(*) FROM added") == [(6,)]


def test_a_failed_insert_leaves_the_old_rows(
    server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(
        server,
        "DROP TABLE IF EXISTS strict_orders",
        "CREATE TABLE strict_orders (id BIGINT, customer VARCHAR(50) NOT NULL)",
        "INSERT INTO strict_orders VALUES (7, 'old')",
    )
    (tmp_path / "orders.csv").write_text("id,customer\n1,x\n2,\n")
    module = made(to_table(server, "replace", "strict_orders").replace(ORDER_COLUMNS, "{id: integer, customer: string}"))
    assert module.main() == 1
    assert rows_of(server, "SELECT id, customer FROM strict_orders") == [(7, "old")]
    assert "customer" in capsys.readouterr().out


def test_a_table_that_lacks_a_column_is_refused_by_name(
    server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(server, "DROP TABLE IF EXISTS narrow_orders", "CREATE TABLE narrow_orders (id BIGINT)")
    (tmp_path / "orders.csv").write_text("id,customer\n1,x\n")
    module = made(to_table(server, "replace", "narrow_orders").replace(ORDER_COLUMNS, "{id: integer, customer: string}"))
    assert module.main() == 1
    assert "table narrow_orders has no column 'customer'" in capsys.readouterr().out


def test_a_table_is_read_with_its_types(server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path) -> None:
    execute(server, "DROP TABLE IF EXISTS sold", "CREATE TABLE sold (id BIGINT, label VARCHAR(20), price NUMERIC(10, 2), sold_on DATE, sold_at TIMESTAMP NULL)",
            "INSERT INTO sold VALUES (1, 'Ödön', 1.25, '2025-01-02', '2025-01-02 10:00:00'), (2, NULL, NULL, NULL, NULL)")  # fmt: skip
    connector, url = server
    module = made(f"""
name: from table
steps:
  - {{type: source, name: Sold, config: {{connector: {connector}, url: "{plain(url)}", passwordSecret: "env:DB_PASSWORD", table: sold}}}}
  - {{type: destination, name: Out, config: {{path: out.json}}}}
""")
    assert module.main() == 0
    rows = sorted(json.loads((tmp_path / "out.json").read_text()), key=lambda r: r["id"])
    assert rows == [
        {"id": 1, "label": "Ödön", "price": 1.25, "sold_on": "2025-01-02", "sold_at": "2025-01-02 10:00:00"},
        {"id": 2, "label": None, "price": None, "sold_on": None, "sold_at": None},
    ]


def test_a_query_is_read_as_it_stands(server: tuple[str, str], made: Callable[[str], ModuleType], tmp_path: Path) -> None:
    connector, url = server
    module = made(f"""
name: from query
steps:
  - type: source
    name: Numbers
    config: {{connector: {connector}, url: "{plain(url)}", passwordSecret: "env:DB_PASSWORD", columns: {{n: integer, share: string}},
              query: "SELECT 5 AS n, ':x 10%' AS share"}}
  - {{type: destination, name: Out, config: {{path: out.csv}}}}
""")
    assert module.main() == 0
    assert (tmp_path / "out.csv").read_text() == "n,share\n5,:x 10%\n"


def test_a_wrong_password_is_told_without_the_password(
    postgres_url: str, made: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "not-the-password")
    module = made(f"""
name: wrong password
steps:
  - {{type: source, name: Sold, config: {{connector: postgres, url: "{plain(postgres_url)}", passwordSecret: "env:DB_PASSWORD", table: sold}}}}
  - {{type: destination, name: Out, config: {{path: out.json}}}}
""")
    assert module.main() == 1
    out = capsys.readouterr().out
    assert "password authentication failed" in out
    assert "attempt" not in out
    assert "not-the-password" not in out


def test_a_database_that_is_away_is_tried_again_and_then_told(made: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    module = made("""
name: nobody there
steps:
  - {type: source, name: Sold, config: {connector: postgres, url: "postgresql://tide@127.0.0.1:1/none", table: sold}}
  - {type: destination, name: Out, config: {path: out.json}}
""")
    assert module.main() == 1
    assert capsys.readouterr().out.count("failed, next in") == 4


def test_parquet_travels_from_s3_to_s3(made: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    with s3() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        store = s3fs.S3FileSystem()
        store.mkdir("lake")
        pq.write_table(pa.table({"k": ["a", "b", "a"], "v": [1.0, float("nan"), 2.5]}), tmp_path / "in.parquet")
        store.put_file(str(tmp_path / "in.parquet"), "lake/in.parquet")
        module = made("""
name: s3
steps:
  - {type: source, name: In, config: {path: "s3://lake/in.parquet", columns: {k: string, v: number}}}
  - {type: transform, name: Sum, config: {groupBy: [k], aggregations: [{column: v, operation: avg, outputName: mean}]}}
  - {type: destination, name: Out, config: {path: "s3://lake/reports/out.parquet"}}
""")
        assert module.main() == 0
        store.invalidate_cache()
        store.get_file("lake/reports/out.parquet", str(tmp_path / "out.parquet"))
        assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [{"k": "a", "mean": 1.75}, {"k": "b", "mean": None}]
        s3fs.S3FileSystem.clear_instance_cache()


PAGES = [[{"id": 1, "v": 1.5}, {"id": 2, "v": None}], [{"id": 3, "v": 2}], []]


@contextmanager
def api(failures: list[tuple[int, dict[str, str]]]) -> Iterator[tuple[str, list[str]]]:
    """A paged JSON API; the first requests get `failures` as their answers. Gives its address and the requests it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Authorization')}")
            if failures:
                status, headers = failures.pop(0)
                self.answer(status, {}, headers)
                return
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            number = int(query.get("page", query.get("cursor", int(query["offset"]) // 2 + 1 if "offset" in query else 1)))
            more = number < 2
            link = {"Link": f'</items?page={number + 1}>; rel="next"'} if more else {}
            self.answer(200, {"data": {"items": PAGES[number - 1]}, "next": str(number + 1) if more else None}, link)

        def answer(self, status: int, document: object, headers: dict[str, str]) -> None:
            raw = json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}", seen
        running.shutdown()


def from_api(address: str, paging: str) -> str:
    return f"""
name: from api
steps:
  - type: source
    name: Items
    config:
      url: {address}/items
      auth: {{secret: "env:API_TOKEN"}}
      recordsPath: data.items
      {paging}
      columns: {{id: integer, v: number}}
  - {{type: destination, name: Out, config: {{path: out.csv}}}}
"""


@pytest.mark.parametrize(
    ("paging", "asked"),
    [
        ("paging: {kind: page}", ["/items?page=1", "/items?page=2", "/items?page=3"]),
        ("paging: {kind: offset, parameter: offset, size: 2}", ["/items?offset=0", "/items?offset=2", "/items?offset=4"]),
        ("paging: {kind: cursor, parameter: cursor, cursorPath: next, sizeParameter: limit, size: 2}", ["/items?limit=2", "/items?limit=2&cursor=2"]),
        ("paging: {kind: link}", ["/items", "/items?page=2"]),
    ],
)
def test_all_pages_of_an_api_are_read(
    paging: str, asked: list[str], made: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "t0ken")
    with api([]) as (address, seen):
        assert made(from_api(address, paging)).main() == 0
    assert seen == [f"{path} Bearer t0ken" for path in asked]
    assert (tmp_path / "out.csv").read_text() == "id,v\n1,1.5\n2,\n3,2.0\n"


def test_throttling_and_server_errors_are_waited_out(
    made: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_TOKEN", "t0ken")
    with api([(429, {"Retry-After": "7"}), (503, {})]) as (address, seen):
        assert made(from_api(address, "paging: {kind: page}")).main() == 0
    out = capsys.readouterr().out
    assert len(seen) == 5
    assert "attempt 1 failed, next in 7.0 s" in out
    assert "t0ken" not in out


def test_a_refusal_is_not_tried_again(made: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("API_TOKEN", "t0ken")
    with api([(403, {})]) as (address, seen):
        assert made(from_api(address, "paging: {kind: page}")).main() == 1
    assert len(seen) == 1
    assert "403" in capsys.readouterr().out


SHEET = """
name: sheets
steps:
  - {type: source, name: Sales, config: {spreadsheetId: book, range: "Sales!A1:D10"}}
  - {type: transform, name: Per product, config: {where: "{price} > 1", groupBy: [product], aggregations: [{column: price, operation: sum, outputName: total}]}}
  - {type: destination, name: Out, config: {spreadsheetId: book, sheetName: Totals}}
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spreadsheets]:
    write_credentials(tmp_path / "credentials.json")
    with google_sheets(tmp_path) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        running.sheets["book"] = {
            "Sales": [["product", "price", "note"], ["pen", 2.5, "x"], ["ink", 7], ["pen", 3, ""], ["gum", 0.5, ""], ["ink", "", "none"]]
        }
        yield running


def cells(book: Spreadsheets, title: str) -> list[list[Any]]:
    return book.sheets["book"][title]


def test_a_sheet_is_made_and_holds_the_result(book: Spreadsheets, made: Callable[[str], ModuleType]) -> None:
    assert made(SHEET).main() == 0
    assert cells(book, "Totals") == [["product", "total"], ["ink", 7], ["pen", 5.5]]


def test_what_a_sheet_held_beyond_the_result_is_cut_off(book: Spreadsheets, made: Callable[[str], ModuleType]) -> None:
    book.sheets["book"]["Totals"] = [["old"] * 5 for _ in range(9)]
    assert made(SHEET).main() == 0
    assert cells(book, "Totals") == [["product", "total"], ["ink", 7], ["pen", 5.5]]


def test_a_sheet_that_lacks_a_column_is_told_by_name(
    book: Spreadsheets, made: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    book.sheets["book"]["Sales"][0][1] = "cost"
    assert made(SHEET).main() == 1
    assert "range Sales!A1:D10 has no column 'price'" in capsys.readouterr().out
    assert "Totals" not in book.titles("book")


def test_sheets_that_are_throttled_are_tried_again(book: Spreadsheets, made: Callable[[str], ModuleType]) -> None:
    book.fail_next += [429, 503]
    assert made(SHEET).main() == 0
    assert cells(book, "Totals")[1:] == [["ink", 7], ["pen", 5.5]]
