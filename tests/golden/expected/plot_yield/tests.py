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


def test_yield_table_is_repeatable() -> None:
    """Yield: the same rows give the same result."""
    # fmt: off
    plots = table(
        {"plot": "string", "crop": "string", "area_m2": "float64", "yield_kg": "float64"},
        [
            ("alpha", "alpha", 4.0,  4.0),
            ("bêta",  "bêta",  2.5,  2.5),
            ("gamma", "gamma", 10.0, 10.0),
            ("delta", "delta", 0.75, 0.75),
            ("alpha", "alpha", 4.0,  4.0),   # the first row again
            (None,    "bêta",  2.5,  2.5),   # no plot
            ("bêta",  None,    2.5,  2.5),   # no crop
            ("bêta",  "bêta",  None, 2.5),   # no area_m2
            ("bêta",  "bêta",  2.5,  None),  # no yield_kg
        ],
    )
    # fmt: on
    assert in_order(rows_of(pipeline.yield_table(plots))) == in_order(
        rows_of(pipeline.yield_table(plots))
    )


# fmt: off
PLOTS_COLUMNS = {"plot": "string", "crop": "string", "area_m2": "float64", "yield_kg": "float64"}
PLOTS_ROWS: list[Row] = [
    ("alpha", "alpha", 4.0,  4.0),
    ("bêta",  "bêta",  2.5,  2.5),
    ("gamma", "gamma", 10.0, 10.0),
    ("delta", "delta", 0.75, 0.75),
    ("alpha", "alpha", 4.0,  4.0),   # the first row again
    (None,    "bêta",  2.5,  2.5),   # no plot
    ("bêta",  None,    2.5,  2.5),   # no crop
    ("bêta",  "bêta",  None, 2.5),   # no area_m2
    ("bêta",  "bêta",  2.5,  None),  # no yield_kg
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(PLOTS_COLUMNS, PLOTS_ROWS))
    again = pipeline.transform(table(PLOTS_COLUMNS, PLOTS_ROWS))
    for one, other in zip([result], [again], strict=True):
        assert in_order(rows_of(one)) == in_order(rows_of(other))


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
