"""Tests of pipeline.py: Lead scores.

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


def test_read_the_numbers() -> None:
    """Read the numbers."""
    # fmt: off
    leads = table(
        {"budget": "string", "met_on": "string"},
        [
            ("4,0€",     "31.01.2024"),  # an ordinary row
            ("1.234,5€", "31.01.2024"),  # budget with '.' in it
            ("n/a",      "31.01.2024"),  # budget cannot be read
            (None,       "31.01.2024"),  # no budget
            ("4,0€",     None),          # no met_on
            ("2,5€",     "29.02.2024"),  # other values throughout
        ],
    )
    columns = ["budget", "met_on"]
    expected: list[Row] = [
        (4.0,    dt.date(2024, 1, 31)),
        (1234.5, dt.date(2024, 1, 31)),
        (None,   dt.date(2024, 1, 31)),
        (None,   dt.date(2024, 1, 31)),
        (4.0,    None),
        (2.5,    dt.date(2024, 2, 29)),
    ]
    # fmt: on
    check(pipeline.read_the_numbers(leads), columns, expected)


def test_read_the_numbers_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    leads = table({"budget": "string", "met_on": "string"}, [])
    columns = ["budget", "met_on"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.read_the_numbers(leads), columns, expected)


def test_read_the_numbers_stops_at_text_it_cannot_read() -> None:
    """A value of met_on that cannot be read ends the run, instead of getting lost."""
    unreadable = table({"budget": "string", "met_on": "string"}, [("4,0€", "n/a")])
    with pytest.raises(Exception):  # noqa: B017 - each backend has an error of its own
        rows_of(pipeline.read_the_numbers(unreadable))


def test_read_the_numbers_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    leads = table({"met_on": "string"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("budget")):
        rows_of(pipeline.read_the_numbers(leads))


def test_score_leads_is_repeatable() -> None:
    """Score leads: the same rows give the same result."""
    # fmt: off
    read_the_numbers = table(
        {"budget": "float64", "met_on": "date"},
        [
            (4.0,  dt.date(2024, 1, 31)),
            (2.5,  dt.date(2024, 2, 29)),
            (10.0, dt.date(2023, 12, 31)),
            (0.75, dt.date(2025, 1, 31)),
            (4.0,  dt.date(2024, 1, 31)),   # the first row again
            (None, dt.date(2024, 2, 29)),   # no budget
            (2.5,  None),                   # no met_on
        ],
    )
    # fmt: on
    assert in_order(rows_of(pipeline.score_leads(read_the_numbers))) == in_order(
        rows_of(pipeline.score_leads(read_the_numbers))
    )


# fmt: off
LEADS_COLUMNS = {"budget": "string", "met_on": "string"}
LEADS_ROWS: list[Row] = [
    ("4,0€",     "31.01.2024"),  # an ordinary row
    ("1.234,5€", "31.01.2024"),  # budget with '.' in it
    ("n/a",      "31.01.2024"),  # budget cannot be read
    (None,       "31.01.2024"),  # no budget
    ("4,0€",     None),          # no met_on
    ("2,5€",     "29.02.2024"),  # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(LEADS_COLUMNS, LEADS_ROWS))
    again = pipeline.transform(table(LEADS_COLUMNS, LEADS_ROWS))
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
    write_csv(folder / "leads.csv", LEADS_COLUMNS, LEADS_ROWS if rows else [])


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"scores": read_csv(folder / "out/scores.csv", ";")}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    sources = {name: (tmp_path / name).read_bytes() for name in ["leads.csv"]}
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
    monkeypatch.setattr(pipeline, "load_leads", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_a_source_without_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the column that a file lacks."""
    give(tmp_path, monkeypatch)
    columns = {name: kind for name, kind in LEADS_COLUMNS.items() if name != "budget"}
    columns = columns or {"another": "string"}  # a file without any column fails for another reason
    write_csv(tmp_path / "leads.csv", columns, [])
    assert pipeline.main() == 1
    assert "budget" in capsys.readouterr().out
