"""What a look into a local source finds: columns, types, delimiters, markers, and why a file cannot be read (P1, P7, P10)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tidemill.adapters.local import csv_columns
from tidemill.adapters.local.schema_reader import read_schema
from tidemill.domain.connectors import CsvSource, GoogleSheetsSource, JsonlSource, JsonSource, ParquetSource, PostgresSource, SqliteSource
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.transforms import CastConfig
from tidemill.errors import InvalidInput


def csv_schema(root: Path, text: str, encoding: str = "utf-8", **config: object) -> SourceSchema:
    (root / "a.csv").write_bytes(text.encode(encoding))
    found = read_schema(CsvSource.model_validate({"path": "a.csv", **config}), root=root)
    assert isinstance(found, SourceSchema), found
    return found


def csv_obstacle(root: Path, content: bytes) -> Unreadable:
    (root / "a.csv").write_bytes(content)
    found = read_schema(CsvSource(path="a.csv"), root=root)
    assert isinstance(found, Unreadable), found
    return found


def column(*values: str) -> str:
    """A CSV file with the column `v` and a second one, so that an empty cell is no empty line."""
    return "v,w\n" + "".join(f'"{v}",x\n' for v in values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", "300"], "integer"),
        (["9223372036854775807"], "integer"),
        (["9223372036854775808", "1"], "string"),
        (["1", "2.5", ""], "number"),
        (["1e5", ".5", "5."], "number"),
        (["1e999"], "string"),
        (["01067", "80331"], "string"),
        (["+4930123", "+331234"], "string"),
        (["0", "0.5", "-0.25"], "number"),
        (["007.5"], "string"),
        (["true", "FALSE"], "boolean"),
        (["yes", "no"], "string"),
        (["t", "f"], "string"),
        (["0", "1"], "integer"),
        (["2025-01-31", ""], "date"),
        (["2025-02-30"], "string"),
        (["2025-1-5"], "string"),
        (["2025-01-31T10:30:00", "2025-01-31 10:30:00.125"], "timestamp"),
        (["2025-01-31", "2025-01-31 10:30"], "timestamp"),
        (["2025-01-31T10:30:00Z", "2025-01-31T10:30:00+02:00"], "timestamptz"),
        (["2025-01-31T10:30:00Z", "2025-01-31T10:30:00"], "string"),
        (["2025-01-31T25:30:00"], "string"),
        (["1", "a"], "string"),
        (["2025-01-31", "soon"], "string"),
        (["", ""], "unknown"),
        ([" 12 ", "7"], "integer"),
    ],
)
def test_type_of_a_csv_column(tmp_path: Path, values: list[str], expected: str) -> None:
    assert csv_schema(tmp_path, column(*values)).schema.columns["v"] == expected


@pytest.mark.parametrize(
    "values",
    [
        ["1", "-2"], ["9223372036854775808"], ["1", "2.5", ""], ["1e999"], ["01067"], ["+49"], ["true", "FALSE"], ["2025-01-31"], ["2025-02-30"],
        ["2025-01-31T10:30:00.125"], ["2025-01-31 24:00:00"], ["2025-01-31T10:30:00Z"], ["2025-01-31T10:30:00+0200"], ["1", "NA"], ["-", "n/a"],
        ["a", "NULL"], ["", ""], [" 5 "], ["  "], ["1_000"], ["0x10"], ["１２"], ["2025-01-31 10:30"], ["inf"], ["nan", "1"], ["1.250,00"], ["12%"],
    ],
)  # fmt: skip
def test_a_large_file_is_typed_like_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[str]) -> None:
    small = csv_schema(tmp_path, column(*values))
    monkeypatch.setattr(csv_columns, "SMALL_BYTES", 0)
    large = csv_schema(tmp_path, column(*values))
    assert (large.schema, large.config, large.casts, large.empty_columns, large.samples) == (
        small.schema, small.config, small.casts, small.empty_columns, small.samples,
    )  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["id", "price", "text"], ["1", '"1,5"', '"a;b|c"'], ["2", '"2,5"', "d"])) + "\n"
    found = csv_schema(tmp_path, text)
    assert isinstance(found.config, CsvSource)
    assert (found.config.delimiter, found.schema.names) == (delimiter, ("id", "price", "text"))


def test_decimal_commas_do_not_pass_for_delimiters(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "id;price\n1;1,5\n2;2,5\n")
    assert found.schema.names == ("id", "price")
    assert found.casts["price"] == CastConfig(to="number", decimal=",")


def test_a_delimiter_that_is_set_is_kept(tmp_path: Path) -> None:
    assert csv_schema(tmp_path, "a;b,c\n1;2,3\n", delimiter=",").schema.names == ("a;b", "c")


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("latin-1", "latin-1")])
def test_encoding_is_found(tmp_path: Path, encoding: str, expected: str) -> None:
    found = csv_schema(tmp_path, "name,größe\nJürgen,3\n", encoding)
    assert isinstance(found.config, CsvSource)
    assert (found.config.encoding, found.schema.names) == (expected, ("name", "größe"))


def test_header_is_stripped_of_spaces(tmp_path: Path) -> None:
    assert csv_schema(tmp_path, "id, unit price\n1, 2\n").schema.names == ("id", "unit price")


def test_config_is_completed_with_columns_and_empty_ones_are_strings(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "id,note\n1,\n")
    assert found.config.columns == {"id": "integer", "note": "string"}
    assert found.empty_columns == {"note"}


def test_declared_columns_keep_their_type(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "id,zip\n1,1067\n", columns={"zip": "string"})
    assert found.schema.columns == {"id": "integer", "zip": "string"}


def test_a_marker_among_numbers_is_a_null_value(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "id,amount\na,1.5\nb,NA\nc,\n")
    assert isinstance(found.config, CsvSource)
    assert found.schema.columns["amount"] == "number"
    assert found.config.null_values == ("", "NA")


def test_a_marker_among_texts_stays_text_and_is_noted(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "id,city\n1,Rome\n2,n/a\n")
    assert isinstance(found.config, CsvSource)
    assert found.config.null_values == ("",)
    assert any("'n/a'" in note for note in found.notes)


def test_a_marker_that_another_column_holds_as_text_leaves_the_numbers_text(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "country,amount\nNA,1.5\nDE,NA\n")
    assert found.schema.columns["amount"] == "string"
    assert found.casts["amount"] == CastConfig(to="number", on_error="missing")


@pytest.mark.parametrize(
    ("values", "cast"),
    [
        (["1,250.00", "99.90"], CastConfig(to="number", thousands=",")),
        (["1.250,00", "99,90"], CastConfig(to="number", thousands=".", decimal=",")),
        (["€ 3.50", "€ 1,000.25"], CastConfig(to="number", thousands=",", strip="€ ")),
        (["12%", "7%"], CastConfig(to="integer", strip="%")),
        (["1'250.50", "3.00"], CastConfig(to="number", strip="'")),
        (["31.01.2025", "01.02.2025"], CastConfig(to="date", format="%d.%m.%Y")),
        (["31/01/2025", "01/02/2025"], CastConfig(to="date", format="%d/%m/%Y")),
        (["01/31/2025", "02/01/2025"], CastConfig(to="date", format="%m/%d/%Y")),
        (["31.01.2025 08:30"], CastConfig(to="timestamp", format="%d.%m.%Y %H:%M")),
        (["3 March 2025"], CastConfig(to="date", format="%d %B %Y")),
        (["01/02/2025", "03/04/2025"], None),
        (["1,250", "3,125"], None),
        (["a", "b"], None),
        (["01067", "1.5"], None),
        (["1,250.00", "many"], None),
    ],
)
def test_cast_offered_for_another_notation(tmp_path: Path, values: list[str], cast: CastConfig | None) -> None:
    assert csv_schema(tmp_path, column(*values)).casts.get("v") == cast


def test_an_ambiguous_notation_is_noted(tmp_path: Path) -> None:
    notes = csv_schema(tmp_path, column("01/02/2025", "03/04/2025")).notes
    assert any("`v`" in note and "month/day" in note for note in notes)


def test_samples_are_the_first_distinct_values(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, column(*[str(i % 60) for i in range(200)], ""))
    assert found.samples["v"] == tuple(str(i) for i in range(50))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,a\n1,2\n", "twice a column 'a'"),
        (b"ID,id\n1,2\n", "differ in capital letters"),
        (b"a,,c\n1,2,3\n", "no name for column 2"),
        (b"a,b,\n1,2,\n", "no name for the last column"),
        (b"a,b\n1,2\n3\n", "1 field in line 3"),
        (b"a,b\n1,2\n3,4,5\n", "3 fields in line 3"),
        (b"PK\x03\x04\x00\x00\x01", "not a text file"),
        ("a,b\n1,€\n".encode("cp1252"), "Windows-1252"),
        (b"  \n \n", "white space"),
    ],
)
def test_a_broken_csv_says_what_is_wrong(tmp_path: Path, content: bytes, words: str) -> None:
    found = csv_obstacle(tmp_path, content)
    assert found.why is Obstacle.BROKEN
    assert words in found.reason


def test_an_empty_file_is_told_from_a_missing_one(tmp_path: Path) -> None:
    assert csv_obstacle(tmp_path, b"").why is Obstacle.EMPTY
    missing = read_schema(CsvSource(path="nowhere.csv"), root=tmp_path)
    assert isinstance(missing, Unreadable)
    assert missing.why is Obstacle.MISSING


def test_a_header_alone_gives_columns_of_unknown_type(tmp_path: Path) -> None:
    found = csv_schema(tmp_path, "parcel_id,weight\n")
    assert found.schema.columns == {"parcel_id": "unknown", "weight": "unknown"}
    assert found.row_count_hint == 0


def test_quoted_line_breaks_do_not_break_rows(tmp_path: Path) -> None:
    assert csv_schema(tmp_path, 'id,text\n1,"two\nlines"\n2,x\n').row_count_hint == 2


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd", "sub/../../outside.csv", "link.csv"])
def test_a_path_out_of_the_project_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.csv").write_text("a\n1\n")
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(InvalidInput) as caught:
        read_schema(CsvSource(path=path), root=root)
    assert [f.rule for f in caught.value.findings] == ["path-outside-project"]


@pytest.mark.parametrize(
    "config",
    [
        CsvSource(path="s3://bucket/a.csv"),
        PostgresSource(url="postgresql://h/d", table="t"),
        GoogleSheetsSource(spreadsheet_id="x", range="Sales!A1:B2"),
    ],
)
def test_remote_sources_are_not_contacted(tmp_path: Path, config: CsvSource | PostgresSource | GoogleSheetsSource) -> None:
    found = read_schema(config, root=tmp_path)
    assert isinstance(found, Unreadable)
    assert found.why is Obstacle.REMOTE


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").mkdir()
    found = read_schema(CsvSource(path="data.csv"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert "is a folder" in found.reason


def json_schema(root: Path, document: object, **config: object) -> SourceSchema | Unreadable:
    (root / "a.json").write_text(json.dumps(document))
    return read_schema(JsonSource.model_validate({"path": "a.json", **config}), root=root)


def test_types_of_json_values(tmp_path: Path) -> None:
    records = [{"i": 1, "n": 1, "s": "01", "d": "2025-01-31", "b": True, "x": {"y": 1}}, {"i": None, "n": 2.5, "q": "7"}]
    found = json_schema(tmp_path, records)
    assert isinstance(found, SourceSchema)
    assert found.schema.columns == {"i": "integer", "n": "number", "s": "string", "d": "date", "b": "boolean", "x": "string", "q": "string"}
    assert found.casts == {"q": CastConfig(to="integer")}


def test_the_only_list_in_a_document_is_found(tmp_path: Path) -> None:
    found = json_schema(tmp_path, {"meta": {"n": 1}, "data": {"rows": [{"a": 1}]}})
    assert isinstance(found, SourceSchema)
    assert isinstance(found.config, JsonSource)
    assert found.config.records_path == "data.rows"


def test_several_lists_are_a_choice(tmp_path: Path) -> None:
    found = json_schema(tmp_path, {"orders": [{"a": 1}], "customers": [{"b": 1}]})
    assert isinstance(found, Unreadable)
    assert (found.why, found.choices) == (Obstacle.CHOICE, ("orders", "customers"))


def test_a_records_path_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    found = json_schema(tmp_path, {"orders": [{"a": 1}]}, recordsPath="items")
    assert isinstance(found, Unreadable)
    assert "`orders`" in found.reason


@pytest.mark.parametrize(("document", "words"), [("{", "not a JSON document"), ("[1, 2]", "no list of records"), ("3", "no list of records")])
def test_a_broken_json_document_says_what_is_wrong(tmp_path: Path, document: str, words: str) -> None:
    (tmp_path / "a.json").write_text(document)
    found = read_schema(JsonSource(path="a.json"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert words in found.reason


def test_json_lines_with_a_broken_line_name_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n{"a": \n')
    found = read_schema(JsonlSource(path="a.jsonl"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert "line 3" in found.reason


def test_json_lines_give_columns_in_order_of_appearance(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"b": 1}\n{"a": "2025-01-31T10:00:00", "b": 2}\n')
    found = read_schema(JsonlSource(path="a.jsonl"), root=tmp_path)
    assert isinstance(found, SourceSchema)
    assert list(found.schema.columns.items()) == [("b", "integer"), ("a", "timestamp")]


def sqlite_file(root: Path, *statements: str) -> None:
    with closing(sqlite3.connect(root / "a.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_the_only_table_is_taken_and_types_come_from_values_and_declaration(tmp_path: Path) -> None:
    sqlite_file(tmp_path, "CREATE TABLE t (i INTEGER, n REAL, f BOOLEAN, d TEXT, z TEXT, e DATE, u)",
                "INSERT INTO t VALUES (1, 2, 1, '2025-01-31', '01067', NULL, NULL)")  # fmt: skip
    found = read_schema(SqliteSource(path="a.db"), root=tmp_path)
    assert isinstance(found, SourceSchema)
    assert isinstance(found.config, SqliteSource)
    assert found.config.table == "t"
    assert list(found.schema.columns.values()) == ["integer", "number", "boolean", "date", "string", "date", "unknown"]
    assert found.empty_columns == {"e", "u"}


def test_several_tables_are_a_choice(tmp_path: Path) -> None:
    sqlite_file(tmp_path, "CREATE TABLE b (x)", "CREATE TABLE a (x)")
    found = read_schema(SqliteSource(path="a.db"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert (found.why, found.choices) == (Obstacle.CHOICE, ("a", "b"))


def test_a_table_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    sqlite_file(tmp_path, "CREATE TABLE claims (x)")
    found = read_schema(SqliteSource(path="a.db", table="claim"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert "`claims`" in found.reason


@pytest.mark.parametrize(
    "query", ["SELECT x FROM t); DROP TABLE t; --", "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT sum(x) FROM r"]
)
def test_a_harmful_query_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr("tidemill.adapters.local.sqlite_columns._MOST_STEPS", 2_000_000)
    sqlite_file(tmp_path, "CREATE TABLE t (x)")
    found = read_schema(SqliteSource(path="a.db", query=query), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert isinstance(read_schema(SqliteSource(path="a.db", table="t"), root=tmp_path), SourceSchema)


def test_a_query_gives_its_columns(tmp_path: Path) -> None:
    sqlite_file(tmp_path, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
    found = read_schema(SqliteSource(path="a.db", query="SELECT x * 1.5 AS y FROM t;"), root=tmp_path)
    assert isinstance(found, SourceSchema)
    assert found.schema.columns == {"y": "number"}


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("a,b\n")
    found = read_schema(SqliteSource(path="a.db"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert found.why is Obstacle.BROKEN


def test_parquet_states_its_types(tmp_path: Path) -> None:
    duckdb.sql("SELECT 1::INTEGER AS i, 1.5::DECIMAL(9,2) AS n, DATE '2025-01-31' AS d, TIMESTAMP '2025-01-31 10:00:00' AS t, "
               "'2025-01-31' AS s, [1, 2] AS l, true AS b, NULL::BIGINT AS e").write_parquet(str(tmp_path / "a.parquet"))  # fmt: skip
    found = read_schema(ParquetSource(path="a.parquet"), root=tmp_path)
    assert isinstance(found, SourceSchema)
    assert list(found.schema.columns.values()) == ["integer", "number", "date", "timestamp", "string", "string", "boolean", "integer"]
    assert found.casts == {"s": CastConfig(to="date")}
    assert found.empty_columns == {"e"}


def test_a_file_that_is_no_parquet_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("a,b\n")
    found = read_schema(ParquetSource(path="a.parquet"), root=tmp_path)
    assert isinstance(found, Unreadable)
    assert found.why is Obstacle.BROKEN
