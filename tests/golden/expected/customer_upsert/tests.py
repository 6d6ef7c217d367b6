"""Tests of pipeline.py: Customer master.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from ibis.backends import BaseBackend

import pipeline

CON = ibis.duckdb.connect()
Row = tuple[object, ...]


def table(columns: dict[str, str], rows: list[Row], con: BaseBackend = CON) -> ir.Table:
    """Rows as a table with the given column names and types."""
    schema = ibis.schema(columns).to_pyarrow()
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return con.create_table(
        ibis.util.gen_name("sample"), pa.Table.from_pylist(records, schema=schema), temp=True
    )


def rows_of(result: ir.Table) -> list[Row]:
    """The rows of a table in its order."""
    return [tuple(record.values()) for record in result.to_pyarrow().to_pylist()]


def in_order(rows: list[Row]) -> list[Row]:
    """Rows sorted by their values as text, so that their order does not matter."""
    return sorted(
        rows, key=lambda row: [f"{v:.12g}" if isinstance(v, float | int) else str(v) for v in row]
    )


def close(rows: list[Row]) -> list[Row]:
    """Rows that compare equal to others if numbers agree up to rounding."""
    return [tuple(pytest.approx(v) if isinstance(v, float) else v for v in row) for row in rows]


def check(result: ir.Table, columns: list[str], rows: list[Row], *, ordered: bool = False) -> None:
    """Asserts that a table has these columns and rows, in any order of the rows unless `ordered`."""
    assert list(result.columns) == columns
    found = rows_of(result)
    if ordered:
        assert found == close(rows)
    else:
        assert in_order(found) == close(in_order(rows))


def test_clean_customers() -> None:
    """Clean customers."""
    # fmt: off
    shop_customers = table(
        {
            "id": "int64", "email": "string", "name": "string", "country": "string",
            "updated_at": "timestamp",
        },
        [
            (101,  "ada@example.com",   "Ada",      "France",     dt.datetime(2024, 3, 1, 9, 30)),   # an ordinary row
            (101,  "ada@example.com",   "Björn",    "France",     dt.datetime(2024, 3, 1, 9, 30)),   # the ordinary row again
            (101,  "björn@example.org", "Chloe",    "France",     dt.datetime(2024, 3, 1, 9, 30)),   # same id, other email
            (101,  "ada@example.com",   "Dmitri",   "France",     dt.datetime(2024, 3, 1, 14, 30)),  # same id, other updated_at
            (101,  "ada@example.com",   "Björn 2",  "France",     dt.datetime(2024, 2, 29, 9, 30)),  # same id, a third updated_at
            (101,  "ada@example.com",   "Chloe 3",  "France",     None),                             # same id, no updated_at
            (102,  "ada@example.com",   "Dmitri 4", "France",     dt.datetime(2024, 3, 1, 9, 30)),   # another id
            (101,  "ada@example.com",   "Ada 5",    "DE",         dt.datetime(2024, 3, 1, 9, 30)),   # country is 'DE'
            (101,  "ada@example.com",   "Björn 6",  "de",         dt.datetime(2024, 3, 1, 9, 30)),   # country is 'de', in other case
            (None, "ada@example.com",   "Chloe 7",  "France",     dt.datetime(2024, 3, 1, 9, 30)),   # no id
            (101,  None,                "Dmitri 8", "France",     dt.datetime(2024, 3, 1, 9, 30)),   # no email
            (101,  "ada@example.com",   "Ada 9",    None,         dt.datetime(2024, 3, 1, 9, 30)),   # no country
            (102,  "björn@example.org", "Björn 10", "Österreich", dt.datetime(2024, 3, 1, 14, 30)),  # other values throughout
        ],
    )
    columns = ["id", "email", "name", "country", "updated_at", "is_domestic"]
    expected: list[Row] = [
        (101, "ada@example.com",   "Chloe 3",  "France",     None,                            False),
        (102, "björn@example.org", "Björn 10", "Österreich", dt.datetime(2024, 3, 1, 14, 30), False),
    ]
    # fmt: on
    check(pipeline.clean_customers(shop_customers), columns, expected)


def test_clean_customers_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    shop_customers = table({
        "id": "int64", "email": "string", "name": "string", "country": "string",
        "updated_at": "timestamp",
    }, [])
    columns = ["id", "email", "name", "country", "updated_at", "is_domestic"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.clean_customers(shop_customers), columns, expected)


def test_clean_customers_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    shop_customers = table({"email": "string", "name": "string", "country": "string", "updated_at": "timestamp"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("id")):
        rows_of(pipeline.clean_customers(shop_customers))


# fmt: off
SHOP_CUSTOMERS_COLUMNS = {"id": "int64", "email": "string", "name": "string", "country": "string", "updated_at": "timestamp"}
SHOP_CUSTOMERS_ROWS: list[Row] = [
    (101,  "ada@example.com",   "Ada",      "France",     dt.datetime(2024, 3, 1, 9, 30)),   # an ordinary row
    (101,  "ada@example.com",   "Björn",    "France",     dt.datetime(2024, 3, 1, 9, 30)),   # the ordinary row again
    (101,  "björn@example.org", "Chloe",    "France",     dt.datetime(2024, 3, 1, 9, 30)),   # same id, other email
    (101,  "ada@example.com",   "Dmitri",   "France",     dt.datetime(2024, 3, 1, 14, 30)),  # same id, other updated_at
    (101,  "ada@example.com",   "Björn 2",  "France",     dt.datetime(2024, 2, 29, 9, 30)),  # same id, a third updated_at
    (101,  "ada@example.com",   "Chloe 3",  "France",     None),                             # same id, no updated_at
    (102,  "ada@example.com",   "Dmitri 4", "France",     dt.datetime(2024, 3, 1, 9, 30)),   # another id
    (101,  "ada@example.com",   "Ada 5",    "DE",         dt.datetime(2024, 3, 1, 9, 30)),   # country is 'DE'
    (101,  "ada@example.com",   "Björn 6",  "de",         dt.datetime(2024, 3, 1, 9, 30)),   # country is 'de', in other case
    (None, "ada@example.com",   "Chloe 7",  "France",     dt.datetime(2024, 3, 1, 9, 30)),   # no id
    (101,  None,                "Dmitri 8", "France",     dt.datetime(2024, 3, 1, 9, 30)),   # no email
    (101,  "ada@example.com",   "Ada 9",    None,         dt.datetime(2024, 3, 1, 9, 30)),   # no country
    (102,  "björn@example.org", "Björn 10", "Österreich", dt.datetime(2024, 3, 1, 14, 30)),  # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(SHOP_CUSTOMERS_COLUMNS, SHOP_CUSTOMERS_ROWS))
    # fmt: off
    columns = ["id", "email", "name", "country", "updated_at", "is_domestic"]
    check(result, columns, [
        (101, "ada@example.com",   "Chloe 3",  "France",     None,                            False),
        (102, "björn@example.org", "Björn 10", "Österreich", dt.datetime(2024, 3, 1, 14, 30), False),
    ])
    # fmt: on


WRITTEN: dict[str, list[Row]] = {}


def keep(name: str) -> Callable[..., int]:
    """Stands for a function that writes to a server: keeps the rows in WRITTEN."""

    def write(result: ir.Table, *_: object) -> int:
        WRITTEN[name] = in_order(rows_of(result))
        return len(WRITTEN[name])

    return write


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    monkeypatch.setattr(
        pipeline,
        "load_shop_customers",
        lambda con, *_: table(SHOP_CUSTOMERS_COLUMNS, SHOP_CUSTOMERS_ROWS if rows else [], con),
    )
    monkeypatch.setattr(pipeline, "write_warehouse_customers", keep("warehouse_customers"))
    WRITTEN.clear()


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"warehouse_customers": list(map(str, WRITTEN.get("warehouse_customers", [])))}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["warehouse_customers"]) == 2
    assert pipeline.main() == 0
    assert results(tmp_path) == first


def test_a_failed_run_keeps_the_last_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that fails says so and leaves what is written as it was."""

    def fail(*_: object) -> ir.Table:
        raise ValueError("the source cannot be read")

    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    monkeypatch.setattr(pipeline, "load_shop_customers", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {
        "warehouse_customers": 0
    }
