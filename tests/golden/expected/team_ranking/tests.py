"""Tests of pipeline.py: Team running total.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
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


def test_rank_bookings() -> None:
    """Rank bookings."""
    # fmt: off
    bookings = table(
        {"team": "string", "booked_on": "date", "amount": "float64"},
        [
            ("alpha", dt.date(2024, 1, 31),  20.0),   # an ordinary row
            ("alpha", dt.date(2024, 2, 29),  20.0),   # same team, other booked_on
            ("alpha", dt.date(2023, 12, 31), 12.5),   # same team, a third booked_on
            ("alpha", None,                  20.0),   # same team, no booked_on
            ("alpha", dt.date(2024, 1, 31),  99.9),   # same team, tie in booked_on
            ("alpha", dt.date(2024, 1, 31),  None),   # same team, no amount
            ("bêta",  dt.date(2024, 1, 31),  20.0),   # another team
            (None,    dt.date(2024, 1, 31),  20.0),   # no team
            ("alpha", dt.date(2024, 1, 31),  12.5),   # same team, other amount
            ("alpha", dt.date(2024, 1, 31),  250.0),  # same team, a third amount
            ("bêta",  dt.date(2024, 2, 29),  12.5),   # other values throughout
        ],
    )
    columns = ["team", "booked_on", "amount", "running_total", "rank_in_team", "share"]
    expected: list[Row] = [
        ("alpha", dt.date(2023, 12, 31), 12.5,  12.5,  6, 12.5),
        ("alpha", dt.date(2024, 1, 31),  12.5,  144.9, 6, 12.5),
        ("alpha", dt.date(2024, 1, 31),  20.0,  32.5,  3, 16.25),
        ("alpha", dt.date(2024, 1, 31),  99.9,  132.4, 2, 59.95),
        ("alpha", dt.date(2024, 1, 31),  250.0, 394.9, 1, 131.25),
        ("alpha", dt.date(2024, 1, 31),  None,  132.4, 8, 99.9),
        ("alpha", dt.date(2024, 2, 29),  20.0,  414.9, 3, 135.0),
        ("alpha", None,                  20.0,  434.9, 3, 20.0),
        ("bêta",  dt.date(2024, 1, 31),  20.0,  20.0,  1, 20.0),
        ("bêta",  dt.date(2024, 2, 29),  12.5,  32.5,  2, 16.25),
        (None,    dt.date(2024, 1, 31),  20.0,  20.0,  1, 20.0),
    ]
    # fmt: on
    check(pipeline.rank_bookings(bookings), columns, expected, ordered=True)


def test_rank_bookings_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    bookings = table({"team": "string", "booked_on": "date", "amount": "float64"}, [])
    columns = ["team", "booked_on", "amount", "running_total", "rank_in_team", "share"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.rank_bookings(bookings), columns, expected)


def test_rank_bookings_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    bookings = table({"booked_on": "date", "amount": "float64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("team")):
        rows_of(pipeline.rank_bookings(bookings))


# fmt: off
BOOKINGS_COLUMNS = {"team": "string", "booked_on": "date", "amount": "float64"}
BOOKINGS_ROWS: list[Row] = [
    ("alpha", dt.date(2024, 1, 31),  20.0),   # an ordinary row
    ("alpha", dt.date(2024, 2, 29),  20.0),   # same team, other booked_on
    ("alpha", dt.date(2023, 12, 31), 12.5),   # same team, a third booked_on
    ("alpha", None,                  20.0),   # same team, no booked_on
    ("alpha", dt.date(2024, 1, 31),  99.9),   # same team, tie in booked_on
    ("alpha", dt.date(2024, 1, 31),  None),   # same team, no amount
    ("bêta",  dt.date(2024, 1, 31),  20.0),   # another team
    (None,    dt.date(2024, 1, 31),  20.0),   # no team
    ("alpha", dt.date(2024, 1, 31),  12.5),   # same team, other amount
    ("alpha", dt.date(2024, 1, 31),  250.0),  # same team, a third amount
    ("bêta",  dt.date(2024, 2, 29),  12.5),   # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(BOOKINGS_COLUMNS, BOOKINGS_ROWS))
    # fmt: off
    columns = ["team", "booked_on", "amount", "running_total", "rank_in_team", "share"]
    check(result, columns, [
        ("alpha", dt.date(2023, 12, 31), 12.5,  12.5,  6, 12.5),
        ("alpha", dt.date(2024, 1, 31),  12.5,  144.9, 6, 12.5),
        ("alpha", dt.date(2024, 1, 31),  20.0,  32.5,  3, 16.25),
        ("alpha", dt.date(2024, 1, 31),  99.9,  132.4, 2, 59.95),
        ("alpha", dt.date(2024, 1, 31),  250.0, 394.9, 1, 131.25),
        ("alpha", dt.date(2024, 1, 31),  None,  132.4, 8, 99.9),
        ("alpha", dt.date(2024, 2, 29),  20.0,  414.9, 3, 135.0),
        ("alpha", None,                  20.0,  434.9, 3, 20.0),
        ("bêta",  dt.date(2024, 1, 31),  20.0,  20.0,  1, 20.0),
        ("bêta",  dt.date(2024, 2, 29),  12.5,  32.5,  2, 16.25),
        (None,    dt.date(2024, 1, 31),  20.0,  20.0,  1, 20.0),
    ], ordered=True)
    # fmt: on


def write_parquet(path: Path, columns: dict[str, str], rows: list[Row]) -> None:
    pq.write_table(table(columns, rows).to_pyarrow(), path)


def read_csv(path: Path, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(map(str, list(csv.reader(file, delimiter=delimiter))[1:]))


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_parquet(folder / "bookings.parquet", BOOKINGS_COLUMNS, BOOKINGS_ROWS if rows else [])


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"ranked_bookings": read_csv(folder / "out/bookings_ranked.csv")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {name: (tmp_path / name).read_bytes() for name in ["bookings.parquet"]}
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["ranked_bookings"]) == 11
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
    monkeypatch.setattr(pipeline, "load_bookings", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"ranked_bookings": 0}


def test_a_source_without_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the column that a file lacks."""
    give(tmp_path, monkeypatch)
    columns = {name: kind for name, kind in BOOKINGS_COLUMNS.items() if name != "team"}
    columns = columns or {"another": "string"}  # a file without any column fails for another reason
    write_parquet(tmp_path / "bookings.parquet", columns, [])
    assert pipeline.main() == 1
    assert "team" in capsys.readouterr().out
