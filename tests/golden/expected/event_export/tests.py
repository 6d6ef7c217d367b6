"""Tests of pipeline.py: Event export.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

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


def test_future_seats() -> None:
    """Future seats."""
    # fmt: off
    events = table(
        {
            "id": "int64", "title": "string", "starts_at": "timestamp('UTC')", "seats": "int64",
            "price": "float64",
        },
        [
            (101, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    20.0),  # an ordinary row
            (102, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  0,    20.0),  # seats exactly 0
            (103, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  1,    20.0),  # seats just above 0
            (104, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  -1,   20.0),  # seats just below 0
            (105, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None, 20.0),  # no seats
            (106, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    None),  # no price
            (107, "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2,    12.5),  # other values throughout
        ],
    )
    columns = ["id", "title", "starts_at", "seats", "price", "value"]
    expected: list[Row] = [
        (101, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, 20.0, 60.0),
        (103, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  1, 20.0, 20.0),
        (106, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, None, 0.0),
        (107, "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2, 12.5, 25.0),
    ]
    # fmt: on
    check(pipeline.future_seats(events), columns, expected)


def test_future_seats_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    events = table({
        "id": "int64", "title": "string", "starts_at": "timestamp('UTC')", "seats": "int64",
        "price": "float64",
    }, [])
    columns = ["id", "title", "starts_at", "seats", "price", "value"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.future_seats(events), columns, expected)


def test_future_seats_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    events = table({"id": "int64", "title": "string", "starts_at": "timestamp('UTC')", "price": "float64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("seats")):
        rows_of(pipeline.future_seats(events))


# fmt: off
EVENTS_COLUMNS = {
    "id": "int64", "title": "string", "starts_at": "timestamp('UTC')", "seats": "int64",
    "price": "float64",
}
EVENTS_ROWS: list[Row] = [
    (101, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    20.0),  # an ordinary row
    (102, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  0,    20.0),  # seats exactly 0
    (103, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  1,    20.0),  # seats just above 0
    (104, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  -1,   20.0),  # seats just below 0
    (105, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None, 20.0),  # no seats
    (106, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    None),  # no price
    (107, "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2,    12.5),  # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(EVENTS_COLUMNS, EVENTS_ROWS))
    # fmt: off
    columns = ["id", "title", "starts_at", "seats", "price", "value"]
    check(result, columns, [
        (101, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, 20.0, 60.0),
        (103, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  1, 20.0, 20.0),
        (106, "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, None, 0.0),
        (107, "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2, 12.5, 25.0),
    ])
    # fmt: on


def read_jsonl(path: Path) -> list[str]:
    return sorted(str(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(
        pipeline,
        "load_events",
        lambda con, *_: table(EVENTS_COLUMNS, EVENTS_ROWS if rows else [], con),
    )


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"export": read_jsonl(folder / "out/events.jsonl")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["export"]) == 4
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
    monkeypatch.setattr(pipeline, "load_events", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"export": 0}
