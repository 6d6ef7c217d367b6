"""Tests of pipeline.py: Sales Analytics Pipeline.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

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


def test_calculate_revenue_metrics() -> None:
    """Calculate total, discount, and net revenue."""
    # fmt: off
    sales_data = table(
        {
            "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
            "product_name": "string",
        },
        [
            (20.0, 4.0,  0.1,  "Lamp"),        # an ordinary row
            (None, 4.0,  0.1,  "Lamp"),        # no unit_price
            (20.0, None, 0.1,  "Lamp"),        # no quantity
            (20.0, 4.0,  None, "Lamp"),        # no discount_rate
            (12.5, 2.5,  0.25, "Café table"),  # other values throughout
        ],
    )
    columns = [
        "unit_price", "quantity", "discount_rate", "product_name", "total_revenue",
        "discount_amount", "net_revenue",
    ]
    expected: list[Row] = [
        (20.0, 4.0,  0.1,  "Lamp",       80.0,  8.0,    72.0),
        (None, 4.0,  0.1,  "Lamp",       None,  None,   None),
        (20.0, None, 0.1,  "Lamp",       None,  None,   None),
        (20.0, 4.0,  None, "Lamp",       80.0,  None,   None),
        (12.5, 2.5,  0.25, "Café table", 31.25, 7.8125, 23.4375),
    ]
    # fmt: on
    check(pipeline.calculate_revenue_metrics(sales_data), columns, expected)


def test_calculate_revenue_metrics_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    sales_data = table({
        "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
        "product_name": "string",
    }, [])
    columns = [
        "unit_price", "quantity", "discount_rate", "product_name", "total_revenue",
        "discount_amount", "net_revenue",
    ]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.calculate_revenue_metrics(sales_data), columns, expected)


def test_calculate_revenue_metrics_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    sales_data = table({"quantity": "float64", "discount_rate": "float64", "product_name": "string"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("unit_price")):
        rows_of(pipeline.calculate_revenue_metrics(sales_data))


def test_filter_and_aggregate() -> None:
    """Filter profitable orders and aggregate by product."""
    # fmt: off
    calculate_revenue_metrics = table(
        {
            "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
            "product_name": "string", "total_revenue": "float64", "discount_amount": "float64",
            "net_revenue": "float64",
        },
        [
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  250.0),   # an ordinary row
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  1200.0),  # same product_name, other net_revenue
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  250.0),   # same product_name, equal row
            (20.0,   4.0, 0.1,  "Chair",  20.0,   0.1,  1200.0),  # another product_name
            (20.0,   4.0, 0.1,  None,     20.0,   0.1,  250.0),   # no product_name
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  100.0),   # net_revenue exactly 100
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  100.01),  # net_revenue just above 100
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  99.99),   # net_revenue just below 100
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  12.5),    # net_revenue below 100
            (20.0,   4.0, 0.1,  "Lamp",   20.0,   0.1,  None),    # no net_revenue
            (1200.0, 7.0, 0.05, "Desk 3", 1200.0, 0.05, 1200.0),  # other values throughout
        ],
    )
    columns = ["product_name", "total_product_revenue", "order_count", "avg_order_value"]
    expected: list[Row] = [
        ("Lamp",   1800.01, 4, 450.0025),
        ("Chair",  1200.0,  1, 1200.0),
        (None,     250.0,   1, 250.0),
        ("Desk 3", 1200.0,  1, 1200.0),
    ]
    # fmt: on
    check(pipeline.filter_and_aggregate(calculate_revenue_metrics), columns, expected)


def test_filter_and_aggregate_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    calculate_revenue_metrics = table({
        "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
        "product_name": "string", "total_revenue": "float64", "discount_amount": "float64",
        "net_revenue": "float64",
    }, [])
    columns = ["product_name", "total_product_revenue", "order_count", "avg_order_value"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.filter_and_aggregate(calculate_revenue_metrics), columns, expected)


def test_filter_and_aggregate_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    calculate_revenue_metrics = table({
        "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
        "total_revenue": "float64", "discount_amount": "float64", "net_revenue": "float64",
    }, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("product_name")):
        rows_of(pipeline.filter_and_aggregate(calculate_revenue_metrics))


# fmt: off
SALES_DATA_COLUMNS = {
    "unit_price": "float64", "quantity": "float64", "discount_rate": "float64",
    "product_name": "string",
}
SALES_DATA_ROWS: list[Row] = [
    (99.9,    4.0,  0.1,  "Lamp"),        # an ordinary row
    (250.0,   4.0,  0.1,  "Lamp"),        # same product_name, other net_revenue
    (1200.0,  4.0,  0.1,  "Lamp"),        # same product_name, a third net_revenue
    (99.9,    4.0,  0.1,  "Lamp"),        # same product_name, equal row
    (250.0,   4.0,  0.1,  "Café table"),  # another product_name
    (99.9,    4.0,  0.1,  None),          # no product_name
    (None,    4.0,  0.1,  "Lamp"),        # no unit_price
    (25.0,    4.0,  0.0,  "Lamp"),        # net_revenue exactly 100
    (25.0025, 4.0,  0.0,  "Lamp"),        # net_revenue just above 100
    (24.9975, 4.0,  0.0,  "Lamp"),        # net_revenue just below 100
    (12.5,    4.0,  0.1,  "Lamp"),        # net_revenue below 100
    (99.9,    None, 0.1,  "Lamp"),        # no quantity
    (99.9,    4.0,  None, "Lamp"),        # no discount_rate
    (12.5,    10.0, 0.0,  "Desk"),        # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(SALES_DATA_COLUMNS, SALES_DATA_ROWS))
    # fmt: off
    columns = ["product_name", "total_product_revenue", "order_count", "avg_order_value"]
    check(result, columns, [
        ("Lamp",       6039.29, 5, 1207.858),
        ("Café table", 900.0,   1, 900.0),
        (None,         359.64,  1, 359.64),
        ("Desk",       125.0,   1, 125.0),
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
        "load_sales_data",
        lambda con, *_: table(SALES_DATA_COLUMNS, SALES_DATA_ROWS if rows else [], con),
    )
    monkeypatch.setattr(pipeline, "write_analytics_results", keep("analytics_results"))
    WRITTEN.clear()


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"analytics_results": list(map(str, WRITTEN.get("analytics_results", [])))}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["analytics_results"]) == 4
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
    monkeypatch.setattr(pipeline, "load_sales_data", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"analytics_results": 0}
