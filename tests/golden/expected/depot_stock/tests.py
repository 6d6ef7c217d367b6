"""Tests of pipeline.py: Stock of both depots.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import csv
import datetime as dt
import json
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


def test_both_depots() -> None:
    """Both depots."""
    # fmt: off
    depot_east = table(
        {"article": "string", "counted_at": "timestamp", "pieces": "int64"},
        [
            ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  4),  # an ordinary row
            ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  2),  # same article, other pieces
            ("Lamp",       dt.datetime(2024, 2, 29, 9, 30), 4),  # same article, a third counted_at
            ("Café table", dt.datetime(2024, 3, 1, 9, 30),  4),  # another article
            ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  0),  # pieces exactly 0
            ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  0),  # pieces just below 0
            ("Café table", dt.datetime(2024, 3, 1, 14, 30), 2),  # other values throughout
            ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  4),  # as in the input before, where the columns agree
        ],
    )
    depot_west = table(
        {"article": "string", "counted_at": "timestamp", "pieces": "float64", "shelf": "string"},
        [
            ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  4.0,  "bêta"),     # the ordinary row again
            ("Lamp", dt.datetime(2024, 3, 1, 14, 30), 4.0,  "delta"),    # same article, other counted_at
            ("Lamp", None,                            4.0,  "gamma 3"),  # same article, no counted_at
            (None,   dt.datetime(2024, 3, 1, 9, 30),  4.0,  "alpha 5"),  # no article
            ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  0.01, "gamma 7"),  # pieces just above 0
            ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  None, "alpha 9"),  # no pieces
            ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  4.0,  "alpha"),    # as in the input before, where the columns agree
        ],
    )
    columns = ["article", "counted_at", "pieces", "shelf"]
    expected: list[Row] = [
        ("Café table", dt.datetime(2024, 3, 1, 14, 30), 2.0, None),
        ("Lamp",       None,                            4.0, "gamma 3"),
        (None,         dt.datetime(2024, 3, 1, 9, 30),  4.0, "alpha 5"),
    ]
    # fmt: on
    check(pipeline.both_depots(depot_east, depot_west), columns, expected)


def test_both_depots_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    depot_east = table({"article": "string", "counted_at": "timestamp", "pieces": "int64"}, [])
    depot_west = table({"article": "string", "counted_at": "timestamp", "pieces": "float64", "shelf": "string"}, [])
    columns = ["article", "counted_at", "pieces", "shelf"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.both_depots(depot_east, depot_west), columns, expected)


# fmt: off
DEPOT_EAST_COLUMNS = {"article": "string", "counted_at": "timestamp", "pieces": "int64"}
DEPOT_EAST_ROWS: list[Row] = [
    ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  4),  # an ordinary row
    ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  2),  # same article, other pieces
    ("Lamp",       dt.datetime(2024, 2, 29, 9, 30), 4),  # same article, a third counted_at
    ("Café table", dt.datetime(2024, 3, 1, 9, 30),  4),  # another article
    ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  0),  # pieces exactly 0
    ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  0),  # pieces just below 0
    ("Café table", dt.datetime(2024, 3, 1, 14, 30), 2),  # other values throughout
    ("Lamp",       dt.datetime(2024, 3, 1, 9, 30),  4),  # as in the input before, where the columns agree
]
# fmt: on


# fmt: off
DEPOT_WEST_COLUMNS = {"article": "string", "counted_at": "timestamp", "pieces": "float64", "shelf": "string"}
DEPOT_WEST_ROWS: list[Row] = [
    ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  4.0,  "bêta"),     # the ordinary row again
    ("Lamp", dt.datetime(2024, 3, 1, 14, 30), 4.0,  "delta"),    # same article, other counted_at
    ("Lamp", None,                            4.0,  "gamma 3"),  # same article, no counted_at
    (None,   dt.datetime(2024, 3, 1, 9, 30),  4.0,  "alpha 5"),  # no article
    ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  0.01, "gamma 7"),  # pieces just above 0
    ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  None, "alpha 9"),  # no pieces
    ("Lamp", dt.datetime(2024, 3, 1, 9, 30),  4.0,  "alpha"),    # as in the input before, where the columns agree
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(
        table(DEPOT_EAST_COLUMNS, DEPOT_EAST_ROWS), table(DEPOT_WEST_COLUMNS, DEPOT_WEST_ROWS)
    )
    # fmt: off
    columns = ["article", "counted_at", "pieces", "shelf"]
    check(result, columns, [
        ("Café table", dt.datetime(2024, 3, 1, 14, 30), 2.0, None),
        ("Lamp",       None,                            4.0, "gamma 3"),
        (None,         dt.datetime(2024, 3, 1, 9, 30),  4.0, "alpha 5"),
    ])
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


def read_jsonl(path: Path) -> list[str]:
    return sorted(str(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_csv(folder / "depot_east.csv", DEPOT_EAST_COLUMNS, DEPOT_EAST_ROWS if rows else [])
    write_csv(folder / "depot_west.csv", DEPOT_WEST_COLUMNS, DEPOT_WEST_ROWS if rows else [])


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"stock": read_jsonl(folder / "out/stock.jsonl")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {
        name: (tmp_path / name).read_bytes() for name in ["depot_east.csv", "depot_west.csv"]
    }
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["stock"]) == 3
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
    monkeypatch.setattr(pipeline, "load_depot_west", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"stock": 0}
