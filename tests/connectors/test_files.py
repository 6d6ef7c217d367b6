"""Generated pipelines that read and write local files (P4, P7): CSV, JSON, JSONL, Parquet."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.connectors.conftest import Project


def copy(source: str, out: str, options: str = "") -> str:
    """A spec that copies a file to another; `options` are further keys of the source."""
    return f"""
name: Copy
steps:
  - {{type: source, name: In, config: {{path: {source}{", " if options else ""}{options}}}}}
  - {{type: destination, name: Out, config: {{path: {out}}}}}
"""


def test_csv_keeps_leading_zeros_quoted_line_breaks_and_a_declared_text(project: Project) -> None:
    project.write("in.csv", '\ufeffpostcode;note;price\r\n01067;"two\nlines; ""quoted""";1.50\r\n;Größe;\r\n')
    ended = project.run(copy("in.csv", "out.csv", "delimiter: ';', columns: {postcode: string, note: string, price: number}"))
    assert (ended.code, project.text("out.csv")) == (0, 'postcode,note,price\n01067,"two\nlines; ""quoted""",1.5\n,Größe,\n')


def test_csv_without_declared_columns_finds_types_that_lose_nothing(project: Project) -> None:
    project.write("in.csv", "code,n,share,on,at,yes\n007,1,1.5,2025-01-31,2025-01-31 09:30:00,true\n012,,2,,,false\n")
    assert project.run(copy("in.csv", "out.parquet")).code == 0
    assert pq.read_table(project.folder / "out.parquet").to_pylist() == [
        {"code": "007", "n": 1, "share": 1.5, "on": date(2025, 1, 31), "at": datetime(2025, 1, 31, 9, 30), "yes": True},
        {"code": "012", "n": None, "share": 2.0, "on": None, "at": None, "yes": False},
    ]


@pytest.mark.parametrize(("encoding", "codec"), [("latin-1", "latin-1"), ("utf-16", "utf-16")])
def test_csv_is_read_in_its_encoding(encoding: str, codec: str, project: Project) -> None:
    project.write("in.csv", "name,town\nJosé,Köln\n".encode(codec))
    ended = project.run(copy("in.csv", "out.csv", f"encoding: {encoding}, columns: {{name: string, town: string}}"))
    assert (ended.code, project.text("out.csv")) == (0, "name,town\nJosé,Köln\n")


def test_csv_in_another_encoding_than_declared_is_refused_with_its_name(project: Project) -> None:
    project.write("in.csv", "name,note\nx,ok\nJosé,Köln\n".encode("latin-1"))
    ended = project.run(copy("in.csv", "out.csv", "columns: {name: string}"))
    assert ended.code == 1
    assert "in.csv" in ended.failure
    assert not (project.folder / "out.csv").exists()


def test_csv_with_a_header_only_gives_a_header_only(project: Project) -> None:
    project.write("in.csv", "id,amount\n")
    ended = project.run(copy("in.csv", "out.csv", "columns: {id: integer, amount: number}"))
    assert (ended.code, project.text("out.csv")) == (0, "id,amount\n")


def test_csv_without_a_header_line_is_refused(project: Project) -> None:
    project.write("in.csv", "")
    ended = project.run(copy("in.csv", "out.csv", "columns: {id: integer}"))
    assert ended.code == 1
    assert "in.csv is empty: there is no line with column names" in ended.failure


def test_csv_says_which_texts_are_missing_values(project: Project) -> None:
    project.write("in.csv", "id,amount,note\n1,n/a,-\n2,3,\n")
    ended = project.run(copy("in.csv", "out.json", "nullValues: ['', 'n/a', '-'], columns: {id: integer, amount: number, note: string}"))
    assert ended.code == 0
    assert json.loads(project.text("out.json")) == [{"id": 1, "amount": None, "note": None}, {"id": 2, "amount": 3.0, "note": None}]


def test_a_value_of_another_type_than_declared_is_told_with_its_column_and_the_old_output_stays(project: Project) -> None:
    project.write("in.csv", "id,amount\n1,2\n2,twelve\n")
    project.write("out.csv", "old\n")
    ended = project.run(copy("in.csv", "out.csv", "columns: {id: integer, amount: integer}"))
    assert ended.code == 1
    assert "in.csv, column 'amount': 'twelve' is not a whole number" in ended.failure
    assert project.text("out.csv") == "old\n"


@pytest.mark.parametrize("line", ["2,3,4", "2"])
def test_a_line_with_too_many_or_too_few_cells_is_told_with_its_number(line: str, project: Project) -> None:
    project.write("in.csv", f"id,amount\n1,2\n{line}\n")
    ended = project.run(copy("in.csv", "out.csv", "columns: {id: integer, amount: integer}"))
    assert ended.code == 1
    assert "in.csv, line 3" in ended.failure


