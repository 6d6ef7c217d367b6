"""Tests of pipeline.py: Ticket minutes.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import csv
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


def test_pivot_priorities() -> None:
    """Pivot priorities."""
    # fmt: off
    tickets = table(
        {"ticket": "int64", "team": "string", "priority": "string", "minutes": "int64"},
        [
            (3,   "alpha", "alpha", 3),     # an ordinary row
            (2,   "alpha", "alpha", 2),     # a second value in the cell of the ordinary row
            (5,   "alpha", "bêta",  2),     # another priority
            (8,   "alpha", None,    3),     # no priority
            (1,   "bêta",  "bêta",  3),     # another team, with one priority only
            (10,  None,    "alpha", 3),     # no team
            (4,   "gamma", "alpha", None),  # a cell without any minutes
            (100, "bêta",  "bêta",  2),     # other values throughout
        ],
    )
    columns = ["team", "alpha", "bêta"]
    expected: list[Row] = [
        ("alpha", 5, 2),
        ("bêta",  0, 5),
        (None,    3, 0),
        ("gamma", 0, 0),
    ]
    # fmt: on
    check(pipeline.pivot_priorities(tickets), columns, expected)


def test_pivot_priorities_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    tickets = table({"ticket": "int64", "team": "string", "priority": "string", "minutes": "int64"}, [])
    columns = ["team"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.pivot_priorities(tickets), columns, expected)


def test_pivot_priorities_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    tickets = table({"ticket": "int64", "priority": "string", "minutes": "int64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("team")):
        rows_of(pipeline.pivot_priorities(tickets))


# fmt: off
TICKETS_COLUMNS = {"ticket": "int64", "team": "string", "priority": "string", "minutes": "int64"}
TICKETS_ROWS: list[Row] = [
    (3,   "alpha", "alpha", 3),     # an ordinary row
    (2,   "alpha", "alpha", 2),     # a second value in the cell of the ordinary row
    (5,   "alpha", "bêta",  2),     # another priority
    (8,   "alpha", None,    3),     # no priority
    (1,   "bêta",  "bêta",  3),     # another team, with one priority only
    (10,  None,    "alpha", 3),     # no team
    (4,   "gamma", "alpha", None),  # a cell without any minutes
    (100, "bêta",  "bêta",  2),     # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(TICKETS_COLUMNS, TICKETS_ROWS))
    # fmt: off
    columns = ["team", "alpha", "bêta"]
    check(result, columns, [
        ("alpha", 5, 2),
        ("bêta",  0, 5),
        (None,    3, 0),
        ("gamma", 0, 0),
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
    write_csv(folder / "tickets.csv", TICKETS_COLUMNS, TICKETS_ROWS if rows else [])


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"minutes": read_csv(folder / "out/ticket_minutes.csv")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {name: (tmp_path / name).read_bytes() for name in ["tickets.csv"]}
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["minutes"]) == 4
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
    monkeypatch.setattr(pipeline, "load_tickets", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"minutes": 0}


def test_a_source_without_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the column that a file lacks."""
    give(tmp_path, monkeypatch)
    columns = {name: kind for name, kind in TICKETS_COLUMNS.items() if name != "team"}
    columns = columns or {"another": "string"}  # a file without any column fails for another reason
    write_csv(tmp_path / "tickets.csv", columns, [])
    assert pipeline.main() == 1
    assert "team" in capsys.readouterr().out
