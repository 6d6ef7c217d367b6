"""Tests of pipeline.py: Top customers.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
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


def test_join_customers() -> None:
    """Join customers."""
    # fmt: off
    orders = table(
        {"order_id": "int64", "customer_id": "string", "ordered_on": "date", "amount": "float64"},
        [
            (101, "Ada",     dt.date(2024, 1, 31),  20.0),  # an ordinary row
            (102, "Björn",   dt.date(2024, 1, 31),  20.0),  # no name
            (103, "Chloe",   dt.date(2024, 2, 29),  12.5),  # other values throughout
            (104, "Dmitri",  dt.date(2023, 12, 31), 99.9),  # another row
            (101, "Björn 2", dt.date(2024, 1, 31),  20.0),  # no match on the right
            (101, None,      dt.date(2024, 1, 31),  20.0),  # a missing key matches nothing
        ],
    )
    customers = table(
        {"customer_id": "string", "name": "string", "city": "string"},
        [
            ("Ada",     "Ada",   "Lyon"),   # for customer_id Ada
            ("Björn",   None,    "Lyon"),   # for customer_id Björn
            ("Chloe",   "Björn", "Köln"),   # for customer_id Chloe
            ("Dmitri",  "Chloe", "Porto"),  # for customer_id Dmitri
            ("Ada",     "Björn", "Köln"),   # a second match for the first row on the left
            ("Chloe 3", "Ada",   "Lyon"),   # no match on the left
            (None,      "Ada",   "Lyon"),   # a missing key matches nothing
        ],
    )
    columns = ["order_id", "customer_id", "ordered_on", "amount", "name", "city"]
    expected: list[Row] = [
        (101, "Ada",     dt.date(2024, 1, 31),  20.0, "Ada",     "Lyon"),
        (101, "Ada",     dt.date(2024, 1, 31),  20.0, "Björn",   "Köln"),
        (102, "Björn",   dt.date(2024, 1, 31),  20.0, "unknown", "Lyon"),
        (103, "Chloe",   dt.date(2024, 2, 29),  12.5, "Björn",   "Köln"),
        (104, "Dmitri",  dt.date(2023, 12, 31), 99.9, "Chloe",   "Porto"),
        (101, "Björn 2", dt.date(2024, 1, 31),  20.0, "unknown", None),
        (101, None,      dt.date(2024, 1, 31),  20.0, "unknown", None),
    ]
    # fmt: on
    check(pipeline.join_customers(orders, customers), columns, expected)


def test_join_customers_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    orders = table({"order_id": "int64", "customer_id": "string", "ordered_on": "date", "amount": "float64"}, [])
    customers = table({"customer_id": "string", "name": "string", "city": "string"}, [])
    columns = ["order_id", "customer_id", "ordered_on", "amount", "name", "city"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.join_customers(orders, customers), columns, expected)


def test_sum_per_customer() -> None:
    """Sum per customer."""
    # fmt: off
    join_customers = table(
        {
            "order_id": "int64", "customer_id": "string", "ordered_on": "date",
            "amount": "float64", "name": "string", "city": "string",
        },
        [
            (101,  "Ada",   dt.date(2024, 1, 31),  20.0,  "Ada",   "Lyon"),  # an ordinary row
            (102,  "Ada",   dt.date(2024, 2, 29),  12.5,  "Ada",   "Lyon"),  # same customer_id and name, other amount and ordered_on
            (103,  "Ada",   dt.date(2023, 12, 31), 99.9,  "Ada",   "Lyon"),  # same customer_id and name, a third amount and ordered_on
            (104,  "Ada",   dt.date(2024, 1, 31),  20.0,  "Ada",   "Lyon"),  # same customer_id and name, equal row
            (105,  "Björn", dt.date(2025, 1, 31),  250.0, "Ada",   "Lyon"),  # another customer_id
            (106,  "Chloe", None,                  None,  "Ada",   "Lyon"),  # a customer_id without any amount and ordered_on
            (107,  None,    dt.date(2024, 1, 31),  20.0,  "Ada",   "Lyon"),  # no customer_id
            (108,  "Ada",   dt.date(2025, 1, 31),  250.0, "Björn", "Lyon"),  # another name
            (1103, "Ada",   None,                  None,  "Chloe", "Lyon"),  # a name without any amount and ordered_on
            (1105, "Ada",   dt.date(2024, 1, 31),  20.0,  None,    "Lyon"),  # no name
            (1107, "Björn", dt.date(2024, 2, 29),  12.5,  "Björn", "Köln"),  # other values throughout
        ],
    )
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    expected: list[Row] = [
        ("Ada",   "Ada",   152.4, 4, dt.date(2024, 2, 29)),
        ("Björn", "Ada",   250.0, 1, dt.date(2025, 1, 31)),
        ("Chloe", "Ada",   0.0,   1, None),
        (None,    "Ada",   20.0,  1, dt.date(2024, 1, 31)),
        ("Ada",   "Björn", 250.0, 1, dt.date(2025, 1, 31)),
        ("Ada",   "Chloe", 0.0,   1, None),
        ("Ada",   None,    20.0,  1, dt.date(2024, 1, 31)),
        ("Björn", "Björn", 12.5,  1, dt.date(2024, 2, 29)),
    ]
    # fmt: on
    check(pipeline.sum_per_customer(join_customers), columns, expected)


def test_sum_per_customer_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    join_customers = table({
        "order_id": "int64", "customer_id": "string", "ordered_on": "date", "amount": "float64",
        "name": "string", "city": "string",
    }, [])
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.sum_per_customer(join_customers), columns, expected)


def test_sum_per_customer_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    join_customers = table({
        "order_id": "int64", "ordered_on": "date", "amount": "float64", "name": "string",
        "city": "string",
    }, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("customer_id")):
        rows_of(pipeline.sum_per_customer(join_customers))


def test_keep_the_top_three() -> None:
    """Keep the top three."""
    # fmt: off
    sum_per_customer = table(
        {
            "customer_id": "string", "name": "string", "revenue": "float64", "orders": "int64",
            "last_order": "date",
        },
        [
            ("Ada",    "Ada",      20.0,  3, dt.date(2024, 1, 31)),  # an ordinary row
            ("Ada",    "Björn",    20.0,  3, dt.date(2024, 1, 31)),  # tie in revenue and customer_id
            ("Ada",    "Chloe",    99.9,  3, dt.date(2024, 1, 31)),  # other revenue
            ("Ada",    "Dmitri",   250.0, 3, dt.date(2024, 1, 31)),  # a third revenue
            ("Ada",    "Björn 2",  None,  3, dt.date(2024, 1, 31)),  # no revenue
            ("Chloe",  "Chloe 3",  20.0,  3, dt.date(2024, 1, 31)),  # other customer_id
            ("Dmitri", "Dmitri 4", 20.0,  3, dt.date(2024, 1, 31)),  # a third customer_id
            (None,     "Ada 5",    20.0,  3, dt.date(2024, 1, 31)),  # no customer_id
            ("Ada",    "Björn 6",  20.0,  3, dt.date(2024, 1, 31)),  # one more for the limit
            ("Ada",    "Chloe 7",  20.0,  3, dt.date(2024, 1, 31)),  # one more for the limit
            ("Björn",  "Dmitri 8", 12.5,  2, dt.date(2024, 2, 29)),  # other values throughout
        ],
    )
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    expected: list[Row] = [
        ("Ada", "Dmitri", 250.0, 3, dt.date(2024, 1, 31)),
        ("Ada", "Chloe",  99.9,  3, dt.date(2024, 1, 31)),
        ("Ada", "Ada",    20.0,  3, dt.date(2024, 1, 31)),
    ]
    # fmt: on
    check(pipeline.keep_the_top_three(sum_per_customer), columns, expected, ordered=True)


def test_keep_the_top_three_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    sum_per_customer = table({
        "customer_id": "string", "name": "string", "revenue": "float64", "orders": "int64",
        "last_order": "date",
    }, [])
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.keep_the_top_three(sum_per_customer), columns, expected)


def test_keep_the_top_three_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    sum_per_customer = table({"name": "string", "revenue": "float64", "orders": "int64", "last_order": "date"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("customer_id")):
        rows_of(pipeline.keep_the_top_three(sum_per_customer))


# fmt: off
ORDERS_COLUMNS = {"order_id": "int64", "customer_id": "string", "ordered_on": "date", "amount": "float64"}
ORDERS_ROWS: list[Row] = [
    (101,  "Ada",      dt.date(2024, 1, 31),  20.0),   # an ordinary row
    (102,  "Ada",      dt.date(2024, 2, 29),  12.5),   # same customer_id and name, other amount and ordered_on
    (103,  "Ada",      dt.date(2023, 12, 31), 99.9),   # same customer_id and name, a third amount and ordered_on
    (104,  "Ada",      dt.date(2024, 1, 31),  20.0),   # same customer_id and name, equal row
    (105,  "Björn",    dt.date(2025, 1, 31),  250.0),  # another customer_id
    (106,  "Chloe",    None,                  None),   # a customer_id without any amount and ordered_on
    (107,  None,       dt.date(2024, 1, 31),  20.0),   # no customer_id
    (108,  "Dmitri",   dt.date(2025, 1, 31),  250.0),  # another name
    (1103, "Björn 2",  None,                  None),   # a name without any amount and ordered_on
    (1105, "Chloe 3",  dt.date(2024, 1, 31),  20.0),   # no name
    (1107, "Dmitri 4", dt.date(2024, 2, 29),  12.5),   # other values throughout
    (101,  "Ada 5",    dt.date(2024, 1, 31),  20.0),   # no match on the right
]
# fmt: on


# fmt: off
CUSTOMERS_COLUMNS = {"customer_id": "string", "name": "string", "city": "string"}
CUSTOMERS_ROWS: list[Row] = [
    ("Ada",      "Ada",   "Lyon"),  # for customer_id Ada
    ("Björn",    "Ada",   "Lyon"),  # for customer_id Björn
    ("Chloe",    "Ada",   "Lyon"),  # for customer_id Chloe
    (None,       "Ada",   "Lyon"),  # a missing key matches nothing
    ("Dmitri",   "Björn", "Lyon"),  # for customer_id Dmitri
    ("Björn 2",  "Chloe", "Lyon"),  # for customer_id Björn 2
    ("Chloe 3",  None,    "Lyon"),  # for customer_id Chloe 3
    ("Dmitri 4", "Björn", "Köln"),  # for customer_id Dmitri 4
    ("Ada",      "Björn", "Köln"),  # a second match for the first row on the left
    ("Björn 6",  "Ada",   "Lyon"),  # no match on the left
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(
        table(ORDERS_COLUMNS, ORDERS_ROWS), table(CUSTOMERS_COLUMNS, CUSTOMERS_ROWS)
    )
    # fmt: off
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    check(result[0], columns, [
        ("Björn",  "Ada",   250.0, 1, dt.date(2025, 1, 31)),
        ("Dmitri", "Björn", 250.0, 1, dt.date(2025, 1, 31)),
        ("Ada",    "Ada",   152.4, 4, dt.date(2024, 2, 29)),
    ], ordered=True)
    columns = ["customer_id", "name", "revenue", "orders", "last_order"]
    check(result[1], columns, [
        ("Björn",  "Ada",   250.0, 1, dt.date(2025, 1, 31)),
        ("Dmitri", "Björn", 250.0, 1, dt.date(2025, 1, 31)),
        ("Ada",    "Ada",   152.4, 4, dt.date(2024, 2, 29)),
    ], ordered=True)
    # fmt: on


def write_csv(
    path: Path,
    columns: dict[str, str],
    rows: list[Row],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    missing: str = "",
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows([missing if v is None else v for v in row] for row in rows)


def read_csv(path: Path, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(map(str, list(csv.reader(file, delimiter=delimiter))[1:]))


def read_json(path: Path) -> list[str]:
    return sorted(map(str, json.loads(path.read_text(encoding="utf-8"))))


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_csv(folder / "data/orders.csv", ORDERS_COLUMNS, ORDERS_ROWS if rows else [])
    write_csv(
        folder / "data/customers.csv",
        CUSTOMERS_COLUMNS,
        CUSTOMERS_ROWS if rows else [],
        delimiter=";",
    )


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {
        "table_table": read_csv(folder / "out/top_customers.csv"),
        "mailing": read_json(folder / "out/top_customers.json"),
    }


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {
        name: (tmp_path / name).read_bytes() for name in ["data/orders.csv", "data/customers.csv"]
    }
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["table_table"]) == 3
    assert len(first["mailing"]) == 3
    assert pipeline.main() == 0
    assert results(tmp_path) == first
    assert sources == {name: (tmp_path / name).read_bytes() for name in sources}


def test_a_failed_run_keeps_the_last_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that fails says so and leaves what is written as it was."""

    def fail(*_: object) -> ir.Table:
        raise ValueError("the source cannot be read")

    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    monkeypatch.setattr(pipeline, "load_customers", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {
        "table_table": 0,
        "mailing": 0,
    }