def test_a_missing_file_and_a_missing_column_are_told_by_name(project: Project) -> None:
    assert "there is no file in.csv" in project.run(copy("in.csv", "out.csv", "columns: {id: integer}")).failure
    project.write("in.csv", "key\n1\n")
    assert "in.csv has no column 'id'; it has 'key'" in project.run(copy("in.csv", "out.csv", "columns: {id: integer}")).failure


def test_json_is_read_from_a_path_within_the_document(project: Project) -> None:
    records = [{"id": 1, "tags": ["a"], "at": "2025-01-02T10:00:00+02:00"}, {"id": 2, "extra": 0}]
    project.write("in.json", json.dumps({"data": {"items": records}}))
    ended = project.run(copy("in.json", "out.jsonl", "recordsPath: data.items, columns: {id: integer, tags: string, at: timestamptz}"))
    assert ended.code == 0
    lines = [json.loads(line) for line in project.text("out.jsonl").splitlines()]
    assert [(r["id"], r["tags"]) for r in lines] == [(1, '["a"]'), (2, None)]
    assert datetime.fromisoformat(lines[0]["at"]) == datetime(2025, 1, 2, 8, 0, tzinfo=UTC)


def test_json_lines_are_written_as_one_list(project: Project) -> None:
    project.write("in.jsonl", '\ufeff{"id": 1, "name": "Ödön \\"x\\""}\n\n{"id": 2, "name": null}\n')
    assert project.run(copy("in.jsonl", "out.json", "columns: {id: integer, name: string}")).code == 0
    assert json.loads(project.text("out.json")) == [{"id": 1, "name": 'Ödön "x"'}, {"id": 2, "name": None}]


def test_an_empty_json_list_gives_an_empty_json_list(project: Project) -> None:
    project.write("in.json", "[]")
    assert project.run(copy("in.json", "out.json", "columns: {id: integer}")).code == 0
    assert json.loads(project.text("out.json")) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("in.json", '{"a": [1', "in.json is not JSON"),
        ("in.json", '{"a": 1}', "in.json holds no list of objects"),
        ("in.jsonl", '{"id": 1}\n{"id": \n', "in.jsonl, line 2 is not JSON"),
        ("in.jsonl", '{"id": 1}\n[2]\n', "in.jsonl, line 2 is not a JSON object"),
    ],
)
def test_broken_json_is_told_with_its_place(name: str, text: str, told: str, project: Project) -> None:
    project.write(name, text)
    ended = project.run(copy(name, "out.csv", "columns: {id: integer}"))
    assert ended.code == 1
    assert told in ended.failure


def test_parquet_keeps_values_and_types(project: Project) -> None:
    rows = pa.table({
        "id": pa.array([1, 2], pa.int32()),
        "price": pa.array([Decimal("1.25"), None], pa.decimal128(10, 2)),
        "on": pa.array([date(2025, 1, 2), None]),
        "at": pa.array([datetime(2025, 1, 2, 10, tzinfo=UTC), None], pa.timestamp("ms", "Europe/Berlin")),
        "paid": pa.array([True, None]),
        "share": pa.array([float("nan"), 0.5]),
    })  # fmt: skip
    pq.write_table(rows, project.folder / "in.parquet")
    assert project.run(copy("in.parquet", "out.parquet")).code == 0
    assert pq.read_table(project.folder / "out.parquet").to_pylist() == [
        {"id": 1, "price": 1.25, "on": date(2025, 1, 2), "at": datetime(2025, 1, 2, 10, tzinfo=UTC), "paid": True, "share": None},
        {"id": 2, "price": None, "on": None, "at": None, "paid": None, "share": 0.5},
    ]


def test_a_file_that_is_no_parquet_is_told_by_name(project: Project) -> None:
    project.write("in.parquet", "id,amount\n1,2\n")
    ended = project.run(copy("in.parquet", "out.csv", "columns: {id: integer}"))
    assert ended.code == 1
    assert "in.parquet" in ended.failure


def test_a_second_run_writes_the_same_bytes_and_leaves_nothing_else(project: Project) -> None:
    project.write("in.csv", "id\n3\n1\n2\n")
    spec = copy("in.csv", "reports/2025/out.csv", "columns: {id: integer}")
    assert project.run(spec).code == 0
    first = project.text("reports/2025/out.csv")
    assert project.run(spec).code == 0
    assert project.text("reports/2025/out.csv") == first == "id\n3\n1\n2\n"
    assert [p.name for p in (project.folder / "reports" / "2025").iterdir()] == ["out.csv"]
