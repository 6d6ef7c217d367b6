"""Tests of pipeline.py: Yield per crop.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import csv
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


def test_yield_table() -> None:
    """Yield."""
    # fmt: off
    plots = table(
        {"plot": "string", "crop": "string", "area_m2": "float64", "yield_kg": "float64"},
        [
            ("alpha", "alpha", 10.0,  0.75),
            ("bêta",  "bêta",  0.75,  120.0),
            ("gamma", "gamma", 120.0, 7.0),
            ("delta", "delta", 7.0,   30.0),
            ("alpha", "alpha", 10.0,  0.75),   # the first row again
            (None,    "bêta",  0.75,  120.0),  # no plot
            ("bêta",  None,    0.75,  120.0),  # no crop
            ("bêta",  "bêta",  None,  120.0),  # no area_m2
            ("bêta",  "bêta",  0.75,  None),   # no yield_kg
            ("bêta",  "bêta",  0.0,   120.0),  # area_m2 0.0
            ("bêta",  "bêta",  0.01,  120.0),  # area_m2 0.01
            ("bêta",  "bêta",  -0.01, 120.0),  # area_m2 -0.01
        ],
    )
    columns = ["crop", "n_plots", "kg_per_m2"]
    expected: list[Row] = [
        ("alpha", 2, 0.075),
        ("bêta",  4, 159.29203539823),
        ("delta", 1, 4.2857142857143),
        ("gamma", 1, 0.058333333333333),
        (None,    1, 160.0),
    ]
    # fmt: on
    check(pipeline.yield_table(plots), columns, expected)


def test_yield_table_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    plots = table({"plot": "string", "crop": "string", "area_m2": "float64", "yield_kg": "float64"}, [])
    columns = ["crop", "n_plots", "kg_per_m2"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.yield_table(plots), columns, expected)


# fmt: off
PLOTS_COLUMNS = {"plot": "string", "crop": "string", "area_m2": "float64", "yield_kg": "float64"}
PLOTS_ROWS: list[Row] = [
    ("alpha", "alpha", 10.0,  0.75),
    ("bêta",  "bêta",  0.75,  120.0),
    ("gamma", "gamma", 120.0, 7.0),
    ("delta", "delta", 7.0,   30.0),
    ("alpha", "alpha", 10.0,  0.75),   # the first row again
    (None,    "bêta",  0.75,  120.0),  # no plot
    ("bêta",  None,    0.75,  120.0),  # no crop
    ("bêta",  "bêta",  None,  120.0),  # no area_m2
    ("bêta",  "bêta",  0.75,  None),   # no yield_kg
    ("bêta",  "bêta",  0.0,   120.0),  # area_m2 0.0
    ("bêta",  "bêta",  0.01,  120.0),  # area_m2 0.01
    ("bêta",  "bêta",  -0.01, 120.0),  # area_m2 -0.01
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(PLOTS_COLUMNS, PLOTS_ROWS))
    # fmt: off
    columns = ["crop", "n_plots", "kg_per_m2"]
    check(result, columns, [
        ("alpha", 2, 0.075),
        ("bêta",  4, 159.29203539823),
        ("delta", 1, 4.2857142857143),
        ("gamma", 1, 0.058333333333333),
        (None,    1, 160.0),
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


def read_csv(path: Path, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(map(str, list(csv.reader(file, delimiter=delimiter))[1:]))


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_csv(folder / "plots.csv", PLOTS_COLUMNS, PLOTS_ROWS if rows else [])


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"yield_table": read_csv(folder / "out/yield.csv")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {name: (tmp_path / name).read_bytes() for name in ["plots.csv"]}
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["yield_table"]) == 5
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
    monkeypatch.setattr(pipeline, "load_plots", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"yield_table": 0}
