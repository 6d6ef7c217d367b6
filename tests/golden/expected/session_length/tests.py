"""Tests of pipeline.py: Session length.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""

from __future__ import annotations

import datetime as dt
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


def test_measure_sessions() -> None:
    """Measure sessions."""
    # fmt: off
    sessions = table(
        {
            "session": "string", "device": "string", "started_at": "timestamp('UTC')",
            "ended_at": "timestamp('UTC')", "pages": "int64",
        },
        [
            ("alpha", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),  # an ordinary row
            ("bêta",  "alpha", None,                                           dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),  # no started_at
            ("gamma", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None,                                           3),  # no ended_at
            ("delta", "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2),  # other values throughout
        ],
    )
    columns = ["session", "device", "started_at", "ended_at", "pages", "day", "minutes"]
    expected: list[Row] = [
        ("alpha", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, dt.date(2024, 3, 1), 0),
        ("bêta",  "alpha", None,                                           dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3, None,                None),
        ("delta", "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2, dt.date(2024, 3, 1), 0),
    ]
    # fmt: on
    check(pipeline.measure_sessions(sessions), columns, expected)


def test_measure_sessions_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    sessions = table({
        "session": "string", "device": "string", "started_at": "timestamp('UTC')",
        "ended_at": "timestamp('UTC')", "pages": "int64",
    }, [])
    columns = ["session", "device", "started_at", "ended_at", "pages", "day", "minutes"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.measure_sessions(sessions), columns, expected)


def test_measure_sessions_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    sessions = table({"session": "string", "device": "string", "ended_at": "timestamp('UTC')", "pages": "int64"}, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("started_at")):
        rows_of(pipeline.measure_sessions(sessions))


def test_per_day_and_device() -> None:
    """Per day and device."""
    # fmt: off
    measure_sessions = table(
        {
            "session": "string", "device": "string", "started_at": "timestamp('UTC')",
            "ended_at": "timestamp('UTC')", "pages": "int64", "day": "date", "minutes": "int64",
        },
        [
            ("alpha",   "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    dt.date(2024, 1, 31),  3),     # an ordinary row
            ("bêta",    "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  2,    dt.date(2024, 1, 31),  2),     # same day and device, other minutes and pages
            ("gamma",   "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  5,    dt.date(2024, 1, 31),  5),     # same day and device, a third minutes and pages
            ("delta",   "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    dt.date(2024, 1, 31),  3),     # same day and device, equal row
            ("bêta 2",  "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  8,    dt.date(2024, 2, 29),  8),     # another day
            ("gamma 3", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None, dt.date(2023, 12, 31), None),  # a day without any minutes and pages
            ("delta 4", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    None,                  3),     # no day
            ("alpha 5", "bêta",  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  8,    dt.date(2024, 1, 31),  8),     # another device
            ("bêta 6",  "gamma", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None, dt.date(2024, 1, 31),  None),  # a device without any minutes and pages
            ("gamma 7", None,    dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3,    dt.date(2024, 1, 31),  3),     # no device
            ("delta 8", "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2,    dt.date(2024, 2, 29),  2),     # other values throughout
        ],
    )
    columns = ["day", "device", "sessions", "avg_minutes", "pages"]
    expected: list[Row] = [
        (dt.date(2024, 1, 31),  "alpha", 4, 3.25, 13),
        (dt.date(2024, 2, 29),  "alpha", 1, 8.0,  8),
        (dt.date(2023, 12, 31), "alpha", 1, None, 0),
        (None,                  "alpha", 1, 3.0,  3),
        (dt.date(2024, 1, 31),  "bêta",  1, 8.0,  8),
        (dt.date(2024, 1, 31),  "gamma", 1, None, 0),
        (dt.date(2024, 1, 31),  None,    1, 3.0,  3),
        (dt.date(2024, 2, 29),  "bêta",  1, 2.0,  2),
    ]
    # fmt: on
    check(pipeline.per_day_and_device(measure_sessions), columns, expected)


def test_per_day_and_device_of_no_rows() -> None:
    """No rows in, no rows out, with the same columns as ever."""
    # fmt: off
    measure_sessions = table({
        "session": "string", "device": "string", "started_at": "timestamp('UTC')",
        "ended_at": "timestamp('UTC')", "pages": "int64", "day": "date", "minutes": "int64",
    }, [])
    columns = ["day", "device", "sessions", "avg_minutes", "pages"]
    expected: list[Row] = []
    # fmt: on
    check(pipeline.per_day_and_device(measure_sessions), columns, expected)


def test_per_day_and_device_without_a_column() -> None:
    """A table that lacks a column is refused, and the message names the column."""
    # fmt: off
    measure_sessions = table({
        "session": "string", "started_at": "timestamp('UTC')", "ended_at": "timestamp('UTC')",
        "pages": "int64", "day": "date", "minutes": "int64",
    }, [])
    # fmt: on
    with pytest.raises(Exception, match=re.escape("device")):
        rows_of(pipeline.per_day_and_device(measure_sessions))


# fmt: off
SESSIONS_COLUMNS = {
    "session": "string", "device": "string", "started_at": "timestamp('UTC')",
    "ended_at": "timestamp('UTC')", "pages": "int64",
}
SESSIONS_ROWS: list[Row] = [
    ("alpha",   "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),     # an ordinary row
    ("bêta",    "alpha", dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  2),     # same day and device, other minutes and pages
    ("gamma",   "alpha", dt.datetime(2024, 2, 29, 9, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  5),     # same day and device, a third minutes and pages
    ("delta",   "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),     # same day and device, equal row
    ("bêta 2",  "alpha", dt.datetime(2024, 4, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  8),     # another day
    ("gamma 3", "alpha", None,                                           dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None),  # a day without any minutes and pages
    ("delta 4", "alpha", None,                                           dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),     # no day
    ("alpha 5", "bêta",  dt.datetime(2024, 4, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  8),     # another device
    ("bêta 6",  "gamma", None,                                           dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None),  # a device without any minutes and pages
    ("gamma 7", None,    dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  3),     # no device
    ("delta 8", "alpha", dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC),  None,                                           3),     # no ended_at
    ("alpha 9", "bêta",  dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, 14, 30, tzinfo=dt.UTC), 2),     # other values throughout
]
# fmt: on


def test_transform() -> None:
    """All steps together, from the sources to what is written."""
    result = pipeline.transform(table(SESSIONS_COLUMNS, SESSIONS_ROWS))
    # fmt: off
    columns = ["day", "device", "sessions", "avg_minutes", "pages"]
    check(result, columns, [
        (dt.date(2024, 3, 1),  "alpha", 3, -100.0,   8),
        (dt.date(2024, 2, 29), "alpha", 1, 1440.0,   5),
        (dt.date(2024, 4, 1),  "alpha", 1, -44640.0, 8),
        (None,                 "alpha", 2, None,     3),
        (dt.date(2024, 4, 1),  "bêta",  1, -44640.0, 8),
        (None,                 "gamma", 1, None,     0),
        (dt.date(2024, 3, 1),  None,    1, 0.0,      3),
        (dt.date(2024, 3, 1),  "bêta",  1, 0.0,      2),
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
        "load_sessions",
        lambda con, *_: table(SESSIONS_COLUMNS, SESSIONS_ROWS if rows else [], con),
    )
    monkeypatch.setattr(pipeline, "write_report", keep("report"))
    WRITTEN.clear()


def results(folder: Path) -> dict[str, list[str]]:
    """What stands in each destination, in any order."""
    return {"report": list(map(str, WRITTEN.get("report", [])))}


def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run leaves the same result, and the sources are as they were."""
    give(tmp_path, monkeypatch)
    assert pipeline.main() == 0
    first = results(tmp_path)
    assert len(first["report"]) == 8
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
    monkeypatch.setattr(pipeline, "load_sessions", fail)
    assert pipeline.main() == 1
    assert results(tmp_path) == first


def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources without rows are no failure."""
    give(tmp_path, monkeypatch, rows=False)
    assert pipeline.main() == 0
    assert {name: len(rows) for name, rows in results(tmp_path).items()} == {"report": 0}
