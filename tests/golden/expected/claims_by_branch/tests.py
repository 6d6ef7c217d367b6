"""Tests of pipeline.py: Claims by branch.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sqlite3
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


def test_settled_in_the_first_quarter() -> None:
    """Settled in the first quarter."""
    # fmt: off
    claims = table(
        {
            "claim_id": "int64", "branch": "string", "state": "string", "opened": "date",
            "paid": "float64",
        },
        [
            (101,  "alpha", "settled",   dt.date(2025, 1, 31),  4.0),  # an ordinary row
            (102,  "alpha", "SETTLED",   dt.date(2025, 1, 31),  4.0),  # state is 'SETTLED', in other case
            (103,  "alpha", "settled x", dt.date(2025, 1, 31),  4.0),  # state is another value
            (104,  "alpha", "settled",   dt.date(2025, 1, 1),   4.0),  # opened exactly 2025-01-01
            (105,  "alpha", "settled",   dt.date(2025, 1, 2),   4.0),  # opened just above 2025-01-01
            (106,  "alpha", "settled",   dt.date(2024, 12, 31), 4.0),  # opened just below 2025-01-01
            (107,  "alpha", "settled",   dt.date(2025, 3, 31),  4.0),  # opened exactly 2025-03-31
            (108,  "alpha", "settled",   dt.date(2025, 4, 1),   4.0),  # opened just above 2025-03-31
            (1103, "alpha", "settled",   dt.date(2025, 3, 30),  4.0),  # opened just below 2025-03-31
            (1105, "alpha", "settled",   dt.date(2024, 2, 29),  4.0),  # opened below 2025-01-01
            (1107, "alpha", None,        dt.date(2025, 1, 31),  4.0),  # no state
            (1105, "alpha", "settled",   None,                  4.0),  # no opened
        ],
    )
    columns = ["claim_id", "branch", "state", "opened", "paid"]
    expected: list[Row] = [
        (101,  "alpha", "settled", dt.date(2025, 1, 31), 4.0),
        (102,  "alpha", "SETTLED", dt.date(2025, 1, 31), 4.0),
        (104,  "alpha", "settled", dt.date(2025, 1, 1),  4.0),
        (105,  "alpha", "settled", dt.date(2025, 1, 2),  4.0),
        (107,  "alpha", "settled", dt.date(2025, 3, 31), 4.0),
        (1103, "alpha", "settled", dt.date(2025, 3, 30), 4.0),
    ]
    # fmt: on
    check(pipeline.settled_in_the_first_quarter(claims), columns, expected)


def test_settled_in_the_first_quarter_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    claims = table({
        "claim_id": "int64", "branch": "string", "state": "string", "opened": "date",
        "paid": "float64",
    }, [])
    columns = ["claim_id", "branch", "state", "opened", "paid"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.settled_in_the_first_quarter(claims), columns, expected)


def test_settled_in_the_first_quarter_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    claims = table({"claim_id": "int64", "branch": "string", "opened": "date", "paid": "float64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("state")):
        rows_of(pipeline.settled_in_the_first_quarter(claims))


def test_by_branch() -> None:
    """By branch."""
    # fmt: off
    settled_in_the_first_quarter = table(
        {
            "claim_id": "int64", "branch": "string", "state": "string", "opened": "date",
            "paid": "float64",
        },
        [
            (101, "alpha", "open",   dt.date(2024, 1, 31),  4.0),   # an ordinary row
            (102, "alpha", "open",   dt.date(2024, 2, 29),  2.5),   # same branch, other paid and opened
            (103, "alpha", "open",   dt.date(2023, 12, 31), 10.0),  # same branch, a third paid and opened
            (104, "alpha", "open",   dt.date(2024, 1, 31),  4.0),   # same branch, equal row
            (105, "bêta",  "open",   dt.date(2025, 1, 31),  0.75),  # another branch
            (106, "gamma", "open",   None,                  None),  # a branch without any paid and opened
            (107, None,    "open",   dt.date(2024, 1, 31),  4.0),   # no branch
            (108, "bêta",  "closed", dt.date(2024, 2, 29),  2.5),   # other values throughout
        ],
    )
    columns = ["branch", "median_paid", "total_paid", "first_opened"]
    expected: list[Row] = [
        ("alpha", 4.0,   20.5, dt.date(2023, 12, 31)),
        ("bêta",  1.625, 3.25, dt.date(2024, 2, 29)),
        ("gamma", None,  0.0,  None),
        (None,    4.0,   4.0,  dt.date(2024, 1, 31)),
    ]
    # fmt: on
    check(pipeline.by_branch(settled_in_the_first_quarter), columns, expected)


def test_by_branch_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    settled_in_the_first_quarter = table({
        "claim_id": "int64", "branch": "string", "state": "string", "opened": "date",
        "paid": "float64",
    }, [])
    columns = ["branch", "median_paid", "total_paid", "first_opened"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.by_branch(settled_in_the_first_quarter), columns, expected)


def test_by_branch_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    settled_in_the_first_quarter = table({"claim_id": "int64", "state": "string", "opened": "date", "paid": "float64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("branch")):
        rows_of(pipeline.by_branch(settled_in_the_first_quarter))


def test_large_branches_only() -> None:
    """Large branches only."""
    # fmt: off
    by_branch = table(
        {
            "branch": "string", "median_paid": "float64", "total_paid": "float64",
            "first_opened": "date",
        },
        [
            ("alpha",   4.0, 1200.0,  dt.date(2024, 1, 31)),  # an ordinary row
            ("bêta",    4.0, 1000.0,  dt.date(2024, 1, 31)),  # left out; total_paid exactly 1000
            ("gamma",   4.0, 1000.01, dt.date(2024, 1, 31)),  # total_paid just above 1000
            ("delta",   4.0, 999.99,  dt.date(2024, 1, 31)),  # total_paid just below 1000
            ("bêta 2",  4.0, 12.5,    dt.date(2024, 1, 31)),  # total_paid below 1000
            ("gamma 3", 4.0, None,    dt.date(2024, 1, 31)),  # no total_paid
        ],
    )
    columns = ["branch", "median_paid", "total_paid", "first_opened"]
    expected: list[Row] = [
        ("alpha", 4.0, 1200.0,  dt.date(2024, 1, 31)),
        ("gamma", 4.0, 1000.01, dt.date(2024, 1, 31)),
    ]
    # fmt: on
    check(pipeline.large_branches_only(by_branch), columns, expected)


def test_large_branches_only_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    by_branch = table({"branch": "string", "median_paid": "float64", "total_paid": "float64", "first_opened": "date"}, [])
    columns = ["branch", "median_paid", "total_paid", "first_opened"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.large_branches_only(by_branch), columns, expected)


def test_large_branches_only_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    by_branch = table({"branch": "string", "median_paid": "float64", "first_opened": "date"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("total_paid")):
        rows_of(pipeline.large_branches_only(by_branch))


# fmt: off
CLAIMS_COLUMNS = {"claim_id": "int64", "branch": "string", "state": "string", "opened": "date", "paid": "float64"}
CLAIMS_ROWS: list[Row] = [
    (101,  "alpha", "settled",   dt.date(2025, 1, 31),  4.0),  # an ordinary row
    (102,  "alpha", "settled",   dt.date(2025, 1, 31),  4.0),  # same branch, equal row
    (103,  None,    "settled",   dt.date(2025, 1, 31),  4.0),  # no branch
    (104,  "alpha", "SETTLED",   dt.date(2025, 1, 31),  4.0),  # state is 'SETTLED', in other case
    (105,  "alpha", "settled x", dt.date(2025, 1, 31),  4.0),  # state is another value
    (106,  "alpha", "settled",   dt.date(2025, 1, 1),   4.0),  # opened exactly 2025-01-01
    (107,  "alpha", "settled",   dt.date(2025, 1, 2),   4.0),  # opened just above 2025-01-01
    (108,  "alpha", "settled",   dt.date(2024, 12, 31), 4.0),  # opened just below 2025-01-01
    (1103, "alpha", "settled",   dt.date(2025, 3, 31),  4.0),  # opened exactly 2025-03-31
    (1105, "alpha", "settled",   dt.date(2025, 4, 1),   4.0),  # opened just above 2025-03-31
    (1107, "alpha", "settled",   dt.date(2025, 3, 30),  4.0),  # opened just below 2025-03-31
    (1105, "alpha", "settled",   dt.date(2024, 2, 29),  4.0),  # opened below 2025-01-01
    (1107, "alpha", None,        dt.date(2025, 1, 31),  4.0),  # no state
    (1109, "alpha", "settled",   None,                  4.0),  # no opened
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(CLAIMS_COLUMNS, CLAIMS_ROWS))
    # fmt: off
    columns = ["branch", "median_paid", "total_paid", "first_opened"]
    check(result, columns, [])
    # fmt: on


SQL_TYPES = {
    "int64": "INTEGER",
    "float64": "REAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def write_sqlite(path: Path, columns: dict[str, str], rows: list[Row], *, name: str) -> None:
    database = sqlite3.connect(path)
    with contextlib.closing(database), database:
        database.execute(f'DROP TABLE IF EXISTS "{name}"')
        database.execute(
            f'CREATE TABLE "{name}" ({", ".join(f""""{c}" {SQL_TYPES.get(t, "TEXT")}""" for c, t in columns.items())})'
        )
        marks = ", ".join("?" for _ in columns)
        database.executemany(
            f'INSERT INTO "{name}" VALUES ({marks})',
            [[str(v) if isinstance(v, dt.date) else v for v in row] for row in rows],
        )


def read_sqlite(path: Path, name: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return sorted(map(str, database.execute(f'SELECT * FROM "{name}"')))


def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:
    """Puts the sample sources into a folder and makes it the pipeline's; servers are replaced by functions in memory."""
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)
    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_sqlite(folder / "claims.db", CLAIMS_COLUMNS, CLAIMS_ROWS if rows else [], name="claims")


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"branch_claims": read_sqlite(folder / "out/report.db", "branch_claims")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {name: (tmp_path / name).read_bytes() for name in ["claims.db"]}
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["branch_claims"]) == 0
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
    monkeypatch.setattr(pipeline, "load_claims", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"branch_claims": 0}


def test_a_source_without_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the column that a file lacks."""
    give(tmp_path, monkeypatch)
    columns = {name: kind for name, kind in CLAIMS_COLUMNS.items() if name != "state"}
    columns = columns or {"another": "string"}  # a file without any column fails for another reason
    write_sqlite(tmp_path / "claims.db", columns, [], name="claims")
    assert pipeline.main() == 1
    assert "state" in capsys.readouterr().out
